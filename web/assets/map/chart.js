/**
 * A seating chart as typed arrays: what the map and the list read many times a second.
 *
 * Relies on the server's chart: indexes dense from 0, rows in zones, neighbours consecutive. Knows
 * nothing of states; those come by index from the live map.
 */

export const STATE_FREE = 0;
export const STATE_HELD = 1;
export const STATE_SOLD = 2;
export const STATE_BLOCKED = 3;

export const FLAG_ACCESSIBLE = 1;
export const FLAG_COMPANION = 2;
export const FLAG_RESTRICTED_VIEW = 4;

const FLAG_BITS = new Map([
  ['accessible', FLAG_ACCESSIBLE],
  ['companion', FLAG_COMPANION],
  ['restricted_view', FLAG_RESTRICTED_VIEW],
]);

/** A gap between two seats above this many median pitches is an aisle, as the server counts it. */
const AISLE_PITCHES = 1.6;

/**
 * @typedef {{ x0: number, y0: number, x1: number, y1: number }} Box in the plan's units
 *
 * @typedef {object} Row
 * @property {string} number
 * @property {number} zone
 * @property {Uint32Array} seats indexes in the row's order
 * @property {Array<[number, number]>} blocks neighbours without an aisle: from and to (exclusive)
 *   in `seats`
 *
 * @typedef {object} Zone
 * @property {string} name
 * @property {number} firstRow in `rows`
 * @property {number} endRow exclusive
 * @property {number} seats how many
 * @property {Box} box
 * @property {number} anchor the seat nearest to the zone's middle: where its name stands
 *
 * @typedef {object} SeatChart
 * @property {number} count
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {Uint8Array} category
 * @property {Uint16Array} zone
 * @property {Uint32Array} row in `rows`
 * @property {Uint8Array} flags bits `FLAG_…`
 * @property {string[]} labels
 * @property {string[]} numbers
 * @property {Map<string, number>} indexByLabel
 * @property {{ name: string, color: string }[]} categories
 * @property {Zone[]} zones
 * @property {Row[]} rows
 * @property {{ index: number, name: string, capacity: number, category: string }[]} areas
 * @property {Box} box of all seats
 * @property {number} pitch the usual distance of neighbours; 1 without seats
 */

/**
 * @param {import('../../client/holdfast.js').Chart} chart the server's answer
 * @returns {SeatChart}
 */
export function parseChart(chart) {
  const count = countSeats(chart);
  const parsed = {
    count,
    x: new Float32Array(count),
    y: new Float32Array(count),
    category: new Uint8Array(count),
    zone: new Uint16Array(count),
    row: new Uint32Array(count),
    flags: new Uint8Array(count),
    labels: new Array(count).fill(''),
    numbers: new Array(count).fill(''),
    indexByLabel: new Map(),
    categories: chart.categories,
    zones: [],
    rows: [],
    areas: chart.areas ?? [],
    box: { x0: 0, y0: 0, x1: 0, y1: 0 },
    pitch: 1,
  };
  const categoryByName = new Map(chart.categories.map(({ name }, index) => [name, index]));
  chart.zones.forEach((zone, zoneIndex) => addZone(parsed, zone, zoneIndex, categoryByName));
  parsed.box = boxOf(parsed, range(count));
  parsed.pitch = usualPitch(parsed);
  return parsed;
}

function countSeats(chart) {
  let count = 0;
  for (const zone of chart.zones) for (const row of zone.rows) count += row.seats.length;
  return count;
}

function addZone(parsed, zone, zoneIndex, categoryByName) {
  const firstRow = parsed.rows.length;
  const members = [];
  for (const row of zone.rows) {
    const rowIndex = parsed.rows.length;
    const seats = new Uint32Array(row.seats.length);
    row.seats.forEach((seat, place) => {
      const { index } = seat;
      seats[place] = index;
      members.push(index);
      parsed.x[index] = seat.x;
      parsed.y[index] = seat.y;
      parsed.category[index] = categoryByName.get(seat.category) ?? 0;
      parsed.zone[index] = zoneIndex;
      parsed.row[index] = rowIndex;
      parsed.flags[index] = (seat.flags ?? []).reduce((bits, flag) => bits | (FLAG_BITS.get(flag) ?? 0), 0);
      parsed.labels[index] = seat.label;
      parsed.numbers[index] = seat.number;
      parsed.indexByLabel.set(seat.label, index);
    });
    parsed.rows.push({ number: row.number, zone: zoneIndex, seats, blocks: blocksOf(parsed, seats) });
  }
  const box = boxOf(parsed, members);
  parsed.zones.push({
    name: zone.name,
    firstRow,
    endRow: parsed.rows.length,
    seats: members.length,
    box,
    anchor: anchorOf(parsed, members, box),
  });
}

