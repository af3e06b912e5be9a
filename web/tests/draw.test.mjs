// The verifier in the browser agrees with the one in Rust, which wrote the vectors, and refuses
// whatever was altered. Run by `node --test web/tests`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Permutation, Tamper, orderOf, sipHash, sipKey, verifyDraw, verifyProof } from '../client/draw.js';
import './browser-globals.mjs';

const vectors = JSON.parse(readFileSync(new URL('draw-vectors.json', import.meta.url), 'utf8'));

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));

/** Every text with one byte altered, cut or added; every number with one bit altered. */
function* altered(value) {
  if (typeof value === 'string') {
    for (let at = 0; at < value.length; at += 1) {
      const others = ['0', 'f', 'A', String.fromCharCode(value.charCodeAt(at) ^ 0x20)];
      for (const other of others) {
        if (other !== value[at]) yield value.slice(0, at) + other + value.slice(at + 1);
      }
    }
    yield* [value.slice(1), `${value}0`, '', null];
  } else if (typeof value === 'number') {
    for (let bit = 1; bit < 2 ** 50; bit *= 2) {
      yield Math.floor(value / bit) % 2 === 0 ? value + bit : value - bit;
    }
    yield* [-1, value + 0.5, null, undefined];
  } else if (Array.isArray(value)) {
    yield* [null, [], [...value, '0'.repeat(64)], value.slice(1)].filter((other) => other?.length !== value.length);
    for (let at = 0; at < value.length; at += 1) {
      for (const other of altered(value[at])) yield [...value.slice(0, at), other, ...value.slice(at + 1)];
    }
  } else if (value !== null && typeof value === 'object') {
    for (const name of Object.keys(value)) {
      for (const other of altered(value[name])) yield { ...value, [name]: other };
    }
  }
}

test('SipHash has its published value', () => {
  const key = sipKey(Uint8Array.from({ length: 16 }, (_, at) => at));
  assert.deepEqual(sipHash(key, 0x07060504, 0x03020100), [0x93f5f579, 0x9a932462]);
});

test('positions are those of the Rust permutation, and lead back', () => {
  for (const { key, size, indexes, positions } of vectors.permutations) {
    const permutation = new Permutation(bytes(key), size);
    assert.deepEqual(indexes.map((index) => permutation.position(index)), positions, `${size}`);
    assert.deepEqual(positions.map((position) => permutation.index(position)), indexes, `${size}`);
  }
});

test('a line is permuted one to one', () => {
  const key = Uint8Array.from({ length: 16 }, (_, at) => at * 7);
  for (const size of [0, 1, 2, 3, 17, 256, 1000]) {
    const permutation = new Permutation(key, size);
    const positions = new Set(Array.from({ length: size }, (_, index) => permutation.position(index)));
    assert.equal(positions.size, size);
    assert.ok([...positions].every((position) => position >= 0 && position < size));
  }
});

test('the draws and proofs that Rust made are good', async () => {
  for (const { draw, proofs } of vectors.draws) {
    const witness = { commitment: draw.commitment, event: draw.event };
    const order = await verifyDraw(draw, witness);
    const again = await orderOf(draw.seed, { general: draw.size, priority: draw.lanes.priority.size });
    assert.ok(proofs.length > 0);
    for (const proof of proofs) {
      assert.equal(await verifyProof(draw, proof, witness), proof.position);
      assert.equal(order.position(proof.lane, proof.index), proof.position);
      assert.equal(order.index(proof.lane, proof.position), proof.index);
      assert.equal(again.position(proof.lane, proof.index), proof.position);
    }
    assert.equal(order.position('general', draw.size + 5), draw.size + 5);
  }
});

test('a draw with any byte of any field altered is refused, and the part is named', async () => {
  for (const { draw } of vectors.draws) {
    let refused = 0;
    for (const other of altered(draw)) {
      await assert.rejects(verifyDraw(other), (error) => error instanceof Tamper && error.part !== '');
      refused += 1;
    }
    assert.ok(refused > 1000);
  }
});

test('a proof with any byte of any field altered is refused, and the part is named', async () => {
  for (const { draw, proofs } of vectors.draws) {
    for (const proof of [draw.beacon === null ? proofs.at(-1) : proofs[1]]) {
      for (const other of altered(proof)) {
        await assert.rejects(verifyProof(draw, other), (error) => error instanceof Tamper && error.part !== '');
      }
    }
  }
});

test('the part that was altered is the one that is named', async () => {
  const { draw, proofs } = vectors.draws[2];
  const flip = (hex) => (hex[0] === '0' ? '1' : '0') + hex.slice(1);
  const named = async (part, changed, proof = proofs[0], witness = {}) =>
    assert.rejects(verifyProof(changed, proof, witness), { name: 'Tamper', part });
  await named('rules', { ...draw, rules: 'holdfast-draw-2' });
  await named('secret', { ...draw, secret: flip(draw.secret) });
  await named('seed', { ...draw, seed: flip(draw.seed) });
  await named('seed', { ...draw, root: flip(draw.root) });
  await named('seed', { ...draw, size: draw.size + 1 });
  await named('commitment', draw, proofs[0], { commitment: flip(draw.commitment) });
  await named('event', draw, proofs[0], { event: 'evt_other' });
  await named('index', draw, { ...proofs[0], index: draw.size });
  await named('leaf', draw, { ...proofs[0], identity: flip(proofs[0].identity) });
  await named('path', draw, { ...proofs[0], path: proofs[0].path.slice(1) });
  await named('position', draw, { ...proofs[0], position: proofs[0].position + 1 });
});
