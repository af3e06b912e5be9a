/** The seat page: choose on the map, in the list or by "best available", hold, go on to pay. */

import { announce, byId, formatPrice, formatShortMoment, h, HoldfastError, holdfast, kept, notice, serverNow } from './common.js';
import { checkoutUrl } from './lib/own-hold.js';
import { ownPass } from './lib/own-pass.js';
import { showAreas } from './map/areas.js';
import { Basket } from './map/basket.js';
import { createBestPanel } from './map/best.js';
import { Cart } from './map/cart.js';
import { describeSeat, parseChart, STATE_FREE, STATE_HELD } from './map/chart.js';
import { keepChoice, keptChoice } from './map/choice.js';
import { Feed } from './map/feed.js';
import { Holding } from './map/holding.js';
import { showLegend } from './map/legend.js';
import { createSeatList } from './map/list.js';
import { createSeatMap } from './map/map.js';
import { createPanels } from './map/panels.js';
import { watchSale } from './map/sale-notice.js';
import { words } from './map/words.js';

const slug = decodeURIComponent(location.pathname.split('/')[2] ?? '');

async function start() {
  try {
    const [event, chart] = await Promise.all([holdfast.event(slug), holdfast.chart(slug)]);
    // What follows from a hold needs only its token.
    const needsTurn = event.queue.enabled && !ownPass(event.id, serverNow()) && !kept(event.id, 'hold');
    if (needsTurn) return location.replace(`/events/${encodeURIComponent(event.slug)}/queue`);
    showHead(event);
    const page = new SeatPage(event, parseChart(chart));
    await page.start();
    byId('seats').removeAttribute('aria-busy');
  } catch (error) {
    showFailure(error);
  }
}

function showHead(event) {
  document.title = `${words.page.title(event.name)} · Holdfast`;
  byId('event-name').textContent = event.name;
  byId('event-when').replaceChildren(h('time', { datetime: event.starts_at }, formatShortMoment(event.starts_at)));
  byId('event-link').setAttribute('href', `/events/${encodeURIComponent(event.slug)}`);
}

function showFailure(error) {
  const unknown = error instanceof HoldfastError && error.status === 404;
  const again = h('button', { type: 'button', class: 'button', onclick: () => location.reload() }, words.page.again);
  byId('seats').hidden = true;
  byId('failure').hidden = false;
  byId('failure').replaceChildren(notice('bad', h('p', null, unknown ? words.page.unknown : words.page.failed), !unknown && again));
  if (!(error instanceof HoldfastError)) throw error;
}

class SeatPage {
  #event;
  #chart;
  #cart;
  #feed;
  #basket;
  #holding;
  #map = null;
  #list = null;
  #best;
  #panels;
  /** @type {string | null} */
  #closed = null;
  #extended = 0;
  /** From here on the choice is kept; before, the former one is still to be read. */
  #choiceIsKept = false;

