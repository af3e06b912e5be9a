/**
 * Paints a window of the plan at one scale. Far out, rows are bars whose colour says how much is
 * free; nearer, seats are squares; near, each seat has the mark of its state.
 *
 * Reads the scene, keeps nothing but sheets of marks. What is the buyer's own is not painted here
 * but above, each frame.
 */

import { FLAG_ACCESSIBLE, FLAG_COMPANION, STATE_FREE } from './chart.js';
import { MarkSheet } from './marks.js';
import { mix } from './palette.js';
import { pixelOf, Raster } from './raster.js';

/** CSS pixels between two seats from which on rows are told apart, seats are squares, marks, numbered. */
const PITCH_ROWS = 2.2;
export const PITCH_SQUARES = 3;
export const PITCH_MARKS = 7;
export const PITCH_ROW_NAMES = 11;
/** From here on the ground under the seats is drawn with an edge. */
const PITCH_EDGES = 11;
/** Width of the ground under a row, in distances of rows: it meets the next row's. */
const PAD_ROWS = 1.3;
export const PITCH_NUMBERS = 21;

/** A seat's radius in pitches. */
export const SEAT_RADIUS = 0.42;
/** Steps in which a bar fades from free to taken: few, so that bars of one colour go as one path. */
const SHARE_STEPS = 6;
const SHEETS_MAX = 8;

/**
 * @typedef {object} Scene
 * @property {import('./chart.js').SeatChart} chart
 * @property {import('./spatial.js').SpatialIndex} index
 * @property {Uint8Array} states
 * @property {import('./palette.js').Palette} palette
 * @property {Uint8Array} dimmed 1 for a category that the buyer's filter leaves out
 * @property {number} rowPitch
 * @property {string} font family
 */

/**
 * The usual distance of rows: how wide the ground under a row must be to meet the next one's.
 *
 * @param {import('./chart.js').SeatChart} chart
 * @returns {number} between 1 and 1.7 pitches
 */
export function usualRowPitch(chart) {
  const distances = [];
  const step = Math.max(1, Math.floor(chart.rows.length / 200));
  for (let at = 0; at + 1 < chart.rows.length; at += step) {
    const [row, next] = [chart.rows[at], chart.rows[at + 1]];
    if (row.zone !== next.zone || row.seats.length === 0) continue;
    const from = row.seats[row.seats.length >> 1];
    let nearest = Infinity;
    for (const to of next.seats) {
      nearest = Math.min(nearest, Math.hypot(chart.x[to] - chart.x[from], chart.y[to] - chart.y[from]));
    }
    if (nearest < Infinity) distances.push(nearest);
  }
  distances.sort((left, right) => left - right);
  const usual = (distances[distances.length >> 1] || 0) / chart.pitch;
  // Rows far apart, tables for one, stand each on its own ground.
  return chart.pitch * (usual > 1.7 || usual === 0 ? 1.25 : Math.max(1, usual));
}

export class Painter {
  /** @type {Map<string, MarkSheet>} */
  #sheets = new Map();
  /** @type {Float32Array} corners of every block of neighbours */
  #boxes;
  /** @type {{ seats: Uint32Array, from: number, to: number, row: number }[]} */
  #blocks = [];
  /** @type {Raster | null} */
  #raster = null;
  /** @type {number[]} */
  #barPixels = [];

