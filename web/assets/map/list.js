/**
 * The seats as a list: section, row, seat. It can do what the map can, by keyboard and by ear.
 *
 * Sections are opened by a button; what is inside exists only while open, and a large section comes
 * in parts, so that 60,000 seats do not become 60,000 elements. Inside, one grid a section: arrows
 * go from seat to seat, Enter or Space chooses, and only one seat of it is a tab stop.
 */

import { announce } from '../lib/announce.js';
import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { ANY, categoryFilter, matchingZones } from './filter.js';
import { listToolbar } from './list-toolbar.js';
import { SeatGrid } from './seat-grid.js';
import { words } from './words.js';

/** Sections shown before "more" is asked for. */
const ZONES_AT_ONCE = 150;
/** With so few sections found by a search, they open by themselves. */
const ZONES_OPENED_MAX = 2;
const SEARCH_DELAY_MS = 220;
/** Counts follow the live map this often. */
const RECOUNT_MS = 1000;
const SWATCHES_MAX = 5;

/**
 * @param {HTMLElement} container
 * @param {object} options
 * @param {import('./chart.js').SeatChart} options.chart
 * @param {Record<string, number>} options.prices
 * @param {string} options.currency
 * @param {(seat: number) => void} options.onToggle
 * @param {(zone: number) => void} options.onShowZone
 * @param {(shown: (category: string) => boolean) => void} options.onFilter categories that the filter leaves
 */
export function createSeatList(container, options) {
  return new SeatList(container, options);
}

class SeatList {
  #options;
  #wish = { ...ANY };
  #states;
  #marks = new Map();
  #palette = null;
  #zones = [];
  #shown = ZONES_AT_ONCE;
  /** @type {Map<number, { item: HTMLElement, button: HTMLElement, count: HTMLElement, body: HTMLElement, grid: SeatGrid | null }>} */
  #items = new Map();
  #results;
  #summary;
  #timer = 0;
  #recount = 0;

