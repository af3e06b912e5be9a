/**
 * What a person in line may be told: position and estimate. Pure; the waiting page shows it.
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
