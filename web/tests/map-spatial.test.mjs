import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpatialIndex } from '../assets/map/spatial.js';

/** Numbers from 0 to 1, always the same. */
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

function cloud(count) {
  const random = numbers(7);
  const x = Float32Array.from({ length: count }, () => random() * 1000);
  const y = Float32Array.from({ length: count }, () => random() * 300);
  return { x, y, index: new SpatialIndex(x, y) };
}

test('a window finds just the seats that a full search finds', () => {
  const { x, y, index } = cloud(5000);
  for (const box of [{ x0: 100, y0: 20, x1: 180, y1: 90 }, { x0: -50, y0: -50, x1: 2000, y1: 2000 }, { x0: 999, y0: 299, x1: 1001, y1: 301 }]) {
    const found = [];
    index.forEachIn(box, (seat) => found.push(seat));
    const all = [...x.keys()].filter((seat) => x[seat] >= box.x0 && x[seat] <= box.x1 && y[seat] >= box.y0 && y[seat] <= box.y1);
    assert.deepEqual(found.sort((a, b) => a - b), all);
  }
});

test('the nearest seat is the one that a full search calls nearest', () => {
  const { x, y, index } = cloud(2000);
  for (const [px, py] of [[500, 150], [0, 0], [999, 10], [333, 299]]) {
    let best = 0;
    for (const seat of x.keys()) if (Math.hypot(x[seat] - px, y[seat] - py) < Math.hypot(x[best] - px, y[best] - py)) best = seat;
    assert.equal(index.nearest(px, py, 1000), best);
  }
});

test('nothing within the radius is nothing', () => {
  assert.equal(new SpatialIndex(Float32Array.of(0), Float32Array.of(0)).nearest(10, 0, 9), -1);
});

test('a step goes to the neighbour in that direction and stops at the end', () => {
  const x = Float32Array.of(0, 20, 40, 2, 22);
  const y = Float32Array.of(0, 0, 0, 24, 24);
  const index = new SpatialIndex(x, y);
  assert.equal(index.step(0, 1, 0, 200), 1);
  assert.equal(index.step(1, -1, 0, 200), 0);
  assert.equal(index.step(1, 0, 1, 200), 4);
  assert.equal(index.step(4, 0, -1, 200), 1);
  assert.equal(index.step(2, 1, 0, 200), -1);
});

test('no seat, one seat and seats in one line are indexed, too', () => {
  assert.equal(new SpatialIndex(new Float32Array(0), new Float32Array(0)).nearest(0, 0, 100), -1);
  assert.equal(new SpatialIndex(Float32Array.of(5), Float32Array.of(5)).nearest(5, 6, 2), 0);
  const line = new SpatialIndex(Float32Array.from({ length: 500 }, (_, at) => at), new Float32Array(500));
  assert.equal(line.nearest(321.2, 1, 5), 321);
});
