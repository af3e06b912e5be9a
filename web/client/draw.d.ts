/** The rules that this verifier knows. */
export const RULES: 'holdfast-draw-1';

export type LaneName = 'general' | 'priority';

/** A draw as `GET /v1/events/{event}/queue/draw` answers it after the opening. */
export interface PublishedDraw {
  commitment: string;
  size: number;
  root: string;
  secret: string;
  beacon: { source: string; round: number; randomness: string } | null;
  seed: string;
  rules: string;
  event: string;
  lanes: { priority: { size: number; root: string } };
}

/** The evidence for one place, as `…/queue/draw/proof` answers it. */
export interface DrawProof {
  lane: LaneName;
  index: number;
  leaf: string;
  path: string[];
  identity: string;
  /** From 0. */
  position: number;
}

/** What is known from elsewhere; a draw alone can only be checked against itself. */
export interface Witness {
  /** As it was published before the draw. */
  commitment?: string;
  event?: string;
}

/** Positions and indexes from 0; those past the draw's entries are their own. */
export interface DrawnOrder {
  position(lane: LaneName, index: number): number;
  index(lane: LaneName, position: number): number;
}

/** Why a draw or a proof is not what it says; `part` names the field. */
export class Tamper extends Error {
  readonly part: string;
  constructor(part: string, message: string);
}

/** The order of one lane. */
export class Permutation {
  /** @param key 16 bytes  @param size entries of the lane */
  constructor(key: Uint8Array, size: number);
  position(index: number): number;
  index(position: number): number;
}

/** What a seed (hexadecimal) and the lanes' sizes give; checks nothing. */
export function orderOf(seed: string, sizes: Record<LaneName, number>): Promise<DrawnOrder>;

/** Rejects with Tamper unless everything in the draw follows. */
export function verifyDraw(draw: PublishedDraw, witness?: Witness): Promise<DrawnOrder>;

/** Checks the draw, then the place; resolves to its position from 0, rejects with Tamper. */
export function verifyProof(draw: PublishedDraw, proof: DrawProof, witness?: Witness): Promise<number>;

/** SipHash-2-4 of the word high·2³² + low, as [high, low]. */
export function sipHash(
  key: [[number, number], [number, number]],
  high: number,
  low: number,
): [number, number];

/** A key of 16 bytes as `sipHash` takes it. */
export function sipKey(bytes: Uint8Array): [[number, number], [number, number]];
