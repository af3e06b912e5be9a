/** Moments as a reader of this place and language expects them. */

/**
 * Day and time with the time zone's name: an event elsewhere begins at its own hour.
 *
 * @param {string} moment RFC 3339
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function formatMoment(moment, locale, timeZone) {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(new Date(moment));
}

/**
 * @param {string} moment
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function formatShortMoment(moment, locale, timeZone) {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
  }).format(new Date(moment));
}

/**
 * Day and month apart, for a calendar leaf.
 *
 * @param {string} moment
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function calendarLeaf(moment, locale, timeZone) {
  const date = new Date(moment);
  const part = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(date);
  return {
    day: part({ day: 'numeric' }),
    month: part({ month: 'short' }),
    weekday: part({ weekday: 'short' }),
  };
}

/**
 * A time that is left: `9:05`, from an hour on `1:09:05`, from two days on the days too.
 *
 * @param {number} milliseconds below zero counts as zero
 */
export function formatLeft(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600);
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days >= 2) return `${days} days ${hours % 24}:${clock}`;
  if (hours > 0) return `${hours}:${clock}`;
  return clock.replace(/^0/, '');
}

/**
 * The same for a screen reader: in whole minutes, below one minute in seconds.
 *
 * @param {number} milliseconds
 * @param {string} [locale]
 */
export function describeLeft(milliseconds, locale = 'en') {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const unit = (/** @type {number} */ value, /** @type {string} */ name) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' }).format(value);
  if (seconds >= 172_800) return unit(Math.round(seconds / 86_400), 'day');
  if (seconds >= 7_200) return unit(Math.round(seconds / 3_600), 'hour');
  if (seconds >= 60) return unit(Math.round(seconds / 60), 'minute');
  return unit(seconds, 'second');
}
