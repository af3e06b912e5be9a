/**
 * One call: headers, time limit, errors, attempts. Knows nothing of seats.
 */

import { ServerClock } from './clock.js';
import { HoldfastError, errorOf } from './error.js';
import { pause, retryDelayMs } from './retry.js';

/** How long one attempt may take. */
const ATTEMPT_MS_MAX = 15_000;

/**
 * @typedef {object} Call
 * @property {unknown} [body] sent as JSON
 * @property {Record<string, string | null | undefined>} [headers] those without a value are left out
 * @property {string} [idempotencyKey]
 * @property {AbortSignal} [signal]
 * @property {string} [accept]
 */

/** 144 random bits as base64url: an idempotency key, or a device key. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

export class Transport {
  clock = new ServerClock();
  #base;
  #device;
  #fetch;

  /**
   * @param {string} base origin and prefix, without the final slash
   * @param {string | null} device
   * @param {typeof globalThis.fetch} fetch
   */
  constructor(base, device, fetch) {
    this.#base = base.replace(/\/$/, '');
    this.#device = device;
    // Called as a bare function: a browser's fetch refuses to be a method of anything else.
    this.#fetch = (/** @type {RequestInfo} */ input, /** @type {RequestInit} */ init) => fetch(input, init);
  }

  /** @param {string} path */
  url(path) {
    return this.#base + path;
  }

  /**
   * The body of a 2xx answer: JSON as a value, none as null.
   *
   * @param {string} method
   * @param {string} path
   * @param {Call} [call]
   * @returns {Promise<any>}
   * @throws {HoldfastError}
   */
  async json(method, path, call = {}) {
    const response = await this.response(method, path, call);
    if (response.status === 204) return null;
    const text = await response.text();
    return text === '' ? null : JSON.parse(text);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Call} [call]
   * @returns {Promise<Response>}
   */
  async response(method, path, call = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(method, path, call);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        const wait = retryDelayMs(error, attempt);
        if (wait === null) throw error;
        await pause(wait, call.signal).catch(() => {
          throw new HoldfastError({ status: 0, code: 'aborted' });
        });
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Call} call
   */
  async #attempt(method, path, call) {
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, ATTEMPT_MS_MAX);
    call.signal?.addEventListener('abort', stop, { once: true });
    if (call.signal?.aborted) stop();
    const sentAt = Date.now();
    try {
      const response = await this.#fetch(this.url(path), {
        method,
        headers: this.#headers(call),
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        signal: limit.signal,
        cache: 'no-cache',
      });
      this.clock.learn(response.headers.get('Date'), sentAt, Date.now());
      if (!response.ok) throw await errorOf(response);
      return response;
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      if (call.signal?.aborted) throw new HoldfastError({ status: 0, code: 'aborted' });
      const code = limit.signal.aborted ? 'timeout' : 'network';
      throw new HoldfastError({ status: 0, code, detail: String(error) });
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', stop);
    }
  }

  /** @param {Call} call */
  #headers(call) {
    const headers = new Headers({ Accept: call.accept ?? 'application/json' });
    if (call.body !== undefined) headers.set('Content-Type', 'application/json');
    if (this.#device) headers.set('Holdfast-Device', this.#device);
    if (call.idempotencyKey) headers.set('Idempotency-Key', call.idempotencyKey);
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value) headers.set(name, value);
    }
    return headers;
  }
}
