/** The card with the one thing to do next: wait, enter the line, choose, go on, or nothing. */

import {
  byId,
  errorText,
  formatMoment,
  formatPrice,
  h,
  holdfast,
  icon,
  kept,
  notice,
  serverNow,
  startCountdown,
  toast,
  whileBusy,
} from '../common.js';
import { checkoutUrl, forgetHold, placesOf } from '../lib/own-hold.js';
import { ownPass } from '../lib/own-pass.js';

/** @type {(() => void)[]} */
let countdowns = [];
let drawn = '';

/** @param {import('../event.js').View} view */
export function showBuy(view) {
  const { event, hold, state, holdEnded } = view;
  const pass = ownPass(event.id, serverNow());
  const order = kept(event.id, 'order');
  const facts = JSON.stringify([state, hold, holdEnded, pass, order?.id, hasSeats(view)]);
  if (facts === drawn) return;
  drawn = facts;
  for (const stop of countdowns) stop();
  countdowns = [];
  byId('buy').replaceChildren(
    ...[ended(view), ownHold(view), ...actions(view), lastOrder(view), rules(view)].filter(
      (part) => part !== null,
    ),
  );
}

/** @param {import('../event.js').View} view */
function ended({ holdEnded, hold }) {
  if (!holdEnded || hold) return null;
  return notice('warn', h('p', null, 'The time for your seats has run out, so they went back on sale.'));
}

/** @param {import('../event.js').View} view */
function ownHold(view) {
  const { event, hold } = view;
  if (!hold) return null;
  const order = kept(event.id, 'order');
  const places = placesOf(hold);
  const count = `${places} ${places === 1 ? 'place' : 'places'}`;
  const left = h('span', { class: 'countdown' });
  countdowns.push(
    startCountdown({
      element: left,
      until: hold.expires_at,
      now: serverNow,
      spoken: 'for your seats',
      onEnd: view.refresh,
    }),
  );
  const paying = hold.status === 'paying' && order;
  const next = paying ? `/orders/${encodeURIComponent(order.id)}` : checkoutUrl(hold);
  const release = h(
    'button',
    { type: 'button', class: 'button button--quiet button--small' },
    'Give them back',
  );
  release.addEventListener('click', () => whileBusy(release, () => giveBack(view)));
  return h(
    'div',
    { class: 'own-hold stack stack--tight' },
    h(
      'div',
      { class: 'cluster cluster--apart' },
      h('span', { class: 'strong' }, `You hold ${count}`),
      h('span', { class: 'cluster' }, icon('clock'), left),
    ),
    h('p', { class: 'muted small' }, formatPrice(hold.total, hold.currency)),
    h(
      'a',
      { class: 'button button--primary button--wide', href: next },
      paying ? 'Go on with payment' : 'Go to checkout',
      icon('arrow', 'icon--directional'),
    ),
    paying ? null : release,
  );
}

/** @param {import('../event.js').View} view */
function lastOrder({ event, hold }) {
  const order = kept(event.id, 'order');
  if (!order || hold?.status === 'paying') return null;
  const href = `/orders/${encodeURIComponent(order.id)}`;
  return h('p', { class: 'small' }, h('a', { href }, 'See your last order for this event'));
}

/** @param {import('../event.js').View} view */
async function giveBack(view) {
  const { event, hold } = view;
  if (!hold) return;
  try {
    await holdfast.releaseHold(hold.id, hold.token);
    forgetHold(event.id);
    toast('Your seats are back on sale.');
  } catch (error) {
    toast(errorText(error));
  }
  await view.refresh();
}

