/**
 * Everything that changes what the buyer holds: holding, changing, extending, giving back, and what
 * a refusal means for the choice. Each step ends with the server's word, never with a guess.
 */

import { errorText } from '../lib/error-texts.js';
import { forgetHold, keepHold, readOwnHold } from '../lib/own-hold.js';
import { ownPass } from '../lib/own-pass.js';
import { formatPrice } from '../lib/money.js';
import { describeSeat } from './chart.js';
import { words } from './words.js';

/** Refusals that say: go to the waiting room, your turn comes there. */
const NEEDS_TURN = new Set(['pass_required', 'pass_expired', 'pass_bound', 'token_invalid']);
/** The hold is no more, whatever the page thinks. */
const HOLD_GONE = new Set(['unknown_hold', 'hold_expired']);
/** Seats named in a message, then only counted. */
const SEATS_NAMED_MAX = 4;
/** After the end of a hold the server is asked again this often until it agrees. */
const ASK_AGAIN_MS = 1_500;

/**
 * @typedef {object} Surroundings
 * @property {import('/client/holdfast.js').Holdfast} holdfast
 * @property {import('/client/holdfast.js').Event} event
 * @property {import('./chart.js').SeatChart} chart
 * @property {import('./cart.js').Cart} cart
 * @property {import('./feed.js').Feed} feed
 * @property {import('./basket.js').Basket} basket
 * @property {() => void} changed the cart is another: show it
 * @property {(seats: number[]) => void} taken these seats are not free, whatever the map showed
 */

export class Holding {
  /** A hold is being asked for: seats that become held are probably ours. */
  busy = false;
  /** The server has not refused more time yet. */
  extensionsLeft = true;
  #around;

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /** Asks the server whether a hold kept on this device still lives. */
  async restore() {
    const { holdfast, event, cart, basket, changed } = this.#around;
    try {
      const { hold, ended } = await readOwnHold(holdfast, event.id);
      // What is only chosen stays as it is.
      const former = cart.hold;
      if (hold || former) cart.setHold(hold);
      // Ended before its time: given back in another window.
      const early = former !== null && Date.parse(former.expires_at) > holdfast.serverNow();
      if (ended) basket.tell('warn', '', early ? words.notice.released : words.time.ended);
    } catch (error) {
      basket.tell('warn', '', errorText(error));
    }
    changed();
  }

  /** The countdown is over: the server has the last word, and it may come a moment later. */
  async expire() {
    const { cart, feed, holdfast } = this.#around;
    await this.restore();
    const { hold } = cart;
    if (!hold) return feed.catchUp();
    if (Date.parse(hold.expires_at) <= holdfast.serverNow()) setTimeout(() => this.expire(), ASK_AGAIN_MS);
  }

  /** Holds what was chosen. */
  hold() {
    return this.#take(this.#around.cart.wish());
  }

  /** @param {import('./best.js').BestWish} wish */
  holdBest(wish) {
    const { cart } = this.#around;
    const areas = cart.wishedAreas();
    return this.#take({ best_available: wish, ...(areas.length > 0 && { areas }) }, () => cart.chosen.clear());
  }

