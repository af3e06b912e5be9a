/**
 * Frames of the live map, whatever their encoding, in one shape.
 *
 * A decoder takes a socket's message and gives a frame. `holdfast.json.v1` is here; an encoding is
 * added by putting its decoder into `DECODERS` under the name of its subprotocol.
 */

import { decodeJson } from './decode-json.js';

/**
 * @typedef {{ type: 'snapshot', epoch: number, version: number, states: Uint8Array,
 *   areas: [number, number][] }} SnapshotFrame `states`: one state a seat, perhaps padded with zeros
 * @typedef {{ type: 'delta', epoch: number, from: number, version: number,
 *   changes: [number, number][], areas: [number, number][] }} DeltaFrame
 * @typedef {{ type: 'overview', [member: string]: unknown }} OverviewFrame
 * @typedef {{ type: 'heartbeat', epoch: number, version: number }} HeartbeatFrame
 * @typedef {{ type: 'gone', reason: string }} GoneFrame
 * @typedef {SnapshotFrame | DeltaFrame | OverviewFrame | HeartbeatFrame | GoneFrame} Frame
 * @typedef {(message: string | ArrayBuffer) => Frame | null} Decoder null: not understood
 */

/** By subprotocol, the preferred one first. @type {Map<string, Decoder>} */
export const DECODERS = new Map([['holdfast.json.v1', decodeJson]]);
