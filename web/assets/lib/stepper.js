/** A quantity between a minus and a plus button; also typed by the arrow keys on either. */

import { h } from './dom.js';

/**
 * @param {object} options
 * @param {string} options.label what is counted
 * @param {number} options.value
 * @param {number} [options.min]
 * @param {number} options.max
 * @param {(value: number) => void} options.onChange
 * @returns {HTMLElement}
 */
export function stepper({ label, value, min = 0, max, onChange }) {
  let current = Math.max(min, Math.min(value, max));
  const output = h('output', { class: 'stepper__value', 'aria-live': 'polite' });
  const button = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {number} */ step) =>
    /** @type {HTMLButtonElement} */ (
      h(
        'button',
        {
          type: 'button',
          class: 'stepper__button',
          'aria-label': `${name}: ${label}`,
          onclick: () => set(current + step),
        },
        sign,
      )
    );
  const less = button('One less', '−', -1);
  const more = button('One more', '+', 1);
  const show = () => {
    output.textContent = String(current);
    less.disabled = current <= min;
    more.disabled = current >= max;
  };
  const set = (/** @type {number} */ wanted) => {
    const next = Math.max(min, Math.min(wanted, max));
    if (next === current) return;
    const focused = document.activeElement;
    current = next;
    show();
    // A button that was just switched off would drop the keyboard's place.
    if (focused === less && less.disabled) more.focus();
    if (focused === more && more.disabled) less.focus();
    onChange(current);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(current + step);
  };
  show();
  return h(
    'div',
    { class: 'stepper', role: 'group', 'aria-label': label, onkeydown: keys },
    less,
    output,
    more,
  );
}
