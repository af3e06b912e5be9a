/**
 * The bar at the bottom: what is chosen or held, for how much, how long, and the one next step.
 * What just happened (a refusal, seats just taken) stands above it, where the thumb is.
 */

import { announce } from '../lib/announce.js';
import { startCountdown } from '../lib/countdown.js';
import { h, icon, notice, whileBusy } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { describeSeat } from './chart.js';
import { words } from './words.js';

/** When the offer of more time comes by itself, in ms before the end. */
const OFFER_MS = 125_000;
const GOOD_NEWS_MS = 7_000;

/**
 * @typedef {object} BasketEvents
 * @property {() => Promise<unknown>} hold
 * @property {() => Promise<unknown>} change
 * @property {() => Promise<unknown>} release
 * @property {() => Promise<unknown>} extend
 * @property {() => void} undo
 * @property {() => void} ended the hold's time is over
 * @property {(seat: number) => void} toggle
 * @property {(name: string) => void} dropArea
 */

export class Basket {
  #chart;
  #currency;
  #now;
  #events;
  #message = h('div', { class: 'basket__message' });
  #details = h('div', { class: 'basket__details', id: 'basket-details', hidden: true });
  #summary = h('div', { class: 'basket__summary' });
  #actions = h('div', { class: 'basket__actions' });
  #stopCountdown = () => {};
  #countdown = h('span', { class: 'countdown' });
  #countedTo = '';
  #open = false;
  #offer = 0;
  #messageTimer = 0;
  #cart = null;
  #canExtend = false;
  #payUrl = '';
  #closed = false;

