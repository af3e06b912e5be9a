/**
 * The frame loop: copies tiles, paints a few missing ones within a budget, draws the buyer's seats
 * and the names of zones on top. Draws only when something moved or changed.
 */

import { TILE_SIZE, TileCache } from './tiles.js';
import { Overlay } from './overlay.js';
import { Painter, usualRowPitch } from './paint.js';

/** Milliseconds of a frame for painting tiles: while moving, then where frames are late, and while standing. */
const BUDGET_MOVING_MS = 6;
const BUDGET_LATE_MS = 2;
const BUDGET_STANDING_MS = 12;
/** Tiles with changed seats that are repainted in a frame while moving: the eye follows the motion. */
const REPAINTED_MOVING_MAX = 1;
/** The scale stands still this long before tiles are painted at exactly this scale. */
const SETTLE_MS = 130;
/** How far a layer may be enlarged or shrunk while zooming before the next one is painted. */
const STRETCH_MAX = 1.9;
const SHRINK_MIN = 0.55;
/** More changes at once than this, and all tiles are looked upon as changed. */
const CHANGES_MAX = 1500;
/**
 * Without a graphics card, smoothing the pixels of stretched tiles costs more than all the rest of a
 * frame. After a moving frame this late it is left out for a while: nobody sees it in motion.
 */
const LATE_FRAME_MS = 22;
const ROUGH_MS = 4_000;
/** A sharper screen gains nothing that an eye sees, but costs four times the pixels. */
const RATIO_MAX = 2;

export class Renderer {
  #painter;
  #tiles = new TileCache();
  #overlay;
  #context;
  /** Where a tile is painted. */
  #canvas = new OffscreenCanvas(TILE_SIZE, TILE_SIZE);
  #canvasContext = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#canvas.getContext('2d', { alpha: false }));
  #requested = 0;
  #frame = 0;
  /** @type {import('./tiles.js').Layer | null} */
  #current = null;
  /** @type {import('./tiles.js').Layer | null} */
  #former = null;
  /** Everything, always kept: what is seen where nothing better is painted yet. @type {import('./tiles.js').Layer | null} */
  #overview = null;
  #lastScale = 0;
  #lastX = NaN;
  #lastY = NaN;
  #scaleChangedAt = 0;
  #ratio = 1;
  /** When the last frame was that another one followed at once; 0: it was the last of its motion. */
  #movedAt = 0;
  #roughUntil = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./camera.js').Camera} camera
   * @param {Omit<import('./paint.js').Scene, 'rowPitch'> & { seatMarks: Map<number, number>, hovered: number, cursor: number, zoneFree: Uint32Array, stage: import('./stage.js').Stage | null }} scene
   */
  constructor(canvas, camera, scene) {
    this.canvas = canvas;
    this.camera = camera;
    this.scene = Object.assign(scene, { rowPitch: usualRowPitch(scene.chart) });
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    this.#painter = new Painter(this.scene);
    this.#overlay = new Overlay(this.scene);
  }

