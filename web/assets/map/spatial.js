/**
 * A grid over the seats: which seat is under a finger, which seats are in a window.
 *
 * Built once for a chart, never changed. Counting sort into cells, so that a cell's members lie next
 * to each other; cost of building O(seats + cells).
 */

/** Seats a cell holds where the chart is evenly filled. */
const SEATS_PER_CELL = 12;
/** Cells at most, whatever the plan's extent. */
const CELLS_MAX = 65_536;

export class SpatialIndex {
  /**
   * @param {Float32Array} x
   * @param {Float32Array} y of the same length
   */
  constructor(x, y) {
    this.x = x;
    this.y = y;
    const count = x.length;
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let index = 0; index < count; index += 1) {
      x0 = Math.min(x0, x[index]);
      x1 = Math.max(x1, x[index]);
      y0 = Math.min(y0, y[index]);
      y1 = Math.max(y1, y[index]);
    }
    if (count === 0) [x0, y0, x1, y1] = [0, 0, 0, 0];
    this.x0 = x0;
    this.y0 = y0;
    const width = Math.max(x1 - x0, 1e-6);
    const height = Math.max(y1 - y0, 1e-6);
    const cells = Math.min(CELLS_MAX, Math.max(1, Math.ceil(count / SEATS_PER_CELL)));
    // Square cells; a long thin plan gets a long thin grid.
    this.size = Math.max(Math.sqrt((width * height) / cells), Math.max(width, height) / 1024);
    this.columns = Math.max(1, Math.ceil(width / this.size) || 1);
    this.rows = Math.max(1, Math.ceil(height / this.size) || 1);
    this.#fill(count);
  }

  #fill(count) {
    const cells = this.columns * this.rows;
    this.starts = new Uint32Array(cells + 1);
    this.members = new Uint32Array(count);
    const cellOf = new Uint32Array(count);
    for (let index = 0; index < count; index += 1) {
      const cell = this.#row(this.y[index]) * this.columns + this.#column(this.x[index]);
      cellOf[index] = cell;
      this.starts[cell + 1] += 1;
    }
    for (let cell = 0; cell < cells; cell += 1) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice(0, cells);
    for (let index = 0; index < count; index += 1) {
      this.members[next[cellOf[index]]] = index;
      next[cellOf[index]] += 1;
    }
  }

  #column(x) {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.x0) / this.size)));
  }

  #row(y) {
    return Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.y0) / this.size)));
  }

  /**
   * Calls back for each seat whose centre lies in the window, borders included; in no order that
   * means anything.
   *
   * @param {import('./chart.js').Box} box
   * @param {(index: number) => void} visit
   */
  forEachIn(box, visit) {
    const [firstColumn, lastColumn] = [this.#column(box.x0), this.#column(box.x1)];
    const [firstRow, lastRow] = [this.#row(box.y0), this.#row(box.y1)];
    for (let row = firstRow; row <= lastRow; row += 1) {
      for (let column = firstColumn; column <= lastColumn; column += 1) {
        const cell = row * this.columns + column;
        for (let place = this.starts[cell]; place < this.starts[cell + 1]; place += 1) {
          const index = this.members[place];
          const [x, y] = [this.x[index], this.y[index]];
          if (x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1) visit(index);
        }
      }
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius at most this far away
   * @returns {number} the nearest seat's index, -1 when there is none
   */
  nearest(x, y, radius) {
    let best = -1;
    let bestDistance = radius * radius;
    this.forEachIn({ x0: x - radius, y0: y - radius, x1: x + radius, y1: y + radius }, (index) => {
      const distance = (this.x[index] - x) ** 2 + (this.y[index] - y) ** 2;
      if (distance > bestDistance || (distance === bestDistance && best !== -1 && index > best)) return;
      best = index;
      bestDistance = distance;
    });
    return best;
  }

  /**
   * The seat that a person means who goes one step from a seat into a direction: near, and not much
   * to the side.
   *
   * @param {number} from
   * @param {number} dx -1, 0 or 1
   * @param {number} dy -1, 0 or 1; grows downwards
   * @param {number} reach how far to look
   * @returns {number} -1 when nothing lies there
   */
  step(from, dx, dy, reach) {
    const [x, y] = [this.x[from], this.y[from]];
    let best = -1;
    let bestCost = Infinity;
    this.forEachIn({ x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach }, (index) => {
      if (index === from) return;
      const along = (this.x[index] - x) * dx + (this.y[index] - y) * dy;
      const aside = Math.abs((this.x[index] - x) * dy) + Math.abs((this.y[index] - y) * dx);
      // Within 60 degrees of the direction.
      if (along <= 0 || aside > along * 1.73) return;
      const cost = along + 2 * aside;
      if (cost < bestCost) [best, bestCost] = [index, cost];
    });
    return best;
  }
}
