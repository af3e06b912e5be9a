import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorText } from '../assets/lib/error-texts.js';
import { hashOf, hueOf, randomOf } from '../assets/lib/poster.js';
import { leftText, saleState, stateBadge } from '../assets/lib/sale.js';
import {
  forgetOrder,
  isLasting,
  keep,
  keepOrder,
  kept,
  keptOrder,
  keptOrders,
} from '../assets/lib/storage.js';
import { CARDS, declineText, grouped, methodOf } from '../assets/order/cards.js';

const day = 86_400_000;
const at = (ms) => new Date(ms).toISOString();
const event = (changes = {}, sale = {}) => ({
  status: 'published',
  starts_at: at(10 * day),
  sale: { opens_at: at(2 * day), closes_at: at(9 * day), ...sale },
  ...changes,
});
const some = { free: 5, held: 1 };

test('a sale is early, open and closed at its moments', () => {
  assert.equal(saleState(event(), some, 1 * day), 'early');
  assert.equal(saleState(event({}, { opens_at: null }), some, 5 * day), 'early');
  assert.equal(saleState(event(), some, 2 * day), 'open');
  assert.equal(saleState(event(), some, 9 * day), 'closed');
  assert.equal(saleState(event(), some, 10 * day), 'over');
  assert.equal(saleState(event({ status: 'cancelled' }), some, 5 * day), 'cancelled');
});

test('what others hold may come back, what is sold may not', () => {
  assert.equal(saleState(event(), { free: 0, held: 3 }, 5 * day), 'held');
  assert.equal(saleState(event(), { free: 0, held: 0 }, 5 * day), 'sold_out');
  assert.equal(saleState(event(), null, 5 * day), 'open');
  assert.equal(leftText({ total: 100, free: 0, held: 2 }).text, 'All reserved');
  assert.equal(leftText({ total: 100, free: 0, held: 0 }).text, 'Sold out');
  assert.equal(leftText({ total: 1_000, free: 90, held: 0 }).text, '90 left');
  assert.equal(leftText({ total: 1_000, free: 900, held: 0 }).text, 'Available');
});

test('every state of a sale has a badge', () => {
  for (const state of ['early', 'open', 'held', 'sold_out', 'closed', 'cancelled', 'over']) {
    assert.ok(stateBadge(state, false).text.length > 0);
  }
  assert.match(stateBadge('open', true).text, /waiting room/);
});

test('a refusal is told in words, and internals are not', () => {
  assert.match(errorText({ code: 'seats_unavailable', status: 409 }), /faster/);
  assert.match(
    errorText({ code: 'constructor', status: 500, detail: 'panic at main.rs' }),
    /^Something went wrong/,
  );
  assert.match(
    errorText({ code: 'invalid_request', status: 422, detail: 'email is too long' }),
    /email is too long/,
  );
  assert.match(errorText(undefined), /^Something went wrong/);
});

test('typed card numbers stand for the test cards', () => {
  assert.equal(methodOf('4242 4242 4242 4242'), 'pm_card_visa');
  assert.equal(methodOf('5555-5555-5555-4444'), 'pm_card_mastercard');
  assert.equal(methodOf('4111111111111111'), null);
  assert.equal(methodOf('toString'), null);
  assert.equal(grouped('42424242x4242424'), '4242 4242 4242 424');
  assert.equal(new Set(CARDS.map(({ method }) => method)).size, CARDS.length);
});

test('a lost card is refused without saying so', () => {
  assert.match(declineText({ code: 'card_declined', decline_code: 'lost_card' }), /^Your bank declined/);
  assert.match(
    declineText({ code: 'card_declined', decline_code: 'insufficient_funds' }),
    /^There is not enough/,
  );
  assert.match(declineText(null), /still reserved/);
});

test('where the browser keeps nothing, the page remembers for itself', () => {
  assert.equal(isLasting(), false);
  keep('evt_1', 'hold', { id: 'hld_1', token: 't' });
  assert.deepEqual(kept('evt_1', 'hold'), { id: 'hld_1', token: 't' });
  keep('evt_1', 'hold', null);
  assert.equal(kept('evt_1', 'hold'), null);
});

test('orders are kept newest first, once each, and not without end', () => {
  for (let number = 0; number < 30; number += 1) {
    keepOrder({ id: `ord_${number}`, token: 't', event_id: 'evt_1', name: 'A', seats: [] });
  }
  keepOrder({ id: 'ord_29', token: 'other', event_id: 'evt_1', name: 'A', seats: [] });
  assert.equal(keptOrders().length, 20);
  assert.equal(keptOrder('ord_29').token, 'other');
  assert.equal(keptOrder('ord_1'), null);
  forgetOrder('ord_29');
  assert.equal(keptOrder('ord_29'), null);
});

test('an event has the same picture everywhere', () => {
  assert.equal(hashOf('evt_1'), hashOf('evt_1'));
  assert.equal(hueOf('evt_1'), hueOf('evt_1'));
  const [one, other] = [randomOf(5), randomOf(5)];
  for (let draw = 0; draw < 100; draw += 1) {
    const number = one();
    assert.ok(number >= 0 && number < 1 && number === other());
  }
});