  /** @param {number} width CSS pixels @param {number} height @param {number} ratio device pixels a CSS pixel */
  resize(width, height, ratio) {
    const former = this.#ratio;
    this.#ratio = Math.min(ratio, RATIO_MAX);
    this.canvas.width = Math.max(1, Math.round(width * this.#ratio));
    this.canvas.height = Math.max(1, Math.round(height * this.#ratio));
    this.camera.resize(width, height);
    if (former !== this.#ratio) this.#startAnew();
    else this.request();
  }

  /** Everything looks different: colours or the filter changed. What was painted stands in. */
  repaint() {
    this.#painter.forgetColours();
    this.#tiles.markAllStale(true);
    this.request();
  }

  #startAnew() {
    this.#tiles.clear();
    this.#current = null;
    this.#former = null;
    this.#overview = null;
    this.repaint();
  }

  /** All states are new. */
  statesReplaced() {
    this.#tiles.markAllStale();
    this.request();
  }

  /** @param {ArrayLike<number>} seats whose state changed */
  statesChanged(seats) {
    if (seats.length > CHANGES_MAX) return this.statesReplaced();
    const { chart, rowPitch } = this.scene;
    for (const layer of this.#tiles.layers) {
      const bars = (chart.pitch * layer.scale) / this.#ratio < 3;
      for (let at = 0; at < seats.length; at += 1) {
        // A bar is as long as its row.
        const reach = bars ? rowPitch * 25 : rowPitch;
        const [x, y] = [chart.x[seats[at]], chart.y[seats[at]]];
        this.#tiles.markStale(layer, { x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach });
      }
    }
    this.request();
  }

  /** A frame is wanted. */
  request() {
    if (this.#requested === 0) this.#requested = requestAnimationFrame((now) => this.#draw(now));
  }

  stop() {
    cancelAnimationFrame(this.#requested);
  }

  /** @param {number} now */
  #draw(now) {
    this.#requested = 0;
    this.#frame += 1;
    const { camera } = this;
    camera.advance(now);
    if (camera.scale !== this.#lastScale) {
      this.#lastScale = camera.scale;
      this.#scaleChangedAt = now;
    }
    const settling = now - this.#scaleChangedAt < SETTLE_MS;
    const dragged = camera.x !== this.#lastX || camera.y !== this.#lastY;
    [this.#lastX, this.#lastY] = [camera.x, camera.y];
    const moving = camera.moving || settling || dragged;
    if (this.#movedAt > 0 && now - this.#movedAt > LATE_FRAME_MS) this.#roughUntil = now + ROUGH_MS;
    this.#movedAt = moving ? now : 0;
    const late = moving && now < this.#roughUntil;
    this.#context.imageSmoothingEnabled = !late;
    const layer = this.#chooseLayer(settling);
    const work = this.#copyTiles(layer);
    const busy = this.#paintTiles(layer, work, now, moving, late) || (!moving && this.#paintOverview(now));
    this.#overlay.draw(this.#context, camera, this.#ratio);
    if (moving || busy) this.request();
    else this.#tiles.dropOthers([layer, this.#former ?? layer]);
  }

  #chooseLayer(settling) {
    const exact = this.camera.scale * this.#ratio;
    const current = this.#current;
    const stretch = current ? exact / current.scale : Infinity;
    if (current && settling && stretch < STRETCH_MAX && stretch > SHRINK_MIN) return current;
    // While zooming: whole steps, so that coming back finds the tiles again.
    const scale = settling && current ? 2 ** (Math.round(Math.log2(exact) * 2) / 2) : exact;
    if (current?.scale === scale) return current;
    this.#former = current;
    this.#current = this.#tiles.layer(scale);
    return this.#current;
  }

  /**
   * Where a layer's tile lies on the canvas, in whole device pixels, and which tiles lie in a part
   * of the canvas.
   *
   * @param {import('./tiles.js').Layer} layer
   * @param {import('./chart.js').Box} [box] device pixels, the end exclusive; the whole canvas
   */
  #placeOf(layer, box = { x0: 0, y0: 0, x1: this.canvas.width, y1: this.canvas.height }) {
    const { camera } = this;
    const zoom = (camera.scale * this.#ratio) / layer.scale;
    const originX = Math.round((camera.width / 2) * this.#ratio - camera.x * camera.scale * this.#ratio);
    const originY = Math.round((camera.height / 2) * this.#ratio - camera.y * camera.scale * this.#ratio);
    const side = TILE_SIZE * zoom;
    return {
      side,
      originX,
      originY,
      firstColumn: Math.floor((box.x0 - originX) / side),
      lastColumn: Math.floor((box.x1 - 1 - originX) / side),
      firstRow: Math.floor((box.y0 - originY) / side),
      lastRow: Math.floor((box.y1 - 1 - originY) / side),
    };
  }

  /** @returns {{ missing: [number, number][], stale: import('./tiles.js').Tile[] }} */
  #copyTiles(layer) {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    const place = this.#placeOf(layer);
    const work = { missing: /** @type {[number, number][]} */ ([]), stale: /** @type {import('./tiles.js').Tile[]} */ ([]) };
    const ready = [];
    for (let row = place.firstRow; row <= place.lastRow; row += 1) {
      for (let column = place.firstColumn; column <= place.lastColumn; column += 1) {
        const tile = this.#tiles.get(layer, column, row);
        if (!tile) {
          if (this.#touchesPlan(layer, column, row)) work.missing.push([column, row]);
          continue;
        }
        ready.push(tile);
        if (tile.stale) work.stale.push(tile);
      }
    }
    context.fillStyle = this.scene.palette.ground;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (work.missing.length > 0) this.#copyStandIns(layer, boxOfTiles(work.missing, place));
    for (const tile of ready) this.#copy(tile, place);
    return work;
  }

  /** What other layers have of a part of the window, until this layer is painted there. */
  #copyStandIns(layer, box) {
    const former = this.#former && this.#former !== layer ? this.#former : null;
    // What the former layer covers would hide the coarser overview.
    const others = former && this.#covers(former, box) ? [former] : [this.#overview, former];
    for (const other of others) {
      if (!other || other === layer) continue;
      const place = this.#placeOf(other, box);
      for (let row = place.firstRow; row <= place.lastRow; row += 1) {
        for (let column = place.firstColumn; column <= place.lastColumn; column += 1) {
          const tile = this.#tiles.get(other, column, row);
          if (tile) this.#copy(tile, place);
        }
      }
    }
  }

  /** Whether the layer has all tiles of this part of the window. */
  #covers(layer, box) {
    const place = this.#placeOf(layer, box);
    for (let row = place.firstRow; row <= place.lastRow; row += 1) {
      for (let column = place.firstColumn; column <= place.lastColumn; column += 1) {
        if (!this.#tiles.get(layer, column, row)?.bitmap && this.#touchesPlan(layer, column, row)) return false;
      }
    }
    return true;
  }

  #copy(tile, { side, originX, originY }) {
    tile.seenAt = this.#frame;
    const left = originX + Math.round(tile.column * side);
    const top = originY + Math.round(tile.row * side);
    if (!tile.bitmap) return;
    if (side === TILE_SIZE) return this.#context.drawImage(tile.bitmap, left, top);
    const right = originX + Math.round((tile.column + 1) * side);
    const bottom = originY + Math.round((tile.row + 1) * side);
    this.#context.drawImage(tile.bitmap, left, top, right - left, bottom - top);
  }

  #touchesPlan(layer, column, row) {
    const { chart, rowPitch } = this.scene;
    const unit = TILE_SIZE / layer.scale;
    const margin = rowPitch * 2;
    return (column + 1) * unit >= chart.box.x0 - margin && column * unit <= chart.box.x1 + margin
      && (row + 1) * unit >= chart.box.y0 - margin && row * unit <= chart.box.y1 + margin;
  }

  /** While nothing else is to do. @returns {boolean} something is left to paint */
  #paintOverview(now) {
    const scale = this.camera.scaleOfAll * this.#ratio;
    const former = this.#overview;
    if (!former || scale / former.scale > STRETCH_MAX || scale / former.scale < SHRINK_MIN) {
      if (former) former.pinned = false;
      this.#overview = this.#tiles.layer(scale);
      this.#overview.pinned = true;
    }
    const layer = /** @type {import('./tiles.js').Layer} */ (this.#overview);
    const { box } = this.scene.chart;
    const unit = TILE_SIZE / layer.scale;
    for (let row = Math.floor(box.y0 / unit); row <= Math.floor(box.y1 / unit); row += 1) {
      for (let column = Math.floor(box.x0 / unit); column <= Math.floor(box.x1 / unit); column += 1) {
        const tile = this.#tiles.get(layer, column, row);
        if (tile && !TileCache.due(tile, now)) continue;
        this.#paint(layer, tile ?? this.#tiles.add(layer, column, row, now, this.#frame), now);
        // One a frame: this must never be felt.
        return true;
      }
    }
    return false;
  }

  /** @returns {boolean} something is left to paint */
  #paintTiles(layer, { missing, stale }, now, moving, late) {
    if (missing.length === 0 && stale.length === 0) return false;
    const place = this.#placeOf(layer);
    const middleColumn = (place.firstColumn + place.lastColumn) / 2;
    const middleRow = (place.firstRow + place.lastRow) / 2;
    const distance = ([column, row]) => Math.hypot(column - middleColumn, row - middleRow);
    missing.sort((left, right) => distance(left) - distance(right));
    const until = performance.now() + (late ? BUDGET_LATE_MS : moving ? BUDGET_MOVING_MS : BUDGET_STANDING_MS);
    let left = missing.length;
    for (const [column, row] of missing) {
      if (performance.now() > until) return true;
      const tile = this.#tiles.add(layer, column, row, now, this.#frame);
      this.#paint(layer, tile, now);
      this.#copy(tile, place);
      left -= 1;
    }
    let waiting = left;
    let repainted = 0;
    for (const tile of stale) {
      const enough = performance.now() > until || (moving && repainted >= REPAINTED_MOVING_MAX);
      if (enough || !TileCache.due(tile, now)) {
        waiting += 1;
        continue;
      }
      repainted += 1;
      this.#paint(layer, tile, now);
      this.#copy(tile, place);
    }
    return waiting > 0;
  }

  #paint(layer, tile, now) {
    tile.stale = false;
    tile.paintedAt = now;
    const { column, row } = tile;
    this.#painter.paint(this.#canvasContext, column * TILE_SIZE, row * TILE_SIZE, TILE_SIZE, layer.scale, this.#ratio);
    tile.bitmap?.close();
    // Copying from a bitmap is several times as fast as from a canvas.
    tile.bitmap = this.#canvas.transferToImageBitmap();
  }
}

/** The part of the canvas in which these tiles lie, in device pixels. */
function boxOfTiles(tiles, { side, originX, originY }) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const [column, row] of tiles) {
    box.x0 = Math.min(box.x0, column);
    box.y0 = Math.min(box.y0, row);
    box.x1 = Math.max(box.x1, column + 1);
    box.y1 = Math.max(box.y1, row + 1);
  }
  return {
    x0: Math.floor(originX + box.x0 * side),
    y0: Math.floor(originY + box.y0 * side),
    x1: Math.ceil(originX + box.x1 * side),
    y1: Math.ceil(originY + box.y1 * side),
  };
}
