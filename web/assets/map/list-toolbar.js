/** Search and filters of the list; the map fades what they leave out. */

import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { FLAG_ACCESSIBLE } from './chart.js';
import { words } from './words.js';

/**
 * @param {object} options
 * @param {import('./chart.js').SeatChart} options.chart
 * @param {Record<string, number>} options.prices
 * @param {string} options.currency
 * @param {import('./filter.js').Wish} options.wish
 * @param {(change: Partial<import('./filter.js').Wish>) => void} options.onChange
 * @returns {HTMLElement}
 */
export function listToolbar({ chart, prices, currency, wish, onChange }) {
  const seated = new Set(chart.category);
  const categories = chart.categories.filter((_, index) => seated.has(index));
  const costs = [...new Set(categories.map(({ name }) => prices[name] ?? 0))].sort((left, right) => left - right);
  const search = h('input', {
    class: 'input', type: 'search', id: 'seat-search', autocomplete: 'off', spellcheck: 'false',
    placeholder: words.list.searchExample, oninput: ({ target }) => onChange({ search: target.value }),
  });
  const category = select(words.list.category, 'seat-category', [
    ['', words.list.all],
    ...categories.map(({ name }) => [name, `${name} · ${formatPrice(prices[name] ?? 0, currency)}`]),
  ], (value) => onChange({ category: value }));
  const price = select(words.list.price, 'seat-price', [
    ['', words.list.anyPrice],
    ...costs.slice(0, -1).map((cost) => [String(cost), formatPrice(cost, currency)]),
  ], (value) => onChange({ priceMax: value === '' ? Infinity : Number(value) }));
  const accessible = chart.flags.some((flags) => (flags & FLAG_ACCESSIBLE) !== 0)
    && check(words.list.accessible, wish.accessible, (checked) => onChange({ accessible: checked }));
  return h(
    'form',
    { class: 'seat-list__toolbar', role: 'search', 'aria-label': words.list.search, onsubmit: (event) => event.preventDefault() },
    h('div', { class: 'field seat-list__search' }, h('label', { class: 'field__label', for: 'seat-search' }, words.list.search), search),
    categories.length > 1 && category,
    costs.length > 1 && price,
    h('div', { class: 'seat-list__checks' },
      check(words.list.freeOnly, wish.freeOnly, (checked) => onChange({ freeOnly: checked })), accessible),
  );
}

function select(label, id, entries, onChange) {
  return h(
    'div',
    { class: 'field' },
    h('label', { class: 'field__label', for: id }, label),
    h(
      'select',
      { class: 'select', id, onchange: ({ target }) => onChange(target.value) },
      entries.map(([value, text]) => h('option', { value }, text)),
    ),
  );
}

function check(label, checked, onChange) {
  return h(
    'label',
    { class: 'check' },
    h('input', { type: 'checkbox', checked, onchange: ({ target }) => onChange(target.checked) }),
    h('span', null, label),
  );
}
