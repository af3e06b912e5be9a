/** The pass of the waiting room that this device has for an event. */

import { kept } from './storage.js';

/**
 * The pass, unless its time is over; whoever is still inside gets it renewed in the waiting room.
 *
 * @param {string} event id
 * @param {number} now the server's clock in ms
 * @returns {string | null}
 */
export function ownPass(event, now) {
  const owned = kept(event, 'pass');
  if (!owned?.pass) return null;
  return Date.parse(owned.expires_at) > now ? owned.pass : null;
}
