/**
 * The open section of the list: a grid of rows and seats (ARIA grid, roving tabindex). Left and
 * right go along the row, up and down to the seat beside it in the next row, Home and End to the
 * row's ends, with Control to the section's; Page Up and Page Down go ten rows.
 */

import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { describeSeat, STATE_FREE } from './chart.js';
import { MARK_CHOSEN, MARK_GIVING_BACK, MARK_OWN } from './marks.js';
import { words } from './words.js';

/** Seats that come to the page at once. */
const SEATS_AT_ONCE = 500;
const PAGE_ROWS = 10;
const STATES = ['free', 'held', 'sold', 'blocked'];
const MARKS = new Map([
  [MARK_CHOSEN, 'chosen'],
  [MARK_OWN, 'own'],
  [MARK_GIVING_BACK, 'back'],
]);
const MARK_WORDS = new Map([
  [MARK_CHOSEN, words.map.chosen],
  [MARK_OWN, words.map.own],
  [MARK_GIVING_BACK, words.map.givingBack],
]);

export class SeatGrid {
  /** @type {Map<number, HTMLElement>} */
  #cells = new Map();
  #rows;
  #rendered = 0;
  #options;
  #states;
  #marks;
  /** @type {HTMLElement | null} */
  #tabStop = null;
  #more;

  /**
   * @param {{ zone: number, rows: { row: number, seats: number[] }[] }} match
   * @param {object} options the list's, with `palette`, `states` and `marks`
   */
  constructor(match, options) {
    this.#rows = match.rows;
    this.#options = options;
    this.#states = options.states;
    this.#marks = options.marks;
    const { name } = options.chart.zones[match.zone];
    this.grid = h('div', {
      class: 'seat-grid', role: 'grid', 'aria-label': name, 'aria-multiselectable': 'true', 'aria-rowcount': this.#rows.length,
      onkeydown: (event) => this.#onKey(event),
      onclick: ({ target }) => this.#toggle(target.closest('[data-seat]')),
      onfocusin: ({ target }) => target.dataset.seat && this.#setTabStop(target),
    });
    this.#more = h('button', { type: 'button', class: 'button button--small', onclick: () => this.#showMore(true) });
    this.element = h('div', { class: 'seat-grid__frame' }, this.grid, this.#more);
    this.#showMore(false);
  }

  /** @param {ArrayLike<number>} seats that may look different now @param {Uint8Array} states @param {Map<number, number>} marks */
  update(seats, states, marks) {
    this.#states = states;
    this.#marks = marks;
    for (let at = 0; at < seats.length; at += 1) {
      const cell = this.#cells.get(seats[at]);
      if (cell) this.#show(cell, seats[at]);
    }
  }

  /** @param {Uint8Array} states @param {Map<number, number>} marks */
  updateAll(states, marks) {
    this.update([...this.#cells.keys()], states, marks);
  }

  #showMore(focus) {
    let seats = 0;
    const from = this.#rendered;
    while (this.#rendered < this.#rows.length && seats < SEATS_AT_ONCE) {
      seats += this.#rows[this.#rendered].seats.length;
      this.grid.append(this.#row(this.#rows[this.#rendered], this.#rendered));
      this.#rendered += 1;
    }
    const left = this.#rows.length - this.#rendered;
    this.#more.hidden = left === 0;
    this.#more.textContent = words.list.more(left);
    this.#tabStop ?? this.#setTabStop(this.grid.querySelector('[data-seat]'));
    if (focus) this.#focus(this.#rows[from]?.seats[0]);
  }

  #row({ row, seats }, place) {
    const { chart, prices, currency, palette } = this.#options;
    const costs = seats.map((seat) => prices[chart.categories[chart.category[seat]].name] ?? 0);
    const [least, most] = [Math.min(...costs), Math.max(...costs)];
    const price = `${formatPrice(least, currency)}${most > least ? ` – ${formatPrice(most, currency)}` : ''}`;
    const cells = seats.map((seat) => {
      const cell = h('div', { class: 'seat-cell', role: 'gridcell', tabindex: '-1', 'data-seat': seat });
      const own = palette?.categories[chart.category[seat]];
      if (own) {
        cell.style.setProperty('--cat', own.fill);
        cell.style.setProperty('--on-cat', own.on);
      }
      cell.textContent = chart.numbers[seat];
      this.#cells.set(seat, cell);
      this.#show(cell, seat);
      return cell;
    });
    return h(
      'div',
      { class: 'seat-grid__row', role: 'row', 'aria-rowindex': place + 1 },
      h('div', { class: 'seat-grid__name', role: 'rowheader' },
        h('span', null, words.row(chart.rows[row].number)), h('span', { class: 'seat-grid__price' }, price)),
      h('div', { class: 'seat-grid__seats', role: 'presentation' }, cells),
    );
  }

  #show(cell, seat) {
    const { chart, prices, currency } = this.#options;
    const seen = describeSeat(chart, seat);
    const mark = this.#marks.get(seat);
    const state = this.#states[seat];
    const name = (mark !== undefined && MARK_WORDS.get(mark)) || words.stateName(state);
    cell.dataset.state = (mark !== undefined && MARKS.get(mark)) || STATES[state];
    if (seen.accessible || seen.companion) cell.dataset.square = 'true';
    cell.setAttribute('aria-selected', String(mark === MARK_CHOSEN || mark === MARK_OWN));
    cell.setAttribute('aria-disabled', String(mark === undefined && state !== STATE_FREE));
    const price = formatPrice(prices[seen.category] ?? 0, currency);
    const text = [`${words.row(seen.row)}, seat ${seen.number}`, name, price, seen.category, ...words.seatFlags(seen)].join(', ');
    cell.setAttribute('aria-label', text);
    cell.title = text;
  }

  #setTabStop(cell) {
    if (!cell || cell === this.#tabStop) return;
    this.#tabStop?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    this.#tabStop = cell;
  }

  #toggle(cell) {
    if (!cell || cell.getAttribute('aria-disabled') === 'true') return;
    this.#options.onToggle(Number(cell.dataset.seat));
  }

