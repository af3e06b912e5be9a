/** The list of events, and the orders that were made on this device. */

import {
  byId,
  calendarLeaf,
  errorText,
  formatPrice,
  formatShortMoment,
  h,
  holdfast,
  icon,
  keptOrders,
  notice,
  serverNow,
} from './common.js';
import { poster } from './lib/poster.js';
import { saleState, stateBadge } from './lib/sale.js';

/** How many events one page of the list has. */
const PAGE = 24;

const list = byId('events');
const more = byId('events-more');
/** @type {string | null} */
let cursor = null;

/** @param {import('/client/holdfast.js').Event} event */
function card(event) {
  const prices = Object.values(event.prices);
  const lowest = prices.length > 0 ? Math.min(...prices) : null;
  const leaf = calendarLeaf(event.starts_at);
  const badge = h('span', { class: 'badge' });
  showState(badge, event, null);
  const element = h(
    'li',
    { class: 'event-card card' },
    h(
      'div',
      { class: 'event-card__picture' },
      poster(event.id),
      h(
        'div',
        { class: 'leaf', 'aria-hidden': 'true' },
        h('span', { class: 'leaf__month' }, leaf.month),
        h('span', { class: 'leaf__day' }, leaf.day),
        h('span', { class: 'leaf__weekday' }, leaf.weekday),
      ),
    ),
    h(
      'div',
      { class: 'event-card__body' },
      badge,
      h(
        'h3',
        { class: 'event-card__name' },
        h('a', { href: `/events/${encodeURIComponent(event.slug)}`, dir: 'auto' }, event.name),
      ),
      h(
        'p',
        { class: 'muted small' },
        h('time', { datetime: event.starts_at }, formatShortMoment(event.starts_at)),
      ),
      lowest === null
        ? null
        : h('p', { class: 'event-card__price' }, priceFrom(lowest, prices, event.currency)),
    ),
  );
  holdfast.availability(event.id).then(
    (availability) => showState(badge, event, availability),
    () => {},
  );
  return element;
}

/**
 * @param {number} lowest
 * @param {number[]} prices
 * @param {string} currency
 */
function priceFrom(lowest, prices, currency) {
  const strong = (/** @type {number} */ price) =>
    h('span', { class: 'strong' }, formatPrice(price, currency));
  const highest = Math.max(...prices);
  if (lowest === highest) return [strong(lowest)];
  return lowest === 0 ? [strong(0), ' to ', strong(highest)] : ['from ', strong(lowest)];
}

/**
 * @param {HTMLElement} badge
 * @param {import('/client/holdfast.js').Event} event
 * @param {import('/client/holdfast.js').Availability | null} availability
 */
function showState(badge, event, availability) {
  const state = saleState(event, availability, serverNow());
  const { text, kind } = stateBadge(state, event.queue.enabled);
  badge.className = `badge badge--dot badge--${kind}`;
  badge.textContent =
    state === 'early' && event.sale.opens_at ? `On sale ${formatShortMoment(event.sale.opens_at)}` : text;
}

async function showEvents() {
  try {
    const page = await holdfast.events({ limit: PAGE, cursor });
    const cards = page.data.map(card);
    if (cursor === null) list.replaceChildren(...cards);
    else list.append(...cards);
    if (list.children.length === 0) list.replaceWith(noEvents());
    cursor = page.next_cursor;
    more.hidden = cursor === null;
  } catch (error) {
    list.replaceChildren(...[...list.children].filter((item) => !item.matches('.event-card--empty')));
    const again = h('button', { type: 'button', class: 'button button--small', onclick: retry }, 'Try again');
    byId('events-error').replaceChildren(notice('bad', h('p', null, errorText(error)), h('p', null, again)));
  } finally {
    list.removeAttribute('aria-busy');
  }
}

function retry() {
  byId('events-error').replaceChildren();
  showEvents();
}

function noEvents() {
  return h(
    'div',
    { class: 'empty' },
    icon('calendar'),
    h('p', { class: 'strong' }, 'Nothing is on sale at the moment'),
    h('p', { class: 'muted' }, 'Please come back later.'),
  );
}

function showOrders() {
  const orders = keptOrders();
  if (orders.length === 0) {
    const none = 'Tickets that you buy on this device appear here.';
    byId('tickets').replaceChildren(h('p', { class: 'muted' }, none));
    return;
  }
  const items = orders.map((order) =>
    h(
      'li',
      null,
      h(
        'a',
        { class: 'order-link card', href: `/orders/${encodeURIComponent(order.id)}` },
        icon('ticket'),
        h('span', { class: 'strong', dir: 'auto' }, order.name || 'Order'),
        h('span', { class: 'muted small number' }, `Order ${order.id.slice(-8)}`),
        icon('arrow', 'icon--directional'),
      ),
    ),
  );
  byId('tickets').replaceChildren(h('ul', { class: 'stack stack--tight' }, items));
}

more.firstElementChild?.addEventListener('click', showEvents);
showOrders();
showEvents();
// Back from an order, the browser shows the page as it was left.
window.addEventListener('pageshow', (event) => event.persisted && showOrders());
