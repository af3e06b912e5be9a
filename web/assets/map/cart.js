/**
 * What the buyer wants and what is held: seats chosen but not yet held, the hold as the server told
 * it, and the difference between the two. Pure; asks no server and draws nothing.
 */

import { STATE_FREE } from './chart.js';
import { MARK_CHOSEN, MARK_GIVING_BACK, MARK_OWN } from './marks.js';

/**
 * What a tap on a seat did.
 *
 * @typedef {'chosen' | 'removed' | 'giving_back' | 'kept' | 'unavailable' | 'limit' | 'paying'} Toggled
 */

export class Cart {
  /** Seats to be held. @type {Set<number>} */
  chosen = new Set();
  /** Held seats to be given back. @type {Set<number>} */
  givingBack = new Set();
  /** Wanted places by area. @type {Map<string, number>} */
  areas = new Map();
  /** @type {import('/client/holdfast.js').Hold | null} */
  hold = null;
  /** Seats of the hold. @type {Set<number>} */
  own = new Set();

  #chart;
  #prices;
  #limit;

  /**
   * @param {import('./chart.js').SeatChart} chart
   * @param {Record<string, number>} prices minor units by category
   * @param {number} limit seats and places together
   */
  constructor(chart, prices, limit) {
    this.#chart = chart;
    this.#prices = prices;
    this.#limit = limit;
  }

  /**
   * The server's word: what was chosen and is held now is no longer only chosen.
   *
   * @param {import('/client/holdfast.js').Hold | null} hold
   */
  setHold(hold) {
    const sameHold = hold !== null && this.hold?.id === hold.id;
    this.hold = hold;
    this.own = new Set();
    for (const { label } of hold?.seats ?? []) {
      const seat = this.#chart.indexByLabel.get(label);
      if (seat === undefined) continue;
      this.own.add(seat);
      this.chosen.delete(seat);
    }
    if (!sameHold) this.givingBack.clear();
    for (const seat of this.givingBack) if (!this.own.has(seat)) this.givingBack.delete(seat);
    this.areas = new Map((hold?.areas ?? []).map(({ name, quantity }) => [name, quantity]));
  }

  /** Back to what is held. */
  undo() {
    this.chosen.clear();
    this.givingBack.clear();
    this.areas = new Map((this.hold?.areas ?? []).map(({ name, quantity }) => [name, quantity]));
  }

  /**
   * @param {number} seat
   * @param {number} state its state on the live map
   * @returns {Toggled}
   */
  toggle(seat, state) {
    if (this.hold?.status === 'paying') return 'paying';
    if (this.own.has(seat)) {
      if (!this.givingBack.delete(seat)) {
        this.givingBack.add(seat);
        return 'giving_back';
      }
      if (this.count <= this.#limit) return 'kept';
      this.givingBack.add(seat);
      return 'limit';
    }
    if (this.chosen.delete(seat)) return 'removed';
    if (state !== STATE_FREE) return 'unavailable';
    if (this.count >= this.#limit) return 'limit';
    this.chosen.add(seat);
    return 'chosen';
  }

  /** @param {string} name @param {number} quantity */
  setArea(name, quantity) {
    if (quantity > 0) this.areas.set(name, quantity);
    else this.areas.delete(name);
  }

  /**
   * Chosen seats that somebody else has now; they leave the choice.
   *
   * @param {Uint8Array} states
   * @returns {number[]}
   */
  dropTaken(states) {
    const taken = [...this.chosen].filter((seat) => states[seat] !== STATE_FREE);
    for (const seat of taken) this.chosen.delete(seat);
    return taken;
  }

  /** Seats that the buyer would have after the next step. @returns {number[]} */
  get seats() {
    return [...[...this.own].filter((seat) => !this.givingBack.has(seat)), ...this.chosen];
  }

  /** Seats and places that the buyer would have. */
  get count() {
    let places = 0;
    for (const quantity of this.areas.values()) places += quantity;
    return this.own.size - this.givingBack.size + this.chosen.size + places;
  }

  /** How many more may be chosen. */
  get room() {
    return Math.max(0, this.#limit - this.count);
  }

  get limit() {
    return this.#limit;
  }

  /** Minor units. */
  get total() {
    let total = 0;
    for (const seat of this.seats) total += this.priceOf(seat);
    for (const [name, quantity] of this.areas) total += quantity * this.areaPrice(name);
    return total;
  }

  /** @param {number} seat */
  priceOf(seat) {
    return this.#prices[this.#chart.categories[this.#chart.category[seat]].name] ?? 0;
  }

  /** @param {string} name */
  areaPrice(name) {
    const area = this.#chart.areas.find((one) => one.name === name);
    return (area && this.#prices[area.category]) ?? 0;
  }

  /** Whether what is wanted differs from what is held. */
  get changed() {
    return this.chosen.size > 0 || this.givingBack.size > 0 || this.#changedAreas().length > 0;
  }

  #changedAreas() {
    const held = new Map((this.hold?.areas ?? []).map(({ name, quantity }) => [name, quantity]));
    const names = new Set([...held.keys(), ...this.areas.keys()]);
    return [...names]
      .map((name) => ({ name, quantity: this.areas.get(name) ?? 0 }))
      .filter(({ name, quantity }) => quantity !== (held.get(name) ?? 0));
  }

  #labels(seats) {
    return [...seats].map((seat) => this.#chart.labels[seat]);
  }

  /** The body of a new hold. */
  wish() {
    const areas = this.wishedAreas();
    return { ...(this.chosen.size > 0 && { seats: this.#labels(this.chosen) }), ...(areas.length > 0 && { areas }) };
  }

  wishedAreas() {
    return [...this.areas].map(([name, quantity]) => ({ name, quantity }));
  }

  /** The body of a change of the hold. */
  change() {
    const areas = this.#changedAreas();
    return {
      ...(this.chosen.size > 0 && { add: this.#labels(this.chosen) }),
      ...(this.givingBack.size > 0 && { remove: this.#labels(this.givingBack) }),
      ...(areas.length > 0 && { areas }),
    };
  }

  /** For the map and the list. @returns {Map<number, number>} */
  marks() {
    const marks = new Map();
    for (const seat of this.own) marks.set(seat, this.givingBack.has(seat) ? MARK_GIVING_BACK : MARK_OWN);
    for (const seat of this.chosen) marks.set(seat, MARK_CHOSEN);
    return marks;
  }
}
