/**
 * What a person in line may be told: position, estimate, chances. Pure; the waiting page shows it.
 */

/**
 * The position between two polls: what the last poll said, less what the cursor has moved since.
 * Never above what was shown before, and never below 1, which only the server says to be over.
 *
 * @param {{ position: number, cursor: number | null }} polled cursor: of the stream, at the poll
 * @param {number | null} cursor of the stream, now
 * @param {number | null} shown
 * @returns {number}
 */
export function positionNow(polled, cursor, shown) {
  const moved = cursor === null || polled.cursor === null ? 0 : Math.max(0, cursor - polled.cursor);
  const position = Math.max(1, polled.position - moved);
  return shown === null ? position : Math.min(shown, position);
}

/**
 * The wait in seconds, from the stream's pace; null when that is unknown.
 *
 * @param {number} ahead
 * @param {{ low: number, high: number } | null | undefined} pace positions a minute
 * @returns {{ low: number, high: number } | null}
 */
export function waitOf(ahead, pace) {
  if (!pace || !(pace.low > 0) || !(pace.high > 0)) return null;
  return { low: (ahead / pace.high) * 60, high: (ahead / pace.low) * 60 };
}

/**
 * @param {number} low seconds
 * @param {number} high seconds
 * @returns {string} in whole minutes, from two hours on in hours
 */
export function waitText(low, high) {
  const unit = high >= 7200 ? 3600 : 60;
  const name = unit === 3600 ? 'hours' : 'minutes';
  const from = Math.floor(low / unit);
  const to = Math.max(1, Math.ceil(high / unit));
  if (unit === 60 && to === 1) return 'less than a minute';
  if (from === 0) return `up to ${to} ${name}`;
  return from === to ? `about ${to} ${name}` : `${from} to ${to} ${name}`;
}

/**
 * The chance that `seats` are still free in a category when the people ahead have bought.
 *
 * Two moments: of `ahead` people each comes with probability `show`, goes for the category with the
 * probability of its share of the free seats, and takes seats of the given mean and variance. The
 * sum is close to normal; the half seat is the usual correction for whole numbers.
 *
 * @param {object} line
 * @param {number} line.free in the category
 * @param {number} line.freeInAll
 * @param {number} line.ahead
 * @param {number} line.show 0 to 1
 * @param {{ mean: number, variance: number }} line.perBuyer
 * @param {number} [line.seats]
 * @returns {number} 0 to 1
 */
export function chance({ free, freeInAll, ahead, show, perBuyer, seats = 2 }) {
  if (free < seats || freeInAll <= 0) return 0;
  if (ahead <= 0) return 1;
  const share = show * (free / freeInAll);
  const mean = ahead * share * perBuyer.mean;
  const variance = ahead * (share * perBuyer.variance + share * (1 - share) * perBuyer.mean ** 2);
  const room = free - seats + 0.5 - mean;
  if (variance <= 0) return room >= 0 ? 1 : 0;
  return normal(room / Math.sqrt(variance));
}

/**
 * The normal distribution function, by Abramowitz and Stegun 26.2.17; off by at most 7.5e-8.
 *
 * @param {number} z
 */
export function normal(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}

/** @param {number} odds 0 to 1 @returns {string} */
export function chanceText(odds) {
  if (odds >= 0.95) return 'Very likely';
  if (odds >= 0.75) return 'Likely';
  if (odds >= 0.4) return 'Uncertain';
  return odds >= 0.1 ? 'Unlikely' : 'Very unlikely';
}

/** Between two messages to a screen reader. */
const QUIET_MS = 30_000;
/** From here on each step is worth a message. */
const NEAR = 10;

/**
 * Whether a new position is spoken: after half a minute, and only when much has changed; near the
 * turn each step, still not more often than every five seconds.
 *
 * @param {{ position: number, at: number } | null} spoken
 * @param {number} position
 * @param {number} now ms
 */
export function isWorthSaying(spoken, position, now) {
  if (!spoken) return true;
  if (position >= spoken.position) return false;
  if (position <= NEAR) return now - spoken.at >= 5_000;
  return now - spoken.at >= QUIET_MS && position <= spoken.position * 0.95;
}
