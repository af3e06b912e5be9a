/**
 * What part of the plan the window shows: a centre in the plan's units and a scale in CSS pixels a
 * unit. Moves at once, glides after a swipe, or flies to a target; where people ask for reduced
 * motion it never glides or flies. Draws nothing and knows no clock: time is handed in.
 */

/** A glide loses this share of its speed each millisecond. */
const FRICTION_PER_MS = 0.0045;
/** Slower than this, in pixels a millisecond, is standing. */
const GLIDE_SPEED_MIN = 0.02;
const FLIGHT_MS = 320;
/** Pixels kept free around what is fitted into the window. */
const FIT_PADDING = 28;

/**
 * @typedef {import('./chart.js').Box} Box
 * @typedef {{ x: number, y: number, scale: number }} View
 */

/**
 * @param {Box} box
 * @param {{ width: number, height: number }} window in CSS pixels
 * @param {number} [padding] in CSS pixels
 * @returns {View} shows the whole box, centred
 */
export function fitView(box, window, padding = FIT_PADDING) {
  const width = Math.max(1, window.width - 2 * padding);
  const height = Math.max(1, window.height - 2 * padding);
  const scale = Math.min(width / Math.max(box.x1 - box.x0, 1e-6), height / Math.max(box.y1 - box.y0, 1e-6));
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, scale };
}

/** Fast at first, then soft. @param {number} part 0 to 1 */
export function ease(part) {
  return 1 - (1 - part) ** 3;
}

export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  scaleMin = 0.001;
  scaleMax = 1000;
  reducedMotion = false;
  /** @type {Box} */
  #box = { x0: 0, y0: 0, x1: 1, y1: 1 };
  /** @type {{ from: View, to: View, start: number | null } | null} */
  #flight = null;
  /** @type {{ x: number, y: number, at: number | null } | null} */
  #glide = null;

  /**
   * @param {Box} box of the whole plan
   * @param {number} scaleMax
   */
  setWorld(box, scaleMax) {
    this.#box = box;
    this.scaleMax = scaleMax;
    this.#setScaleMin();
  }

  /**
   * The middle of the window stays where it is.
   *
   * @param {number} width CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.#setScaleMin();
    this.#clamp();
  }

  #setScaleMin() {
    const fit = fitView(this.#box, this).scale;
    this.scaleMax = Math.max(this.scaleMax, fit);
    this.scaleMin = Math.min(fit * 0.85, this.scaleMax);
  }

  /** The scale that shows everything. */
  get scaleOfAll() {
    return fitView(this.#box, this).scale;
  }

  /** @returns {View} */
  get view() {
    return { x: this.x, y: this.y, scale: this.scale };
  }

  toScreenX(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  toScreenY(y) {
    return (y - this.y) * this.scale + this.height / 2;
  }

  toWorldX(screenX) {
    return (screenX - this.width / 2) / this.scale + this.x;
  }

  toWorldY(screenY) {
    return (screenY - this.height / 2) / this.scale + this.y;
  }

  /** @param {number} [margin] CSS pixels more on each side @returns {Box} */
  visibleBox(margin = 0) {
    return {
      x0: this.toWorldX(-margin),
      y0: this.toWorldY(-margin),
      x1: this.toWorldX(this.width + margin),
      y1: this.toWorldY(this.height + margin),
    };
  }

  /** @param {number} dx CSS pixels that the plan moves @param {number} dy */
  panBy(dx, dy) {
    this.stop();
    this.#shift(dx, dy);
  }

  /**
   * @param {number} factor above 1: nearer
   * @param {number} screenX stays under the same point
   * @param {number} screenY
   */
  zoomAt(factor, screenX, screenY) {
    this.stop();
    const [x, y] = [this.toWorldX(screenX), this.toWorldY(screenY)];
    this.scale = this.#within(this.scale * factor);
    this.x = x - (screenX - this.width / 2) / this.scale;
    this.y = y - (screenY - this.height / 2) / this.scale;
    this.#clamp();
  }

  /** @param {View} view @param {boolean} [animate] */
  moveTo(view, animate = true) {
    this.stop();
    const to = { ...view, scale: this.#within(view.scale) };
    if (!animate || this.reducedMotion) return this.#set(to);
    this.#flight = { from: this.view, to, start: null };
  }

  /** @param {Box} box @param {boolean} [animate] @param {number} [padding] */
  fit(box = this.#box, animate = true, padding = FIT_PADDING) {
    this.moveTo(fitView(box, this, padding), animate);
  }

  /** @param {number} speedX CSS pixels a millisecond @param {number} speedY */
  glide(speedX, speedY) {
    if (this.reducedMotion || Math.hypot(speedX, speedY) < GLIDE_SPEED_MIN * 4) return;
    this.#glide = { x: speedX, y: speedY, at: null };
  }

  stop() {
    this.#flight = null;
    this.#glide = null;
  }

  get moving() {
    return this.#flight !== null || this.#glide !== null;
  }

  /** Goes on to this moment. @param {number} now in ms */
  advance(now) {
    if (this.#flight) this.#advanceFlight(this.#flight, now);
    else if (this.#glide) this.#advanceGlide(this.#glide, now);
  }

  #advanceFlight(flight, now) {
    flight.start ??= now;
    const part = Math.min(1, (now - flight.start) / FLIGHT_MS);
    const { from, to } = flight;
    if (part === 1) {
      this.#flight = null;
      return this.#set(to);
    }
    const eased = ease(part);
    // The scale moves in even steps of its logarithm; the centre moves so that the way looks straight.
    const scale = from.scale * (to.scale / from.scale) ** eased;
    const share = from.scale === to.scale ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
    this.#set({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, scale });
  }

  #advanceGlide(glide, now) {
    if (glide.at === null) {
      glide.at = now;
      return;
    }
    const passed = Math.min(64, Math.max(0, now - glide.at));
    glide.at = now;
    this.#shift(glide.x * passed, glide.y * passed);
    const kept = Math.exp(-FRICTION_PER_MS * passed);
    glide.x *= kept;
    glide.y *= kept;
    if (Math.hypot(glide.x, glide.y) < GLIDE_SPEED_MIN) this.#glide = null;
  }

  #shift(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#clamp();
  }

  #set({ x, y, scale }) {
    this.x = x;
    this.y = y;
    this.scale = scale;
    this.#clamp();
  }

  #within(scale) {
    return Math.min(this.scaleMax, Math.max(this.scaleMin, scale));
  }

  /** The middle of the window never leaves the plan. */
  #clamp() {
    this.x = Math.min(this.#box.x1, Math.max(this.#box.x0, this.x));
    this.y = Math.min(this.#box.y1, Math.max(this.#box.y0, this.y));
  }
}
