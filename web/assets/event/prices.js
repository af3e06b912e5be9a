/** The table of categories: colour, name, what is left, price. */

import { byId, formatPrice, h } from '../common.js';
import { leftText } from '../lib/sale.js';

/** @type {string} what the table was last drawn from */
let drawn = '';

/** @param {import('../event.js').View} view */
export function showPrices({ event, availability, chart, state }) {
  const ended = state === 'cancelled' || state === 'over' || state === 'closed';
  const rows = Object.entries(event.prices)
    .map(([category, price]) => ({
      category,
      price,
      count: availability?.categories[category],
      color: chart?.categories.find(({ name }) => name === category)?.color ?? null,
    }))
    .filter(({ count }) => !availability || (count && count.total > 0))
    .sort((one, other) => other.price - one.price);
  const facts = JSON.stringify([rows, ended]);
  if (facts === drawn) return;
  drawn = facts;
  byId('event-prices').replaceChildren(
    h(
      'table',
      { class: 'table prices' },
      h(
        'thead',
        { class: 'visually-hidden' },
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Category'),
          h('th', { scope: 'col' }, 'Left'),
          h('th', { scope: 'col' }, 'Price'),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row) => line(row, event.currency, ended)),
      ),
    ),
  );
}

/**
 * @param {{ category: string, price: number, count: any, color: string | null }} row
 * @param {string} currency
 * @param {boolean} ended
 */
function line({ category, price, count, color }, currency, ended) {
  const left = leftText(count);
  const share = count?.total ? count.free / count.total : 0;
  return h(
    'tr',
    { '--swatch': color },
    h(
      'th',
      { scope: 'row' },
      h(
        'span',
        { class: 'cluster' },
        h('span', { class: 'swatch', 'aria-hidden': 'true' }),
        h('bdi', null, category),
      ),
    ),
    h(
      'td',
      { class: 'prices__left' },
      ended || !count
        ? null
        : [
            h('span', { class: `prices__state prices__state--${left.kind}` }, left.text),
            h('span', { class: 'meter', 'aria-hidden': 'true', '--share': share.toFixed(3) }),
          ],
    ),
    h('td', { class: 'end strong' }, formatPrice(price, currency)),
  );
}
