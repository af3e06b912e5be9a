/**
 * A live seat map over one WebSocket that is replaced as often as it breaks.
 *
 * Rules: the map changes only by a snapshot or by a delta of its epoch that begins at or before the
 * version the map has. After a gap, as after any break, a new socket says with `since` what the map
 * has, and the server sends what is missing, or a snapshot. Never guesses a state.
 */

import { DECODERS } from './frames.js';

/** The server's heart beats every 10 s; a silence four times as long is a dead socket. */
const SILENCE_MS_MAX = 40_000;
/** After a process died, its thousands of watchers must not all come back at one moment. */
const RECONNECT_MS = { min: 500, max: 5_000, afterDoubling: 30_000 };

/**
 * @typedef {'connecting' | 'live' | 'resuming' | 'gone'} LiveStatus
 * @typedef {object} LiveHandlers
 * @property {(map: LiveMap) => void} [onSnapshot]
 * @property {(map: LiveMap, changed: number[]) => void} [onDelta] indexes of the seats that changed
 * @property {(frame: any) => void} [onOverview]
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

/**
 * At random, doubling with each failure in a row.
 *
 * @param {number} failures from 1
 * @param {() => number} [random]
 */
export function reconnectMs(failures, random = Math.random) {
  const { min, max, afterDoubling } = RECONNECT_MS;
  return Math.min(afterDoubling, (min + random() * (max - min)) * 2 ** (failures - 1));
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
  /** The frame that is being decoded, and those behind it. @type {Promise<void> | null} */
  #decoding = null;
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
    let frame;
    try {
      frame = DECODERS.get(socket.protocol || 'holdfast.bin.v1')?.(message) ?? null;
    } catch {
      return this.#lose(1007, '');
    }
    if (this.#decoding === null && !(frame instanceof Promise)) return this.#take(frame);
    // Frames are taken in their order, so those after one that is still decoded wait for it.
    const turn = (this.#decoding ?? Promise.resolve())
      .then(() => frame)
      .then((decoded) => {
        if (this.#decoding === turn) this.#decoding = null;
        if (this.#socket === socket) this.#take(decoded);
      })
      .catch(() => {
        if (this.#decoding === turn) this.#decoding = null;
        // What cannot be decoded has not come.
        if (this.#socket === socket) this.#lose(1007, '');
      });
    this.#decoding = turn;
  }

  /** @param {import('./frames.js').Frame | null} frame */
  #take(frame) {
    if (!frame) return;
    switch (frame.type) {
      case 'snapshot':
        return this.#takeSnapshot(frame);
      case 'delta':
        return this.#takeDelta(frame);
      case 'heartbeat':
        // A version ahead of ours means that something was not delivered. An overview has none.
        if (this.version !== null && (frame.epoch !== this.epoch || frame.version > this.version)) {
          return this.#reconnect(0);
        }
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
    this.states = this.#spread(frame);
    this.areas = new Map(frame.areas);
    this.#settle();
    this.#handlers.onSnapshot?.(this);
  }

  /**
   * The states by index. Seats of zones that were not chosen keep what they had, at first 0.
   *
   * @param {import('./frames.js').SnapshotFrame} frame
   */
  #spread({ states, ranges }) {
    const { seats } = this.#options;
    if (!ranges) return seats === undefined ? states : states.slice(0, seats);
    const end = Math.max(0, ...ranges.map(([first, count]) => first + count));
    const all = new Uint8Array(seats ?? Math.max(end, this.states.length));
    all.set(this.states.subarray(0, all.length));
    let at = 0;
    for (const [first, count] of ranges) {
      all.set(states.subarray(at, at + count), first);
      at += count;
    }
    return all;
  }

  /** @param {import('./frames.js').DeltaFrame} frame */
  #takeDelta(frame) {
    if (this.version === null || frame.epoch !== this.epoch || frame.from > this.version) {
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
    this.#reconnect(delayMs ?? reconnectMs(this.#failures));
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
