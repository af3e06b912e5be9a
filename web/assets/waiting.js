/**
 * The waiting page with scripting: joins, polls, listens to the stream, enters at the turn and hands
 * over to the seats. Works on the elements of the server's template and never reloads the page.
 */

import { isWorthSaying, positionNow, waitOf, waitText } from './lib/line.js';

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const main = $('main');
const { slug, event: eventName } = main.dataset;
const api = `/v1/events/${slug}`;

/** The template's words, for the states after the first. */
const TEXTS = {
  early: [
    'You are in the draw',
    'When the line opens, everybody who is here gets a position by lot. You need not do anything.',
  ],
  waiting: [
    'You are in line',
    'When your turn comes you are let in to choose seats. You need not do anything.',
  ],
  your_turn: ['It is your turn', 'We are letting you in.'],
  missed: [
    'You missed your turn, and are next in line',
    'You are let in within a few minutes. Please stay close.',
  ],
  inside: ['It is your turn', 'You are in: choose your seats. They are reserved while you pay.'],
  done: ['You have been in', 'Your visit to this sale has ended. Your tickets are under “Your tickets”.'],
  closed: ['The waiting room is closed', 'Nobody is let in any more.'],
  full: [
    'The waiting room is full',
    'There are more people in line than places. We try again for you; others leave.',
  ],
  invited: ['This line is by invitation', 'Type the code that you were sent, and take your place.'],
  joining: ['Taking your place in line', 'One moment.'],
};

/** Which of the actions belong to a state. @type {Record<string, string[]>} */
const ACTIONS = {
  early: ['leave'],
  waiting: ['leave'],
  your_turn: ['enter', 'leave'],
  missed: ['leave'],
  inside: ['seats'],
  done: ['back', 'join'],
  invited: ['join', 'back'],
  closed: ['back'],
  full: ['join', 'back'],
};

let state = main.dataset.state;
/** @type {{ position: number, cursor: number | null } | null} */
let polled = null;
/** @type {number | null} */
let shown = null;
/** @type {number | null} */
let first = null;
/** The server's estimate, and when it was made. @type {{ low: number, high: number, at: number } | null} */
let eta = null;
/** @type {any} */
let frame = null;
/** @type {{ position: number, at: number } | null} */
let spoken = null;
/** @type {EventSource | null} */
let stream = null;
/** Of an invitation or a priority: in the link that somebody was sent, or typed. */
let code = new URLSearchParams(location.search).get('code');
let offset = 0;
let timer = 0;
let queue = Promise.resolve();

// Losing this costs nothing: the place is also known by the device.

/** @param {string} what @param {unknown} [value] */
function kept(what, value) {
  const key = `holdfast:${slug}:${what}`;
  try {
    if (value === undefined) return JSON.parse(localStorage.getItem(key) ?? 'null');
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return null;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string>} [headers]
 * @param {object} [body]
 */
async function call(method, path, headers = {}, body = undefined) {
  const place = kept('place');
  if (place) headers['Holdfast-Place'] = place;
  const pass = kept('pass');
  if (pass) headers['Holdfast-Pass'] = pass;
  let response;
  try {
    if (body) headers['Content-Type'] = 'application/json';
    response = await fetch(api + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: 'no-store',
    });
  } catch {
    throw { code: 'network', wait: 4000 };
  }
  const date = Date.parse(response.headers.get('Date') ?? '');
  if (date) offset = date + 500 - Date.now();
  const answer = response.status === 204 ? null : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const wait = Number(response.headers.get('Retry-After')) * 1000;
  throw { ...answer, status: response.status, code: answer?.code ?? '', wait: wait || 5000 };
}

// As the tab's other pages; see lib/direction.js.
try {
  const dir = new URLSearchParams(location.search).get('dir') ?? sessionStorage.getItem('holdfast:dir');
  if (dir) document.documentElement.dir = dir;
} catch {
  // A browser that keeps nothing.
}

// The steps of the line

/** @param {() => Promise<void>} step @param {number} delay */
function next(step, delay) {
  clearTimeout(timer);
  timer = setTimeout(() => run(step), delay);
}

/**
 * One step after the other: an answer must not be overtaken by the next question.
 *
 * @param {() => Promise<void>} step
 */
function run(step) {
  queue = queue.then(step).then(
    () => notice(''),
    (error) => recover(step, error),
  );
}

async function join() {
  if (!kept('place')) show('joining');
  /** @type {Record<string, string>} */
  const headers = {};
  const body = code ? { code } : undefined;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await call('POST', '/queue', headers, body);
      if (answer.place !== kept('place')) shown = null;
      kept('place', answer.place);
      break;
    } catch (/** @type {any} */ error) {
      if (error.code !== 'work_required' || attempt > 4) throw error;
      $('next').textContent =
        'Many people are coming at once. Your device is proving that it is one of them.';
      const { solveWork } = await import('/client/work.js');
      headers['Holdfast-Work'] = await solveWork(error);
    }
  }
  listen();
  await poll();
}

