/**
 * A live seat map over one WebSocket that is replaced as often as it breaks.
 *
 * Rules: the map changes only by a snapshot or by a delta that begins at or before the version the
 * map has; a gap, or another epoch, drops the map's version and reconnects, so that the server sends
 * a snapshot. After any other break the socket resumes with `since`. Never guesses a state.
 */

import { DECODERS } from './frames.js';
import { backoffMs } from './retry.js';

/** The server speaks at least every 15 s; a silence three times as long is a dead socket. */
const SILENCE_MS_MAX = 45_000;
const RECONNECT_MS_MAX = 15_000;

/**
 * @typedef {'connecting' | 'live' | 'resuming' | 'gone'} LiveStatus
 * @typedef {object} LiveHandlers
 * @property {(map: LiveMap) => void} [onSnapshot]
 * @property {(map: LiveMap, changed: number[]) => void} [onDelta] indexes of the seats that changed
 * @property {(frame: object) => void} [onOverview]
 * @property {(status: LiveStatus) => void} [onStatus]
 * @property {(reason: string) => void} [onGone]
 *
 * @typedef {object} LiveOptions
 * @property {string[]} [zones] only these; default: all
 * @property {boolean} [overview] also, or without zones only, the counts by zone and category
 * @property {boolean} [binary] prefer the binary subprotocol
 * @property {number} [seats] how many seats the chart has, so that `states` is exactly as long
 */

/**
 * What the close of a socket asks for.
 *
 * @param {number} code
 * @param {string} reason
 * @returns {{ reconnect: boolean, delayMs: number | null }} null: the usual growing wait
 */
export function afterClose(code, reason) {
  if (code >= 4500 && code <= 4999) return { reconnect: false, delayMs: null };
  const delay = code >= 4000 && code <= 4499 ? /\d+/.exec(reason) : null;
  return { reconnect: true, delayMs: delay ? Math.min(Number(delay[0]), 60_000) : null };
}

export class LiveMap {
  /** @type {number | null} */
  epoch = null;
  /** @type {number | null} */
  version = null;
  /** One state a seat: 0 free, 1 held, 2 sold, 3 blocked. @type {Uint8Array} */
  states = new Uint8Array(0);
  /** Free places by area index. @type {Map<number, number>} */
  areas = new Map();
  /** @type {LiveStatus} */
  status = 'connecting';

  #url;
  #handlers;
  #options;
  #WebSocket;
  /** @type {WebSocket | null} */
  #socket = null;
  #failures = 0;
  #closed = false;
  #heardAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;

  /**
   * @param {string} url `ws:` or `wss:`, without a query
   * @param {LiveHandlers} handlers
   * @param {LiveOptions} [options]
   * @param {typeof globalThis.WebSocket} [socketClass]
   */
  constructor(url, handlers, options = {}, socketClass = globalThis.WebSocket) {
    this.#url = url;
    this.#handlers = handlers;
    this.#options = options;
    this.#WebSocket = socketClass;
    this.#watch = setInterval(() => this.#endSilence(), 5_000);
    this.#connect();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /**
   * Has the server tell everything since our version, now: a refusal carried a newer `version`, the
   * device woke up, or the network is back. Costs nothing when the map is that new already.
   *
   * @param {number} [version] the one that was heard of
   */
  resync(version) {
    if (this.#closed || (version !== undefined && this.version !== null && version <= this.version)) return;
    this.#reconnect(0);
  }

  #connect() {
    if (this.#closed) return;
    this.#setStatus(this.version === null ? 'connecting' : 'resuming');
    const socket = new this.#WebSocket(this.#address(), this.#protocols());
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onmessage = ({ data }) => this.#socket === socket && this.#receive(socket, data);
    socket.onclose = ({ code, reason }) => this.#socket === socket && this.#lose(code, reason);
  }

  #protocols() {
    const names = [...DECODERS.keys()];
    return this.#options.binary === false ? names.filter((name) => name.includes('.json.')) : names;
  }

  #address() {
    const query = new URLSearchParams();
    if (this.version !== null) query.set('since', `${this.epoch}.${this.version}`);
    if (this.#options.zones?.length) query.set('zones', this.#options.zones.join(','));
    if (this.#options.overview) query.set('overview', '1');
    const text = query.toString();
    return text ? `${this.#url}?${text}` : this.#url;
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} message
   */
  #receive(socket, message) {
    this.#heardAt = Date.now();
    const frame = DECODERS.get(socket.protocol)?.(message);
    if (!frame) return;
    switch (frame.type) {
      case 'snapshot':
        return this.#takeSnapshot(frame);
      case 'delta':
        return this.#takeDelta(frame);
      case 'heartbeat':
        // A version ahead of ours means that something was not delivered.
        if (frame.epoch !== this.epoch || frame.version !== this.version) return this.#reconnect(0);
        return this.#settle();
      case 'overview':
        this.#settle();
        return this.#handlers.onOverview?.(frame);
      case 'gone':
        return this.#leave(frame.reason);
    }
  }

  /** @param {import('./frames.js').SnapshotFrame} frame */
  #takeSnapshot(frame) {
    this.epoch = frame.epoch;
    this.version = frame.version;
    const { seats } = this.#options;
    this.states = seats === undefined ? frame.states : frame.states.slice(0, seats);
    this.areas = new Map(frame.areas);
    this.#settle();
    this.#handlers.onSnapshot?.(this);
  }

  /** @param {import('./frames.js').DeltaFrame} frame */
  #takeDelta(frame) {
    if (this.version === null || frame.epoch !== this.epoch || frame.from > this.version) {
      this.version = null;
      return this.#reconnect(0);
    }
    this.#settle();
    // States are absolute, so a delta that begins earlier says the same again and more.
    if (frame.version <= this.version) return;
    const changed = [];
    for (const [index, state] of frame.changes) {
      if (this.states[index] === state || index >= this.states.length) continue;
      this.states[index] = state;
      changed.push(index);
    }
    for (const [index, free] of frame.areas) this.areas.set(index, free);
    this.version = frame.version;
    this.#handlers.onDelta?.(this, changed);
  }

  /** The socket has proven to work. */
  #settle() {
    this.#failures = 0;
    this.#setStatus('live');
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lose(code, reason) {
    const { reconnect, delayMs } = afterClose(code, reason);
    if (!reconnect) return this.#leave(reason || String(code));
    this.#failures += 1;
    this.#reconnect(delayMs ?? Math.min(backoffMs(this.#failures), RECONNECT_MS_MAX));
  }

  /** @param {number} delayMs */
  #reconnect(delayMs) {
    const former = this.#socket;
    this.#socket = null;
    former?.close(1000);
    if (this.#closed) return;
    this.#setStatus(this.version === null ? 'connecting' : 'resuming');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #endSilence() {
    if (this.#socket && Date.now() - this.#heardAt > SILENCE_MS_MAX) this.#reconnect(0);
  }

  /** @param {string} reason */
  #leave(reason) {
    this.close();
    this.#setStatus('gone');
    this.#handlers.onGone?.(reason);
  }

  /** @param {LiveStatus} status */
  #setStatus(status) {
    if (this.status === status && status !== 'connecting') return;
    this.status = status;
    this.#handlers.onStatus?.(status);
  }
}
