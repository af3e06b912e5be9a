/** Checks the draw and one place in it, on the buyer's own device, and says what came of it. */

import { Tamper, verifyDraw, verifyProof } from '/client/draw.js';

/**
 * @param {(path: string) => Promise<any>} read answers of the event's API
 * @param {string | null} commitment as this device saw it before the draw
 * @returns {Promise<string>} a sentence or two for the person
 */
export async function checkDraw(read, commitment) {
  if (!globalThis.crypto?.subtle) return 'This browser checks only on a page that is served over TLS.';
  try {
    const draw = await read('/queue/draw');
    if (!draw.seed) return 'The draw is still to come.';
    const witness = commitment ? { commitment } : {};
    const promised = commitment
      ? 'It is the one that was promised before the draw'
      : 'It agrees with its published promise';
    const proof = await read('/queue/draw/proof').catch((error) => {
      if (error.code === 'not_in_draw') return null;
      throw error;
    });
    if (!proof) {
      await verifyDraw(draw, witness);
      return `The draw is sound. ${promised}; you came after it and stand behind, in the order of joining.`;
    }
    const position = await verifyProof(draw, proof, witness);
    const entries = proof.lane === 'priority' ? draw.lanes.priority.size : draw.size;
    return `The draw is sound. ${promised}, and it put you at number ${(position + 1).toLocaleString()} of ${entries.toLocaleString()}.`;
  } catch (error) {
    if (error instanceof Tamper)
      return `The draw does not check out: ${error.message}. Please tell the organiser.`;
    return 'The check could not be made now. Please try again.';
  }
}
