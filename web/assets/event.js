/** One event: what, when, how much, what is left, and the way in. */

import { byId, errorText, formatMoment, h, holdfast, icon, notice, serverNow } from './common.js';
import { showAreas } from './event/areas.js';
import { showBuy } from './event/buy.js';
import { showPrices } from './event/prices.js';
import { readOwnHold } from './lib/own-hold.js';
import { poster } from './lib/poster.js';
import { saleState, stateBadge } from './lib/sale.js';

/** How often availability is read again while somebody looks, in ms. */
const REFRESH_MS = 10_000;
/** A chart of more seats is left to the page that draws it. */
const CHART_SEATS_MAX = 6_000;

const slug = decodeURIComponent(location.pathname.split('/')[2] ?? '');

/**
 * Everything on this page is drawn from this.
 *
 * @typedef {object} View
 * @property {import('/client/holdfast.js').Event} event
 * @property {import('/client/holdfast.js').Availability | null} availability
 * @property {import('/client/holdfast.js').Chart | null} chart null: not read (yet)
 * @property {import('/client/holdfast.js').Hold | null} hold
 * @property {boolean} holdEnded there was a hold, and its time has run out
 * @property {import('./lib/sale.js').SaleState} state
 * @property {() => Promise<void>} refresh reads again what changes
 */

/** @type {View | null} */
let view = null;

async function start() {
  try {
    const event = await holdfast.event(slug);
    view = { event, availability: null, chart: null, hold: null, holdEnded: false, state: 'early', refresh };
    showHead(event);
    await refresh();
    byId('event-body').removeAttribute('aria-busy');
    readChart();
    setInterval(
      () => document.visibilityState === 'visible' && refresh(),
      REFRESH_MS + Math.random() * 2_000,
    );
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh());
    window.addEventListener('pageshow', ({ persisted }) => persisted && refresh());
  } catch (error) {
    showFailure(error);
  }
}

/** @param {import('/client/holdfast.js').Event} event */
function showHead(event) {
  document.title = `${event.name} · Holdfast`;
  byId('event-name').textContent = event.name;
  const when = h('time', { datetime: event.starts_at }, formatMoment(event.starts_at));
  byId('event-when').replaceChildren(icon('calendar'), when);
  byId('event-hero').prepend(poster(event.id, { width: 1280, height: 330 }));
  byId('event-about').hidden = !event.description;
  byId('event-description').textContent = event.description ?? '';
}

async function refresh() {
  if (!view) return;
  const { event } = view;
  const [availability, own] = await Promise.all([
    holdfast.availability(event.id).catch(() => view?.availability ?? null),
    readOwnHold(holdfast, event.id).catch(() => ({ hold: view?.hold ?? null, ended: false })),
  ]);
  view.availability = availability;
  view.hold = own.hold;
  view.holdEnded = view.holdEnded || own.ended;
  show();
}

/** Colours and areas; the page is useful before they are there. */
async function readChart() {
  const { event, availability } = /** @type {View} */ (view);
  const areas = Object.keys(availability?.areas ?? {}).length;
  if (areas === 0 && (availability?.total ?? 0) > CHART_SEATS_MAX) return;
  const chart = await holdfast.chart(event.id).catch(() => null);
  if (view && chart) {
    view.chart = chart;
    show();
  }
}

function show() {
  if (!view) return;
  view.state = saleState(view.event, view.availability, serverNow());
  const { text, kind } = stateBadge(view.state, view.event.queue.enabled);
  byId('event-badges').replaceChildren(h('span', { class: `badge badge--dot badge--${kind}` }, text));
  showPrices(view);
  showAreas(view);
  showBuy(view);
}

/** @param {unknown} error */
function showFailure(error) {
  const missing = /** @type {any} */ (error).status === 404;
  byId('event-hero').hidden = true;
  byId('event-body').hidden = true;
  const again = h(
    'button',
    { type: 'button', class: 'button', onclick: () => location.reload() },
    'Try again',
  );
  const home = h('a', { class: 'button button--primary', href: '/' }, 'See all events');
  byId('event-error').hidden = false;
  byId('event-error').replaceChildren(
    missing
      ? h(
          'div',
          { class: 'empty' },
          icon('ticket'),
          h('h1', null, 'We do not find this event'),
          h('p', { class: 'muted' }, 'The address may be mistyped, or the event is not public.'),
          home,
        )
      : h('div', { class: 'stack' }, notice('bad', h('p', null, errorText(error))), h('p', null, again)),
  );
}

start();
