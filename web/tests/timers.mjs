/**
 * Time that passes when a test says so. Like `mock.timers` of `node:test`, which Node 18 has only in
 * part: timers run in order of their time, and one that they start runs in the same tick when due.
 */

const REAL = { setTimeout, clearTimeout, setInterval, clearInterval, Date };

/** @typedef {{ id: number, at: number, every: number | null, run: () => void }} Timer */

class Timers {
  #now = 0;
  #next = 1;
  /** @type {Map<number, Timer>} */
  #waiting = new Map();

  /** From 1970 on; ends with `reset`. */
  enable() {
    this.#now = 0;
    this.#waiting.clear();
    const now = () => this.#now;
    const start = (run, delay, every, rest) => {
      const id = this.#next;
      this.#next += 1;
      this.#waiting.set(id, { id, at: this.#now + Math.max(0, Number(delay) || 0), every, run: () => run(...rest) });
      return id;
    };
    const stop = (id) => void this.#waiting.delete(id);
    Object.assign(globalThis, {
      setTimeout: (run, delay = 0, ...rest) => start(run, delay, null, rest),
      setInterval: (run, delay = 0, ...rest) => start(run, delay, Math.max(1, delay), rest),
      clearTimeout: stop,
      clearInterval: stop,
      Date: class extends REAL.Date {
        constructor(...given) {
          super(...(given.length === 0 ? [now()] : given));
        }
        static now() {
          return now();
        }
      },
    });
  }

  /** @param {number} milliseconds */
  tick(milliseconds) {
    const end = this.#now + milliseconds;
    for (let due = this.#firstUntil(end); due; due = this.#firstUntil(end)) {
      this.#now = Math.max(this.#now, due.at);
      if (due.every === null) this.#waiting.delete(due.id);
      else due.at += due.every;
      due.run();
    }
    this.#now = end;
  }

  reset() {
    this.#waiting.clear();
    Object.assign(globalThis, REAL);
  }

  #firstUntil(end) {
    let first = null;
    for (const timer of this.#waiting.values()) {
      if (timer.at <= end && (first === null || timer.at < first.at)) first = timer;
    }
    return first;
  }
}

export const timers = new Timers();
