/**
 * The server's time, learnt from the `Date` header of its answers.
 *
 * A deadline is the server's; a phone's clock may be minutes off. Each answer says that the server's
 * clock stood within one second of `Date` at some moment between the request and the answer. What
 * all answers say together narrows the difference down, usually to well under half a second.
 */

/** @typedef {{ low: number, high: number }} Interval milliseconds to add to the local clock */

/**
 * What one answer says about the difference between the clocks.
 *
 * @param {number} date the header, in ms; the header itself counts whole seconds
 * @param {number} sentAt local clock when the request left, in ms
 * @param {number} receivedAt local clock when the answer came, in ms
 * @returns {Interval}
 */
export function intervalOf(date, sentAt, receivedAt) {
  return { low: date - receivedAt, high: date + 1000 - sentAt };
}

/**
 * What is known after one more answer. Where the two contradict each other, a clock was set: the
 * newer one counts.
 *
 * @param {Interval | null} known
 * @param {Interval} told
 * @returns {Interval}
 */
export function narrow(known, told) {
  if (!known) return told;
  const low = Math.max(known.low, told.low);
  const high = Math.min(known.high, told.high);
  return low <= high ? { low, high } : told;
}

export class ServerClock {
  /** @type {Interval | null} */
  #known = null;

  /**
   * @param {string | null} date the `Date` header; another origin's is hidden from a page
   * @param {number} sentAt
   * @param {number} receivedAt
   */
  learn(date, sentAt, receivedAt) {
    const moment = date ? Date.parse(date) : NaN;
    if (Number.isNaN(moment)) return;
    this.#known = narrow(this.#known, intervalOf(moment, sentAt, receivedAt));
  }

  /** Milliseconds to add to the local clock; 0 as long as nothing is known. */
  get offsetMs() {
    return this.#known ? (this.#known.low + this.#known.high) / 2 : 0;
  }

  /** The server's time in ms since 1970. */
  now() {
    return Date.now() + this.offsetMs;
  }
}
