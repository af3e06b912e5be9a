import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { intervalOf, narrow } from '../client/clock.js';
import { retryAfterMs } from '../client/error.js';
import { Holdfast, HoldfastError, randomKey } from '../client/holdfast.js';
import { ATTEMPTS_MAX, backoffMs, isWorthRetrying, retryDelayMs } from '../client/retry.js';
import { leadingZeroBits, sha256, solveWork } from '../client/work.js';
import './browser-globals.mjs';

/** A server that gives these answers in turn, and what it was asked. */
function answers(...list) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url: String(url), method: init.method, headers: init.headers, body: init.body });
    const [status, body, headers] = list.length > 1 ? list.shift() : list[0];
    if (status === 0) throw new TypeError('no network');
    return new Response(body === null ? null : JSON.stringify(body), { status, headers });
  };
  return { asked, holdfast: new Holdfast({ base: 'https://shop.example/', fetch, device: 'd'.repeat(24) }) };
}

const now = { 'Retry-After': '0' };

test('only what another attempt can mend is tried again', () => {
  const error = (status, code = '') => ({ status, code });
  for (const status of [429, 502, 503, 504]) assert.ok(isWorthRetrying(error(status)));
  for (const status of [400, 401, 403, 404, 409, 410, 422, 428, 500])
    assert.ok(!isWorthRetrying(error(status)));
  assert.ok(isWorthRetrying(error(409, 'request_in_progress')));
  assert.ok(isWorthRetrying(error(0, 'network')) && isWorthRetrying(error(0, 'timeout')));
  assert.ok(!isWorthRetrying(error(0, 'aborted')));
});

test('a wait follows Retry-After with jitter, has a limit, and ends', () => {
  const busy = { status: 503, code: '', retryAfterMs: 2_000 };
  assert.equal(
    retryDelayMs(busy, 1, () => 0),
    2_000,
  );
  assert.equal(
    retryDelayMs(busy, 1, () => 1),
    2_500,
  );
  assert.equal(retryDelayMs({ ...busy, retryAfterMs: 60_000 }, 1), null);
  assert.equal(retryDelayMs(busy, ATTEMPTS_MAX), null);
  assert.equal(
    retryDelayMs({ ...busy, retryAfterMs: null }, 2, () => 1),
    backoffMs(2, () => 1),
  );
  assert.deepEqual(
    [1, 2, 3, 20].map((attempt) => backoffMs(attempt, () => 1)),
    [300, 600, 1_200, 10_000],
  );
  assert.equal(
    backoffMs(1, () => 0),
    150,
  );
});

test('Retry-After is understood as seconds and as a date', () => {
  assert.equal(retryAfterMs('3'), 3_000);
  assert.equal(retryAfterMs(null), null);
  assert.equal(retryAfterMs('soon'), null);
  const moment = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', moment), 5_000);
});

test('a mutation is repeated under one key, with the tokens it needs', async () => {
  const { asked, holdfast } = answers([503, {}, now], [0], [201, { id: 'hld_1' }]);
  const hold = await holdfast.holdSeats('a show', { seats: ['A-1'] }, { pass: 'p' });
  assert.equal(hold.id, 'hld_1');
  assert.equal(asked.length, 3);
  const keys = new Set(asked.map(({ headers }) => headers.get('Idempotency-Key')));
  assert.equal(keys.size, 1);
  assert.ok([...keys][0].length >= 22);
  assert.equal(asked[0].url, 'https://shop.example/v1/events/a%20show/holds');
  assert.equal(asked[0].headers.get('Holdfast-Pass'), 'p');
  assert.equal(asked[0].headers.get('Holdfast-Device'), 'd'.repeat(24));
  assert.deepEqual(JSON.parse(asked[0].body), { seats: ['A-1'] });
});

