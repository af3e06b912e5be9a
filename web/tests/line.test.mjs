import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isWorthSaying, positionNow, waitOf, waitText } from '../assets/lib/line.js';
import { chance, chanceText, normal } from '../assets/lib/odds.js';

test('between two polls the position falls with the cursor', () => {
  const polled = { position: 100, cursor: 1_000 };
  assert.equal(positionNow(polled, 1_040, 100), 60);
  assert.equal(positionNow(polled, 1_200, 60), 1);
  assert.equal(positionNow({ position: 100, cursor: null }, 1_040, null), 100);
});

test('the position that is shown never rises', () => {
  let shown = null;
  // A seeded walk of cursors and polls that disagree.
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let step = 0; step < 2_000; step += 1) {
    const polled = { position: Math.ceil(random() * 500), cursor: Math.floor(random() * 100) };
    const next = positionNow(polled, Math.floor(random() * 200), shown);
    assert.ok(next >= 1 && (shown === null || next <= shown));
    shown = next;
  }
});

test('the wait is the people ahead over the pace, as an interval', () => {
  assert.deepEqual(waitOf(600, { low: 100, high: 200 }), { low: 180, high: 360 });
  assert.equal(waitOf(600, null), null);
  assert.equal(waitOf(600, { low: 0, high: 10 }), null);
  assert.equal(waitText(180, 360), '3 to 6 minutes');
  assert.equal(waitText(0, 40), 'less than a minute');
  assert.equal(waitText(20, 100), 'up to 2 minutes');
  assert.equal(waitText(7_200, 14_400), '2 to 4 hours');
});

test('the normal distribution is right where its tables are', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.841345],
    [-1, 0.158655],
    [1.96, 0.975002],
    [-3, 0.00135],
  ]) {
    assert.ok(Math.abs(normal(z) - p) < 1e-5, `${z}`);
  }
});

test('chances fall with the people ahead and are certain at the ends', () => {
  const line = { free: 200, freeInAll: 1_000, show: 0.8, perBuyer: { mean: 2, variance: 1 } };
  let former = 1;
  for (let ahead = 0; ahead <= 2_000; ahead += 50) {
    const odds = chance({ ...line, ahead });
    assert.ok(odds >= 0 && odds <= former + 1e-9, `${ahead}: ${odds}`);
    former = odds;
  }
  assert.equal(chance({ ...line, ahead: 0 }), 1);
  assert.equal(chance({ ...line, free: 1, ahead: 0 }), 0);
  assert.ok(former < 0.01);
});

test('the estimate agrees with a simulation of the people ahead', () => {
  const [free, freeInAll, ahead, show] = [60, 300, 160, 0.75];
  const perBuyer = { mean: 2, variance: 1 };
  let seed = 11;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let enough = 0;
  const runs = 20_000;
  for (let run = 0; run < runs; run += 1) {
    let taken = 0;
    for (let person = 0; person < ahead; person += 1) {
      // One or three seats: mean 2, variance 1.
      if (random() < show * (free / freeInAll)) taken += random() < 0.5 ? 1 : 3;
    }
    if (taken + 2 <= free) enough += 1;
  }
  assert.ok(Math.abs(chance({ free, freeInAll, ahead, show, perBuyer }) - enough / runs) < 0.03);
});

test('chances are told in words', () => {
  assert.deepEqual([1, 0.8, 0.5, 0.2, 0.01].map(chanceText), [
    'Very likely',
    'Likely',
    'Uncertain',
    'Unlikely',
    'Very unlikely',
  ]);
});

test('a screen reader is not told each step, except near the turn', () => {
  const spoken = { position: 1_000, at: 0 };
  assert.equal(isWorthSaying(null, 1_000, 0), true);
  assert.equal(isWorthSaying(spoken, 700, 29_000), false);
  assert.equal(isWorthSaying(spoken, 990, 31_000), false);
  assert.equal(isWorthSaying(spoken, 900, 31_000), true);
  assert.equal(isWorthSaying({ position: 9, at: 0 }, 8, 4_000), false);
  assert.equal(isWorthSaying({ position: 9, at: 0 }, 8, 5_000), true);
  assert.equal(isWorthSaying({ position: 9, at: 0 }, 9, 60_000), false);
});
