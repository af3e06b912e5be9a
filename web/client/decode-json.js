/** The subprotocol `holdfast.json.v1`. */

/**
 * Two bits a seat, lowest bits first, as one byte a seat.
 *
 * @param {Uint8Array} packed
 * @returns {Uint8Array} four times as long; up to three states at the end are padding
 */
export function unpackStates(packed) {
  const states = new Uint8Array(packed.length * 4);
  for (let i = 0; i < packed.length; i += 1) {
    const byte = packed[i];
    states[4 * i] = byte & 3;
    states[4 * i + 1] = (byte >> 2) & 3;
    states[4 * i + 2] = (byte >> 4) & 3;
    states[4 * i + 3] = byte >> 6;
  }
  return states;
}

/**
 * @param {string | ArrayBuffer} message
 * @returns {import('./frames.js').Frame | null}
 */
export function decodeJson(message) {
  if (typeof message !== 'string') return null;
  const frame = JSON.parse(message);
  switch (frame.type) {
    case 'snapshot': {
      const packed = Uint8Array.from(atob(frame.states), (letter) => letter.charCodeAt(0));
      return { ...frame, states: unpackStates(packed), areas: frame.areas ?? [] };
    }
    case 'delta':
      return { ...frame, changes: frame.changes ?? [], areas: frame.areas ?? [] };
    case 'overview':
    case 'heartbeat':
    case 'gone':
      return frame;
    default:
      return null;
  }
}
