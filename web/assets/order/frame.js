/** What surrounds every step of the order page: heading, steps, the way back. */

import { announce, byId } from '../common.js';

/** @type {string} */
let title = '';

/**
 * @param {number} step from 0: choose, details, payment, tickets
 * @param {string} heading
 */
export function setStep(step, heading) {
  const items = [...byId('steps').children];
  items.forEach((item, index) => {
    item.toggleAttribute('data-done', false);
    item.removeAttribute('aria-current');
    if (index < step || step === items.length - 1) item.setAttribute('data-done', 'true');
    if (index === step) item.setAttribute('aria-current', 'step');
  });
  if (title === heading) return;
  byId('order-title').textContent = heading;
  document.title = `${heading} · Holdfast`;
  // The page stayed and its content is another: the reader is told and taken there.
  if (title !== '') {
    byId('order-title').focus({ preventScroll: true });
    announce(heading);
    window.scrollTo({ top: 0 });
  }
  title = heading;
}

/** @param {import('/client/holdfast.js').Event | null} to */
export function backTo(to) {
  if (!to) return;
  byId('back').href = `/events/${encodeURIComponent(to.slug)}`;
  byId('back-text').textContent = to.name;
}