function* range(count) {
  for (let index = 0; index < count; index += 1) yield index;
}

/** @returns {Box} zeros when empty */
function boxOf({ x, y }, indexes) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const index of indexes) {
    if (x[index] < box.x0) box.x0 = x[index];
    if (x[index] > box.x1) box.x1 = x[index];
    if (y[index] < box.y0) box.y0 = y[index];
    if (y[index] > box.y1) box.y1 = y[index];
  }
  return box.x0 === Infinity ? { x0: 0, y0: 0, x1: 0, y1: 0 } : box;
}

function anchorOf({ x, y }, members, box) {
  const middleX = (box.x0 + box.x1) / 2;
  const middleY = (box.y0 + box.y1) / 2;
  let best = members[0] ?? -1;
  let bestDistance = Infinity;
  for (const index of members) {
    const distance = Math.hypot(x[index] - middleX, y[index] - middleY);
    if (distance < bestDistance) [best, bestDistance] = [index, distance];
  }
  return best;
}

/** Distances of consecutive seats. */
function pitchesOf({ x, y }, seats) {
  const pitches = [];
  for (let place = 1; place < seats.length; place += 1) {
    const [from, to] = [seats[place - 1], seats[place]];
    pitches.push(Math.hypot(x[to] - x[from], y[to] - y[from]));
  }
  return pitches;
}

/** @param {number[]} values @returns {number} 0 when empty */
function median(values) {
  if (values.length === 0) return 0;
  return [...values].sort((left, right) => left - right)[values.length >> 1];
}

/** @returns {Array<[number, number]>} */
function blocksOf(parsed, seats) {
  if (seats.length === 0) return [];
  const pitches = pitchesOf(parsed, seats);
  const aisle = median(pitches) * AISLE_PITCHES;
  const blocks = [];
  let from = 0;
  pitches.forEach((pitch, place) => {
    if (pitch <= aisle) return;
    blocks.push([from, place + 1]);
    from = place + 1;
  });
  blocks.push([from, seats.length]);
  return blocks;
}

/** The median over a sample of rows: exact enough for sizes on a screen, cheap for 150,000 seats. */
function usualPitch(parsed) {
  const step = Math.max(1, Math.floor(parsed.rows.length / 200));
  const pitches = [];
  for (let row = 0; row < parsed.rows.length; row += step) pitches.push(...pitchesOf(parsed, parsed.rows[row].seats));
  const extent = Math.max(parsed.box.x1 - parsed.box.x0, parsed.box.y1 - parsed.box.y0);
  return median(pitches.filter((pitch) => pitch > 0)) || extent / Math.max(1, Math.sqrt(parsed.count)) || 1;
}

/**
 * Where a person finds a seat.
 *
 * @param {SeatChart} chart
 * @param {number} index
 * @returns {{ label: string, zone: string, row: string, number: string, category: string, accessible: boolean, companion: boolean, restrictedView: boolean }}
 */
export function describeSeat(chart, index) {
  const flags = chart.flags[index];
  return {
    label: chart.labels[index],
    zone: chart.zones[chart.zone[index]].name,
    row: chart.rows[chart.row[index]].number,
    number: chart.numbers[index],
    category: chart.categories[chart.category[index]]?.name ?? '',
    accessible: (flags & FLAG_ACCESSIBLE) !== 0,
    companion: (flags & FLAG_COMPANION) !== 0,
    restrictedView: (flags & FLAG_RESTRICTED_VIEW) !== 0,
  };
}

const STATE_BY_NAME = new Map([
  ['free', STATE_FREE],
  ['held', STATE_HELD],
  ['sold', STATE_SOLD],
  ['blocked', STATE_BLOCKED],
]);

/**
 * States by label, as `GET …/seats` tells them, by index. A seat that is not named is blocked:
 * never shown as free on a guess.
 *
 * @param {SeatChart} chart
 * @param {Record<string, string>} states
 * @returns {Uint8Array}
 */
export function statesByIndex(chart, states) {
  const byIndex = new Uint8Array(chart.count);
  for (let index = 0; index < chart.count; index += 1) {
    byIndex[index] = STATE_BY_NAME.get(states[chart.labels[index]]) ?? STATE_BLOCKED;
  }
  return byIndex;
}

/**
 * @param {Uint8Array} before
 * @param {Uint8Array} after of the same length
 * @returns {number[]} indexes whose state differs
 */
export function changedIndexes(before, after) {
  const changed = [];
  for (let index = 0; index < after.length; index += 1) if (before[index] !== after[index]) changed.push(index);
  return changed;
}
