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
 * @property {ImageBitmap | null} bitmap null: not painted yet
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
    const tile = { bitmap: null, column, row, stale: false, paintedAt: now, seenAt: frame };
    layer.tiles.set(keyOf(column, row), tile);
    this.#count += 1;
    return tile;
  }

  /** Keeps the pinned layer and those named. @param {Layer[]} kept */
  dropOthers(kept) {
    for (const layer of this.layers) {
      if (layer.pinned || kept.includes(layer)) continue;
      for (const tile of layer.tiles.values()) this.#drop(tile);
      layer.tiles.clear();
    }
    this.layers = this.layers.filter((layer) => layer.pinned || kept.includes(layer));
  }

  clear() {
    for (const layer of this.layers) for (const tile of layer.tiles.values()) this.#drop(tile);
    this.layers = [];
  }

  /** @param {boolean} [atOnce] to be repainted with the next frame */
  markAllStale(atOnce = false) {
    for (const layer of this.layers) {
      for (const tile of layer.tiles.values()) {
        tile.stale = true;
        if (atOnce) tile.paintedAt = -Infinity;
      }
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

  #drop(tile) {
    this.#count -= 1;
    tile.bitmap?.close();
  }

  #dropOldest() {
    const tiles = [];
    for (const layer of this.layers) {
      if (!layer.pinned) for (const [key, tile] of layer.tiles) tiles.push({ layer, key, tile });
    }
    tiles.sort((left, right) => left.tile.seenAt - right.tile.seenAt);
    for (const { layer, key, tile } of tiles.slice(0, TILES_MAX / 4)) {
      layer.tiles.delete(key);
      this.#drop(tile);
    }
  }
}
