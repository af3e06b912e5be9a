import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChart } from '../assets/map/chart.js';
import { ANY, categoryFilter, matchingZones, parseSearch } from '../assets/map/filter.js';
import { bestWish } from '../assets/map/best.js';
import { PRICES, smallChart } from './map-small-chart.mjs';

const chart = parseChart(smallChart());
const free = new Uint8Array(chart.count);
const found = (wish, states = free, always = undefined) =>
  matchingZones(chart, states, PRICES, { ...ANY, ...wish }, always).flatMap(({ rows }) => rows.flatMap(({ seats }) => seats.map((seat) => chart.labels[seat])));

test('row and seat are understood wherever they stand', () => {
  assert.deepEqual(parseSearch('Floor A row 12 seat 5'), { row: '12', seat: '5', words: ['floor', 'a'] });
  assert.deepEqual(parseSearch('Row 12'), { row: '12', seat: null, words: [] });
  assert.deepEqual(parseSearch('Reihe C, Platz 3'), { row: 'c', seat: '3', words: [] });
  assert.deepEqual(parseSearch('  '), { row: null, seat: null, words: [] });
});

test('without a wish all seats are listed', () => {
  assert.equal(found({}).length, 14);
});

test('a row is found in every section that has it', () => {
  assert.deepEqual(found({ search: 'row 1' }), ['A-1-1', 'A-1-2', 'A-1-3', 'A-1-4', 'A-1-5', 'B-1-1', 'B-1-2', 'B-1-3', 'B-1-4']);
});

test('a section, a row and a seat lead to one seat', () => {
  assert.deepEqual(found({ search: 'balcony row 1 seat 2' }), ['B-1-2']);
});

test('a label leads to its seat, a bare number to rows', () => {
  assert.deepEqual(found({ search: 'B-1-4' }), ['B-1-4']);
  assert.deepEqual(found({ search: '2' }), ['A-2-1', 'A-2-2', 'A-2-3', 'A-2-4', 'A-2-5']);
});

test('category, price and accessible seats narrow the list', () => {
  assert.deepEqual(found({ category: 'Far' }), ['B-1-1', 'B-1-2', 'B-1-3', 'B-1-4']);
  assert.deepEqual(found({ priceMax: 5000 }), ['B-1-1', 'B-1-2', 'B-1-3', 'B-1-4']);
  assert.deepEqual(found({ accessible: true }), ['A-1-1']);
});

test('taken seats are left out unless asked for or the own ones', () => {
  const states = free.slice();
  states[10] = 1;
  states[11] = 2;
  assert.deepEqual(found({ category: 'Far' }, states), ['B-1-3', 'B-1-4']);
  assert.deepEqual(found({ category: 'Far', freeOnly: false }, states).length, 4);
  assert.deepEqual(found({ category: 'Far' }, states, (seat) => seat === 10), ['B-1-1', 'B-1-3', 'B-1-4']);
});

test('what nobody has finds nothing', () => {
  assert.deepEqual(found({ search: 'row 99' }), []);
  assert.deepEqual(found({ search: 'xyz' }), []);
});

test('the map fades what the filter leaves out', () => {
  const shown = categoryFilter(PRICES, { category: '', priceMax: 5000 });
  assert.deepEqual([shown('Near'), shown('Far')], [false, true]);
});

test('best available names categories only where some are left out', () => {
  const asked = { quantity: 3, category: '', priceMax: Infinity, accessible: 0 };
  assert.deepEqual(bestWish(['Near', 'Far'], PRICES, asked), { quantity: 3 });
  assert.deepEqual(bestWish(['Near', 'Far'], PRICES, { ...asked, priceMax: 4000, accessible: 1 }), { quantity: 3, categories: ['Far'], accessible: 1 });
});