  constructor(container, options) {
    this.#options = options;
    this.#states = new Uint8Array(options.chart.count);
    this.#summary = h('p', { class: 'seat-list__summary' });
    this.#results = h('ul', { class: 'seat-list__zones', role: 'list' });
    const toolbar = listToolbar({
      ...options,
      wish: this.#wish,
      onChange: (change) => this.#search(change),
    });
    container.replaceChildren(toolbar, this.#summary, this.#results);
  }

  /** @param {Uint8Array} states kept, so that `applyChanges` finds them changed */
  setStates(states) {
    const first = this.#items.size === 0;
    this.#states = states;
    if (first) return this.#draw();
    // Drawn anew, the list would take the keyboard's place away.
    for (const { grid } of this.#items.values()) grid?.updateAll(states, this.#marks);
    this.#showCounts();
  }

  /** @param {ArrayLike<number>} seats */
  applyChanges(seats) {
    for (const { grid } of this.#items.values()) grid?.update(seats, this.#states, this.#marks);
    this.#recount ||= window.setTimeout(() => {
      this.#recount = 0;
      this.#showCounts();
    }, RECOUNT_MS);
  }

  /** @param {Map<number, number>} marks the buyer's seats, as on the map */
  setChosen(marks) {
    const touched = new Set([...this.#marks.keys(), ...marks.keys()]);
    this.#marks = new Map(marks);
    for (const { grid } of this.#items.values()) grid?.update([...touched], this.#states, this.#marks);
  }

  /** @param {import('./palette.js').Palette} palette the map's, so that both look alike */
  setPalette(palette) {
    this.#palette = palette;
  }

  #search(change) {
    Object.assign(this.#wish, change);
    this.#options.onFilter(categoryFilter(this.#options.prices, this.#wish));
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#shown = ZONES_AT_ONCE;
      this.#draw();
      announce(this.#summary.textContent ?? '');
    }, SEARCH_DELAY_MS);
  }

  #match() {
    const { chart, prices } = this.#options;
    this.#zones = matchingZones(chart, this.#states, prices, this.#wish, (seat) => this.#marks.has(seat));
  }

  #draw() {
    this.#match();
    const opened = new Set([...this.#items].filter(([, { grid }]) => grid).map(([zone]) => zone));
    this.#items.clear();
    const found = this.#zones.reduce((sum, { seats }) => sum + seats, 0);
    this.#summary.textContent = words.list.found(found, this.#zones.length);
    this.#results.replaceChildren(...this.#zones.slice(0, this.#shown).map((zone) => this.#item(zone)));
    this.#addMore();
    const openAll = this.#wish.search !== '' && this.#zones.length <= ZONES_OPENED_MAX;
    for (const match of this.#zones) {
      if ((openAll || opened.has(match.zone)) && this.#items.has(match.zone)) this.#open(match);
    }
    if (this.#zones.length === 0) this.#results.append(h('li', { class: 'seat-list__none' }, words.list.nothing));
  }

  #addMore() {
    const left = this.#zones.length - this.#shown;
    if (left <= 0) return;
    const more = h('button', { type: 'button', class: 'button button--small' }, words.list.moreZones(left));
    const item = h('li', { class: 'seat-list__more' }, more);
    more.addEventListener('click', () => {
      const from = this.#shown;
      this.#shown += ZONES_AT_ONCE;
      item.replaceWith(...this.#zones.slice(from, this.#shown).map((zone) => this.#item(zone)));
      this.#addMore();
      this.#items.get(this.#zones[from].zone)?.button.focus();
    });
    this.#results.append(item);
  }

  #item(match) {
    const { chart, onShowZone } = this.#options;
    const { name } = chart.zones[match.zone];
    const id = `zone-${match.zone}`;
    const count = h('span', { class: 'seat-list__count' });
    const colours = this.#categoriesOf(match).slice(0, SWATCHES_MAX).map((category) =>
      h('span', { class: 'swatch', '--swatch': this.#palette?.categories[category].fill ?? null }),
    );
    const button = h(
      'button',
      { type: 'button', class: 'seat-list__zone', 'aria-expanded': 'false', 'aria-controls': id },
      h('span', { class: 'seat-list__chevron', 'aria-hidden': 'true' }),
      h('span', { class: 'seat-list__name', dir: 'auto' }, name),
      count,
      h('span', { class: 'seat-list__swatches', 'aria-hidden': 'true' }, colours),
    );
    const show = h(
      'button',
      { type: 'button', class: 'button button--quiet button--small seat-list__show', onclick: () => onShowZone(match.zone) },
      words.list.show,
      h('span', { class: 'visually-hidden' }, `: ${name}`),
    );
    const body = h('div', { class: 'seat-list__body', id, hidden: true });
    const item = h('li', { class: 'seat-list__item' }, h('div', { class: 'seat-list__head' }, h('h3', null, button), show), body);
    const entry = { item, button, count, body, grid: null };
    button.addEventListener('click', () => (entry.grid ? this.#close(match.zone) : this.#open(this.#current(match.zone))));
    this.#items.set(match.zone, entry);
    this.#showCount(entry, match);
    return item;
  }

  /** The zone's match of this moment. */
  #current(zone) {
    this.#match();
    return this.#zones.find((match) => match.zone === zone) ?? { zone, seats: 0, rows: [] };
  }

  #categoriesOf({ rows }) {
    const { chart } = this.#options;
    const found = new Set();
    for (const { seats } of rows) for (const seat of seats) found.add(chart.category[seat]);
    return [...found].sort((left, right) => left - right);
  }

  #open(match) {
    const entry = this.#items.get(match.zone);
    if (!entry) return;
    entry.grid = new SeatGrid(match, {
      ...this.#options,
      palette: this.#palette,
      states: this.#states,
      marks: this.#marks,
    });
    entry.body.replaceChildren(
      match.seats === 0 ? h('p', { class: 'seat-list__none' }, words.list.nothingInZone) : entry.grid.element,
    );
    entry.body.hidden = false;
    entry.button.setAttribute('aria-expanded', 'true');
  }

  #close(zone) {
    const entry = this.#items.get(zone);
    if (!entry) return;
    entry.grid = null;
    entry.body.replaceChildren();
    entry.body.hidden = true;
    entry.button.setAttribute('aria-expanded', 'false');
  }

  #showCounts() {
    this.#match();
    const byZone = new Map(this.#zones.map((match) => [match.zone, match]));
    for (const [zone, entry] of this.#items) this.#showCount(entry, byZone.get(zone) ?? { zone, seats: 0, rows: [] });
    const found = this.#zones.reduce((sum, { seats }) => sum + seats, 0);
    this.#summary.textContent = words.list.found(found, this.#zones.length);
  }

  #showCount({ count }, match) {
    const { chart, prices, currency } = this.#options;
    const costs = this.#categoriesOf(match).map((category) => prices[chart.categories[category].name] ?? 0);
    const least = costs.length === 0 ? '' : ` · ${costs.length > 1 ? 'from ' : ''}${formatPrice(Math.min(...costs), currency)}`;
    count.textContent = `${this.#wish.freeOnly ? words.free(match.seats) : words.seats(match.seats)}${least}`;
  }
}
