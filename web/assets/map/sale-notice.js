/** Whether seats can be held at this moment, and the sentence that says why not. */

import { formatMoment } from '../lib/dates.js';
import { saleState } from '../lib/sale.js';
import { words } from './words.js';

/** Looks again at least this often, for a sale that opens or closes meanwhile. */
const LOOK_MS_MAX = 30_000;

/**
 * @param {import('/client/holdfast.js').Event} event
 * @param {number} now the server's clock in ms
 * @returns {string | null} null: seats can be held
 */
export function whyClosed(event, now) {
  switch (saleState(event, null, now)) {
    case 'early':
      return event.sale.opens_at ? words.sale.opens(formatMoment(event.sale.opens_at)) : words.refusal.sale_not_open();
    case 'closed':
      return words.sale.closed;
    case 'cancelled':
      return words.sale.cancelled;
    case 'over':
      return words.sale.completed;
    default:
      return null;
  }
}

/**
 * Calls back now and whenever the answer changes.
 *
 * @param {import('/client/holdfast.js').Event} event
 * @param {() => number} now
 * @param {(why: string | null) => void} onChange
 */
export function watchSale(event, now, onChange) {
  let before;
  const look = () => {
    const why = whyClosed(event, now());
    if (why !== before) onChange(why);
    before = why;
    const edges = [event.sale.opens_at, event.sale.closes_at].map((edge) => Date.parse(edge ?? '') - now());
    const next = Math.min(LOOK_MS_MAX, ...edges.filter((left) => left > 0));
    setTimeout(look, Math.max(250, next + 50));
  };
  look();
}
