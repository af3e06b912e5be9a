/**
 * Where people look: the stage or the field, as far as the seats tell. The chart has no shapes, but
 * its rows are in order from the front to the back, and seats leave free what they stand round.
 *
 * Pure. Says nothing rather than something wrong: rows that face many ways have no stage.
 */

/** A ring of seats leaves at least this share of the plan's half axes free in its middle. */
const HOLE_SHARE_MIN = 0.16;
/** Directions that are looked into from the middle, and how many of them must meet seats. */
const DIRECTIONS = 36;
const RING_SHARE_MIN = 0.9;
/** What fills the hole in a ring of seats: its corners stay within the hole. */
const HOLE_FILLED_ACROSS = 0.7;
const HOLE_FILLED_DOWN = 0.52;
/** From this many seats' widths on, what seats stand round is a field. */
const FIELD_PITCHES_MIN = 50;
/** How much rows must agree on where the front is, 0 to 1. */
const AGREEMENT_MIN = 0.35;
/** How near to straight up, down, left or right the front must be: the cosine. */
const STRAIGHT_MIN = 0.85;
/** The stage before the rows: its parts of the plan's width, and its measures in pitches. */
const WIDTH_SHARE = 0.5;
const DEPTH_SHARE = 0.2;
const CORRIDOR_SHARE = 0.1;
const WIDTH_PITCHES_MIN = 7;
const DEPTH_PITCHES_MIN = 3;
const DEPTH_PITCHES_MAX = 24;
const GAP_PITCHES = 2;
const SIDE_GAP_PITCHES = 1.5;

/**
 * @typedef {object} Stage
 * @property {'stage' | 'field'} kind
 * @property {import('./chart.js').Box} box free of seats
 */

/**
 * @param {import('./chart.js').SeatChart} chart
 * @returns {Stage | null}
 */
export function findStage(chart) {
  if (chart.count === 0) return null;
  return inTheMiddle(chart) ?? beforeTheRows(chart);
}

/** The window that shows all seats and the stage. @param {import('./chart.js').SeatChart} chart @param {Stage | null} stage */
export function boxWithStage({ box }, stage) {
  if (!stage) return box;
  return {
    x0: Math.min(box.x0, stage.box.x0),
    y0: Math.min(box.y0, stage.box.y0),
    x1: Math.max(box.x1, stage.box.x1),
    y1: Math.max(box.y1, stage.box.y1),
  };
}

/** What a closed ring of seats stands round. */
function inTheMiddle({ count, x, y, box, pitch }) {
  const [middleX, middleY] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
  const [halfX, halfY] = [(box.x1 - box.x0) / 2, (box.y1 - box.y0) / 2];
  if (halfX < pitch * 4 || halfY < pitch * 4) return null;
  const met = new Uint8Array(DIRECTIONS);
  let hole = Infinity;
  for (let seat = 0; seat < count; seat += 1) {
    const [dx, dy] = [(x[seat] - middleX) / halfX, (y[seat] - middleY) / halfY];
    hole = Math.min(hole, Math.hypot(dx, dy));
    met[Math.floor((Math.atan2(dy, dx) / (2 * Math.PI) + 1) * DIRECTIONS) % DIRECTIONS] = 1;
  }
  const share = met.reduce((sum, one) => sum + one, 0) / DIRECTIONS;
  if (hole < HOLE_SHARE_MIN || share < RING_SHARE_MIN) return null;
  const [width, height] = [halfX * hole * HOLE_FILLED_ACROSS, halfY * hole * HOLE_FILLED_DOWN];
  return {
    kind: Math.max(width, height) * 2 >= pitch * FIELD_PITCHES_MIN ? 'field' : 'stage',
    box: { x0: middleX - width, y0: middleY - height, x1: middleX + width, y1: middleY + height },
  };
}

/** What the rows of most zones face. */
function beforeTheRows(chart) {
  const front = facing(chart);
  if (!front) return null;
  const { count, x, y, box, pitch } = chart;
  // Turned so that the front is up: `across` from left to right, `down` from the front to the back.
  const upright = front.y !== 0;
  const sign = -(upright ? front.y : front.x);
  const across = upright ? x : y;
  const down = upright ? y : x;
  const [left, right] = upright ? [box.x0, box.x1] : [box.y0, box.y1];
  const middle = (left + right) / 2;
  const corridor = Math.max((right - left) * CORRIDOR_SHARE, pitch * 2);
  let first = Infinity;
  for (let seat = 0; seat < count; seat += 1) {
    if (Math.abs(across[seat] - middle) <= corridor) first = Math.min(first, down[seat] * sign);
  }
  if (first === Infinity) return null;
  const end = first - pitch * GAP_PITCHES;
  const wanted = (right - left) * WIDTH_SHARE;
  const depth = Math.min(pitch * DEPTH_PITCHES_MAX, Math.max(pitch * DEPTH_PITCHES_MIN, wanted * DEPTH_SHARE));
  let half = Math.max(wanted / 2, (pitch * WIDTH_PITCHES_MIN) / 2);
  for (let seat = 0; seat < count; seat += 1) {
    const place = down[seat] * sign;
    if (place < end - depth - pitch || place > end + pitch) continue;
    half = Math.min(half, Math.abs(across[seat] - middle) - pitch * SIDE_GAP_PITCHES);
  }
  if (half < (pitch * WIDTH_PITCHES_MIN) / 2) return null;
  const [from, to] = [(end - depth) * sign, end * sign].sort((a, b) => a - b);
  const sides = { low: middle - half, high: middle + half };
  return {
    kind: 'stage',
    box: upright
      ? { x0: sides.low, y0: from, x1: sides.high, y1: to }
      : { x0: from, y0: sides.low, x1: to, y1: sides.high },
  };
}

/** The way from the back to the front half of the rows, as most seats have it: one of four; null when they differ. */
function facing({ x, y, zones, rows }) {
  const sum = { x: 0, y: 0 };
  let weights = 0;
  for (const { firstRow, endRow, seats } of zones) {
    const filled = rows.slice(firstRow, endRow).filter((row) => row.seats.length > 0);
    if (filled.length < 2) continue;
    const half = filled.length >> 1;
    const [front, back] = [centre(x, y, filled.slice(0, half)), centre(x, y, filled.slice(-half))];
    const length = Math.hypot(front.x - back.x, front.y - back.y);
    if (length === 0) continue;
    sum.x += ((front.x - back.x) / length) * seats;
    sum.y += ((front.y - back.y) / length) * seats;
    weights += seats;
  }
  const length = Math.hypot(sum.x, sum.y);
  if (weights === 0 || length / weights < AGREEMENT_MIN) return null;
  if (Math.abs(sum.y) / length >= STRAIGHT_MIN) return { x: 0, y: Math.sign(sum.y) };
  if (Math.abs(sum.x) / length >= STRAIGHT_MIN) return { x: Math.sign(sum.x), y: 0 };
  return null;
}

function centre(x, y, rows) {
  const sum = { x: 0, y: 0 };
  let count = 0;
  for (const { seats } of rows) {
    count += seats.length;
    for (const seat of seats) {
      sum.x += x[seat];
      sum.y += y[seat];
    }
  }
  return { x: sum.x / count, y: sum.y / count };
}
