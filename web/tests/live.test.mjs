import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import { decodeBinary } from '../client/decode-binary.js';
import { unpackStates } from '../client/decode-json.js';
import { LiveMap, afterClose, reconnectMs } from '../client/live.js';
import './browser-globals.mjs';
import { timers } from './timers.mjs';

/** A socket whose server is the test. */
class Socket {
  static all = [];
  protocol = 'holdfast.json.v1';
  closed = false;

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    Socket.all.push(this);
  }

  close() {
    this.closed = true;
  }

  send(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  end(code, reason = '') {
    this.onclose({ code, reason });
  }
}

const last = () => Socket.all.at(-1);
/** Eight seats, all free. */
const snapshot = { type: 'snapshot', partition: 0, epoch: 1, version: 10, states: 'AAA=', areas: [[0, 50]] };
const delta = (from, version, changes = [], areas = []) => ({
  type: 'delta',
  partition: 0,
  epoch: 1,
  from,
  version,
  changes,
  areas,
});

function open(context, options = {}) {
  timers.enable();
  Socket.all = [];
  const told = [];
  const map = new LiveMap(
    'ws://shop/live',
    {
      onSnapshot: () => told.push('snapshot'),
      onDelta: (_, changed) => told.push(changed),
      onStatus: (status) => told.push(status),
      onGone: (reason) => told.push(`gone ${reason}`),
    },
    { seats: 8, ...options },
    Socket,
  );
  context.after(() => {
    map.close();
    timers.reset();
  });
  return { map, told };
}

test('states are two bits a seat, lowest first', () => {
  assert.deepEqual([...unpackStates(new Uint8Array([0b11_10_01_00, 1]))], [0, 1, 2, 3, 1, 0, 0, 0]);
});

test('a close code says whether to come back, and when', () => {
  assert.deepEqual(afterClose(4001, 'reconnect after 1500'), { reconnect: true, delayMs: 1_500 });
  assert.deepEqual(afterClose(4499, ''), { reconnect: true, delayMs: null });
  assert.deepEqual(afterClose(4500, 'over'), { reconnect: false, delayMs: null });
  assert.deepEqual(afterClose(1006, ''), { reconnect: true, delayMs: null });
});

test('a snapshot and the deltas after it make the map', (context) => {
  const { map, told } = open(context);
  last().send(snapshot);
  last().send(
    delta(
      10,
      12,
      [
        [3, 1],
        [4, 2],
        [0, 0],
      ],
      [[0, 49]],
    ),
  );
  assert.deepEqual([...map.states], [0, 0, 0, 1, 2, 0, 0, 0]);
  assert.equal(map.areas.get(0), 49);
  assert.equal(map.version, 12);
  assert.deepEqual(told, ['connecting', 'live', 'snapshot', [3, 4]]);
});

test('a gap is never painted over: the map asks for what is missing', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  last().send(delta(11, 12, [[3, 1]]));
  assert.equal(map.states[3], 0);
  assert.ok(last().closed);
  timers.tick(0);
  assert.equal(Socket.all.length, 2);
  assert.ok(last().url.endsWith('?since=1.10'));
  last().send(
    delta(10, 12, [
      [3, 1],
      [4, 1],
    ]),
  );
  assert.deepEqual([map.version, map.states[3], map.states[4]], [12, 1, 1]);
});

test('a delta of another epoch is not applied, and a snapshot of it is', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  last().send({ ...delta(10, 11, [[0, 2]]), epoch: 2 });
  assert.deepEqual([map.states[0], last().closed], [0, true]);
  timers.tick(0);
  last().send({ ...snapshot, epoch: 2, version: 3 });
  assert.deepEqual([map.epoch, map.version], [2, 3]);
});

test('thousands of watchers come back spread over time', () => {
  assert.equal(
    reconnectMs(1, () => 0),
    500,
  );
  assert.equal(
    reconnectMs(1, () => 1),
    5_000,
  );
  assert.equal(
    reconnectMs(2, () => 0),
    1_000,
  );
  assert.equal(
    reconnectMs(9, () => 0.5),
    30_000,
  );
});

test('a broken socket resumes from the version that the map has', (context) => {
  const { map, told } = open(context);
  last().send(snapshot);
  last().end(1006);
  assert.equal(told.at(-1), 'resuming');
  timers.tick(15_000);
  assert.ok(last().url.endsWith('?since=1.10'));
  last().send(delta(10, 11, [[1, 1]]));
  assert.deepEqual([map.version, map.states[1], told.at(-1)], [11, 1, [1]]);
});

test('what was delivered twice changes nothing', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  last().send(delta(10, 11, [[1, 1]]));
  last().send(delta(10, 11, [[1, 1]]));
  assert.deepEqual([map.version, Socket.all.length], [11, 1]);
});

test('a heartbeat ahead of the map reveals what was lost', (context) => {
  open(context);
  last().send(snapshot);
  last().send({ type: 'heartbeat', epoch: 1, version: 10 });
  assert.equal(last().closed, false);
  last().send({ type: 'heartbeat', epoch: 1, version: 11 });
  timers.tick(0);
  assert.ok(last().url.endsWith('?since=1.10'));
});

test('the server may name the moment of the return', (context) => {
  open(context);
  last().send(snapshot);
  last().end(4000, '7000');
  timers.tick(6_900);
  assert.equal(Socket.all.length, 1);
  timers.tick(200);
  assert.equal(Socket.all.length, 2);
});

