/**
 * Holdfast's API for a browser, or for anything with `fetch`: events, holds, orders, the waiting
 * room and the live map. No dependencies, no build step; types in `holdfast.d.ts`.
 */

import { HoldfastError } from './error.js';
import { LiveMap } from './live.js';
import { openQueueStream } from './queue-stream.js';
import { Transport, randomKey } from './transport.js';

export { HoldfastError, LiveMap, randomKey };
export { solveWork } from './work.js';

const part = encodeURIComponent;

export class Holdfast {
  #transport;

  /**
   * @param {object} [options]
   * @param {string} [options.base] the server's origin; '' is the page's own
   * @param {string | null} [options.device] the device key, see `randomKey`; a page of the server's
   *   own origin has it as a cookie and gives none
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({ base = '', device = null, fetch = globalThis.fetch } = {}) {
    this.#transport = new Transport(base, device, fetch);
  }

  /** The server's time in ms since 1970, as far as its answers have told it. */
  serverNow() {
    return this.#transport.clock.now();
  }

  // Catalogue

  /** @param {{ limit?: number, cursor?: string | null }} [page] */
  events({ limit, cursor } = {}) {
    const query = new URLSearchParams();
    if (limit) query.set('limit', String(limit));
    if (cursor) query.set('cursor', cursor);
    const text = query.toString();
    return this.#read(text ? `/v1/events?${text}` : '/v1/events');
  }

  /** @param {string} event id or slug */
  event(event) {
    return this.#read(`/v1/events/${part(event)}`);
  }

  /** @param {string} event */
  chart(event) {
    return this.#read(`/v1/events/${part(event)}/chart`);
  }

  /** @param {string} event */
  availability(event) {
    return this.#read(`/v1/events/${part(event)}/availability`);
  }

  /** @param {string} event */
  seats(event) {
    return this.#read(`/v1/events/${part(event)}/seats`);
  }

  // Holds

  /**
   * @param {string} event
   * @param {object} wish `{seats}`, `{best_available}` and/or `{areas}`
   * @param {{ pass?: string | null, idempotencyKey?: string }} [options]
   */
  holdSeats(event, wish, { pass = null, idempotencyKey } = {}) {
    const headers = { 'Holdfast-Pass': pass };
    return this.#change('POST', `/v1/events/${part(event)}/holds`, { body: wish, headers, idempotencyKey });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  readHold(id, token) {
    return this.#read(`/v1/holds/${part(id)}`, { 'Holdfast-Hold': token });
  }

  /**
   * @param {string} id
   * @param {string} token
   * @param {object} change `{add, remove, areas}`
   */
  changeHold(id, token, change) {
    const headers = { 'Holdfast-Hold': token };
    return this.#change('PATCH', `/v1/holds/${part(id)}`, { body: change, headers });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  extendHold(id, token) {
    return this.#change('POST', `/v1/holds/${part(id)}/extend`, { headers: { 'Holdfast-Hold': token } });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  releaseHold(id, token) {
    return this.#change('DELETE', `/v1/holds/${part(id)}`, { headers: { 'Holdfast-Hold': token } });
  }

  // Orders, payment, tickets

  /**
   * @param {{ hold_id: string, email: string, name?: string }} order
   * @param {string} holdToken
   * @param {{ idempotencyKey?: string }} [options]
   */
  createOrder(order, holdToken, { idempotencyKey } = {}) {
    const headers = { 'Holdfast-Hold': holdToken };
    return this.#change('POST', '/v1/orders', { body: order, headers, idempotencyKey });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  startPayment(id, token) {
    return this.#change('POST', `/v1/orders/${part(id)}/payment`, { headers: { 'Holdfast-Order': token } });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  readOrder(id, token) {
    return this.#read(`/v1/orders/${part(id)}`, { 'Holdfast-Order': token });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  cancelOrder(id, token) {
    return this.#change('POST', `/v1/orders/${part(id)}/cancel`, { headers: { 'Holdfast-Order': token } });
  }

  /**
   * @param {string} id
   * @param {string} token
   */
  tickets(id, token) {
    return this.#read(`/v1/orders/${part(id)}/tickets`, { 'Holdfast-Order': token });
  }

  /**
   * For an `<img>`, which cannot send a header.
   *
   * @param {string} ticket
   * @param {string} orderToken
   */
  ticketImageUrl(ticket, orderToken) {
    return this.#transport.url(`/v1/tickets/${part(ticket)}.svg?token=${part(orderToken)}`);
  }

  // Waiting room

  /**
   * @param {string} event
   * @param {{ place?: string | null, code?: string | null, work?: string | null }} [options]
   */
  joinQueue(event, { place = null, code = null, work = null } = {}) {
    const headers = { 'Holdfast-Place': place, 'Holdfast-Work': work };
    const body = code ? { code } : undefined;
    return this.#transport.json('POST', this.#queue(event), { body, headers });
  }

  /**
   * @param {string} event
   * @param {{ place?: string | null, pass?: string | null }} [options]
   */
  queueStatus(event, { place = null, pass = null } = {}) {
    return this.#read(this.#queue(event), { 'Holdfast-Place': place, 'Holdfast-Pass': pass });
  }

  /**
   * @param {string} event
   * @param {{ place?: string | null, pass?: string | null }} [options]
   */
  enterQueue(event, { place = null, pass = null } = {}) {
    const headers = { 'Holdfast-Place': place, 'Holdfast-Pass': pass };
    return this.#transport.json('POST', `${this.#queue(event)}/enter`, { headers });
  }

  /**
   * @param {string} event
   * @param {{ place?: string | null, pass?: string | null }} [options]
   */
  leaveQueue(event, { place = null, pass = null } = {}) {
    const headers = { 'Holdfast-Place': place, 'Holdfast-Pass': pass };
    return this.#transport.json('DELETE', this.#queue(event), { headers });
  }

  /** @param {string} event */
  draw(event) {
    return this.#read(`${this.#queue(event)}/draw`);
  }

  /**
   * @param {string} event
   * @param {string} place
   */
  drawProof(event, place) {
    return this.#read(`${this.#queue(event)}/draw/proof`, { 'Holdfast-Place': place });
  }

  /**
   * @param {string} event
   * @param {(frame: any) => void} onFrame
   */
  queueStream(event, onFrame) {
    return openQueueStream(this.#transport.url(`${this.#queue(event)}/stream`), onFrame);
  }

  // Live map

  /**
   * @param {string} event
   * @param {import('./live.js').LiveHandlers} handlers
   * @param {import('./live.js').LiveOptions} [options]
   * @returns {LiveMap}
   */
  live(event, handlers, options = {}) {
    const address = new URL(this.#transport.url(`/v1/events/${part(event)}/live`), globalThis.location?.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    return new LiveMap(address.href, handlers, options);
  }

  /** @param {string} event */
  #queue(event) {
    return `/v1/events/${part(event)}/queue`;
  }

  /**
   * @param {string} path
   * @param {Record<string, string | null>} [headers]
   */
  #read(path, headers) {
    return this.#transport.json('GET', path, { headers });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {import('./transport.js').Call} call
   */
  #change(method, path, call) {
    // One key for all attempts of this call.
    return this.#transport.json(method, path, {
      ...call,
      idempotencyKey: call.idempotencyKey ?? randomKey(),
    });
  }
}