  #focus(seat) {
    const cell = seat === undefined ? null : this.#cells.get(seat);
    if (!cell) return;
    this.#setTabStop(cell);
    cell.focus();
  }

  #onKey(event) {
    const cell = event.target.closest?.('[data-seat]');
    if (!cell || event.altKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return this.#toggle(cell);
    }
    const rtl = getComputedStyle(this.grid).direction === 'rtl';
    const next = this.#target(event, Number(cell.dataset.seat), rtl);
    if (next === null) return;
    event.preventDefault();
    this.#focus(next);
  }

  /** @returns {number | undefined | null} the seat to go to; undefined: none there; null: not a key of the grid */
  #target({ key, ctrlKey }, seat, rtl) {
    const at = this.#rows.findIndex(({ seats }) => seats.includes(seat));
    const { seats } = this.#rows[at];
    const place = seats.indexOf(seat);
    const last = this.#rows.length - 1;
    switch (key) {
      case 'ArrowRight':
        return seats[place + (rtl ? -1 : 1)];
      case 'ArrowLeft':
        return seats[place + (rtl ? 1 : -1)];
      case 'ArrowDown':
        return this.#inRow(at + 1, seat);
      case 'ArrowUp':
        return this.#inRow(at - 1, seat);
      case 'PageDown':
        return this.#inRow(Math.min(last, at + PAGE_ROWS), seat);
      case 'PageUp':
        return this.#inRow(Math.max(0, at - PAGE_ROWS), seat);
      case 'Home':
        return ctrlKey ? this.#rows[0].seats[0] : seats[0];
      case 'End':
        return ctrlKey ? this.#rows[this.#last()].seats.at(-1) : seats.at(-1);
      default:
        return null;
    }
  }

  #last() {
    return this.#rendered - 1;
  }

  /** The seat of another row that is nearest to this one on the plan. */
  #inRow(row, seat) {
    if (row < 0 || row >= this.#rows.length) return undefined;
    while (row >= this.#rendered) this.#showMore(false);
    const { x, y } = this.#options.chart;
    const distance = (other) => Math.hypot(x[other] - x[seat], y[other] - y[seat]);
    return this.#rows[row].seats.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  }
}
