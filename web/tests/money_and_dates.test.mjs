import assert from 'node:assert/strict';
import { test } from 'node:test';

import { crossed } from '../assets/lib/countdown.js';
import { describeLeft, formatLeft } from '../assets/lib/dates.js';
import { formatMoney, formatPrice, minorDigits } from '../assets/lib/money.js';
import { calendarFile, folded, stamp } from '../assets/order/calendar.js';

/** Intl writes spaces that look alike. */
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

test('an amount has the digits of its own currency', () => {
  assert.deepEqual(['JPY', 'EUR', 'KWD'].map(minorDigits), [0, 2, 3]);
  assert.equal(formatMoney(7200, 'EUR', 'en'), '€72.00');
  assert.equal(formatMoney(7200, 'JPY', 'en'), '¥7,200');
  assert.equal(plain(formatMoney(7200, 'KWD', 'en')), 'KWD 7.200');
  assert.equal(plain(formatMoney(123456789, 'EUR', 'de')), '1.234.567,89 €');
});

test('small, negative and very large amounts lose nothing', () => {
  assert.equal(formatMoney(5, 'EUR', 'en'), '€0.05');
  assert.equal(formatMoney(-5, 'EUR', 'en'), '-€0.05');
  assert.equal(formatMoney(0, 'EUR', 'en'), '€0.00');
  // Node 18 rounds decimal text to a binary fraction; browsers since 2023 do not.
  if (new Intl.NumberFormat('en').format(/** @type {any} */ ('9007199254740993')).endsWith('3')) {
    assert.equal(formatMoney(9007199254740991, 'EUR', 'en'), '€90,071,992,547,409.91');
  }
});

test('a price of zero is free', () => {
  assert.equal(formatPrice(0, 'EUR', 'en'), 'Free');
  assert.equal(formatPrice(1, 'JPY', 'en'), '¥1');
});

test('a time that is left never shows less than nothing', () => {
  assert.equal(formatLeft(600_000), '10:00');
  assert.equal(formatLeft(59_001), '1:00');
  assert.equal(formatLeft(5_000), '0:05');
  assert.equal(formatLeft(-5_000), '0:00');
  assert.equal(formatLeft(3_600_000 + 65_000), '1:01:05');
  assert.equal(formatLeft(3 * 86_400_000 + 3_600_000), '3 days 1:00:00');
});

test('a screen reader hears minutes, and seconds at the end', () => {
  assert.equal(describeLeft(300_000), '5 minutes');
  assert.equal(describeLeft(60_000), '1 minute');
  assert.equal(describeLeft(30_000), '30 seconds');
  assert.equal(describeLeft(3 * 86_400_000), '3 days');
});

test('a countdown speaks when it passes a mark and not again', () => {
  assert.equal(crossed(300_400, 299_900), 300_000);
  assert.equal(crossed(299_900, 299_400), null);
  assert.equal(crossed(61_000, 29_000), 60_000);
  assert.equal(crossed(10_000, 0), null);
});

test('a calendar file has the event, its places, and lines that every reader takes', () => {
  const entry = {
    id: 'ord_1@tickets.example.org',
    name: 'Tale; of, Winter\\',
    startsAt: '2026-12-12T19:00:00.000Z',
    description: `Stalls, row A, seat 1\n${'Ω'.repeat(60)}`,
    url: 'https://tickets.example.org/orders/ord_1',
  };
  const file = calendarFile(entry, Date.parse('2026-11-01T10:00:00Z'));
  assert.ok(file.startsWith('BEGIN:VCALENDAR\r\n') && file.endsWith('END:VCALENDAR\r\n'));
  assert.ok(file.includes('DTSTART:20261212T190000Z\r\n'));
  assert.ok(file.includes('SUMMARY:Tale\\; of\\, Winter\\\\\r\n'));
  assert.ok(file.replaceAll('\r\n ', '').includes('row A\\, seat 1\\nΩΩ'));
  for (const line of file.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 75, line);
  assert.equal(stamp('2026-01-02T03:04:05.678Z'), '20260102T030405Z');
  assert.equal(folded('short'), 'short');
});
