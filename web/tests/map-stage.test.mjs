import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChart } from '../assets/map/chart.js';
import { boxWithStage, findStage } from '../assets/map/stage.js';

/** A chart of zones, each a list of rows, each a list of [x, y]; rows from the front to the back. */
function chartOf(...zones) {
  let index = 0;
  return parseChart({
    categories: [{ name: 'All', color: '#123456' }],
    areas: [],
    zones: zones.map((rows, zone) => ({
      name: `Zone ${zone}`,
      rows: rows.map((spots, row) => ({
        number: `${row + 1}`,
        seats: spots.map(([x, y]) => ({ index: index++, label: `s${index}`, number: `${index}`, x, y, category: 'All', flags: [] })),
      })),
    })),
  });
}

/** Rows of 20 seats, one pitch apart, from `y` on downwards. */
function block(y, rows = 8, towards = 1) {
  return Array.from({ length: rows }, (_, row) => Array.from({ length: 20 }, (_, seat) => [seat * 20, y + row * 24 * towards]));
}

/** Rings of seats round the origin. */
function ring(radius, from = 0, to = 1) {
  return [0, 24, 48].map((further) => {
    const count = Math.floor(((radius + further) * 2 * Math.PI) / 20);
    return Array.from({ length: count }, (_, seat) => {
      const angle = (from + (to - from) * (seat / count)) * 2 * Math.PI;
      return [(radius + further) * Math.cos(angle), (radius + further) * Math.sin(angle)];
    });
  });
}

function isFree({ count, x, y }, { box }) {
  for (let seat = 0; seat < count; seat += 1) {
    if (x[seat] > box.x0 && x[seat] < box.x1 && y[seat] > box.y0 && y[seat] < box.y1) return false;
  }
  return true;
}

test('a stage stands before the first row, in the middle, where no seat is', () => {
  const chart = chartOf(block(0), block(400, 4));
  const stage = findStage(chart);
  assert.equal(stage?.kind, 'stage');
  assert.ok(stage.box.y1 < 0, 'above the first row');
  assert.equal((stage.box.x0 + stage.box.x1) / 2, 190);
  assert.ok(isFree(chart, stage));
});

test('rows that count from below have their stage below', () => {
  const chart = chartOf(block(0, 8, -1));
  const stage = findStage(chart);
  assert.ok(stage && stage.box.y0 > 0);
});

test('tables in lines have their stage before the first line', () => {
  const table = (x, y) => [[x - 10, y], [x + 10, y], [x, y - 10], [x, y + 10]];
  const tables = Array.from({ length: 27 }, (_, at) => table((at % 6) * 60, Math.floor(at / 6) * 60));
  const stage = findStage(chartOf(tables));
  assert.ok(stage && stage.kind === 'stage' && stage.box.y1 < 0);
});

test('a closed ring stands round a field, a small one round a stage', () => {
  const large = findStage(chartOf(ring(900)));
  assert.equal(large?.kind, 'field');
  const chart = chartOf(ring(300));
  const small = findStage(chart);
  assert.equal(small?.kind, 'stage');
  assert.ok(isFree(chart, small));
});

test('where rows face all ways and nothing is left free, nothing is claimed', () => {
  const turned = block(0).map((row) => row.map(([x, y]) => [y + 900, x]));
  const back = block(900, 8, -1).map((row) => row.map(([x, y]) => [x, y]));
  assert.equal(findStage(chartOf(block(0), back)), null);
  assert.equal(findStage(chartOf(turned, block(0), back, turned.map((row) => row.map(([x, y]) => [-x, y])))), null);
  assert.equal(findStage(chartOf()), null);
});

test('everything shown includes the stage', () => {
  const chart = chartOf(block(0));
  const stage = findStage(chart);
  assert.equal(boxWithStage(chart, stage).y0, stage?.box.y0);
  assert.deepEqual(boxWithStage(chart, null), chart.box);
});
