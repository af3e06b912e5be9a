/** Building elements without ever parsing text as HTML. */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * `h('a', { class: 'button', href: '/' }, 'Home')`. A property that starts with `on` is a listener;
 * `true` sets an attribute without a value; null, undefined and false leave it out.
 *
 * @param {string} tag
 * @param {Record<string, any> | null} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name.startsWith('--')) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * The element with this id, which the page is known to have.
 *
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Line drawings on a grid of 24. */
const ICONS = {
  alert:
    'M12 8v5 M12 16.5v.01 M10.3 3.9 2.4 17.5A2 2 0 0 0 4.1 20.5h15.8a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0Z',
  arrow: 'M5 12h14 M13 6l6 6-6 6',
  back: 'M19 12H5 M11 6l-6 6 6 6',
  calendar: 'M4 6.5h16v14H4z M4 10.5h16 M8 3.5v4 M16 3.5v4',
  check: 'M4.5 12.5l5 5 10-11',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 7v5l3.2 2',
  cross: 'M6 6l12 12 M18 6L6 18',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 11v5.5 M12 7.5v.01',
  link: 'M10 14a4.5 4.5 0 0 0 6.4 0l3-3A4.5 4.5 0 0 0 13 4.6l-1 1 M14 10a4.5 4.5 0 0 0-6.4 0l-3 3A4.5 4.5 0 0 0 11 19.4l1-1',
  lock: 'M5.5 10.5h13v10h-13z M8 10.5V7.5a4 4 0 0 1 8 0v3',
  people:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z M2.5 20a6.5 6.5 0 0 1 13 0 M16 4.8a3.5 3.5 0 0 1 0 6.4 M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
  print: 'M7 8.5v-5h10v5 M7 17.5H4v-8h16v8h-3 M7 14.5h10v6H7z',
  seat: 'M7.5 13V6.5a2 2 0 0 1 2-2h5a2 2 0 0 1 2 2V13 M5.500 11a2 2 0 0 0-2 2v4.500h17V13a2 2 0 0 0-4 0v1h-9v-1a2 2 0 0 0-2-2Z M6.500 17.500v2.500 M17.500 17.500v2.500',
  ticket: 'M3 7.5h18v3a2 2 0 0 0 0 4v3H3v-3a2 2 0 0 0 0-4z M14.5 7.5v10',
};

/**
 * @param {keyof typeof ICONS} name
 * @param {string} [extraClass]
 */
export function icon(name, extraClass = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon ${extraClass}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A message in a box of its kind.
 *
 * @param {'info' | 'good' | 'warn' | 'bad'} kind
 * @param {...(Child | Child[])} children
 */
export function notice(kind, ...children) {
  const pictures = /** @type {const} */ ({ info: 'info', good: 'check', warn: 'clock', bad: 'alert' });
  return h(
    'div',
    { class: `notice notice--${kind}`, role: kind === 'bad' ? 'alert' : null },
    icon(pictures[kind]),
    h('div', { class: 'notice__body' }, ...children),
  );
}

/**
 * Runs `work` while the button shows that it is busy; pressed again meanwhile, nothing happens.
 *
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} work
 */
export async function whileBusy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
}