  #take(wish, done = () => {}) {
    const { holdfast, event, cart } = this.#around;
    return this.#step(wish, async () => {
      const pass = ownPass(event.id, holdfast.serverNow());
      const hold = await holdfast.holdSeats(event.id, wish, { pass });
      done();
      this.#keep(hold);
      return words.notice.held(cart.count, formatPrice(hold.total, hold.currency));
    });
  }

  /** Brings the hold to what is chosen. */
  change() {
    const { holdfast, cart } = this.#around;
    const { id, token } = cart.hold;
    const change = cart.change();
    return this.#step(change, async () => {
      const hold = await holdfast.changeHold(id, token, change);
      cart.givingBack.clear();
      this.#keep({ ...hold, token: hold.token ?? token });
      return words.notice.changed(formatPrice(hold.total, hold.currency));
    });
  }

  extend() {
    const { holdfast, cart } = this.#around;
    const { id, token } = cart.hold;
    return this.#step({}, async () => {
      const hold = await holdfast.extendHold(id, token);
      const wanted = { chosen: new Set(cart.chosen), givingBack: new Set(cart.givingBack), areas: new Map(cart.areas) };
      this.#keep({ ...hold, token: hold.token ?? token });
      // More time changes nothing of what was going to be changed.
      Object.assign(cart, wanted);
      const left = Date.parse(hold.expires_at) - holdfast.serverNow();
      return words.time.extended(Math.max(1, Math.round(left / 60_000)));
    });
  }

  release() {
    const { holdfast, event, cart } = this.#around;
    const { id, token } = cart.hold;
    return this.#step({}, async () => {
      await holdfast.releaseHold(id, token);
      forgetHold(event.id);
      cart.undo();
      cart.setHold(null);
      return words.notice.released;
    });
  }

  #keep(hold) {
    keepHold(hold);
    this.#around.cart.setHold(hold);
  }

  async #step(wish, work) {
    const { basket, changed, feed } = this.#around;
    if (this.busy) return;
    this.busy = true;
    basket.quiet();
    try {
      const message = await work();
      if (message) basket.tell('good', '', message);
    } catch (error) {
      this.#explain(error, wish);
    } finally {
      this.busy = false;
      changed();
      feed.catchUp();
    }
  }

  #explain(error, wish) {
    const { event, basket, cart, feed } = this.#around;
    const { code } = error;
    if (NEEDS_TURN.has(code)) return location.assign(`/events/${encodeURIComponent(event.slug)}/queue`);
    if (HOLD_GONE.has(code)) {
      forgetHold(event.id);
      cart.setHold(null);
    }
    if (code === 'extension_limit') this.extensionsLeft = false;
    if (code === 'seats_unavailable') {
      feed.catchUp(error.version ?? undefined);
      return this.#explainTaken(error.seats);
    }
    const text = words.refusal[code];
    const message = text ? text(cart.limit) : error.status === undefined ? words.refusalOther : errorText(error);
    basket.tell(code === 'sold_out' || code === 'not_enough_adjacent_seats' ? 'warn' : 'bad', '', message, this.#smallerWishes(code, wish));
    if (error.status === undefined) throw error;
  }

  /** Names the seats that another was faster for, and offers the next best. */
  #explainTaken(labels) {
    const { chart, cart, basket, taken } = this.#around;
    const wanted = cart.chosen.size;
    const seats = labels.map((label) => chart.indexByLabel.get(label)).filter((seat) => seat !== undefined);
    taken(seats);
    for (const seat of seats) cart.chosen.delete(seat);
    const rest = cart.chosen.size;
    const text = [words.notice.takenText(this.nameSeats(seats)), rest > 0 && words.notice.takenRest(rest)];
    basket.tell('bad', words.notice.taken, text.filter(Boolean).join(' '), this.#alternatives(seats, wanted));
  }

  /**
   * Chosen seats that the live map gave to somebody else before anything was asked for.
   *
   * @param {number[]} seats no longer in the cart
   */
  tellChoiceTaken(seats) {
    const { cart, basket } = this.#around;
    const wanted = seats.length + cart.chosen.size;
    basket.tell('warn', words.notice.taken, words.notice.choiceTaken(this.nameSeats(seats)), this.#alternatives(seats, wanted));
  }

  /** As many seats in the same section, or what is left of the choice: one click each. */
  #alternatives(taken, wanted) {
    const { chart, cart } = this.#around;
    const rest = cart.chosen.size;
    const zone = taken.length > 0 ? chart.zones[chart.zone[taken[0]]].name : null;
    const actions = [];
    if (cart.hold === null && wanted > 0 && zone) {
      actions.push({ label: words.notice.nearby(wanted, zone), primary: true, run: () => this.holdBest({ quantity: wanted, zones: [zone] }) });
    }
    if (rest > 0) {
      actions.push({ label: words.notice.keepRest(rest), run: () => (cart.hold ? this.change() : this.hold()) });
    }
    return actions;
  }

  #smallerWishes(code, wish) {
    const best = wish.best_available;
    if (!best || (code !== 'not_enough_adjacent_seats' && code !== 'sold_out')) return [];
    const actions = [];
    if (best.zones || best.categories) {
      const { quantity, accessible } = best;
      actions.push({
        label: words.notice.anywhere(quantity),
        primary: true,
        run: () => this.holdBest({ quantity, ...(accessible && { accessible }) }),
      });
    }
    if (best.quantity > 1) {
      const quantity = best.quantity - 1;
      const smaller = { ...best, quantity, ...(best.accessible && { accessible: Math.min(best.accessible, quantity) }) };
      actions.push({ label: words.notice.fewer(quantity), run: () => this.holdBest(smaller) });
    }
    return actions;
  }

  /** @param {number[]} seats @returns {string} */
  nameSeats(seats) {
    const { chart } = this.#around;
    const names = seats.slice(0, SEATS_NAMED_MAX).map((seat) => words.seat(describeSeat(chart, seat)));
    const more = seats.length - names.length;
    if (more > 0) names.push(words.seats(more));
    return new Intl.ListFormat(document.documentElement.lang || undefined).format(names);
  }
}
