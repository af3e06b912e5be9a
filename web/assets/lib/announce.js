/**
 * Speaks to a screen reader through one polite live region, which this module adds to the page. The
 * same words twice are spoken once; of several within a moment the last one counts.
 */

/** @type {HTMLElement | null} */
let region = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} message */
export function announce(message) {
  if (!region) {
    region = document.createElement('div');
    region.className = 'visually-hidden';
    region.setAttribute('role', 'status');
    region.setAttribute('aria-live', 'polite');
    document.body.append(region);
  }
  const target = region;
  clearTimeout(timer);
  // A region must be on the page before its text changes, or nothing is spoken.
  timer = setTimeout(() => {
    if (target.textContent !== message) target.textContent = message;
  }, 120);
}

/** @type {HTMLElement | null} */
let toasts = null;

/**
 * A short message for everybody's eyes and ears, gone after some seconds; nothing that is needed.
 *
 * @param {string} message
 */
export function toast(message) {
  if (!toasts) {
    toasts = document.createElement('div');
    toasts.className = 'toasts';
    document.body.append(toasts);
  }
  const box = document.createElement('div');
  box.className = 'toast';
  box.textContent = message;
  toasts.replaceChildren(box);
  announce(message);
  setTimeout(() => box.remove(), 6_000);
}
