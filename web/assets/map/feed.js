/**
 * Keeps the states of the map current: by the live socket, and by asking every few seconds while
 * the socket does not work. Shows nothing; says honestly which of the two it is.
 */

import { changedIndexes, statesByIndex } from './chart.js';

const POLL_MS = 5_000;
/** A socket that is not live after this long is helped out by polling. */
const PATIENCE_MS = 4_000;

/** @typedef {'connecting' | 'live' | 'resuming' | 'polling'} FeedStatus */

export class Feed {
  /** @type {Uint8Array} */
  states;
  /** Free places by area name. @type {Map<string, number>} */
  areas = new Map();
  #holdfast;
  #event;
  #chart;
  #events;
  #live = null;
  #isLive = false;
  #version = '';
  #patience = 0;
  #poll = 0;

  /**
   * @param {import('/client/holdfast.js').Holdfast} holdfast
   * @param {string} event
   * @param {import('./chart.js').SeatChart} chart
   * @param {object} events
   * @param {(states: Uint8Array) => void} events.onStates all are new; the array stays current
   * @param {(seats: number[]) => void} events.onChanges states in the array that changed
   * @param {() => void} events.onAreas
   * @param {(status: FeedStatus) => void} events.onStatus
   */
  constructor(holdfast, event, chart, events) {
    this.#holdfast = holdfast;
    this.#event = event;
    this.#chart = chart;
    this.#events = events;
    this.states = new Uint8Array(chart.count).fill(3);
  }

  /** Resolves with the first states, from wherever they come first. */
  async start() {
    this.#openSocket();
    await this.#read();
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.catchUp());
  }

  /** @param {number} [version] that a refusal told of */
  catchUp(version) {
    if (this.#isLive) this.#live?.resync(version);
    else this.#read().catch(() => {});
  }

  #openSocket() {
    this.#waitForSocket();
    if (typeof WebSocket === 'undefined') return;
    this.#live = this.#holdfast.live(this.#event, {
      onSnapshot: (map) => this.#takeSnapshot(map),
      onDelta: (map, changed) => {
        this.#takeAreas(map.areas);
        if (changed.length > 0) this.#events.onChanges(changed);
      },
      onStatus: (status) => this.#takeStatus(status),
    }, { seats: this.#chart.count });
  }

  #takeSnapshot(map) {
    this.states = map.states;
    this.#takeAreas(map.areas);
    this.#events.onStates(this.states);
  }

  /** @param {Map<number, number>} byIndex */
  #takeAreas(byIndex) {
    let changed = false;
    for (const { index, name } of this.#chart.areas) {
      const free = byIndex.get(index);
      if (free === undefined || this.areas.get(name) === free) continue;
      this.areas.set(name, free);
      changed = true;
    }
    if (changed) this.#events.onAreas();
  }

  #takeStatus(status) {
    this.#isLive = status === 'live';
    if (this.#isLive) {
      clearTimeout(this.#patience);
      clearTimeout(this.#poll);
      this.#patience = 0;
      this.#poll = 0;
      return this.#events.onStatus('live');
    }
    if (!this.#poll) this.#events.onStatus(status === 'connecting' ? 'connecting' : 'resuming');
    this.#waitForSocket(status === 'gone' ? 0 : PATIENCE_MS);
  }

  #waitForSocket(patience = PATIENCE_MS) {
    if (this.#patience || this.#poll) return;
    this.#patience = window.setTimeout(() => {
      this.#patience = 0;
      this.#pollOn();
    }, patience);
  }

  #pollOn() {
    if (this.#isLive) return;
    this.#events.onStatus('polling');
    const next = () => (this.#poll = window.setTimeout(() => this.#pollOn(), POLL_MS));
    if (document.visibilityState === 'hidden') return void next();
    this.#poll = -1;
    this.#read().then(
      () => this.#isLive || next(),
      () => {
        if (this.#isLive) return;
        this.#events.onStatus('resuming');
        next();
      },
    );
  }

  /** The counts are small: only when their version is another, all states are read. */
  async #read() {
    const counts = await this.#holdfast.availability(this.#event);
    this.#takeAreas(new Map(this.#chart.areas.map(({ index, name }) => [index, counts.areas[name]?.free ?? 0])));
    const version = `${counts.epoch}.${counts.version}`;
    if (version === this.#version || this.#isLive || this.#chart.count === 0) return;
    const { epoch, version: read, states } = await this.#holdfast.seats(this.#event);
    // The socket was faster, and it knows more.
    if (this.#isLive) return;
    const next = statesByIndex(this.#chart, states);
    const first = this.#version === '';
    this.#version = `${epoch}.${read}`;
    if (first) {
      this.states = next;
      return this.#events.onStates(next);
    }
    const changed = changedIndexes(this.states, next);
    this.states.set(next);
    if (changed.length > 0) this.#events.onChanges(changed);
  }
}
