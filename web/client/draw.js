/**
 * Checks a published draw of the waiting room, and one place in it, in the buyer's own browser or in
 * Node.js. The rules are in docs/draw.md. Relies on nothing but Web Crypto, which a browser gives to
 * pages over TLS and from the same machine; asks no server.
 */

export const RULES = 'holdfast-draw-1';

const LANES = ['general', 'priority'];
const ENTRIES_MAX = 0xffffffff;
const BEACON_BYTES_MAX = 255;
const ROUNDS = 10;
const HALF_MIN = 16;

/** Why a draw or a proof is not what it says; `part` names the field. */
export class Tamper extends Error {
  constructor(part, message) {
    super(`${part}: ${message}`);
    this.name = 'Tamper';
    this.part = part;
  }
}

const text = new TextEncoder();

function fromHex(hex, length, part) {
  const good = typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/.test(hex);
  if (!good || (length !== undefined && hex.length !== length * 2)) {
    throw new Tamper(part, 'not the right number of bytes in lower-case hexadecimal');
  }
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => parseInt(hex.substr(at * 2, 2), 16));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A whole number, big-endian. */
function number(value, bytes) {
  const out = new Uint8Array(bytes);
  for (let at = bytes - 1, left = BigInt(value); at >= 0; at--, left >>= 8n) {
    out[at] = Number(left & 0xffn);
  }
  return out;
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

async function hmac(key, bytes) {
  const usage = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, usage, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, bytes));
}

function count(value, max, part) {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new Tamper(part, 'not a whole number within its bounds');
  }
  return value;
}

// SipHash-2-4 of one 64-bit word, as two 32-bit halves a value: [high, low].

function add(a, b) {
  const low = (a[1] >>> 0) + (b[1] >>> 0);
  return [(a[0] + b[0] + (low > 0xffffffff ? 1 : 0)) | 0, low | 0];
}

function xor(a, b) {
  return [a[0] ^ b[0], a[1] ^ b[1]];
}

function rotate(a, bits) {
  if (bits === 32) return [a[1], a[0]];
  return [
    (a[0] << bits) | (a[1] >>> (32 - bits)),
    (a[1] << bits) | (a[0] >>> (32 - bits)),
  ];
}

function round(v) {
  v[0] = add(v[0], v[1]);
  v[1] = xor(rotate(v[1], 13), v[0]);
  v[0] = rotate(v[0], 32);
  v[2] = add(v[2], v[3]);
  v[3] = xor(rotate(v[3], 16), v[2]);
  v[0] = add(v[0], v[3]);
  v[3] = xor(rotate(v[3], 21), v[0]);
  v[2] = add(v[2], v[1]);
  v[1] = xor(rotate(v[1], 17), v[2]);
  v[2] = rotate(v[2], 32);
}

/** SipHash-2-4 of the word `high * 2**32 + low` under [k0, k1]; the result as [high, low]. */
export function sipHash([first, second], high, low) {
  const v = [
    xor(first, [0x736f6d65, 0x70736575]),
    xor(second, [0x646f7261, 0x6e646f6d]),
    xor(first, [0x6c796765, 0x6e657261]),
    xor(second, [0x74656462, 0x79746573]),
  ];
  for (const block of [[high, low], [0x08000000, 0]]) {
    v[3] = xor(v[3], block);
    round(v);
    round(v);
    v[0] = xor(v[0], block);
  }
  v[2] = xor(v[2], [0, 0xff]);
  for (let at = 0; at < 4; at++) round(v);
  const [upper, lower] = xor(xor(v[0], v[1]), xor(v[2], v[3]));
  return [upper >>> 0, lower >>> 0];
}

/** The key of 16 bytes as SipHash reads it. */
export function sipKey(bytes) {
  const word = (at) => new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
  return [
    [word(4), word(0)],
    [word(12), word(8)],
  ];
}

/** The permutation of one lane: positions and indexes from 0, no promise needed. */
export class Permutation {
  constructor(key, size) {
    this.key = sipKey(key);
    this.size = size;
    let left = Math.floor(Math.sqrt(size));
    while (left * left < size) left++;
    while (left > 0 && (left - 1) * (left - 1) >= size) left--;
    this.left = Math.max(left + (left % 2), HALF_MIN);
    this.right = Math.max(Math.ceil(size / this.left), HALF_MIN);
  }

  #shift(turn, half, modulus) {
    const [high, low] = sipHash(this.key, turn, half);
    // (high * 2**32 + low) mod modulus, where modulus is below 2**17.
    return (((high % modulus) * (0x100000000 % modulus)) + (low % modulus)) % modulus;
  }

  #turn(at, backward) {
    let left = at % this.left;
    let right = Math.floor(at / this.left);
    for (let step = 0; step < ROUNDS; step++) {
      const turn = backward ? ROUNDS - 1 - step : step;
      if (turn % 2 === 0) {
        const shift = this.#shift(turn, right, this.left);
        left = (left + (backward ? this.left - shift : shift)) % this.left;
      } else {
        const shift = this.#shift(turn, left, this.right);
        right = (right + (backward ? this.right - shift : shift)) % this.right;
      }
    }
    return right * this.left + left;
  }

  #walk(from, backward) {
    if (from >= this.size) return from;
    let at = from;
    do {
      at = this.#turn(at, backward);
    } while (at >= this.size);
    return at;
  }

  /** Where the draw put an index; one that came after the draw stands where it joined. */
  position(index) {
    return this.#walk(index, false);
  }

  /** Who stands at a position. */
  index(position) {
    return this.#walk(position, true);
  }
}

