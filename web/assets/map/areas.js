/** Standing and open areas: how many places of each. */

import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { stepper } from '../lib/stepper.js';
import { words } from './words.js';

/**
 * @param {HTMLElement} container hidden where the chart has no areas
 * @param {object} facts
 * @param {import('./chart.js').SeatChart} facts.chart
 * @param {Record<string, number>} facts.prices
 * @param {string} facts.currency
 * @param {Map<string, number>} facts.free by name
 * @param {import('./cart.js').Cart} facts.cart
 * @param {(name: string, quantity: number) => void} facts.onChange
 */
export function showAreas(container, { chart, prices, currency, free, cart, onChange }) {
  container.hidden = chart.areas.length === 0;
  if (container.hidden) return;
  const held = new Map((cart.hold?.areas ?? []).map(({ name, quantity }) => [name, quantity]));
  const facts = chart.areas.map(({ name, category }) => {
    const wanted = cart.areas.get(name) ?? 0;
    const left = free.get(name);
    // What this buyer holds is not free, but his to keep.
    const max = Math.min((left ?? 0) + (held.get(name) ?? 0), wanted + cart.room);
    return { name, price: prices[category] ?? 0, wanted, left, max: cart.hold?.status === 'paying' ? wanted : max };
  });
  const shown = JSON.stringify(facts);
  if (container.dataset.shown === shown) return;
  container.dataset.shown = shown;
  const focused = container.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
  container.replaceChildren(
    h('h2', { class: 'panel-title' }, words.areas.title),
    h('ul', { class: 'areas', role: 'list' }, facts.map(({ name, price, wanted, left, max }) =>
      h(
        'li',
        { class: 'areas__item' },
        h(
          'div',
          null,
          h('strong', { dir: 'auto' }, name),
          h('p', { class: 'muted small' }, [formatPrice(price, currency), left === undefined ? '' : words.free(left)].filter(Boolean).join(' · ')),
        ),
        stepper({ label: name, value: wanted, max: Math.max(max, wanted), onChange: (quantity) => onChange(name, quantity) }),
      ),
    )),
  );
  const again = [...container.querySelectorAll('button')].filter((button) => !button.disabled);
  if (focused) (again.find((button) => button.getAttribute('aria-label') === focused) ?? again[0])?.focus();
}