  /**
   * @param {HTMLElement} container
   * @param {object} options
   * @param {import('./chart.js').SeatChart} options.chart
   * @param {string} options.currency
   * @param {() => number} options.now the server's clock
   * @param {BasketEvents} options.events
   */
  constructor(container, { chart, currency, now, events }) {
    this.#chart = chart;
    this.#currency = currency;
    this.#now = now;
    this.#events = events;
    container.replaceChildren(
      this.#message,
      h('div', { class: 'basket__card' }, this.#details, h('div', { class: 'basket__bar' }, this.#summary, this.#actions)),
    );
  }

  /**
   * @param {import('./cart.js').Cart} cart
   * @param {{ payUrl: string, canExtend: boolean, closed: boolean }} facts
   */
  show(cart, { payUrl, canExtend, closed }) {
    this.#cart = cart;
    this.#payUrl = payUrl;
    this.#canExtend = canExtend;
    this.#closed = closed;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.key;
    this.#count(cart);
    this.#showSummary(cart);
    this.#showActions(cart);
    this.#showDetails(cart);
    if (!focused || document.activeElement?.isConnected && document.activeElement !== document.body) return;
    const again = this.#details.parentElement?.querySelector(`[data-key="${CSS.escape(focused)}"]`);
    /** @type {HTMLElement | null} */ (again ?? this.#actions.querySelector('button, a') ?? null)?.focus();
  }

  /**
   * @param {'info' | 'good' | 'warn' | 'bad'} kind
   * @param {string} title
   * @param {string} text
   * @param {{ label: string, primary?: boolean, run: () => Promise<unknown> | void }[]} [actions]
   */
  tell(kind, title, text, actions = []) {
    const buttons = actions.map(({ label, primary, run }) => {
      const button = h('button', { type: 'button', class: `button button--small${primary ? ' button--primary' : ''}` }, label);
      button.addEventListener('click', () => whileBusy(button, async () => run()));
      return button;
    });
    const close = h('button', { type: 'button', class: 'basket__close', 'aria-label': words.notice.close, onclick: () => this.quiet() }, icon('cross'));
    const box = notice(kind, title ? h('strong', null, title) : null, h('p', null, text), buttons.length > 0 && h('div', { class: 'cluster' }, buttons));
    box.append(close);
    clearTimeout(this.#messageTimer);
    this.#message.replaceChildren(box);
    // Good news is in the bar too; it need not stay.
    if (kind === 'good') this.#messageTimer = window.setTimeout(() => this.quiet(), GOOD_NEWS_MS);
    // An alert speaks by itself.
    if (kind !== 'bad') announce([title, text].filter(Boolean).join('. '));
  }

  quiet() {
    if (this.#message.contains(document.activeElement)) /** @type {HTMLElement | null} */ (this.#actions.querySelector('button, a'))?.focus();
    this.#message.replaceChildren();
  }

  #count({ hold }) {
    const until = hold?.expires_at ?? '';
    if (until === this.#countedTo) return;
    this.#countedTo = until;
    this.#stopCountdown();
    clearTimeout(this.#offer);
    if (!until) return;
    this.#stopCountdown = startCountdown({
      element: this.#countdown,
      until,
      now: this.#now,
      spoken: 'for your seats',
      onEnd: this.#events.ended,
    });
    this.#offer = window.setTimeout(() => this.#offerTime(), Math.max(0, Date.parse(until) - this.#now() - OFFER_MS));
  }

  #offerTime() {
    if (!this.#canExtend || this.#cart?.hold?.status !== 'active') return;
    const left = Math.ceil((Date.parse(this.#countedTo) - this.#now()) / 60_000);
    this.tell('warn', '', words.time.left(Math.min(left, 2)), [
      { label: words.basket.extend, primary: true, run: this.#events.extend },
    ]);
  }

  #showSummary(cart) {
    const { hold, count } = cart;
    if (count === 0 && !hold) {
      this.#summary.replaceChildren(h('p', { class: 'muted basket__empty' }, words.basket.empty));
      return;
    }
    const state = hold
      ? h('span', { class: 'basket__timer' }, h('span', { class: 'basket__held' }, words.basket.held), this.#countdown)
      : h('span', { class: 'muted small' }, words.basket.notYet);
    const toggle = h(
      'button',
      {
        type: 'button', class: 'basket__toggle', 'data-key': 'details', 'aria-expanded': String(this.#open), 'aria-controls': 'basket-details',
        onclick: () => {
          this.#open = !this.#open;
          this.show(cart, { payUrl: this.#payUrl, canExtend: this.#canExtend, closed: this.#closed });
        },
      },
      h('span', { class: 'basket__count' }, words.places(count)),
      h('strong', { class: 'basket__total number' }, formatPrice(cart.total, this.#currency)),
      h('span', { class: 'basket__chevron', 'aria-hidden': 'true' }),
      h('span', { class: 'visually-hidden' }, words.basket.details),
    );
    this.#summary.replaceChildren(toggle, state);
  }

  #showActions(cart) {
    const { hold, count, changed } = cart;
    const button = (label, key, run, primary, disabled = false) => {
      const made = h('button', {
        type: 'button', class: `button${primary ? ' button--primary button--large' : ''}`, 'data-key': key, disabled,
      }, label);
      made.addEventListener('click', () => whileBusy(made, async () => run()));
      return made;
    };
    const link = (label) => h('a', { class: 'button button--primary button--large', href: this.#payUrl, 'data-key': 'next' }, label, icon('arrow', 'icon--directional'));
    const events = this.#events;
    let actions;
    if (!hold) actions = [button(words.basket.hold(count), 'next', events.hold, true, count === 0 || this.#closed)];
    else if (hold.status === 'paying') actions = [link(words.basket.back)];
    else if (changed && count === 0) actions = [button(words.basket.undoChanges, 'undo', events.undo, false), button(words.basket.release, 'next', events.release, true)];
    else if (changed) actions = [button(words.basket.undoChanges, 'undo', events.undo, false), button(words.basket.change, 'next', events.change, true)];
    else actions = [link(words.basket.pay)];
    this.#actions.replaceChildren(...actions);
  }

  #showDetails(cart) {
    const { hold, count } = cart;
    const visible = this.#open && (count > 0 || hold !== null);
    this.#details.hidden = !visible;
    if (!visible) return this.#details.replaceChildren();
    const editable = hold?.status !== 'paying';
    const seats = [...cart.own, ...cart.chosen].map((seat) => this.#seatItem(cart, seat, editable));
    const areas = [...cart.areas].map(([name, quantity]) =>
      this.#item(`area-${name}`, words.basket.quantity(name, quantity), '', cart.areaPrice(name) * quantity, false,
        editable ? () => this.#events.dropArea(name) : null),
    );
    const tools = hold?.status === 'active' && h('div', { class: 'basket__tools cluster' },
      this.#canExtend && this.#tool(words.basket.extend, 'extend', this.#events.extend),
      this.#tool(words.basket.release, 'release', this.#events.release));
    this.#details.replaceChildren(
      h('h2', { class: 'panel-title' }, words.basket.title),
      h('ul', { class: 'basket__list', role: 'list' }, seats, areas),
      ...(tools ? [tools] : []),
    );
  }

  #tool(label, key, run) {
    const button = h('button', { type: 'button', class: 'button button--small', 'data-key': key }, label);
    button.addEventListener('click', () => whileBusy(button, run));
    return button;
  }

  #seatItem(cart, seat, editable) {
    const seen = describeSeat(this.#chart, seat);
    const givingBack = cart.givingBack.has(seat);
    const hint = givingBack ? words.map.givingBack : cart.own.has(seat) ? words.map.own : words.map.chosen;
    return this.#item(`seat-${seat}`, words.seat(seen), `${seen.category} · ${hint}`, cart.priceOf(seat), givingBack,
      editable ? () => this.#events.toggle(seat) : null);
  }

  #item(key, title, hint, price, struck, toggle) {
    const label = struck ? words.basket.undo(title) : words.basket.remove(title);
    return h(
      'li',
      { class: 'basket__item', 'data-struck': struck ? 'true' : null },
      h('span', { class: 'basket__what' }, h('span', { dir: 'auto' }, title), h('span', { class: 'muted small' }, hint)),
      h('span', { class: 'number basket__price' }, formatPrice(price, this.#currency)),
      toggle && h('button', { type: 'button', class: 'basket__remove', 'data-key': key, 'aria-label': label, title: label, onclick: toggle },
        icon(struck ? 'back' : 'cross')),
    );
  }
}