/** @param {import('../event.js').View} view */
function actions(view) {
  const { event, state, hold } = view;
  // Seats that are being paid for cannot be changed.
  if (hold?.status === 'paying') return [];
  const seats = hasSeats(view);
  const base = `/events/${encodeURIComponent(event.slug)}`;
  const primary = hold ? 'button' : 'button button--primary button--large';
  switch (state) {
    case 'early':
      return early(view, base);
    case 'open': {
      if (event.queue.enabled && !ownPass(event.id, serverNow()))
        return waitingRoom(`${base}/queue`, primary);
      if (!seats)
        return [h('a', { class: `${primary} button--wide`, href: '#event-areas' }, 'Choose places')];
      return [
        h(
          'a',
          { class: `${primary} button--wide`, href: `${base}/seats` },
          icon('seat'),
          hold ? 'Change seats' : 'Choose seats',
        ),
      ];
    }
    case 'held':
      return [
        notice(
          'warn',
          h(
            'p',
            null,
            'Every place is reserved at the moment. What others do not pay for comes back: look again soon.',
          ),
        ),
        event.queue.enabled && !ownPass(event.id, serverNow())
          ? h('a', { class: 'button button--wide', href: `${base}/queue` }, 'Enter the waiting room')
          : showMap(seats, base),
      ];
    case 'sold_out':
      return [notice('bad', h('p', { class: 'strong' }, 'Sold out')), showMap(seats, base)];
    case 'closed':
      return [notice('info', h('p', null, `The sale closed on ${formatMoment(event.sale.closes_at)}.`))];
    case 'cancelled':
      return [notice('bad', h('p', { class: 'strong' }, 'This event is cancelled.'))];
    case 'over':
      return [notice('info', h('p', null, 'This event is over.'))];
  }
}

/**
 * @param {boolean} seats whether there is a map to see
 * @param {string} base
 */
function showMap(seats, base) {
  return seats ? h('a', { class: 'button button--wide', href: `${base}/seats` }, 'See the seat map') : null;
}

/**
 * @param {string} href
 * @param {string} look
 */
function waitingRoom(href, look) {
  return [
    h('a', { class: `${look} button--wide`, href }, icon('people'), 'Enter the waiting room'),
    h(
      'p',
      { class: 'muted small' },
      'Many want in at once, so everybody gets a place in line. Yours is kept on this device.',
    ),
  ];
}

/**
 * @param {import('../event.js').View} view
 * @param {string} base
 */
function early(view, base) {
  const { event } = view;
  const opens = event.sale.opens_at;
  const parts = [];
  if (opens) {
    const left = h('span', { class: 'countdown opening' });
    countdowns.push(
      startCountdown({
        element: left,
        until: opens,
        now: serverNow,
        spoken: 'until the sale opens',
        onEnd: view.refresh,
      }),
    );
    parts.push(h('div', { class: 'opens' }, h('span', { class: 'muted small' }, 'The sale opens in'), left));
    parts.push(h('p', { class: 'small' }, h('time', { datetime: opens }, formatMoment(opens))));
  } else {
    parts.push(h('p', null, 'The sale has not opened yet.'));
  }
  if (event.queue.enabled)
    parts.push(...waitingRoom(`${base}/queue`, 'button button--primary button--large'));
  else parts.push(showMap(hasSeats(view), base));
  return parts;
}

/** @param {import('../event.js').View} view */
function rules({ event }) {
  const { sale } = event;
  const minutes = Math.round(sale.hold_seconds / 60);
  const fact = (/** @type {string} */ name, /** @type {string} */ value) =>
    h('div', null, h('dt', null, name), h('dd', null, value));
  return h(
    'dl',
    { class: 'facts buy-facts' },
    fact(
      'Your seats are reserved for',
      minutes >= 1 ? `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}` : `${sale.hold_seconds} seconds`,
    ),
    fact('Tickets for one person', `up to ${sale.max_per_customer}`),
    fact('Sale ends', formatMoment(sale.closes_at)),
  );
}

/**
 * Whether the event has numbered seats beside its areas, or instead of any.
 *
 * @param {import('../event.js').View} view
 */
function hasSeats({ availability, chart }) {
  if (chart) return chart.zones.length > 0;
  if (!availability) return true;
  const places = Object.values(availability.areas).reduce((sum, area) => sum + area.total, 0);
  return availability.total > places;
}
