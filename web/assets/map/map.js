/**
 * The seat map: a canvas that people pan, zoom and tap, with buttons and keys for all of it.
 *
 * It shows what it is told and tells what was tapped; what a tap means is decided outside. The list
 * beside it (`list.js`) has the same powers for those who do not see or point.
 */

import { announce } from '../lib/announce.js';
import { h } from '../lib/dom.js';
import { formatPrice } from '../lib/money.js';
import { Camera } from './camera.js';
import { describeSeat, STATE_FREE } from './chart.js';
import { listenToGestures } from './gestures.js';
import { listenToKeys } from './keyboard.js';
import { MARK_CHOSEN, MARK_GIVING_BACK, MARK_OWN } from './marks.js';
import { readPalette } from './palette.js';
import { Renderer } from './renderer.js';
import { SpatialIndex } from './spatial.js';
import { boxWithStage, findStage } from './stage.js';
import { Tooltip } from './tooltip.js';
import { words } from './words.js';

/** CSS pixels between seats at the nearest. */
const PITCH_MAX = 56;
/** CSS pixels between seats from which on a tap chooses: a finger needs more than a mouse. */
const PITCH_TAP_TOUCH = 18;
const PITCH_TAP_MOUSE = 9;
/** CSS pixels between seats after a tap far out. */
const PITCH_AFTER_TAP = 26;
const PITCH_AFTER_TOUCH = 34;
/** CSS pixels: a tap far out means seats that are at most so far away. */
const TAP_REACH = 48;
/** A finger leaves, and so does what it was told. */
const TOUCH_TOOLTIP_MS = 2_500;
const ZOOM_STEP = 1.7;

const MARK_NAMES = new Map([
  [MARK_CHOSEN, words.map.chosen],
  [MARK_OWN, words.map.own],
  [MARK_GIVING_BACK, words.map.givingBack],
]);

/**
 * @param {HTMLElement} container sized by the page
 * @param {object} options
 * @param {import('./chart.js').SeatChart} options.chart
 * @param {Record<string, number>} options.prices minor units by category
 * @param {string} options.currency
 * @param {string} options.name the event's
 * @param {(seat: number) => void} options.onToggle
 * @param {(seat: number) => void} [options.onHover] -1: none
 */
export function createSeatMap(container, options) {
  return new SeatMap(container, options);
}

class SeatMap {
  #renderer;
  #camera = new Camera();
  #tooltip = new Tooltip();
  #scene;
  #options;
  #surface;
  /** Nobody has moved the view yet: it keeps showing everything while the page takes shape. */
  #untouched = true;
  #tooltipSeat = -1;

