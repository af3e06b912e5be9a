import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { parseChart } from '../assets/map/chart.js';
import { Feed } from '../assets/map/feed.js';
import { smallChart } from './map-small-chart.mjs';
import { timers } from './timers.mjs';

const chart = parseChart(smallChart());
let server;
let socket;
let seen;

/** A server that tells `server.states`, and a socket that the test speaks for. */
function holdfast() {
  return {
    async availability() {
      server.asked += 1;
      return { epoch: 1, version: server.version, areas: { Pit: { free: server.pit } } };
    },
    async seats() {
      server.read += 1;
      return { epoch: 1, version: server.version, states: server.states };
    },
    live(event, handlers) {
      socket = { handlers, resynced: [], resync: (version) => socket.resynced.push(version) };
      return socket;
    },
  };
}

async function feed() {
  const made = new Feed(holdfast(), 'evt_1', chart, {
    onStates: (states) => seen.push(['states', [...states].filter((state) => state === 0).length]),
    onChanges: (seats) => seen.push(['changes', ...seats]),
    onAreas: () => seen.push(['areas']),
    onStatus: (status) => seen.push(['status', status]),
  });
  await made.start();
  return made;
}

/** Lets what has been answered be read. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

beforeEach(() => {
  timers.enable();
  const states = Object.fromEntries(chart.labels.map((label) => [label, 'free']));
  server = { version: 1, states, asked: 0, read: 0, pit: 50 };
  seen = [];
  globalThis.window = globalThis;
  globalThis.WebSocket ??= class {};
  globalThis.document = { visibilityState: 'visible', addEventListener() {} };
});

afterEach(() => {
  timers.reset();
  delete globalThis.document;
  delete globalThis.window;
});

test('the first states come from a read while the socket is on its way', async () => {
  const made = await feed();
  assert.deepEqual(seen, [['areas'], ['states', 14]]);
  assert.equal(made.areas.get('Pit'), 50);
});

test('a socket that does not come is helped out by polling, and only changes are told', async () => {
  await feed();
  seen = [];
  timers.tick(4_000);
  await settle();
  assert.deepEqual(seen, [['status', 'polling']]);
  server.states['A-1-2'] = 'held';
  server.version = 2;
  timers.tick(5_000);
  await settle();
  assert.deepEqual(seen.at(-1), ['changes', 1]);
});

test('while nothing changes only the counts are read', async () => {
  await feed();
  timers.tick(4_000);
  await settle();
  timers.tick(5_000);
  await settle();
  assert.equal(server.read, 1);
  assert.equal(server.asked, 3);
});

test('polling ends when the socket is live, and its frames are told', async () => {
  const made = await feed();
  timers.tick(4_000);
  await settle();
  const map = { states: new Uint8Array(chart.count).fill(2), areas: new Map([[0, 7]]) };
  socket.handlers.onStatus('live');
  socket.handlers.onSnapshot(map);
  assert.equal(made.states, map.states);
  assert.equal(made.areas.get('Pit'), 7);
  map.states[3] = 0;
  socket.handlers.onDelta(map, [3]);
  assert.deepEqual(seen.at(-1), ['changes', 3]);
  const { asked } = server;
  timers.tick(60_000);
  await settle();
  assert.equal(server.asked, asked);
});

test('a refusal that knows a newer version makes a live socket catch up at once', async () => {
  const made = await feed();
  socket.handlers.onStatus('live');
  made.catchUp(12);
  assert.deepEqual(socket.resynced, [12]);
});

test('a socket that breaks is said to reconnect, then polling takes over', async () => {
  await feed();
  socket.handlers.onStatus('live');
  socket.handlers.onStatus('resuming');
  assert.deepEqual(seen.at(-1), ['status', 'resuming']);
  timers.tick(4_000);
  await settle();
  assert.deepEqual(seen.filter(([what]) => what === 'status').at(-1), ['status', 'polling']);
});
