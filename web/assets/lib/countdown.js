/**
 * A countdown to a moment of the server's clock, shown each second and spoken rarely.
 *
 * The element gets `data-urgent` in the last minute. Spoken are the last five minutes, two minutes,
 * one minute and thirty seconds, so that nobody is interrupted every second.
 */

import { announce } from './announce.js';
import { describeLeft, formatLeft } from './dates.js';

/** The server shall have passed the moment as well when it is asked what came of it. */
const GRACE_MS = 1_000;
const SPOKEN_AT_MS = [300_000, 120_000, 60_000, 30_000];

/**
 * The threshold that was crossed between two looks, or null.
 *
 * @param {number} before milliseconds left at the last look
 * @param {number} now milliseconds left
 */
export function crossed(before, now) {
  return SPOKEN_AT_MS.find((mark) => before > mark && now <= mark) ?? null;
}

/**
 * @param {object} options
 * @param {HTMLElement} options.element
 * @param {string} options.until RFC 3339
 * @param {() => number} options.now the server's clock in ms
 * @param {() => void} [options.onEnd] called once, a second after the moment
 * @param {string} [options.spoken] what runs out, e.g. "to pay"; nothing is spoken without it
 * @returns {() => void} stops it
 */
export function startCountdown({ element, until, now, onEnd, spoken }) {
  const end = Date.parse(until);
  let before = Infinity;
  element.setAttribute('role', 'timer');
  // Its every change would be read aloud; the thresholds are announced instead.
  element.setAttribute('aria-live', 'off');
  const look = () => {
    const left = end - now();
    element.textContent = formatLeft(left);
    element.dataset.urgent = String(left < 60_000);
    if (spoken && before !== Infinity && crossed(before, left)) {
      announce(`${describeLeft(left)} left ${spoken}.`);
    }
    before = left;
    if (left > 0) return;
    stop();
    if (onEnd) ending = setTimeout(onEnd, GRACE_MS);
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let ending;
  const timer = setInterval(look, 500);
  const wake = () => document.visibilityState === 'visible' && look();
  document.addEventListener('visibilitychange', wake);
  const stop = () => {
    clearInterval(timer);
    clearTimeout(ending);
    document.removeEventListener('visibilitychange', wake);
  };
  look();
  return stop;
}
