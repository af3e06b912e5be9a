/** What an event's sale is like at this moment, for the list, the event's page and their buttons. */

/**
 * `early`: not open yet. `open`: places are free. `held`: none is free, some are held and may come
 * back. `sold_out`, `closed`, `cancelled`, `over`: nothing more to buy.
 *
 * @typedef {'early' | 'open' | 'held' | 'sold_out' | 'closed' | 'cancelled' | 'over'} SaleState
 */

/**
 * @param {import('/client/holdfast.js').Event} event
 * @param {{ free: number, held: number } | null} availability null: not known yet
 * @param {number} now the server's clock in ms
 * @returns {SaleState}
 */
export function saleState(event, availability, now) {
  if (event.status === 'cancelled') return 'cancelled';
  if (event.status === 'completed' || now >= Date.parse(event.starts_at)) return 'over';
  if (now >= Date.parse(event.sale.closes_at)) return 'closed';
  const opens = event.sale.opens_at;
  if (opens === null || now < Date.parse(opens)) return 'early';
  if (availability && availability.free === 0) return availability.held > 0 ? 'held' : 'sold_out';
  return 'open';
}

/** Below this share of all places, little is left. */
const FEW_SHARE = 0.1;

/**
 * @param {{ total: number, free: number, held: number } | undefined} count
 * @returns {{ text: string, kind: 'good' | 'warn' | 'bad' }}
 */
export function leftText(count) {
  if (!count || count.total === 0) return { text: 'Not on sale', kind: 'bad' };
  if (count.free === 0) {
    return count.held > 0 ? { text: 'All reserved', kind: 'warn' } : { text: 'Sold out', kind: 'bad' };
  }
  if (count.free <= Math.max(10, count.total * FEW_SHARE)) {
    return { text: `${count.free.toLocaleString()} left`, kind: 'warn' };
  }
  return { text: 'Available', kind: 'good' };
}

/**
 * @param {SaleState} state
 * @param {boolean} queue whether the event has a waiting room
 * @returns {{ text: string, kind: 'good' | 'warn' | 'bad' | 'info' }}
 */
export function stateBadge(state, queue) {
  switch (state) {
    case 'early':
      return { text: 'Opens soon', kind: 'info' };
    case 'open':
      return queue
        ? { text: 'On sale with a waiting room', kind: 'good' }
        : { text: 'On sale', kind: 'good' };
    case 'held':
      return { text: 'All reserved', kind: 'warn' };
    case 'sold_out':
      return { text: 'Sold out', kind: 'bad' };
    case 'closed':
      return { text: 'Sale closed', kind: 'bad' };
    case 'cancelled':
      return { text: 'Cancelled', kind: 'bad' };
    case 'over':
      return { text: 'Over', kind: 'bad' };
  }
}