async function poll() {
  const status = await call('GET', '/queue');
  if (status.position === null) polled = null;
  else polled = { position: status.position, cursor: cursorNow() };
  $('updated').textContent = new Date().toLocaleTimeString();
  show(status.state, status);
  // What was promised before the draw; a check afterwards holds the draw against it.
  if (status.state === 'early' && !kept('commitment'))
    kept('commitment', (await call('GET', '/queue/draw')).commitment);
  if (status.state === 'your_turn' || status.state === 'inside') return enter();
  if (status.state === 'done' || status.state === 'closed') return stream?.close();
  next(poll, status.poll_after_ms || 5000);
}

async function enter() {
  const before = state;
  const { pass, expires_at } = await call('POST', '/queue/enter');
  kept('pass', pass);
  // The pages of the sale know the event by its id.
  const event = await call('GET', '');
  try {
    localStorage.setItem(`holdfast:${event.id}:pass`, JSON.stringify({ pass, expires_at }));
    localStorage.setItem(`holdfast:${event.id}:place`, JSON.stringify(kept('place')));
  } catch {
    // The seats ask for the pass again.
  }
  stream?.close();
  show('inside');
  if (before !== 'inside') signal();
  // Somebody who looks elsewhere shall see the changed title first.
  const go = () => location.assign(`/events/${slug}/seats`);
  if (document.visibilityState === 'visible') setTimeout(go, 2500);
  else document.addEventListener('visibilitychange', () => setTimeout(go, 1500), { once: true });
}

/** @param {() => Promise<void>} step @param {any} error */
function recover(step, error) {
  switch (error.code) {
    case 'token_invalid':
    case 'pass_bound':
      // An old place of this browser; the device has, or gets, a fresh one.
      kept('place', null);
      kept('pass', null);
      return next(join, 1000);
    case 'not_your_turn':
    case 'pass_expired':
      kept('pass', null);
      return next(poll, 2000);
    case 'queue_full':
      show('full');
      return next(join, 20_000 + Math.random() * 20_000);
    case 'queue_closed':
      return show('closed');
    case 'invalid_request':
      show('invited');
      return notice(code ? 'This code is not one for this event.' : '');
    case 'unknown_event':
      return notice('There is no such event.');
    default:
      notice('We cannot reach the line at the moment. Your place is safe; this page keeps trying.');
      next(step, error.wait + Math.random() * 3000);
  }
}

function listen() {
  if (stream && stream.readyState !== 2) return;
  stream = new EventSource(`${api}/queue/stream`);
  stream.onmessage = ({ data }) => {
    const before = frame?.phase;
    frame = JSON.parse(data);
    // All hear of the draw at once; they ask in turn.
    if (before === 'early' && frame.phase !== before) setTimeout(run, Math.random() * (2e3 + frame.size / 10), poll);
    if (polled && polled.cursor === null) polled.cursor = cursorNow();
    showPosition(null);
    showOdds();
  };
}

// What is shown

/** @param {string} now @param {any} [status] */
function show(now, status = null) {
  const [headline, text] = TEXTS[/** @type {keyof typeof TEXTS} */ (now)] ?? TEXTS.waiting;
  const changed = now !== state;
  state = now;
  main.dataset.state = now;
  $('headline').textContent = headline;
  $('next').textContent = text;
  for (const id of ['join', 'enter', 'seats', 'back', 'leave']) $(id).hidden = !ACTIONS[now]?.includes(id);
  $('code').hidden = now !== 'invited';
  $('fairness').hidden = !['waiting', 'your_turn', 'missed'].includes(now);
  $('assurance').hidden = ['closed', 'full', 'invited'].includes(now);
  $('signals').hidden = !['early', 'waiting', 'missed'].includes(now);
  showPosition(status);
  showOdds();
  showOpening();
  if (changed && now !== 'joining')
    say(`${headline}. ${now === 'waiting' && shown ? `Position ${shown}. ` : ''}${text}`);
}