test('the server may ask not to come back', (context) => {
  const { told } = open(context);
  last().end(4500, 'the event is over');
  timers.tick(120_000);
  assert.equal(Socket.all.length, 1);
  assert.deepEqual(told.slice(-2), ['gone', 'gone the event is over']);
});

test('a silent socket is replaced', (context) => {
  open(context);
  last().send(snapshot);
  timers.tick(60_000);
  assert.ok(Socket.all.length >= 2);
  assert.ok(last().url.endsWith('?since=1.10'));
});

test('a newer version heard of elsewhere is fetched at once, an older one is not', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  map.resync(9);
  timers.tick(0);
  assert.equal(Socket.all.length, 1);
  map.resync(11);
  timers.tick(0);
  assert.equal(Socket.all.length, 2);
});

test('nothing happens after close', (context) => {
  const { map } = open(context);
  const socket = last();
  socket.send(snapshot);
  map.close();
  socket.end(1006);
  timers.tick(120_000);
  assert.equal(Socket.all.length, 1);
});

test('zones and the choice of JSON are in the request', (context) => {
  open(context, { zones: ['A', 'B'], overview: true, binary: false });
  assert.ok(last().url.endsWith('?zones=A%2CB&overview=1'));
  assert.deepEqual(last().protocols, ['holdfast.json.v1']);
});

// Binary frames, by the layout of docs/live-map.md.

const varint = (value) => {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
};
const frame = (type, flags, ...rest) =>
  Uint8Array.from([type, flags, 0, 0, 7, 0, 0, 0, ...rest.flat(2)]).buffer;

test('a binary snapshot is read in each of its encodings', async () => {
  const states = Array.from({ length: 1_001 }, (_, seat) => (seat * 7 + (seat >> 3)) % 4);
  const packed = new Uint8Array(251);
  states.forEach((state, seat) => (packed[seat >> 2] |= state << (2 * (seat % 4))));
  const deflated = [...deflateRawSync(packed)];
  const runs = states.flatMap((state) => varint(state));
  const head = [varint(300), varint(1_001)];
  for (const body of [
    [0, ...packed],
    [1, ...varint(runs.length), ...runs],
    [2, ...varint(deflated.length), ...deflated],
  ]) {
    const read = await decodeBinary(frame(1, 1, head, body, [2, 0, 5, 1, ...varint(900)]));
    assert.deepEqual([read.type, read.epoch, read.version, read.states.length], ['snapshot', 7, 300, 1_001]);
    assert.deepEqual([...read.states], states);
    assert.deepEqual(read.areas, [
      [0, 5],
      [1, 900],
    ]);
  }
});

test('a binary delta has its runs and areas', () => {
  const bytes = frame(2, 1, varint(5_000_000_000), varint(2), varint(2), [3, (1 << 2) | 2, 1, 0], [1, 0, 9]);
  assert.deepEqual(decodeBinary(bytes), {
    type: 'delta',
    epoch: 7,
    from: 5_000_000_000,
    version: 5_000_000_002,
    changes: [
      [3, 2],
      [4, 2],
      [6, 0],
    ],
    areas: [[0, 9]],
  });
});

test('overview, heartbeat and gone are read, and what is unknown or cut is not', () => {
  assert.deepEqual(decodeBinary(frame(3, 4, varint(8), [1, 0, 1, ...varint(200)])), {
    type: 'overview',
    epoch: 7,
    version: 8,
    complete: true,
    free: [[0, 1, 200]],
    areas: [],
  });
  assert.deepEqual(decodeBinary(frame(5, 0, varint(129))), { type: 'heartbeat', epoch: 7, version: 129 });
  assert.deepEqual(decodeBinary(frame(4, 0, 1)), { type: 'gone', reason: 'cancelled' });
  assert.equal(decodeBinary(frame(99, 0)), null);
  assert.throws(() => decodeBinary(frame(2, 0, varint(1))), RangeError);
});

test('a frame that cannot be read is as if it had not come', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  last().onmessage({ data: '{"type":' });
  assert.ok(last().closed);
  timers.tick(5_000);
  assert.ok(last().url.endsWith('?since=1.10'));
  assert.equal(map.version, 10);
});

test('frames behind one that must be inflated wait for it', async (context) => {
  const { map } = open(context, { seats: 8 });
  last().protocol = 'holdfast.bin.v1';
  const deflated = [...deflateRawSync(Uint8Array.of(0, 0))];
  last().onmessage({ data: frame(1, 0, varint(10), varint(8), [2, deflated.length, ...deflated]) });
  last().onmessage({ data: frame(2, 0, varint(10), varint(1), [1, 2, 1]) });
  assert.equal(map.version, null);
  while (map.version !== 11) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([...map.states], [0, 0, 1, 0, 0, 0, 0, 0]);
});

test('a snapshot of some zones fills its ranges only', (context) => {
  const { map } = open(context, { zones: ['A'] });
  // Four seats: 1, 2, 3, 1.
  last().send({
    ...snapshot,
    states: btoa(String.fromCharCode(0b01_11_10_01)),
    ranges: [
      [1, 2],
      [6, 2],
    ],
  });
  assert.deepEqual([...map.states], [0, 1, 2, 0, 0, 0, 3, 1]);
});