/** What a seed and the lanes' sizes give: `position(lane, index)` and `index(lane, position)`. */
export async function orderOf(seed, sizes) {
  const key = fromHex(seed, 32, 'seed');
  const lanes = {};
  for (const lane of LANES) {
    const bytes = await hmac(key, text.encode(`${RULES}\0${lane}`));
    lanes[lane] = new Permutation(bytes.slice(0, 16), sizes[lane]);
  }
  return {
    position: (lane, index) => lanes[lane].position(index),
    index: (lane, position) => lanes[lane].index(position),
  };
}

function laneOf(draw, lane) {
  return lane === 'general' ? draw : draw.lanes?.[lane] ?? {};
}

function beaconBytes(beacon) {
  if (beacon === null || beacon === undefined) return new Uint8Array();
  const source = text.encode(typeof beacon.source === 'string' ? beacon.source : '');
  const randomness = fromHex(beacon.randomness, undefined, 'beacon');
  count(beacon.round, Number.MAX_SAFE_INTEGER, 'beacon');
  if (source.length > BEACON_BYTES_MAX || randomness.length > BEACON_BYTES_MAX) {
    throw new Tamper('beacon', 'its name or value is out of bounds');
  }
  return join(
    number(source.length, 2), source, number(beacon.round, 8), number(randomness.length, 2), randomness,
  );
}

/**
 * Recomputes everything that a draw says of itself and compares it with what is known besides.
 * Throws Tamper; resolves to `{ position(lane, index), index(lane, position) }`.
 */
export async function verifyDraw(draw, witness = {}) {
  if (draw === null || typeof draw !== 'object') throw new Tamper('draw', 'not an object');
  if (draw.rules !== RULES) throw new Tamper('rules', `only ${RULES} is known here`);
  if (typeof draw.event !== 'string') throw new Tamper('event', 'missing');
  if (witness.event !== undefined && witness.event !== draw.event) {
    throw new Tamper('event', 'this draw belongs to another event');
  }
  const sizes = {};
  for (const lane of LANES) sizes[lane] = count(laneOf(draw, lane).size, ENTRIES_MAX, 'size');
  const beacon = beaconBytes(draw.beacon);
  const roots = LANES.map((lane) => fromHex(laneOf(draw, lane).root, 32, 'root'));
  fromHex(draw.commitment, 32, 'commitment');
  if (witness.commitment !== undefined && witness.commitment !== draw.commitment) {
    throw new Tamper('commitment', 'not the one that was published before the draw');
  }
  const secret = fromHex(draw.secret, 32, 'secret');
  const event = text.encode(draw.event);
  const nothing = new Uint8Array(1);
  const committed = await sha256(
    join(text.encode('holdfast-commitment-1'), nothing, event, nothing, secret),
  );
  if (toHex(committed) !== draw.commitment) {
    throw new Tamper('secret', 'the commitment was not made for this secret and event');
  }
  const seed = await hmac(
    secret,
    join(
      text.encode(RULES), nothing, event, nothing,
      ...LANES.map((lane) => number(sizes[lane], 8)), ...roots, beacon,
    ),
  );
  if (toHex(seed) !== draw.seed) {
    throw new Tamper('seed', 'it does not follow from secret, event, sizes, roots and beacon');
  }
  return orderOf(draw.seed, sizes);
}

/** The root to which a path leads from the leaf at `index` of `size`; null for a wrong length. */
async function rootOfPath(index, size, leaf, path) {
  let last = size - 1;
  let at = index;
  let hash = leaf;
  const node = (left, right) => sha256(join(Uint8Array.of(1), left, right));
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await node(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = await node(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/**
 * Checks a draw, then that the entry was in it and stands where the proof says. Throws Tamper;
 * resolves to the position, from 0.
 */
export async function verifyProof(draw, proof, witness = {}) {
  const order = await verifyDraw(draw, witness);
  if (proof === null || typeof proof !== 'object') throw new Tamper('proof', 'not an object');
  if (!LANES.includes(proof.lane)) throw new Tamper('lane', 'there is no such lane');
  const { size, root } = laneOf(draw, proof.lane);
  count(proof.index, Number.MAX_SAFE_INTEGER, 'index');
  if (proof.index >= size) throw new Tamper('index', 'the lane had fewer entries in the draw');
  const identity = fromHex(proof.identity, 12, 'identity');
  const lane = LANES.indexOf(proof.lane);
  const leaf = await sha256(join(Uint8Array.of(0, lane), number(proof.index, 8), identity));
  if (toHex(leaf) !== proof.leaf) {
    throw new Tamper('leaf', 'it is not that of lane, index and identity');
  }
  if (!Array.isArray(proof.path)) throw new Tamper('path', 'not a list');
  const path = proof.path.map((hash) => fromHex(hash, 32, 'path'));
  const reached = await rootOfPath(proof.index, size, leaf, path);
  if (reached === null || toHex(reached) !== root) {
    throw new Tamper('path', "it does not lead to the lane's root");
  }
  const position = order.position(proof.lane, proof.index);
  if (position !== proof.position) {
    throw new Tamper('position', 'the draw gave another one to this index');
  }
  return position;
}
