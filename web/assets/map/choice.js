/**
 * What is chosen and not yet held, kept in this tab: a refresh, or Back from another page, must not
 * lose it. By labels, because a chart may be another one after a new release.
 */

/** @typedef {{ seats?: string[], areas?: { name: string, quantity: number }[] }} Choice the body of a hold */

/** @param {string} event id */
const keyOf = (event) => `holdfast:${event}:choice`;

/**
 * @param {string} event id
 * @param {Choice} choice
 */
export function keepChoice(event, choice) {
  try {
    if (choice.seats || choice.areas) sessionStorage.setItem(keyOf(event), JSON.stringify(choice));
    else sessionStorage.removeItem(keyOf(event));
  } catch {
    // The browser keeps nothing; it is chosen again.
  }
}

/**
 * @param {string} event id
 * @returns {Choice}
 */
export function keptChoice(event) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(event)) ?? '{}');
  } catch {
    return {};
  }
}
