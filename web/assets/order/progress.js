/** Between paying and the tickets: nothing to do, and nothing to fear. */

import { byId, h } from '../common.js';

/** From here on the wait is worth a word, in ms. */
const SLOW_AFTER_MS = 5_000;

let drawn = '';

/** @param {number} elapsed ms since the payment */
export function showConfirming(elapsed) {
  const slow = elapsed >= SLOW_AFTER_MS;
  const facts = String(slow);
  if (drawn === facts && byId('step').querySelector('.confirming')) return;
  drawn = facts;
  byId('step').replaceChildren(
    h(
      'div',
      { class: 'card confirming', role: 'status' },
      h('div', { class: 'spinner', 'aria-hidden': 'true' }),
      h('h2', null, slow ? 'Your seats are safe, we are confirming' : 'Confirming your payment'),
      h(
        'p',
        { class: 'muted' },
        slow
          ? 'It takes a little longer than usual. You need not pay again, and you may close this page: the tickets will be under “Your tickets”.'
          : 'This takes a few seconds.',
      ),
    ),
  );
}
