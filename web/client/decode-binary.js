/** The subprotocol `holdfast.bin.v1`; docs/live-map.md has every byte. */

import { unpackStates } from './decode-json.js';

const SNAPSHOT = 1;
const DELTA = 2;
const OVERVIEW = 3;
const GONE = 4;
const HEARTBEAT = 5;

const HAS_AREAS = 1;
const HAS_RANGES = 2;
const IS_COMPLETE = 4;

const PACKED = 0;
const RUNS = 1;

const REASONS = ['', 'cancelled', 'completed', 'withdrawn'];

/** Reads a frame from its start to its end; a read past the end throws, as a cut frame must. */
class Reader {
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new RangeError('the frame ends too early');
    return this.bytes[this.at++];
  }

  /** Little endian. @param {number} width bytes */
  fixed(width) {
    let value = 0;
    for (let i = 0; i < width; i += 1) value += this.byte() * 2 ** (8 * i);
    return value;
  }

  /** LEB128. Arithmetic, not shifts: a version may have more than 32 bits. */
  varint() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** @param {number} length */
  take(length) {
    if (this.at + length > this.bytes.length) throw new RangeError('the frame ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A count, then as many pairs. @returns {[number, number][]} */
  pairs() {
    return Array.from({ length: this.varint() }, () => [this.varint(), this.varint()]);
  }
}

/**
 * @param {string | ArrayBuffer} message
 * @returns {import('./frames.js').Frame | Promise<import('./frames.js').Frame> | null} a promise
 *   where the browser has to inflate first
 */
export function decodeBinary(message) {
  if (typeof message === 'string') return null;
  const reader = new Reader(new Uint8Array(message));
  const type = reader.byte();
  const flags = reader.byte();
  reader.fixed(2); // The partition: there is one.
  const epoch = reader.fixed(4);
  switch (type) {
    case SNAPSHOT:
      return readSnapshot(reader, flags, epoch);
    case DELTA:
      return readDelta(reader, flags, epoch);
    case OVERVIEW:
      return readOverview(reader, flags, epoch);
    case GONE:
      return { type: 'gone', reason: REASONS[reader.byte()] ?? '' };
    case HEARTBEAT:
      return { type: 'heartbeat', epoch, version: reader.varint() };
    default:
      return null;
  }
}

/**
 * @param {Reader} reader
 * @param {number} flags
 */
const readAreas = (reader, flags) => (flags & HAS_AREAS ? reader.pairs() : []);

/**
 * @param {Reader} reader
 * @param {number} flags
 * @param {number} epoch
 */
function readSnapshot(reader, flags, epoch) {
  const version = reader.varint();
  const seats = reader.varint();
  const encoding = reader.byte();
  const packedLength = Math.ceil(seats / 4);
  const encoded = reader.take(encoding === PACKED ? packedLength : reader.varint());
  const ranges = flags & HAS_RANGES ? reader.pairs() : null;
  const areas = readAreas(reader, flags);
  const frame = (/** @type {Uint8Array} */ states) => ({
    type: /** @type {const} */ ('snapshot'),
    epoch,
    version,
    states,
    ranges,
    areas,
  });
  const unpacked = (/** @type {Uint8Array} */ packed) => frame(unpackStates(packed).subarray(0, seats));
  if (encoding === PACKED) return unpacked(encoded);
  return encoding === RUNS ? frame(unroll(encoded, seats)) : inflate(encoded).then(unpacked);
}

/**
 * @param {Uint8Array} encoded
 * @param {number} seats
 */
function unroll(encoded, seats) {
  const states = new Uint8Array(seats);
  const runs = new Reader(encoded);
  for (let seat = 0; seat < seats;) {
    const run = runs.varint();
    const end = seat + Math.floor(run / 4) + 1;
    states.fill(run % 4, seat, end);
    seat = end;
  }
  return states;
}

/**
 * Raw deflate.
 *
 * @param {Uint8Array} encoded
 * @returns {Promise<Uint8Array>}
 */
async function inflate(encoded) {
  const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (encoded)]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/**
 * @param {Reader} reader
 * @param {number} flags
 * @param {number} epoch
 */
function readDelta(reader, flags, epoch) {
  const from = reader.varint();
  const version = from + reader.varint();
  /** @type {[number, number][]} */
  const changes = [];
  let seat = 0;
  for (let runs = reader.varint(); runs > 0; runs -= 1) {
    seat += reader.varint();
    const run = reader.byte();
    for (const end = seat + (run >> 2) + 1; seat < end; seat += 1) changes.push([seat, run & 3]);
  }
  return {
    type: /** @type {const} */ ('delta'),
    epoch,
    from,
    version,
    changes,
    areas: readAreas(reader, flags),
  };
}

/**
 * @param {Reader} reader
 * @param {number} flags
 * @param {number} epoch
 */
function readOverview(reader, flags, epoch) {
  const version = reader.varint();
  const free = Array.from({ length: reader.varint() }, () => [
    reader.varint(),
    reader.varint(),
    reader.varint(),
  ]);
  const complete = (flags & IS_COMPLETE) !== 0;
  return {
    type: /** @type {const} */ ('overview'),
    epoch,
    version,
    complete,
    free,
    areas: readAreas(reader, flags),
  };
}
