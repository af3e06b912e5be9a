/** What a refusal means for the person, by its stable code: what happened, and what to do. */

const TEXTS = {
  network: 'We cannot reach the server. Check your connection; nothing you have is lost.',
  timeout: 'The server takes too long to answer. Please try again.',
  rate_limited: 'That was a lot at once. Please wait a moment and try again.',
  seats_unavailable: 'Somebody else was faster: not all of these seats are free any more.',
  not_enough_adjacent_seats:
    'There are not that many free seats side by side. Try fewer, or another category.',
  sold_out: 'Not enough places are free right now. Places that others do not pay for come back.',
  customer_limit_reached: 'You have reached the number of tickets one person may buy for this event.',
  pass_required: 'This sale has a waiting room. Please take your place in line first.',
  pass_expired: 'Your time inside the sale has ended. Please take your place in line again.',
  pass_bound: 'This turn belongs to another device.',
  sale_not_open: 'The sale has not opened yet.',
  sale_closed: 'The sale has closed.',
  unknown_event: 'There is no such event.',
  unknown_hold: 'Your seats are no longer reserved. Please choose again.',
  unknown_order: 'We do not find this order, or this device does not have its key.',
  unknown_seat: 'There is no such seat any more. Please choose again.',
  unknown_area: 'There is no such area any more. Please choose again.',
  hold_expired: 'The time for your seats has run out, so they went back on sale. Please choose again.',
  hold_in_payment: 'These seats are already in an order.',
  extension_limit: 'The time cannot be extended again.',
  order_exists: 'These seats are already in an order.',
  order_closed: 'This order has ended.',
  already_paid: 'This order is already paid.',
  queue_full: 'The waiting room is full. Please try again later.',
  queue_closed: 'The waiting room is closed.',
  not_your_turn: 'It is not your turn yet.',
  queue_unavailable: 'The line does not answer for a moment. Your place is safe; please try again shortly.',
  inventory_unavailable: 'The seats are being looked after for a moment. Please try again shortly.',
  database_unavailable: 'We cannot write anything down for a moment. Please try again shortly.',
};

const FALLBACK = 'Something went wrong on our side. Please try again.';

/**
 * @param {unknown} error
 * @returns {string} a sentence or two for the person
 */
export function errorText(error) {
  const { code, status, detail } = /** @type {any} */ (error ?? {});
  if (typeof code === 'string' && Object.hasOwn(TEXTS, code)) {
    return TEXTS[/** @type {keyof typeof TEXTS} */ (code)];
  }
  // What the person typed was wrong, and the server says which field.
  if (status === 422 && detail) return `Please check what you typed: ${detail}.`;
  return FALLBACK;
}
