/** "Best available": how many, in which category, up to which price. */

import { h, whileBusy } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { stepper } from '../lib/stepper.js';
import { FLAG_ACCESSIBLE } from './chart.js';
import { categoryFilter } from './filter.js';
import { words } from './words.js';

/**
 * @typedef {{ quantity: number, categories?: string[], zones?: string[], accessible?: number }} BestWish
 */

/**
 * The server's wish for what was asked: categories by name and price, left out when all fit.
 *
 * @param {string[]} names categories that have seats
 * @param {Record<string, number>} prices
 * @param {{ quantity: number, category: string, priceMax: number, accessible: number }} asked
 * @returns {BestWish}
 */
export function bestWish(names, prices, { quantity, category, priceMax, accessible }) {
  const shown = names.filter(categoryFilter(prices, { category, priceMax }));
  return {
    quantity,
    ...(shown.length < names.length && { categories: shown }),
    ...(accessible > 0 && { accessible: Math.min(accessible, quantity) }),
  };
}

/**
 * @param {HTMLElement} container hidden where the chart has no seats
 * @param {object} options
 * @param {import('./chart.js').SeatChart} options.chart
 * @param {Record<string, number>} options.prices
 * @param {string} options.currency
 * @param {number} options.limit
 * @param {(wish: BestWish) => Promise<unknown>} options.onFind
 * @param {() => Promise<unknown>} options.onGiveBack
 * @returns {{ setState(state: { held: boolean, closed: boolean }): void }}
 */
export function createBestPanel(container, { chart, prices, currency, limit, onFind, onGiveBack }) {
  container.hidden = chart.count === 0;
  const used = new Set(chart.category);
  const names = chart.categories.map(({ name }) => name).filter((_, index) => used.has(index));
  const costs = [...new Set(names.map((name) => prices[name] ?? 0))].sort((left, right) => left - right);
  const asked = { quantity: Math.min(2, limit), category: '', priceMax: Infinity, accessible: 0 };
  const find = h('button', { type: 'submit', class: 'button button--primary button--wide' });
  const accessible = h('div', { class: 'best__field' });
  const hasAccessible = chart.flags.some((flags) => (flags & FLAG_ACCESSIBLE) !== 0);

  const show = () => {
    find.textContent = words.best.find(asked.quantity);
    asked.accessible = Math.min(asked.accessible, asked.quantity);
    if (!hasAccessible) return;
    accessible.replaceChildren(
      h('span', { class: 'field__label', 'aria-hidden': 'true' }, words.best.accessible),
      stepper({ label: words.best.accessible, value: asked.accessible, max: asked.quantity, onChange: (value) => (asked.accessible = value) }),
    );
  };
  const quantity = h('div', { class: 'best__field' },
    h('span', { class: 'field__label', 'aria-hidden': 'true' }, words.best.quantity),
    stepper({ label: words.best.quantity, value: asked.quantity, min: 1, max: limit, onChange: (value) => {
      asked.quantity = value;
      show();
    } }));
  const category = names.length > 1 && choice('best-category', words.best.category,
    [['', words.best.any], ...names.map((name) => [name, `${name} · ${formatPrice(prices[name] ?? 0, currency)}`])],
    (value) => (asked.category = value));
  const price = costs.length > 1 && choice('best-price', words.best.price,
    [['', words.list.anyPrice], ...costs.slice(0, -1).map((cost) => [String(cost), formatPrice(cost, currency)])],
    (value) => (asked.priceMax = value === '' ? Infinity : Number(value)));
  const form = h('form', { class: 'best', onsubmit: (event) => {
    event.preventDefault();
    if (/** @type {HTMLButtonElement} */ (find).disabled) return;
    whileBusy(find, () => onFind(bestWish(names, prices, asked)));
  } }, quantity, category, price, hasAccessible && accessible, find);
  const giveBack = h('button', { type: 'button', class: 'button button--wide' }, words.best.giveBackFirst);
  giveBack.addEventListener('click', () => whileBusy(giveBack, onGiveBack));
  const held = h('div', { class: 'stack stack--tight', hidden: true }, h('p', { class: 'muted small' }, words.best.whileHeld), giveBack);
  container.replaceChildren(
    h('h2', { class: 'panel-title' }, words.best.title),
    h('p', { class: 'muted small best__lead' }, words.best.lead),
    form,
    held,
  );
  show();
  return {
    setState(state) {
      form.hidden = state.held;
      held.hidden = !state.held;
      /** @type {HTMLButtonElement} */ (find).disabled = state.closed;
    },
  };
}

function choice(id, label, entries, onChange) {
  return h('div', { class: 'field' },
    h('label', { class: 'field__label', for: id }, label),
    h('select', { class: 'select', id, onchange: ({ target }) => onChange(target.value) },
      entries.map(([value, text]) => h('option', { value }, text))));
}
