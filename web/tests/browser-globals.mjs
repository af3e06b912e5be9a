/** What every browser has and Node 18 does not. */

import { webcrypto } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';

globalThis.crypto ??= /** @type {any} */ (webcrypto);

function hasRawInflation() {
  try {
    return Boolean(new DecompressionStream('deflate-raw'));
  } catch {
    return false;
  }
}

if (!hasRawInflation()) {
  globalThis.DecompressionStream = /** @type {any} */ (
    class {
      constructor() {
        /** @type {Uint8Array[]} */
        const parts = [];
        return new TransformStream({
          transform: (part) => void parts.push(part),
          flush: (controller) => controller.enqueue(new Uint8Array(inflateRawSync(Buffer.concat(parts)))),
        });
      }
    }
  );
}
