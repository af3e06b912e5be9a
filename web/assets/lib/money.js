/** Amounts: integer minor units of an ISO 4217 currency. */

/** @param {string | undefined} locale @param {string} currency */
const formatter = (locale, currency) => new Intl.NumberFormat(locale, { style: 'currency', currency });

/**
 * How many digits the currency's minor unit has: JPY 0, EUR 2, KWD 3.
 *
 * @param {string} currency
 * @returns {number}
 */
export function minorDigits(currency) {
  return formatter('en', currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * @param {number} minorUnits
 * @param {string} currency
 * @param {string} [locale] default: the reader's
 * @returns {string}
 */
export function formatMoney(minorUnits, currency, locale) {
  const digits = minorDigits(currency);
  // As decimal text, not by division: no amount may be off by a binary fraction.
  const text = String(Math.abs(minorUnits)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const decimal = digits > 0 ? `${whole}.${text.slice(-digits)}` : whole;
  const signed = minorUnits < 0 ? `-${decimal}` : decimal;
  return formatter(locale, currency).format(/** @type {any} */ (signed));
}

/**
 * A price as a buyer reads it: 0 is "Free".
 *
 * @param {number} minorUnits
 * @param {string} currency
 * @param {string} [locale]
 */
export function formatPrice(minorUnits, currency, locale) {
  return minorUnits === 0 ? 'Free' : formatMoney(minorUnits, currency, locale);
}