  constructor(event, chart) {
    this.#event = event;
    this.#chart = chart;
    this.#cart = new Cart(chart, event.prices, event.sale.max_per_customer);
    this.#feed = new Feed(holdfast, event.id, chart, {
      onStates: (states) => this.#takeStates(states),
      onChanges: (seats) => this.#takeChanges(seats),
      onAreas: () => this.#showAreas(),
      onStatus: (status) => this.#showStatus(status),
    });
    this.#basket = new Basket(byId('basket'), {
      chart,
      currency: event.currency,
      now: serverNow,
      events: {
        hold: () => this.#holding.hold(),
        change: () => this.#holding.change(),
        release: () => this.#holding.release(),
        extend: () => this.#extend(),
        undo: () => {
          this.#cart.undo();
          this.#show();
        },
        ended: () => this.#holding.expire(),
        toggle: (seat) => this.#toggle(seat),
        dropArea: (name) => this.#setArea(name, 0),
      },
    });
    this.#holding = new Holding({
      holdfast,
      event,
      chart,
      cart: this.#cart,
      feed: this.#feed,
      basket: this.#basket,
      changed: () => this.#show(),
      taken: (seats) => this.#markTaken(seats),
    });
    this.#best = createBestPanel(byId('best'), {
      chart,
      prices: event.prices,
      currency: event.currency,
      limit: event.sale.max_per_customer,
      onFind: (wish) => this.#findBest(wish),
      onGiveBack: () => this.#holding.release(),
    });
    this.#build();
  }

  async start() {
    watchSale(this.#event, serverNow, (why) => this.#setClosed(why));
    this.#show();
    const former = keptChoice(this.#event.id);
    await Promise.all([this.#feed.start(), this.#holding.restore()]);
    this.#restoreChoice(former);
    if (this.#cart.own.size > 0) this.#map?.showSeats(this.#cart.own);
    // Back, another tab, or the phone out of the pocket: ask what is held now.
    window.addEventListener('pageshow', ({ persisted }) => persisted && this.#holding.restore());
    window.addEventListener('storage', ({ key }) => {
      if (key === `holdfast:${this.#event.id}:hold` && !this.#holding.busy) this.#holding.restore();
    });
  }

  #build() {
    const { prices, currency, name } = this.#event;
    const chart = this.#chart;
    const seated = chart.count > 0;
    for (const id of ['tab-map', 'tab-list']) byId(id).hidden = !seated;
    byId('panel-map').hidden = !seated;
    byId('list').hidden = !seated;
    byId('seats').dataset.seated = String(seated);
    this.#panels = createPanels(byId('tabs'), seated ? 'panel-map' : 'panel-best');
    if (!seated) return;
    const onToggle = (seat) => this.#toggle(seat);
    this.#map = createSeatMap(byId('map'), { chart, prices, currency, name, onToggle });
    this.#list = createSeatList(byId('list'), {
      chart,
      prices,
      currency,
      onToggle,
      onShowZone: (zone) => {
        this.#panels.show('panel-map');
        this.#map.showZone(zone);
      },
      onFilter: (shown) => this.#map.setFilter(shown),
    });
    this.#showColours();
    for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
      matchMedia(query).addEventListener('change', () => this.#showColours());
    }
  }

  #showColours() {
    const { prices, currency } = this.#event;
    const { palette } = this.#map;
    showLegend(byId('legend'), { chart: this.#chart, prices, currency, palette });
    this.#list.setPalette(palette);
  }

  #toggle(seat) {
    const done = this.#cart.toggle(seat, this.#feed.states[seat]);
    const seen = words.seat(describeSeat(this.#chart, seat));
    const total = formatPrice(this.#cart.total, this.#event.currency);
    switch (done) {
      case 'chosen':
      case 'kept':
        announce(words.basket.chosenSeat(seen, total));
        break;
      case 'removed':
      case 'giving_back':
        announce(words.basket.removedSeat(seen, total));
        break;
      case 'limit':
        this.#basket.tell('warn', '', words.limitChosen(this.#cart.limit));
        break;
      case 'paying':
        this.#basket.tell('info', '', words.refusal.hold_in_payment());
        break;
      case 'unavailable':
        announce(`${seen}: ${words.stateName(this.#feed.states[seat])}`);
    }
    this.#show();
  }

  #setArea(name, quantity) {
    this.#cart.setArea(name, quantity);
    this.#show();
  }

  async #findBest(wish) {
    await this.#holding.holdBest(wish);
    if (this.#cart.own.size === 0) return;
    this.#panels.show('panel-map');
    this.#map?.showSeats(this.#cart.own);
  }

  async #extend() {
    const before = this.#cart.hold?.expires_at;
    await this.#holding.extend();
    if (this.#cart.hold?.expires_at !== before) this.#extended += 1;
    this.#show();
  }

  #takeStates(states) {
    this.#map?.setStates(states);
    this.#list?.setStates(states);
    this.#dropTaken();
  }

  #takeChanges(seats) {
    this.#map?.applyChanges(seats);
    this.#list?.applyChanges(seats);
    this.#dropTaken();
  }

  /**
   * What was chosen before a refresh; what others have taken since is told.
   *
   * @param {import('./map/choice.js').Choice} former
   */
  #restoreChoice({ seats = [], areas = [] }) {
    const cart = this.#cart;
    const { states } = this.#feed;
    const known = seats.map((label) => this.#chart.indexByLabel.get(label)).filter((seat) => seat !== undefined);
    const open = known.filter((seat) => !cart.own.has(seat) && !cart.chosen.has(seat));
    const taken = open.filter((seat) => states[seat] !== STATE_FREE);
    for (const seat of open) cart.toggle(seat, states[seat]);
    if (!cart.hold) for (const { name, quantity } of areas) cart.setArea(name, quantity);
    this.#choiceIsKept = true;
    if (taken.length > 0) this.#holding.tellChoiceTaken(taken);
    this.#show();
  }

  /** The server said so before the map did. */
  #markTaken(seats) {
    for (const seat of seats) this.#feed.states[seat] = STATE_HELD;
    this.#map?.applyChanges(seats);
    this.#list?.applyChanges(seats);
  }

  /** A chosen seat went to somebody else while the buyer was still choosing: said at once. */
  #dropTaken() {
    // While our own hold is on its way, seats become held by us.
    if (this.#holding.busy) return;
    const taken = this.#cart.dropTaken(this.#feed.states);
    if (taken.length === 0) return;
    this.#holding.tellChoiceTaken(taken);
    this.#show();
  }

  #setClosed(why) {
    this.#closed = why;
    byId('sale-notice').hidden = why === null;
    byId('sale-notice').replaceChildren(...(why === null ? [] : [notice('info', h('p', null, why))]));
    this.#show();
  }

  #showStatus(status) {
    const chip = byId('status');
    chip.dataset.status = status;
    chip.textContent = words.status[status];
  }

  #show() {
    const cart = this.#cart;
    if (this.#choiceIsKept) keepChoice(this.#event.id, cart.hold ? { seats: cart.wish().seats } : cart.wish());
    const marks = cart.marks();
    this.#map?.setChosen(marks);
    this.#list?.setChosen(marks);
    this.#best.setState({ held: cart.hold !== null, closed: this.#closed !== null });
    this.#basket.show(cart, {
      payUrl: this.#payUrl(),
      canExtend: this.#holding.extensionsLeft && this.#extended < this.#event.sale.extensions,
      closed: this.#closed !== null,
    });
    this.#showAreas();
  }

  #payUrl() {
    const { hold } = this.#cart;
    if (!hold) return '';
    const order = hold.status === 'paying' ? kept(this.#event.id, 'order') : null;
    return order?.id ? `/orders/${encodeURIComponent(order.id)}` : checkoutUrl(hold);
  }

  #showAreas() {
    showAreas(byId('areas'), {
      chart: this.#chart,
      prices: this.#event.prices,
      currency: this.#event.currency,
      free: this.#feed.areas,
      cart: this.#cart,
      onChange: (name, quantity) => this.#setArea(name, quantity),
    });
  }
}

start();
