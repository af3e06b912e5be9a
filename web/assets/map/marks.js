/**
 * The sign of each seat state: a shape first, a colour second. The same drawing serves the map, the
 * legend and the list, so that they never differ.
 */

export const MARK_FREE = 0;
export const MARK_HELD = 1;
export const MARK_SOLD = 2;
export const MARK_BLOCKED = 3;
export const MARK_CHOSEN = 4;
export const MARK_OWN = 5;
export const MARK_GIVING_BACK = 6;

const TURN = Math.PI * 2;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} mark one of `MARK_…`
 * @param {number} x centre
 * @param {number} y centre
 * @param {number} radius
 * @param {import('./palette.js').Palette} palette
 * @param {{ fill: string, on: string }} category colours of a free seat
 * @param {boolean} [square] accessible and companion seats are square
 */
export function drawMark(context, mark, x, y, radius, palette, category, square = false) {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  switch (mark) {
    case MARK_FREE:
      context.fillStyle = category.fill;
      outline(context, x, y, radius, square);
      context.fill();
      if (square && radius >= 3) drawDot(context, x, y, radius * 0.34, category.on);
      return;
    case MARK_HELD:
      context.strokeStyle = palette.held;
      context.lineWidth = Math.max(1, radius * 0.26);
      outline(context, x, y, radius * 0.78, square);
      context.stroke();
      return drawDot(context, x, y, radius * 0.28, palette.held);
    case MARK_SOLD:
      context.strokeStyle = palette.soldMark;
      context.lineWidth = Math.max(1, radius * 0.18);
      return drawLines(context, x, y, radius * 0.4, [[-1, -1, 1, 1], [-1, 1, 1, -1]]);
    case MARK_BLOCKED:
      context.strokeStyle = palette.blocked;
      context.lineWidth = Math.max(1, radius * 0.2);
      return drawLines(context, x, y, radius * 0.42, [[-1, 0, 1, 0]]);
    case MARK_CHOSEN:
      drawBadge(context, x, y, radius, palette.own, palette.pad, square);
      return drawCheck(context, x, y, radius, palette.onOwn);
    case MARK_OWN:
      drawBadge(context, x, y, radius, palette.own, palette.pad, square);
      drawBadge(context, x, y, radius * 0.8, palette.accent, palette.accent, square);
      return drawCheck(context, x, y, radius * 0.86, palette.onAccent);
    case MARK_GIVING_BACK:
      drawBadge(context, x, y, radius, palette.own, palette.pad, square);
      drawBadge(context, x, y, radius * 0.8, palette.pad, palette.pad, square);
      context.strokeStyle = palette.own;
      context.lineWidth = Math.max(1.5, radius * 0.24);
      return drawLines(context, x, y, radius * 0.42, [[-1, 0, 1, 0]]);
  }
}

function outline(context, x, y, radius, square) {
  context.beginPath();
  if (square) context.roundRect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8, radius * 0.35);
  else context.arc(x, y, radius, 0, TURN);
}

function drawDot(context, x, y, radius, color) {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, TURN);
  context.fill();
}

function drawLines(context, x, y, half, lines) {
  context.beginPath();
  for (const [x0, y0, x1, y1] of lines) {
    context.moveTo(x + x0 * half, y + y0 * half);
    context.lineTo(x + x1 * half, y + y1 * half);
  }
  context.stroke();
}

function drawBadge(context, x, y, radius, fill, edge, square) {
  context.fillStyle = fill;
  context.strokeStyle = edge;
  context.lineWidth = Math.max(1, radius * 0.2);
  outline(context, x, y, radius, square);
  context.stroke();
  context.fill();
}

function drawCheck(context, x, y, radius, color) {
  context.strokeStyle = color;
  context.lineWidth = Math.max(1.2, radius * 0.26);
  context.beginPath();
  context.moveTo(x - radius * 0.45, y + radius * 0.05);
  context.lineTo(x - radius * 0.12, y + radius * 0.38);
  context.lineTo(x + radius * 0.46, y - radius * 0.34);
  context.stroke();
}

/**
 * Marks drawn once at one size, to be stamped many thousand times.
 */
export class MarkSheet {
  /**
   * @param {number} radius device pixels
   * @param {import('./palette.js').Palette} palette
   */
  constructor(radius, palette) {
    this.radius = radius;
    this.size = Math.ceil(radius * 2) + 4;
    this.columns = palette.categories.length;
    const canvas = new OffscreenCanvas(this.size * Math.max(4, this.columns), this.size * 4);
    const context = /** @type {any} */ (canvas.getContext('2d'));
    const middle = this.size / 2;
    const stamp = (column, row, mark, category, square) =>
      drawMark(context, mark, column * this.size + middle, row * this.size + middle, radius, palette, category, square);
    palette.categories.forEach((category, column) => {
      stamp(column, 0, MARK_FREE, category, false);
      stamp(column, 1, MARK_FREE, category, true);
    });
    for (const mark of [MARK_HELD, MARK_SOLD, MARK_BLOCKED]) {
      stamp(mark, 2, mark, palette.categories[0], false);
      stamp(mark, 3, mark, palette.categories[0], true);
    }
    // Stamping from a bitmap is several times as fast as from a canvas.
    this.bitmap = canvas.transferToImageBitmap();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} state of the seat
   * @param {number} category
   * @param {boolean} square
   * @param {number} x centre
   * @param {number} y centre
   */
  stamp(context, state, category, square, x, y) {
    const { size } = this;
    const column = state === MARK_FREE ? category : state;
    const row = (state === MARK_FREE ? 0 : 2) + (square ? 1 : 0);
    // Whole pixels: sharper, and twice as fast without a graphics card.
    const left = Math.round(x - size / 2);
    const top = Math.round(y - size / 2);
    context.drawImage(this.bitmap, column * size, row * size, size, size, left, top, size, size);
  }
}
