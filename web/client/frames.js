/**
 * Frames of the live map, whatever their encoding, in one shape.
 *
 * A decoder takes a socket's message and gives a frame, at once or as a promise.
 */

import { decodeBinary } from './decode-binary.js';
import { decodeJson } from './decode-json.js';

/**
 * @typedef {{ type: 'snapshot', epoch: number, version: number, states: Uint8Array,
 *   ranges?: [number, number][] | null, areas: [number, number][] }} SnapshotFrame `states`: one
 *   state a seat, perhaps padded with zeros; with `ranges`, of the seats from each first index on,
 *   as many as its count, one range after the other
 * @typedef {{ type: 'delta', epoch: number, from: number, version: number,
 *   changes: [number, number][], areas: [number, number][] }} DeltaFrame
 * @typedef {{ type: 'overview', epoch: number, version: number, complete: boolean,
 *   free: number[][], areas: [number, number][] }} OverviewFrame `free`: zone, category, seats
 * @typedef {{ type: 'heartbeat', epoch: number, version: number }} HeartbeatFrame
 * @typedef {{ type: 'gone', reason: string }} GoneFrame
 * @typedef {SnapshotFrame | DeltaFrame | OverviewFrame | HeartbeatFrame | GoneFrame} Frame
 * @typedef {(message: string | ArrayBuffer) => Frame | Promise<Frame> | null} Decoder null: not
 *   understood
 */

/** By subprotocol, the preferred one first. @type {Map<string, Decoder>} */
export const DECODERS = new Map();
// A browser that cannot inflate a snapshot asks for JSON.
if (typeof DecompressionStream === 'function') DECODERS.set('holdfast.bin.v1', decodeBinary);
DECODERS.set('holdfast.json.v1', decodeJson);
