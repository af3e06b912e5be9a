import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { unpackStates } from '../client/decode-json.js';
import { LiveMap, afterClose } from '../client/live.js';

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
const delta = (from, version, changes = [], areas = []) => ({ type: 'delta', partition: 0, epoch: 1, from, version, changes, areas });

function open(context, options = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
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
    mock.timers.reset();
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
  last().send(delta(10, 12, [[3, 1], [4, 2], [0, 0]], [[0, 49]]));
  assert.deepEqual([...map.states], [0, 0, 0, 1, 2, 0, 0, 0]);
  assert.equal(map.areas.get(0), 49);
  assert.equal(map.version, 12);
  assert.deepEqual(told, ['connecting', 'live', 'snapshot', [3, 4]]);
});

test('a gap is never painted over: the map asks for a snapshot', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  last().send(delta(11, 12, [[3, 1]]));
  assert.equal(map.states[3], 0);
  assert.ok(last().closed);
  mock.timers.tick(0);
  assert.equal(Socket.all.length, 2);
  assert.ok(!last().url.includes('since'));
});

test('another epoch asks for a snapshot too', (context) => {
  open(context);
  last().send(snapshot);
  last().send({ ...delta(10, 11), epoch: 2 });
  mock.timers.tick(0);
  assert.equal(Socket.all.length, 2);
  assert.ok(!last().url.includes('since'));
});

test('a broken socket resumes from the version that the map has', (context) => {
  const { map, told } = open(context);
  last().send(snapshot);
  last().end(1006);
  assert.equal(told.at(-1), 'resuming');
  mock.timers.tick(15_000);
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
  mock.timers.tick(0);
  assert.ok(last().url.endsWith('?since=1.10'));
});

test('the server may name the moment of the return', (context) => {
  open(context);
  last().send(snapshot);
  last().end(4000, '7000');
  mock.timers.tick(6_900);
  assert.equal(Socket.all.length, 1);
  mock.timers.tick(200);
  assert.equal(Socket.all.length, 2);
});

test('the server may ask not to come back', (context) => {
  const { told } = open(context);
  last().end(4500, 'the event is over');
  mock.timers.tick(120_000);
  assert.equal(Socket.all.length, 1);
  assert.deepEqual(told.slice(-2), ['gone', 'gone the event is over']);
});

test('a silent socket is replaced', (context) => {
  open(context);
  last().send(snapshot);
  mock.timers.tick(60_000);
  assert.ok(Socket.all.length >= 2);
  assert.ok(last().url.endsWith('?since=1.10'));
});

test('a newer version heard of elsewhere is fetched at once, an older one is not', (context) => {
  const { map } = open(context);
  last().send(snapshot);
  map.resync(9);
  mock.timers.tick(0);
  assert.equal(Socket.all.length, 1);
  map.resync(11);
  mock.timers.tick(0);
  assert.equal(Socket.all.length, 2);
});

test('nothing happens after close', (context) => {
  const { map } = open(context);
  const socket = last();
  socket.send(snapshot);
  map.close();
  socket.end(1006);
  mock.timers.tick(120_000);
  assert.equal(Socket.all.length, 1);
});

test('zones and the choice of JSON are in the request', (context) => {
  open(context, { zones: ['A', 'B'], overview: true, binary: false });
  assert.ok(last().url.endsWith('?zones=A%2CB&overview=1'));
  assert.deepEqual(last().protocols, ['holdfast.json.v1']);
});
