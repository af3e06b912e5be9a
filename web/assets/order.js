/**
 * From a hold to a ticket, on one page: details, payment, progress, tickets.
 *
 * `/orders/new?event=<id>` turns the device's hold into an order and then is `/orders/<id>`. What is
 * shown follows from the server's answer alone, so that refresh, Back and another tab are the same.
 * The order's token is in this device's storage, or in the address's fragment.
 */

import {
  HoldfastError,
  byId,
  errorText,
  h,
  holdfast,
  icon,
  isLasting,
  keep,
  keepOrder,
  keptOrder,
  notice,
} from './common.js';
import { showCheckout } from './order/checkout.js';
import { showEnded } from './order/ended.js';
import { backTo, setStep } from './order/frame.js';
import { showPayment, stopPayment } from './order/payment.js';
import { showConfirming } from './order/progress.js';
import { showSummary } from './order/summary.js';
import { showTickets } from './order/tickets.js';

/**
 * @typedef {object} Context what the parts of this page share
 * @property {import('/client/holdfast.js').Order} order
 * @property {import('/client/holdfast.js').Event | null} event
 * @property {Record<string, { zone: string, row: string, number: string }>} seats by label, when known
 * @property {ReturnedFrom3ds | null} returned
 * @property {() => Promise<void>} reload reads the order again and shows what follows
 * @property {() => void} watch the buyer has paid: follow the order to its end
 *
 * @typedef {{ intent: string, succeeded: boolean }} ReturnedFrom3ds
 */

/** @type {import('/client/holdfast.js').Event | null} */
let event = null;
let watching = false;
let watchedSince = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {ReturnedFrom3ds | null} */
let returned = null;

async function start() {
  const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
  if (id === 'new') return showCheckout({ opened });
  const token = tokenOf(id);
  if (!token) return showUnknown();
  returned = takeReturn();
  await load(id, token);
}

/**
 * From the fragment, where a copied link has it, else from storage.
 *
 * @param {string} id
 * @returns {string | null}
 */
function tokenOf(id) {
  const fragment = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!fragment) return keptOrder(id)?.token ?? null;
  // Off the screen and out of the history, unless there is no other place for it.
  if (isLasting()) history.replaceState(null, '', location.pathname + location.search);
  return fragment;
}

/** What a bank added to the address when it sent the buyer back. @returns {ReturnedFrom3ds | null} */
function takeReturn() {
  const query = new URLSearchParams(location.search);
  const intent = query.get('payment_intent');
  if (!intent) return null;
  history.replaceState(null, '', location.pathname + location.hash);
  return { intent, succeeded: query.get('redirect_status') === 'succeeded' };
}

/**
 * A new order: it takes this page's place in the history, so that Back leads to the seats.
 *
 * @param {import('/client/holdfast.js').Order} order
 */
function opened(order) {
  const hash = isLasting() ? '' : `#token=${encodeURIComponent(order.token)}`;
  history.replaceState(null, '', `/orders/${encodeURIComponent(order.id)}${hash}`);
  show(order);
}

/**
 * @param {string} id
 * @param {string} token
 */
async function load(id, token) {
  try {
    await show(await holdfast.readOrder(id, token));
  } catch (error) {
    if (error instanceof HoldfastError && error.status === 404) return showUnknown();
    if (watching) {
      // Money may be on its way: keep asking, and keep saying so.
      timer = setTimeout(() => load(id, token), 3_000);
      return;
    }
    const again = h(
      'button',
      { type: 'button', class: 'button', onclick: () => load(id, token) },
      'Try again',
    );
    byId('step').replaceChildren(notice('bad', h('p', null, errorText(error))), h('p', null, again));
    byId('step').removeAttribute('aria-busy');
  }
}

/** @param {import('/client/holdfast.js').Order} order */
async function show(order) {
  event ??= await holdfast.event(order.event_id).catch(() => null);
  const kept = keptOrder(order.id);
  const seats = /** @type {Context['seats']} */ (
    Object.fromEntries((kept?.seats ?? []).map((/** @type {any} */ seat) => [seat.label, seat]))
  );
  keepOrder({
    id: order.id,
    token: order.token,
    event_id: order.event_id,
    name: event?.name ?? kept?.name ?? '',
    seats: kept?.seats ?? [],
  });
  /** @type {Context} */
  const context = {
    order,
    event,
    seats,
    returned,
    reload: () => load(order.id, order.token),
    watch: () => watch(order),
  };
  backTo(event);
  byId('step').removeAttribute('aria-busy');
  if (order.status !== 'awaiting_payment') stopPayment();
  showSummary(context);
  switch (order.status) {
    case 'awaiting_payment':
      setStep(2, 'Payment');
      if (watching || returned?.succeeded) {
        returned = null;
        return watch(order);
      }
      await showPayment(context);
      returned = null;
      return;
    case 'processing':
      setStep(2, 'Confirming your payment');
      return watch(order);
    case 'confirmed':
      endWatch();
      // A pass ends with the purchase.
      keep(order.event_id, 'pass', null);
      setStep(3, 'Your tickets');
      return showTickets(context);
    case 'cancelling':
      setStep(2, 'Closing your order');
      showEnded(context);
      timer = setTimeout(context.reload, 2_000);
      return;
    default:
      endWatch();
      setStep(2, 'This order has ended');
      return showEnded(context);
  }
}

/**
 * Reads the order until it has an end; often at first, then less.
 *
 * @param {import('/client/holdfast.js').Order} order
 */
function watch(order) {
  if (!watching) watchedSince = Date.now();
  watching = true;
  const elapsed = Date.now() - watchedSince;
  setStep(2, 'Confirming your payment');
  showConfirming(elapsed);
  clearTimeout(timer);
  const wait = elapsed < 5_000 ? 600 : elapsed < 20_000 ? 1_500 : 4_000;
  timer = setTimeout(() => load(order.id, order.token), wait);
}

function endWatch() {
  watching = false;
  clearTimeout(timer);
}

function showUnknown() {
  byId('order-title').textContent = 'We do not find this order';
  byId('steps').hidden = true;
  byId('order-layout').className = '';
  byId('step').removeAttribute('aria-busy');
  byId('step').replaceChildren(
    h(
      'div',
      { class: 'empty' },
      icon('lock'),
      h('p', null, 'An order opens on the device it was made on, or by the link that you copied there.'),
      h('a', { class: 'button button--primary', href: '/' }, 'See all events'),
    ),
  );
}

start();