  constructor(container, options) {
    this.#options = options;
    const { chart } = options;
    this.#scene = {
      chart,
      index: new SpatialIndex(chart.x, chart.y),
      stage: findStage(chart),
      states: new Uint8Array(chart.count),
      palette: readPalette(container, chart.categories),
      dimmed: new Uint8Array(chart.categories.length),
      seatMarks: new Map(),
      hovered: -1,
      cursor: -1,
      zoneFree: new Uint32Array(chart.zones.length),
      rowPitch: 1,
      font: getComputedStyle(container).fontFamily,
    };
    this.#surface = this.#build(container);
    this.#camera.setWorld(widen(boxWithStage(chart, this.#scene.stage), chart.pitch), PITCH_MAX / chart.pitch);
    this.#renderer = new Renderer(this.#surface, this.#camera, this.#scene);
    this.#listen(container);
  }

  /** What a test or a benchmark steers. */
  get camera() {
    return this.#camera;
  }

  /** The colours in use, for the legend and the list. */
  get palette() {
    return this.#scene.palette;
  }

  /** The camera was moved from outside. */
  refresh() {
    this.#renderer.request();
  }

  /** @param {Uint8Array} states one a seat; kept, so that `applyChanges` finds them changed */
  setStates(states) {
    this.#scene.states = states;
    this.#countFree();
    this.#renderer.statesReplaced();
  }

  /** @param {ArrayLike<number>} seats whose state in the array is another now */
  applyChanges(seats) {
    if (seats.length === 0) return;
    this.#countFree();
    this.#renderer.statesChanged(seats);
  }

  /** @param {Map<number, number>} seatMarks the buyer's seats: `MARK_CHOSEN`, `MARK_OWN`, `MARK_GIVING_BACK` */
  setChosen(seatMarks) {
    this.#scene.seatMarks = seatMarks;
    if (this.#tooltipSeat >= 0) this.#showTooltip(this.#tooltipSeat);
    this.#renderer.request();
  }

  /** @param {(category: string) => boolean} shown categories that the buyer's filter leaves out fade */
  setFilter(shown) {
    const dimmed = Uint8Array.from(this.#scene.chart.categories, ({ name }) => (shown(name) ? 0 : 1));
    if (dimmed.every((value, at) => value === this.#scene.dimmed[at])) return;
    this.#scene.dimmed = dimmed;
    this.#renderer.repaint();
  }

  showAll() {
    this.#untouched = true;
    this.#camera.fit();
    this.#renderer.request();
  }

  /** @param {number} zone */
  showZone(zone) {
    const { chart } = this.#scene;
    this.#untouched = false;
    this.#camera.fit(widen(chart.zones[zone].box, chart.pitch));
    this.#renderer.request();
  }

  /** @param {Iterable<number>} seats */
  showSeats(seats) {
    const { chart } = this.#scene;
    const list = [...seats];
    if (list.length === 0) return;
    const xs = list.map((seat) => chart.x[seat]);
    const ys = list.map((seat) => chart.y[seat]);
    const middle = { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
    const width = Math.max(...xs) - Math.min(...xs) + chart.pitch * 8;
    const height = Math.max(...ys) - Math.min(...ys) + chart.pitch * 8;
    const scale = Math.min(this.#camera.width / width, this.#camera.height / height, PITCH_AFTER_TAP / chart.pitch);
    this.#untouched = false;
    this.#camera.moveTo({ ...middle, scale });
    this.#renderer.request();
  }

  #build(container) {
    const { chart, name } = this.#options;
    const help = h('p', { class: 'visually-hidden', id: 'map-help' }, words.map.help);
    const surface = /** @type {HTMLCanvasElement} */ (
      h('canvas', {
        class: 'map__canvas',
        tabindex: '0',
        role: 'application',
        'aria-roledescription': words.map.role,
        'aria-label': words.map.name(name, chart.count),
        'aria-describedby': 'map-help',
      })
    );
    const zoom = (factor) => () => {
      const { camera } = this;
      const view = camera.view;
      this.#untouched = false;
      camera.moveTo({ ...view, scale: view.scale * factor });
      this.#renderer.request();
    };
    const button = (label, path, onclick) =>
      h('button', { type: 'button', class: 'map__button', 'aria-label': label, title: label, onclick }, drawing(path));
    const buttons = h(
      'div',
      { class: 'map__buttons' },
      button(words.map.zoomIn, 'M12 6v12 M6 12h12', zoom(ZOOM_STEP)),
      button(words.map.zoomOut, 'M6 12h12', zoom(1 / ZOOM_STEP)),
      button(words.map.whole, 'M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5', () => this.showAll()),
    );
    container.replaceChildren(surface, this.#tooltip.element, buttons, help);
    return surface;
  }

  #listen(container) {
    const moved = () => {
      this.#untouched = false;
      this.#hideTooltip();
      this.#renderer.request();
    };
    listenToGestures(this.#surface, this.#camera, {
      moved,
      tapped: (x, y, touch) => this.#tap(x, y, touch),
      hovered: (x, y) => this.#hover(x, y),
      left: () => this.#leave(),
    });
    listenToKeys(this.#surface, this.#camera, this.#scene, {
      moved: () => {
        this.#untouched = false;
        if (this.#scene.cursor < 0) this.#hideTooltip();
        this.#renderer.request();
      },
      cursorMoved: (seat) => this.#tell(seat),
      toggled: (seat) => this.#options.onToggle(seat),
    });
    const motion = matchMedia('(prefers-reduced-motion: reduce)');
    const followMotion = () => (this.#camera.reducedMotion = motion.matches);
    motion.addEventListener('change', followMotion);
    followMotion();
    for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
      matchMedia(query).addEventListener('change', () => {
        this.#scene.palette = readPalette(container, this.#scene.chart.categories);
        this.#renderer.repaint();
      });
    }
    new ResizeObserver(() => this.#resize(container)).observe(container);
    this.#resize(container);
  }

  #resize(container) {
    const { clientWidth: width, clientHeight: height } = container;
    // A hidden tab has no size; the view is kept for when it comes back.
    if (width === 0 || height === 0) return;
    this.#renderer.resize(width, height, globalThis.devicePixelRatio || 1);
    if (this.#untouched) this.#camera.fit(undefined, false);
  }

  #countFree() {
    const { chart, states, zoneFree } = this.#scene;
    zoneFree.fill(0);
    for (let seat = 0; seat < chart.count; seat += 1) if (states[seat] === STATE_FREE) zoneFree[chart.zone[seat]] += 1;
  }

  get #pitch() {
    return this.#scene.chart.pitch * this.#camera.scale;
  }

  #seatAt(x, y, reach) {
    const { index, chart } = this.#scene;
    return index.nearest(this.#camera.toWorldX(x), this.#camera.toWorldY(y), chart.pitch * reach);
  }

  #tap(x, y, touch) {
    if (this.#pitch >= (touch ? PITCH_TAP_TOUCH : PITCH_TAP_MOUSE)) {
      const seat = this.#seatAt(x, y, 0.62);
      if (seat < 0) return;
      this.#options.onToggle(seat);
      if (touch) this.#showTooltipBriefly(seat);
      return;
    }
    const [worldX, worldY] = [this.#camera.toWorldX(x), this.#camera.toWorldY(y)];
    // Nobody wants to be taken to where nothing is.
    if (this.#scene.index.nearest(worldX, worldY, TAP_REACH / this.#camera.scale) < 0) return;
    const scale = (touch ? PITCH_AFTER_TOUCH : PITCH_AFTER_TAP) / this.#scene.chart.pitch;
    this.#untouched = false;
    this.#camera.moveTo({ x: worldX, y: worldY, scale });
    this.#hideTooltip();
    this.#renderer.request();
  }

  #hover(x, y) {
    const far = this.#pitch < PITCH_TAP_MOUSE;
    const seat = this.#seatAt(x, y, far ? 2.5 : 0.62);
    this.#surface.dataset.over = seat < 0 ? 'ground' : far ? 'zone' : 'seat';
    if (far) {
      if (seat >= 0) this.#showZoneTooltip(this.#scene.chart.zone[seat], x, y);
      else this.#hideTooltip();
    }
    if (seat === this.#scene.hovered || far) return;
    this.#scene.hovered = seat;
    this.#options.onHover?.(seat);
    this.#renderer.request();
    if (seat >= 0) this.#showTooltip(seat);
    else this.#hideTooltip();
  }

  #leave() {
    this.#hideTooltip();
    if (this.#scene.hovered < 0) return;
    this.#scene.hovered = -1;
    this.#options.onHover?.(-1);
    this.#renderer.request();
  }

  #stateName(seat) {
    const mark = this.#scene.seatMarks.get(seat);
    return (mark !== undefined && MARK_NAMES.get(mark)) || words.stateName(this.#scene.states[seat]);
  }

  #price(category) {
    const price = this.#options.prices[category];
    return price === undefined ? '' : formatPrice(price, this.#options.currency);
  }

  #hideTooltip() {
    this.#tooltipSeat = -1;
    this.#tooltip.hide();
  }

  #showTooltipBriefly(seat) {
    this.#showTooltip(seat);
    setTimeout(() => this.#tooltipSeat === seat && this.#hideTooltip(), TOUCH_TOOLTIP_MS);
  }

  #showTooltip(seat) {
    this.#tooltipSeat = seat;
    const { chart, palette } = this.#scene;
    const seen = describeSeat(chart, seat);
    const [x, y] = [this.#camera.toScreenX(chart.x[seat]), this.#camera.toScreenY(chart.y[seat])];
    const lines = [`${this.#price(seen.category)} · ${seen.category}`, [this.#stateName(seat), ...words.seatFlags(seen)].join(' · ')];
    const content = { title: words.seat(seen), lines, swatch: palette.categories[chart.category[seat]].fill };
    this.#tooltip.show(content, x, y, this.#camera);
  }

  #showZoneTooltip(zone, x, y) {
    const { chart, palette, zoneFree } = this.#scene;
    const { name, anchor } = chart.zones[zone];
    const lines = [words.free(zoneFree[zone]), words.map.tapHint];
    this.#tooltip.show({ title: name, lines, swatch: palette.categories[chart.category[anchor]].fill }, x, y, this.#camera);
  }

  #tell(seat) {
    const seen = describeSeat(this.#scene.chart, seat);
    announce([words.seat(seen), this.#stateName(seat), this.#price(seen.category), ...words.seatFlags(seen)].join(', '));
    this.#showTooltip(seat);
  }
}

function widen(box, by) {
  return { x0: box.x0 - by, y0: box.y0 - by, x1: box.x1 + by, y1: box.y1 + by };
}

const SVG = 'http://www.w3.org/2000/svg';

function drawing(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}