  /** @param {Scene} scene */
  constructor(scene) {
    this.scene = scene;
    const { chart } = scene;
    chart.rows.forEach(({ seats, blocks }, row) => {
      for (const [from, to] of blocks) this.#blocks.push({ seats, from, to, row });
    });
    this.#boxes = new Float32Array(this.#blocks.length * 4);
    this.#blocks.forEach(({ seats, from, to }, block) => {
      let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let place = from; place < to; place += 1) {
        const [x, y] = [chart.x[seats[place]], chart.y[seats[place]]];
        [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
      }
      this.#boxes.set([x0, y0, x1, y1], block * 4);
    });
    this.#mixBars();
  }

  /** Colours changed. */
  forgetColours() {
    this.#sheets.clear();
    this.#mixBars();
  }

  /**
   * @param {OffscreenCanvasRenderingContext2D} context its origin at the window's upper left corner
   * @param {number} left device pixels of the plan's origin: `x * scale - left` is where x lies
   * @param {number} top
   * @param {number} size of the square window, device pixels
   * @param {number} scale device pixels a unit
   * @param {number} ratio device pixels a CSS pixel
   */
  paint(context, left, top, size, scale, ratio) {
    const { palette, chart, rowPitch } = this.scene;
    const pitch = (chart.pitch * scale) / ratio;
    const margin = rowPitch * 2.5;
    const box = {
      x0: left / scale - margin,
      y0: top / scale - margin,
      x1: (left + size) / scale + margin,
      y1: (top + size) / scale + margin,
    };
    const at = { left, top, scale, ratio, pitch };
    const blocks = this.#blocksIn(box);
    if (pitch < PITCH_EDGES) {
      const raster = this.#rasterPads(at, blocks, size);
      if (pitch < PITCH_SQUARES) this.#rasterBars(raster, at, blocks);
      else if (pitch < PITCH_MARKS) this.#rasterSquares(raster, at, blocks);
      raster.copyTo(context);
    } else {
      context.fillStyle = palette.ground;
      context.fillRect(0, 0, size, size);
      this.#paintPads(context, at, blocks);
    }
    if (pitch >= PITCH_MARKS) this.#paintMarks(context, at, box);
    if (pitch >= PITCH_ROW_NAMES) this.#paintRowNames(context, at, blocks);
  }

  #blocksIn(box) {
    const found = [];
    const boxes = this.#boxes;
    for (let block = 0, at = 0; block < this.#blocks.length; block += 1, at += 4) {
      if (boxes[at] <= box.x1 && boxes[at + 2] >= box.x0 && boxes[at + 1] <= box.y1 && boxes[at + 3] >= box.y0) {
        found.push(this.#blocks[block]);
      }
    }
    return found;
  }

  /** Adds a line through a block's seats. */
  #trace(path, at, { seats, from, to }) {
    const { x, y } = this.scene.chart;
    for (let place = from; place < to; place += 1) {
      const px = x[seats[place]] * at.scale - at.left;
      const py = y[seats[place]] * at.scale - at.top;
      if (place === from) path.moveTo(px, py);
      // A single seat is a line, too, or nothing would be stroked.
      path.lineTo(place === from ? px + 0.01 : px, py);
    }
  }

  /** The ground under the seats, with a fine edge. */
  #paintPads(context, at, blocks) {
    const { palette, rowPitch } = this.scene;
    const path = new Path2D();
    for (const block of blocks) this.#trace(path, at, block);
    context.lineCap = 'round';
    context.lineJoin = 'round';
    const width = rowPitch * at.scale * PAD_ROWS;
    context.strokeStyle = palette.padEdge;
    context.lineWidth = width + 2 * at.ratio;
    context.stroke(path);
    context.strokeStyle = palette.pad;
    context.lineWidth = width;
    context.stroke(path);
  }

  /** The same ground from farther away. */
  #rasterPads(at, blocks, size) {
    const { chart, palette, rowPitch } = this.scene;
    this.#raster ??= new Raster(size);
    const raster = this.#raster;
    raster.begin(pixelOf(palette.groundRgb));
    const pixel = pixelOf(palette.padRgb);
    const spans = raster.spans((rowPitch * at.scale * PAD_ROWS) / 2);
    for (const { seats, from, to } of blocks) {
      for (let place = from; place < to; place += 1) {
        const seat = seats[place];
        raster.disc(chart.x[seat] * at.scale - at.left, chart.y[seat] * at.scale - at.top, spans, pixel);
      }
    }
    return raster;
  }

  #rasterBars(raster, at, blocks) {
    const { chart, states, dimmed, rowPitch } = this.scene;
    // Rows finer than two pixels would shimmer: they flow together into a block.
    const side = Math.max(1, (at.pitch < PITCH_ROWS ? rowPitch * 1.1 : chart.pitch) * at.scale);
    for (const { seats, from, to } of blocks) {
      let free = 0;
      for (let place = from; place < to; place += 1) if (states[seats[place]] === STATE_FREE) free += 1;
      // Any free seat shows; only a full row looks full.
      const level = Math.ceil((free / (to - from)) * SHARE_STEPS);
      for (let place = from; place < to; place += 1) {
        const seat = seats[place];
        const category = chart.category[seat];
        const pixel = this.#barPixels[category * (SHARE_STEPS + 1) + (dimmed[category] ? 0 : level)];
        raster.square(chart.x[seat] * at.scale - at.left, chart.y[seat] * at.scale - at.top, side, pixel);
      }
    }
  }

  #rasterSquares(raster, at, blocks) {
    const { chart, states, dimmed, palette } = this.scene;
    const pitch = chart.pitch * at.scale;
    const taken = pixelOf(palette.soldRgb);
    const free = palette.categories.map(({ rgb }) => pixelOf(rgb));
    for (const { seats, from, to } of blocks) {
      for (let place = from; place < to; place += 1) {
        const seat = seats[place];
        const category = chart.category[seat];
        const x = chart.x[seat] * at.scale - at.left;
        const y = chart.y[seat] * at.scale - at.top;
        // Taken seats are smaller too: colour is not the only sign.
        if (states[seat] === STATE_FREE && !dimmed[category]) raster.square(x, y, pitch * 0.76, free[category]);
        else raster.square(x, y, pitch * 0.38, taken);
      }
    }
  }

  /** The colours of a bar by category and share of free seats. */
  #mixBars() {
    const { palette } = this.scene;
    this.#barPixels = palette.categories.flatMap(({ rgb }) =>
      Array.from({ length: SHARE_STEPS + 1 }, (_, level) =>
        pixelOf(mix(palette.soldRgb, rgb, level === 0 ? 0 : 0.25 + (0.75 * level) / SHARE_STEPS)),
      ),
    );
  }

  #paintMarks(context, at, box) {
    const { chart, states, palette, dimmed, index, font } = this.scene;
    const sheet = this.#sheet(at.pitch * at.ratio * SEAT_RADIUS);
    const numbered = at.pitch >= PITCH_NUMBERS;
    if (numbered) {
      context.font = `600 ${Math.round(at.pitch * at.ratio * 0.36)}px ${font}`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
    }
    index.forEachIn(box, (seat) => {
      const x = chart.x[seat] * at.scale - at.left;
      const y = chart.y[seat] * at.scale - at.top;
      const square = (chart.flags[seat] & (FLAG_ACCESSIBLE | FLAG_COMPANION)) !== 0;
      const category = chart.category[seat];
      if (dimmed[category]) context.globalAlpha = 0.22;
      // Where a number stands, the square's dot would be in its way.
      sheet.stamp(context, states[seat], category, square && !(numbered && states[seat] === STATE_FREE), x, y);
      if (numbered && states[seat] === STATE_FREE) {
        if (square) this.#paintSquareSeat(context, x, y, sheet.radius, palette.categories[category]);
        context.fillStyle = palette.categories[category].on;
        context.fillText(chart.numbers[seat], x, y + sheet.radius * 0.06);
      }
      if (dimmed[category]) context.globalAlpha = 1;
    });
  }

  #paintSquareSeat(context, x, y, radius, category) {
    context.fillStyle = category.fill;
    context.beginPath();
    context.roundRect(x - radius, y - radius, radius * 2, radius * 2, radius * 0.35);
    context.fill();
  }

  #paintRowNames(context, at, blocks) {
    const { chart, palette, font } = this.scene;
    const size = Math.min(15, Math.max(9, at.pitch * 0.46)) * at.ratio;
    context.font = `600 ${Math.round(size)}px ${font}`;
    context.fillStyle = palette.muted;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (const { seats, from, to, row } of blocks) {
      if (to - from < 3) continue;
      const name = chart.rows[row].number;
      if (this.#isRing(seats, from, to)) {
        this.#paintTableName(context, at, name, seats, from, to);
        continue;
      }
      this.#paintRowName(context, at, name, seats[from], seats[from + 1]);
      this.#paintRowName(context, at, name, seats[to - 1], seats[to - 2]);
    }
  }

  /** Seats around a table: the last is the first one's neighbour. */
  #isRing(seats, from, to) {
    const { x, y, pitch } = this.scene.chart;
    const [first, last] = [seats[from], seats[to - 1]];
    return to - from > 3 && Math.hypot(x[first] - x[last], y[first] - y[last]) < pitch * 1.6;
  }

  #paintTableName(context, at, name, seats, from, to) {
    const { x, y } = this.scene.chart;
    let [sumX, sumY] = [0, 0];
    for (let place = from; place < to; place += 1) {
      sumX += x[seats[place]];
      sumY += y[seats[place]];
    }
    const count = to - from;
    context.fillText(name, (sumX / count) * at.scale - at.left, (sumY / count) * at.scale - at.top);
  }

  #paintRowName(context, at, name, end, next) {
    const { x, y } = this.scene.chart;
    const outward = 0.95;
    const px = (x[end] + (x[end] - x[next]) * outward) * at.scale - at.left;
    const py = (y[end] + (y[end] - y[next]) * outward) * at.scale - at.top;
    context.fillText(name, px, py);
  }

  #sheet(radius) {
    const key = radius.toFixed(2);
    const known = this.#sheets.get(key);
    if (known) return known;
    if (this.#sheets.size >= SHEETS_MAX) this.#sheets.delete(/** @type {string} */ (this.#sheets.keys().next().value));
    const sheet = new MarkSheet(radius, this.scene.palette);
    this.#sheets.set(key, sheet);
    return sheet;
  }
}
