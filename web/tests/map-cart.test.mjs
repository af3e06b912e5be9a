import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cart } from '../assets/map/cart.js';
import { parseChart } from '../assets/map/chart.js';
import { MARK_CHOSEN, MARK_GIVING_BACK, MARK_OWN } from '../assets/map/marks.js';
import { PRICES, smallChart } from './map-small-chart.mjs';

const chart = parseChart(smallChart());
const cart = (limit = 4) => new Cart(chart, PRICES, limit);
const hold = (labels, areas = [], status = 'active') => ({ id: 'hld_1', status, seats: labels.map((label) => ({ label })), areas });

test('a free seat is chosen and chosen again removed', () => {
  const made = cart();
  assert.equal(made.toggle(0, 0), 'chosen');
  assert.deepEqual([made.count, made.total, made.wish()], [1, 9000, { seats: ['A-1-1'] }]);
  assert.equal(made.toggle(0, 0), 'removed');
  assert.equal(made.count, 0);
});

test('a taken seat is not chosen', () => {
  assert.equal(cart().toggle(0, 1), 'unavailable');
});

test('seats and places together do not go over the limit', () => {
  const made = cart(2);
  made.setArea('Pit', 1);
  assert.equal(made.toggle(0, 0), 'chosen');
  assert.equal(made.toggle(1, 0), 'limit');
  assert.deepEqual([made.count, made.room, made.total], [2, 0, 13000]);
});

test('what is held is no longer only chosen', () => {
  const made = cart();
  made.toggle(0, 0);
  made.setHold(hold(['A-1-1']));
  assert.deepEqual([made.chosen.size, made.own.size, made.changed], [0, 1, false]);
  assert.deepEqual([...made.marks()], [[0, MARK_OWN]]);
});

test('a hold is changed by what is added, given back, and new quantities', () => {
  const made = cart();
  made.setHold(hold(['A-1-1', 'A-1-2'], [{ name: 'Pit', quantity: 1 }]));
  assert.equal(made.toggle(0, 1), 'giving_back');
  assert.equal(made.toggle(2, 0), 'chosen');
  made.setArea('Pit', 0);
  assert.deepEqual(made.change(), { add: ['A-1-3'], remove: ['A-1-1'], areas: [{ name: 'Pit', quantity: 0 }] });
  assert.equal(made.marks().get(0), MARK_GIVING_BACK);
  assert.equal(made.marks().get(2), MARK_CHOSEN);
  made.undo();
  assert.equal(made.changed, false);
});

test('a seat kept after all must fit under the limit', () => {
  const made = cart(1);
  made.setHold(hold(['A-1-1']));
  made.toggle(0, 1);
  assert.equal(made.toggle(1, 0), 'chosen');
  assert.equal(made.toggle(0, 1), 'limit');
  assert.deepEqual(made.change(), { add: ['A-1-2'], remove: ['A-1-1'] });
});

test('while paying nothing changes', () => {
  const made = cart();
  made.setHold(hold(['A-1-1'], [], 'paying'));
  assert.equal(made.toggle(0, 1), 'paying');
  assert.equal(made.toggle(1, 0), 'paying');
});

test('chosen seats that others have now leave the choice', () => {
  const made = cart();
  made.toggle(0, 0);
  made.toggle(1, 0);
  const states = new Uint8Array(chart.count);
  states[1] = 1;
  assert.deepEqual(made.dropTaken(states), [1]);
  assert.deepEqual([...made.chosen], [0]);
});

test('an ended hold leaves nothing own', () => {
  const made = cart();
  made.setHold(hold(['A-1-1']));
  made.setHold(null);
  assert.deepEqual([made.count, made.own.size, made.changed], [0, 0, false]);
});
