import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionOf } from '../assets/lib/direction.js';

function storage() {
  const kept = new Map();
  return /** @type {any} */ ({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
}

test('the address turns the page, and the next page of the tab with it', () => {
  const tab = storage();
  assert.equal(directionOf('', tab), null);
  assert.equal(directionOf('?code=1&dir=rtl', tab), 'rtl');
  assert.equal(directionOf('', tab), 'rtl');
  assert.equal(directionOf('?dir=ltr', tab), 'ltr');
  assert.equal(directionOf('', tab), 'ltr');
});

test('another word turns nothing, and neither does a browser that keeps nothing', () => {
  assert.equal(directionOf('?dir=upwards', storage()), null);
  assert.equal(directionOf('?dir=rtl', null), 'rtl');
  const broken = /** @type {any} */ ({ getItem() { throw new Error('no'); }, setItem() { throw new Error('no'); } });
  assert.equal(directionOf('?dir=rtl', broken), 'rtl');
  assert.equal(directionOf('', broken), null);
});
