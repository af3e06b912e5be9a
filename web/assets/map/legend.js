/** What the colours and the signs mean: categories with prices, then the marks of the states. */

import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { FLAG_ACCESSIBLE, FLAG_COMPANION } from './chart.js';
import { drawMark, MARK_GIVING_BACK } from './marks.js';
import { words } from './words.js';

const MARK_SIZE = 20;

/**
 * @param {HTMLElement} container
 * @param {object} options
 * @param {import('./chart.js').SeatChart} options.chart
 * @param {Record<string, number>} options.prices
 * @param {string} options.currency
 * @param {import('./palette.js').Palette} options.palette
 */
export function showLegend(container, { chart, prices, currency, palette }) {
  const used = new Set(chart.category);
  const categories = chart.categories
    .map(({ name }, index) => ({ name, colours: palette.categories[index], index }))
    .filter(({ index }) => used.has(index));
  const marks = words.legend.marks.slice(0, MARK_GIVING_BACK);
  const square = chart.flags.some((flags) => (flags & (FLAG_ACCESSIBLE | FLAG_COMPANION)) !== 0);
  container.replaceChildren(
    h(
      'ul',
      { class: 'legend__list', 'aria-label': words.list.category },
      categories.map(({ name, colours }) =>
        h('li', null, h('span', { class: 'swatch swatch--round', '--swatch': colours.fill }),
          h('span', { dir: 'auto' }, name), h('strong', { class: 'number' }, formatPrice(prices[name] ?? 0, currency))),
      ),
    ),
    h(
      'ul',
      { class: 'legend__list legend__list--marks', 'aria-label': words.legend.title },
      marks.map((name, mark) => h('li', null, picture(mark, palette, false), name)),
      square && h('li', null, picture(0, palette, true), words.legend.accessible),
    ),
  );
  // On a phone it scrolls sideways, and then a keyboard must reach it.
  watched.get(container) ?? watched.set(container, new ResizeObserver(() => makeReachable(container)));
  watched.get(container)?.observe(container);
  makeReachable(container);
}

/** @type {WeakMap<HTMLElement, ResizeObserver>} */
const watched = new WeakMap();

/** @param {HTMLElement} container */
function makeReachable(container) {
  if (container.scrollWidth > container.clientWidth + 1) {
    container.tabIndex = 0;
    container.setAttribute('role', 'group');
    container.setAttribute('aria-label', words.legend.title);
  } else {
    for (const name of ['tabindex', 'role', 'aria-label']) container.removeAttribute(name);
  }
}

function picture(mark, palette, square) {
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const canvas = /** @type {HTMLCanvasElement} */ (
    h('canvas', { class: 'legend__mark', width: MARK_SIZE * ratio, height: MARK_SIZE * ratio, 'aria-hidden': 'true' })
  );
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const neutral = { fill: palette.muted, on: palette.pad };
  const middle = (MARK_SIZE * ratio) / 2;
  drawMark(context, mark, middle, middle, 7.5 * ratio, palette, neutral, square);
  return canvas;
}
