/**
 * The hold that this device has for an event: kept in storage, confirmed by the server, forgotten
 * when it has ended.
 */

import { HoldfastError } from '/client/holdfast.js';
import { keep, kept } from './storage.js';

/** How an ended hold is told apart from none. @typedef {import('/client/holdfast.js').Hold} Hold */

/**
 * @param {import('/client/holdfast.js').Holdfast} holdfast
 * @param {string} event id
 * @returns {Promise<{ hold: Hold | null, ended: boolean }>} `ended`: there was one,
 *   and its time is over; one that was bought has not ended but become an order
 */
export async function readOwnHold(holdfast, event) {
  const owned = kept(event, 'hold');
  if (!owned?.id || !owned.token) return { hold: null, ended: false };
  try {
    const hold = await holdfast.readHold(owned.id, owned.token);
    if (hold.status === 'active' || hold.status === 'paying') return { hold, ended: false };
    if (hold.status === 'sold') {
      forgetHold(event);
      return { hold: null, ended: false };
    }
  } catch (error) {
    const gone = error instanceof HoldfastError && (error.status === 404 || error.status === 410);
    if (!gone) throw error;
  }
  forgetHold(event);
  return { hold: null, ended: true };
}

/** @param {Hold} hold */
export function keepHold(hold) {
  const former = kept(hold.event_id, 'hold');
  // The key of an order that may be on its way stays with the hold it belongs to.
  const order_key = former?.id === hold.id ? former.order_key : undefined;
  keep(hold.event_id, 'hold', { id: hold.id, token: hold.token, expires_at: hold.expires_at, order_key });
}

/** @param {string} event id */
export function forgetHold(event) {
  keep(event, 'hold', null);
}

/**
 * @param {Hold} hold
 * @returns {number} seats and places
 */
export function placesOf(hold) {
  return hold.seats.length + hold.areas.reduce((sum, area) => sum + area.quantity, 0);
}

/**
 * Where the buyer pays for the hold.
 *
 * @param {Hold} hold
 */
export const checkoutUrl = (hold) => `/orders/new?event=${encodeURIComponent(hold.event_id)}`;
