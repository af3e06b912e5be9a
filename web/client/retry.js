/**
 * When a call is made again, and how long it waits before.
 *
 * Made again: no answer at all, 429, 502, 503, 504, and 409 `request_in_progress`, with which the
 * server says that the first attempt under this very key still runs. Never: any other refusal. A
 * repeated mutation carries the key of the first attempt, so it happens at most once.
 */

/** Attempts of one call, the first included. */
export const ATTEMPTS_MAX = 4;
/** The longest wait between two attempts; a server that asks for more gets the caller asked. */
export const WAIT_MS_MAX = 10_000;
const WAIT_MS_FIRST = 300;
const STATUSES = new Set([429, 502, 503, 504]);

/**
 * @param {{ status: number, code: string }} error
 * @returns {boolean}
 */
export function isWorthRetrying(error) {
  if (error.status === 0) return error.code === 'network' || error.code === 'timeout';
  return STATUSES.has(error.status) || error.code === 'request_in_progress';
}

/**
 * Milliseconds to wait before attempt `attempt + 1`, or null: give up.
 *
 * @param {{ status: number, code: string, retryAfterMs: number | null }} error
 * @param {number} attempt the one that failed, from 1
 * @param {() => number} [random] 0 to 1
 * @returns {number | null}
 */
export function retryDelayMs(error, attempt, random = Math.random) {
  if (attempt >= ATTEMPTS_MAX || !isWorthRetrying(error)) return null;
  if (error.retryAfterMs !== null) {
    if (error.retryAfterMs > WAIT_MS_MAX) return null;
    // Everybody was told the same moment; the jitter keeps them from coming at once.
    return error.retryAfterMs + random() * 500;
  }
  return backoffMs(attempt, random);
}

/**
 * Exponential, half of it random: 150–300 ms after the first failure, at most 10 s.
 *
 * @param {number} attempt from 1
 * @param {() => number} [random]
 */
export function backoffMs(attempt, random = Math.random) {
  const full = Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** (attempt - 1));
  return full / 2 + (random() * full) / 2;
}

/**
 * Resolves after `ms`, rejects when the signal fires.
 *
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
