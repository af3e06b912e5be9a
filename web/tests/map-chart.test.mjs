import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedIndexes, describeSeat, FLAG_ACCESSIBLE, parseChart, statesByIndex } from '../assets/map/chart.js';
import { smallChart } from './map-small-chart.mjs';

test('seats land at their index with place, category, zone and row', () => {
  const chart = parseChart(smallChart());
  assert.equal(chart.count, 14);
  assert.equal(chart.labels[0], 'A-1-1');
  assert.equal(chart.indexByLabel.get('B-1-4'), 13);
  assert.deepEqual([chart.x[13], chart.y[13]], [60, 100]);
  assert.equal(chart.categories[chart.category[13]].name, 'Far');
  assert.equal(chart.zones[chart.zone[13]].name, 'Balcony B');
  assert.deepEqual([...chart.rows[0].seats], [0, 1, 2, 3, 4]);
});

test('an aisle above 1.6 median pitches parts a row into blocks', () => {
  const chart = parseChart(smallChart());
  assert.deepEqual(chart.rows[1].blocks, [[0, 3], [3, 5]]);
  assert.deepEqual(chart.rows[0].blocks, [[0, 5]]);
});

test('box and pitch are those of the seats', () => {
  const chart = parseChart(smallChart());
  assert.deepEqual(chart.box, { x0: 0, y0: 0, x1: 140, y1: 100 });
  assert.equal(chart.pitch, 20);
});

test('a zone is named at one of its own seats', () => {
  const chart = parseChart(smallChart());
  for (const [zone, { anchor }] of chart.zones.entries()) assert.equal(chart.zone[anchor], zone);
});

test('a chart without seats has no zones to show and a box of zeros', () => {
  const chart = parseChart({ categories: [{ name: 'Standing', color: '#123456' }], zones: [], areas: [{ index: 0, name: 'Floor', capacity: 9, category: 'Standing' }] });
  assert.equal(chart.count, 0);
  assert.equal(chart.areas[0].name, 'Floor');
  assert.deepEqual(chart.box, { x0: 0, y0: 0, x1: 0, y1: 0 });
});

test('a seat is described by where a person finds it', () => {
  const chart = parseChart(smallChart());
  assert.equal(chart.flags[0], FLAG_ACCESSIBLE);
  assert.deepEqual(describeSeat(chart, 0), {
    label: 'A-1-1', zone: 'Floor A', row: '1', number: '1', category: 'Near', accessible: true, companion: false, restrictedView: false,
  });
});

test('states by label become states by index, and a seat that is not named is not free', () => {
  const chart = parseChart(smallChart());
  const states = statesByIndex(chart, { 'A-1-1': 'free', 'A-1-2': 'held', 'A-1-3': 'sold' });
  assert.deepEqual([...states.slice(0, 4)], [0, 1, 2, 3]);
});

test('only seats whose state differs count as changed', () => {
  assert.deepEqual(changedIndexes(Uint8Array.of(0, 1, 2), Uint8Array.of(0, 2, 2)), [1]);
});