/** The place's lane, which its signed text says; a position moves with the cursor of its lane. */
function cursorNow() {
  try {
    const claims = JSON.parse(atob(kept('place').split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    if (claims.lane === 1) return frame?.lanes?.priority?.cursor ?? null;
  } catch {
    // Not a place of ours: the lane of most.
  }
  return frame?.cursor ?? null;
}

/** @param {any} status */
function showPosition(status) {
  $('figures').hidden = state !== 'waiting' || !polled;
  if (state !== 'waiting' || !polled) {
    document.title = state === 'inside' ? `It is your turn: ${eventName}` : `${eventName} · Waiting room`;
    return;
  }
  const position = positionNow(polled, cursorNow(), shown);
  shown = position;
  first ??= startOf(position);
  $('position').textContent = position.toLocaleString();
  $('ahead').textContent = (position - 1).toLocaleString();
  $('progress').hidden = false;
  $('progress').style.setProperty('--share', String(1 - (position - 1) / Math.max(1, first)));
  if (status) eta = status.eta_seconds && { ...status.eta_seconds, at: Date.now() };
  const elapsed = eta ? (Date.now() - eta.at) / 1000 : 0;
  const wait = eta
    ? { low: Math.max(0, eta.low - elapsed), high: Math.max(0, eta.high - elapsed) }
    : waitOf(position, frame?.pace);
  $('estimate').textContent = wait ? waitText(wait.low, wait.high) : 'not known yet';
  const paused = frame?.phase === 'paused';
  if (paused) $('next').textContent = 'The line is paused for a moment. Your place is kept.';
  document.title = `${position.toLocaleString()} · ${eventName}`;
  if (!isWorthSaying(spoken, position, Date.now())) return;
  const first_ = spoken === null;
  spoken = { position, at: Date.now() };
  // The first position is said together with the state.
  if (!first_) say(`Position ${position}. Likely wait: ${$('estimate').textContent}.`);
}

/**
 * Where this place began, also before a refresh: the bar must not begin anew.
 *
 * @param {number} position
 */
function startOf(position) {
  const place = kept('place');
  const former = kept('first');
  if (former && former.place === place) return Math.max(former.position, position);
  kept('first', { place, position });
  return position;
}

async function showOdds() {
  const isKnown = () => state === 'waiting' && shown !== null && frame?.per_buyer && Object.keys(frame.free ?? {}).length > 0;
  $('odds').hidden = !isKnown();
  if (!isKnown()) return;
  const { oddsRows } = await import('./lib/odds.js').catch(() => ({ oddsRows: () => [] }));
  // The turn may have come meanwhile.
  if (isKnown()) $('odds-list').replaceChildren(...oddsRows(frame, /** @type {number} */ (shown)));
}

function showOpening() {
  const at = Date.parse(main.dataset.opensAt ?? '');
  $('opening').hidden = state !== 'early' || !at;
  if (state !== 'early' || !at) return;
  const left = Math.max(0, Math.ceil((at - Date.now() - offset) / 1000));
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const days = Math.floor(left / 86_400);
  const hours = Math.floor(left / 3600) % 24;
  const day = days ? `${days.toLocaleString()} d ` : '';
  $('until').textContent = `${day}${days || hours ? `${two(hours)}:` : ''}${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
  $('opening').querySelector('time').textContent = new Date(at).toLocaleString();
}

/** @param {string} text */
function notice(text) {
  if ($('notice').textContent === text) return;
  $('notice').textContent = text;
  $('notice').hidden = text === '';
  if (text) say(text);
}

/** @param {string} text */
function say(text) {
  $('live').textContent = text;
}

// The turn

/** Plays, where that is wanted. @type {(() => void) | null} */
let play = null;

function signal() {
  if ($('vibrate').checked) navigator.vibrate?.([300, 150, 300]);
  play?.();
}

$('sound').addEventListener('change', async () => {
  play = null;
  if (!$('sound').checked) return;
  // By the click itself: a browser plays nothing that nobody asked for.
  const audio = new AudioContext();
  const { chime } = await import('./lib/chime.js');
  if ($('sound').checked) play = () => chime(audio);
});
$('vibrate-label').hidden = !('vibrate' in navigator);

// Forms and waking up

/** @param {string} id @param {() => Promise<void>} step */
function onSubmit(id, step) {
  $(id).addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    clearTimeout(timer);
    run(step);
  });
}

onSubmit('join', async () => {
  if (state === 'invited') {
    code = $('code').querySelector('input').value.trim();
    kept('place', null);
  }
  if (state === 'done') for (const what of ['place', 'pass', 'first']) kept(what, null);
  await join();
});
onSubmit('enter', enter);
onSubmit('leave', async () => {
  await call('DELETE', '/queue');
  kept('place', null);
  kept('pass', null);
  location.assign(`/events/${slug}`);
});

// Loaded by those who ask: it is larger than this page.
$('check').addEventListener('click', async () => {
  $('verdict').textContent = 'Checking on this device …';
  const { checkDraw } = await import('./lib/draw-check.js');
  $('verdict').textContent = await checkDraw((path) => call('GET', path), kept('commitment'));
});

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && ['early', 'waiting', 'missed'].includes(state)) next(poll, 0);
});
window.addEventListener('pageshow', ({ persisted }) => persisted && run(join));
setInterval(() => state === 'early' && showOpening(), 500);

run(join);
