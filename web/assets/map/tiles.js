/**
 * Painted squares of the plan at a few scales, so that a frame of panning or zooming copies pixels
 * instead of drawing 60,000 seats. Least recently seen tiles go first.
 */

/** Device pixels of a tile's side. */
export const TILE_SIZE = 256;
/** 64 MB of pixels. */
const TILES_MAX = 256;
/** A changed tile is repainted at most this often. */
const REPAINT_MS = 200;

/**
 * @typedef {object} Tile
 * @property {HTMLCanvasElement} canvas
 * @property {CanvasRenderingContext2D} context
 * @property {number} column
 * @property {number} row
 * @property {boolean} stale what it shows is no longer so
 * @property {number} paintedAt ms
 * @property {number} seenAt frame
 *
 * @typedef {object} Layer
 * @property {number} scale device pixels a unit
 * @property {Map<number, Tile>} tiles
 * @property {boolean} pinned never dropped
 */

const keyOf = (column, row) => (column + 32_768) * 65_536 + (row + 32_768);

export class TileCache {
  /** @type {Layer[]} */
  layers = [];
  #count = 0;
  /** @type {HTMLCanvasElement[]} */
  #spare = [];

  /** @param {number} scale @param {boolean} [pinned] @returns {Layer} */
  layer(scale, pinned = false) {
    const known = this.layers.find((layer) => layer.scale === scale);
    if (known) return known;
    const layer = { scale, tiles: new Map(), pinned };
    this.layers.push(layer);
    return layer;
  }

  /** @param {Layer} layer @param {number} column @param {number} row @returns {Tile | undefined} */
  get(layer, column, row) {
    return layer.tiles.get(keyOf(column, row));
  }

  /**
   * @param {Layer} layer
   * @param {number} column
   * @param {number} row
   * @param {number} now
   * @param {number} frame
   * @returns {Tile} to be painted
   */
  add(layer, column, row, now, frame) {
    if (this.#count >= TILES_MAX) this.#dropOldest();
    const canvas = this.#spare.pop() ?? document.createElement('canvas');
    canvas.width = TILE_SIZE;
    canvas.height = TILE_SIZE;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    const tile = { canvas, context, column, row, stale: false, paintedAt: now, seenAt: frame };
    layer.tiles.set(keyOf(column, row), tile);
    this.#count += 1;
    return tile;
  }

  /** Keeps the pinned layer and those named. @param {Layer[]} kept */
  dropOthers(kept) {
    for (const layer of this.layers) {
      if (layer.pinned || kept.includes(layer)) continue;
      for (const tile of layer.tiles.values()) this.#recycle(tile);
      layer.tiles.clear();
    }
    this.layers = this.layers.filter((layer) => layer.pinned || kept.includes(layer));
  }

  clear() {
    for (const layer of this.layers) for (const tile of layer.tiles.values()) this.#recycle(tile);
    this.layers = [];
  }

  /** @param {(layer: Layer) => boolean} [which] */
  markAllStale(which = () => true) {
    for (const layer of this.layers) {
      if (which(layer)) for (const tile of layer.tiles.values()) tile.stale = true;
    }
  }

  /**
   * @param {Layer} layer
   * @param {import('./chart.js').Box} box in the plan's units
   */
  markStale(layer, box) {
    const unit = TILE_SIZE / layer.scale;
    for (let row = Math.floor(box.y0 / unit); row <= Math.floor(box.y1 / unit); row += 1) {
      for (let column = Math.floor(box.x0 / unit); column <= Math.floor(box.x1 / unit); column += 1) {
        const tile = this.get(layer, column, row);
        if (tile) tile.stale = true;
      }
    }
  }

  /** @param {Tile} tile @param {number} now */
  static due(tile, now) {
    return tile.stale && now - tile.paintedAt >= REPAINT_MS;
  }

  #recycle(tile) {
    this.#count -= 1;
    if (this.#spare.length < 32) this.#spare.push(tile.canvas);
  }

  #dropOldest() {
    const tiles = [];
    for (const layer of this.layers) {
      if (!layer.pinned) for (const [key, tile] of layer.tiles) tiles.push({ layer, key, tile });
    }
    tiles.sort((left, right) => left.tile.seenAt - right.tile.seenAt);
    for (const { layer, key, tile } of tiles.slice(0, TILES_MAX / 4)) {
      layer.tiles.delete(key);
      this.#recycle(tile);
    }
  }
}
