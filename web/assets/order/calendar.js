/** A calendar file (RFC 5545) for an event, made in the browser. */

/** @param {string} text */
const escaped = (text) => text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');

/** @param {number | string} moment @returns {string} UTC, as `20261212T190000Z` */
export function stamp(moment) {
  return new Date(moment)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d{3}/, '');
}

/**
 * Lines of at most 75 bytes of UTF-8, continued after a space; no character is cut.
 *
 * @param {string} line
 */
export function folded(line) {
  const encoder = new TextEncoder();
  const parts = [''];
  let bytes = 0;
  for (const letter of line) {
    const size = encoder.encode(letter).length;
    if (bytes + size > 75) {
      parts.push(' ');
      bytes = 1;
    }
    parts[parts.length - 1] += letter;
    bytes += size;
  }
  return parts.join('\r\n');
}

/**
 * When an event ends is not known, so none is claimed: calendars show its start.
 *
 * @param {object} entry
 * @param {string} entry.id unique and lasting: the same file again changes the entry, not adds one
 * @param {string} entry.name
 * @param {string} entry.startsAt
 * @param {string} entry.description
 * @param {string} entry.url
 * @param {number} now ms
 */
export function calendarFile({ id, name, startsAt, description, url }, now) {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Holdfast//Tickets//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    'BEGIN:VEVENT',
    `UID:${escaped(id)}`,
    `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(startsAt)}`,
    `SUMMARY:${escaped(name)}`,
    `DESCRIPTION:${escaped(description)}`,
    `URL:${url}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return `${lines.map(folded).join('\r\n')}\r\n`;
}
