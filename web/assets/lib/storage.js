/**
 * What a buyer has, kept on this device: per event `holdfast:<event id>:<what>`, and the list of
 * orders. Where the browser keeps nothing (a private window may refuse), it lasts as long as the
 * page.
 */

/** @type {Map<string, string>} */
const memory = new Map();

/** @typedef {'place' | 'pass' | 'hold' | 'order'} What */
/** @typedef {{ id: string, token: string, expires_at?: string, order_key?: string, seats?: object[] }} Owned */
/** @typedef {{ id: string, token: string, event_id: string, name: string, seats: object[] }} KeptOrder */

const ORDERS = 'holdfast:orders';
const ORDERS_MAX = 20;

/** Whether what is kept outlives the page. */
export function isLasting() {
  try {
    localStorage.setItem('holdfast:probe', '1');
    localStorage.removeItem('holdfast:probe');
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} key
 * @returns {any} null when absent or not readable
 */
export function load(key) {
  try {
    const text = localStorage.getItem(key) ?? memory.get(key) ?? null;
    return text === null ? null : JSON.parse(text);
  } catch {
    const text = memory.get(key);
    return text === undefined ? null : JSON.parse(text);
  }
}

/**
 * @param {string} key
 * @param {unknown} value null and undefined remove
 */
export function save(key, value) {
  const text = value === null || value === undefined ? null : JSON.stringify(value);
  if (text === null) memory.delete(key);
  else memory.set(key, text);
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // The memory has it.
  }
}

/**
 * @param {string} event id
 * @param {What} what
 */
export const kept = (event, what) => load(`holdfast:${event}:${what}`);

/**
 * @param {string} event id
 * @param {What} what
 * @param {unknown} value
 */
export const keep = (event, what, value) => save(`holdfast:${event}:${what}`, value);

/** The orders made on this device, the newest first. @returns {KeptOrder[]} */
export function keptOrders() {
  const orders = load(ORDERS);
  return Array.isArray(orders) ? orders : [];
}

/** @param {KeptOrder} order */
export function keepOrder(order) {
  const others = keptOrders().filter(({ id }) => id !== order.id);
  save(ORDERS, [order, ...others].slice(0, ORDERS_MAX));
}

/** @param {string} id */
export function keptOrder(id) {
  return keptOrders().find((order) => order.id === id) ?? null;
}

/** @param {string} id */
export function forgetOrder(id) {
  save(
    ORDERS,
    keptOrders().filter((order) => order.id !== id),
  );
}
