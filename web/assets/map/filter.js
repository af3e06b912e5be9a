/** Which seats a buyer means by a search text and filters. Pure; the list and the map use it. */

import { FLAG_ACCESSIBLE, STATE_FREE } from './chart.js';

/**
 * @typedef {object} Wish
 * @property {string} search
 * @property {string} category '' for any
 * @property {number} priceMax minor units; Infinity for any
 * @property {boolean} accessible
 * @property {boolean} freeOnly
 *
 * @typedef {object} Query
 * @property {string | null} row
 * @property {string | null} seat
 * @property {string[]} words each occurs in the zone's name, or is the row, or begins the label
 */

/** @type {Wish} */
export const ANY = Object.freeze({ search: '', category: '', priceMax: Infinity, accessible: false, freeOnly: true });

const ROW_WORDS = 'row|reihe|rang[ée]e|fila|rij';
const SEAT_WORDS = 'seat|platz|sitz|place|asiento|stoel|no|nr';

/**
 * "Floor A row 12 seat 5" is row 12, seat 5, and the words "floor" and "a".
 *
 * @param {string} text
 * @returns {Query}
 */
export function parseSearch(text) {
  let rest = ` ${text.toLowerCase().trim()} `;
  const take = (names) => {
    const found = new RegExp(`[\\s,]+(?:${names})\\.?\\s*([\\p{L}\\p{N}]+)(?=[\\s,])`, 'u').exec(rest);
    if (!found) return null;
    rest = rest.replace(found[0], ' ');
    return found[1];
  };
  const row = take(ROW_WORDS);
  const seat = take(SEAT_WORDS);
  return { row, seat, words: rest.split(/[\s,]+/).filter(Boolean) };
}

/**
 * @param {Record<string, number>} prices minor units by category
 * @param {Wish} wish
 * @returns {(category: string) => boolean}
 */
export function categoryFilter(prices, { category, priceMax }) {
  return (name) => (category === '' || name === category) && (prices[name] ?? 0) <= priceMax;
}

/**
 * Seats that match, by zone and row; zones and rows without one are left out.
 *
 * @param {import('./chart.js').SeatChart} chart
 * @param {Uint8Array} states
 * @param {Record<string, number>} prices
 * @param {Wish} wish
 * @param {(seat: number) => boolean} [always] seats that stay listed though not free: the buyer's own
 * @returns {{ zone: number, seats: number, rows: { row: number, seats: number[] }[] }[]}
 */
export function matchingZones(chart, states, prices, wish, always = () => false) {
  const query = parseSearch(wish.search);
  const shown = categoryFilter(prices, wish);
  const categories = chart.categories.map(({ name }) => shown(name));
  const fits = (seat) =>
    categories[chart.category[seat]] &&
    (!wish.accessible || (chart.flags[seat] & FLAG_ACCESSIBLE) !== 0) &&
    (!wish.freeOnly || states[seat] === STATE_FREE || always(seat)) &&
    (query.seat === null || chart.numbers[seat].toLowerCase() === query.seat);
  const zones = [];
  chart.zones.forEach((zone, zoneIndex) => {
    const name = zone.name.toLowerCase();
    const open = query.words.filter((word) => !nameHas(name, word));
    const rows = [];
    let seats = 0;
    for (let row = zone.firstRow; row < zone.endRow; row += 1) {
      const found = matchingSeats(chart, row, query, open, fits);
      if (found.length === 0) continue;
      rows.push({ row, seats: found });
      seats += found.length;
    }
    if (seats > 0) zones.push({ zone: zoneIndex, seats, rows });
  });
  return zones;
}

/** A number is a whole word of the name, so that "1" does not find "Lower 101"; letters may be a part. */
function nameHas(name, word) {
  return /^\d+$/.test(word) || word.length === 1 ? name.split(/[^\p{L}\p{N}]+/u).includes(word) : name.includes(word);
}

function matchingSeats(chart, row, query, open, fits) {
  const number = chart.rows[row].number.toLowerCase();
  if (query.row !== null && number !== query.row) return [];
  const found = [];
  for (const seat of chart.rows[row].seats) {
    if (!fits(seat)) continue;
    // What the zone's name does not have may be the row alone, or the seat's label.
    if (open.length > 0) {
      const label = chart.labels[seat].toLowerCase();
      const rowMeant = open.length === 1 && query.row === null && number === open[0];
      if (!rowMeant && !open.every((word) => word.length > 1 && label.startsWith(word))) continue;
    }
    found.push(seat);
  }
  return found;
}
