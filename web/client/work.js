/**
 * Proof of work, asked for when many join at once (428 `work_required`).
 *
 * The answer, sent as `Holdfast-Work`, is the salt, a colon and a decimal number, such that the
 * SHA-256 of exactly this text begins with `bits` zero bits. The digest is computed here and not by
 * Web Crypto, which a page without TLS lacks and which takes longer for a short text.
 */

const K = new Uint32Array(64);
const H = new Uint32Array(8);

/** Fractional parts of the roots of the first primes, as FIPS 180-4 defines the constants. */
function fillConstants() {
  let found = 0;
  for (let candidate = 2; found < 64; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
      if (candidate % divisor === 0) prime = false;
    }
    if (!prime) continue;
    if (found < 8) H[found] = Math.floor((Math.sqrt(candidate) % 1) * 2 ** 32);
    K[found] = Math.floor((Math.cbrt(candidate) % 1) * 2 ** 32);
    found += 1;
  }
}
fillConstants();

/**
 * @param {Uint8Array} bytes
 * @returns {Uint32Array} eight words, big-endian order
 */
export function sha256(bytes) {
  const length = ((bytes.length + 8) >> 6) + 1;
  const padded = new DataView(new ArrayBuffer(length * 64));
  bytes.forEach((byte, index) => padded.setUint8(index, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(length * 64 - 4, bytes.length * 8);
  const state = H.slice();
  const words = new Uint32Array(64);
  for (let block = 0; block < length; block += 1) {
    for (let i = 0; i < 16; i += 1) words[i] = padded.getUint32(block * 64 + i * 4);
    compress(state, words);
  }
  return state;
}

/**
 * @param {Uint32Array} state
 * @param {Uint32Array} words the first 16 are the block
 */
function compress(state, words) {
  const turn = (/** @type {number} */ x, /** @type {number} */ n) => (x >>> n) | (x << (32 - n));
  for (let i = 16; i < 64; i += 1) {
    const early = words[i - 15];
    const late = words[i - 2];
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] += word;
  });
}

/**
 * @param {Uint32Array} digest
 * @returns {number} how many zero bits it begins with
 */
export function leadingZeroBits(digest) {
  let bits = 0;
  for (const word of digest) {
    bits += Math.clz32(word);
    if (word !== 0) break;
  }
  return bits;
}

/**
 * Searches in slices of a few milliseconds, so that the page goes on living.
 *
 * @param {{ salt: string, bits: number }} task
 * @returns {Promise<string>} the value of `Holdfast-Work`
 */
export async function solveWork({ salt, bits }) {
  const encoder = new TextEncoder();
  for (let number = 0; ;) {
    const until = Date.now() + 12;
    do {
      const text = `${salt}:${number}`;
      if (leadingZeroBits(sha256(encoder.encode(text))) >= bits) return text;
      number += 1;
    } while (Date.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