test('a refusal is told with its seats and not tried again', async () => {
  const problem = { status: 409, code: 'seats_unavailable', detail: 'gone', seats: ['A-2'], version: 7 };
  const { asked, holdfast } = answers([409, problem]);
  await assert.rejects(holdfast.holdSeats('e', { seats: ['A-2'] }), (error) => {
    assert.ok(error instanceof HoldfastError);
    assert.deepEqual(
      [error.status, error.code, error.seats, error.version],
      [409, 'seats_unavailable', ['A-2'], 7],
    );
    return true;
  });
  assert.equal(asked.length, 1);
});

test('an answer that is no problem document still has a code', async () => {
  const fetch = async () => new Response('<h1>Bad</h1>', { status: 500 });
  await assert.rejects(new Holdfast({ fetch }).event('e'), { status: 500, code: 'http_500' });
});

test('what returns nothing is null, and lists read on by their cursor', async () => {
  const released = answers([204, null]);
  assert.equal(await released.holdfast.releaseHold('hld_1', 't'), null);
  assert.equal(released.asked[0].method, 'DELETE');
  const list = answers([200, { data: [], next_cursor: null }]);
  await list.holdfast.events({ limit: 5, cursor: 'c=' });
  assert.equal(list.asked[0].url, 'https://shop.example/v1/events?limit=5&cursor=c%3D');
});

test('joining, asking and entering carry place and pass, and no key', async () => {
  const { asked, holdfast } = answers([201, {}]);
  await holdfast.joinQueue('e', { code: 'G-1', work: 's:1' });
  await holdfast.queueStatus('e', { place: 'pl', pass: 'pa' });
  await holdfast.enterQueue('e', { place: 'pl' });
  assert.deepEqual(JSON.parse(asked[0].body), { code: 'G-1' });
  assert.equal(asked[0].headers.get('Holdfast-Work'), 's:1');
  assert.equal(asked[1].headers.get('Holdfast-Pass'), 'pa');
  assert.equal(asked[2].headers.get('Holdfast-Place'), 'pl');
  assert.ok(asked.every(({ headers }) => !headers.has('Idempotency-Key')));
});

test('the server clock is narrowed down by each answer', () => {
  // The server is 5,000 ms ahead; its header counts whole seconds.
  const first = intervalOf(105_000, 100_000, 100_400);
  assert.deepEqual(first, { low: 4_600, high: 6_000 });
  const second = narrow(first, intervalOf(105_000, 100_700, 100_900));
  assert.deepEqual(second, { low: 4_600, high: 5_300 });
  // A clock was set: the newer answer counts.
  assert.deepEqual(narrow(second, { low: 9_000, high: 10_000 }), { low: 9_000, high: 10_000 });
});

test('a deadline counts against the Date of the answers', async () => {
  const ahead = new Date(Date.now() + 3_600_000).toUTCString();
  const { holdfast } = answers([200, {}, { Date: ahead }]);
  await holdfast.event('e');
  const offset = holdfast.serverNow() - Date.now();
  assert.ok(Math.abs(offset - 3_600_000) < 2_000);
});

test('keys are random base64url', () => {
  assert.match(randomKey(), /^[\w-]{24}$/);
  assert.notEqual(randomKey(), randomKey());
});

test('the digest agrees with the platform for every length of a block', () => {
  for (let length = 0; length < 130; length += 1) {
    const text = 'é'.repeat(length % 3) + 'a'.repeat(length);
    const words = [...sha256(new TextEncoder().encode(text))];
    const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('');
    assert.equal(hex, createHash('sha256').update(text).digest('hex'));
  }
});

test('solved work has the bits that were asked for', async () => {
  const answer = await solveWork({ salt: 'some-salt', bits: 10 });
  assert.match(answer, /^some-salt:\d+$/);
  assert.ok(leadingZeroBits(sha256(new TextEncoder().encode(answer))) >= 10);
  assert.equal(leadingZeroBits(new Uint32Array([0, 1, 0])), 63);
});
