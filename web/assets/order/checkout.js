/** The step before an order exists: the held seats, and who they are for. */

import {
  byId,
  errorText,
  h,
  holdfast,
  icon,
  keep,
  keepOrder,
  kept,
  notice,
  randomKey,
  whileBusy,
} from '../common.js';
import { forgetHold, readOwnHold } from '../lib/own-hold.js';
import { backTo, setStep } from './frame.js';
import { showHoldSummary } from './summary.js';

/** @typedef {(order: import('/client/holdfast.js').Order) => void} Opened */

/** @param {{ opened: Opened }} options */
export async function showCheckout({ opened }) {
  setStep(1, 'Your details');
  const asked = new URLSearchParams(location.search).get('event');
  const step = byId('step');
  try {
    const event = asked ? await holdfast.event(asked) : null;
    if (!event) return showNothing(null, false);
    backTo(event);
    const { hold, ended } = await readOwnHold(holdfast, event.id);
    if (hold?.status === 'paying') return await openExisting(event, opened);
    if (!hold) {
      const order = kept(event.id, 'order');
      // Back from a paid order: the hold is gone because it was bought.
      if (order && !ended) return location.replace(`/orders/${encodeURIComponent(order.id)}`);
      return showNothing(event, ended);
    }
    showHoldSummary(hold, event, () => showCheckout({ opened }));
    step.replaceChildren(form(hold, event, opened));
  } catch (error) {
    const again = h(
      'button',
      { type: 'button', class: 'button', onclick: () => showCheckout({ opened }) },
      'Try again',
    );
    step.replaceChildren(notice('bad', h('p', null, errorText(error))), h('p', null, again));
  } finally {
    step.removeAttribute('aria-busy');
  }
}

/**
 * The hold belongs to an order that this device made, perhaps in another tab.
 *
 * @param {import('/client/holdfast.js').Event} event
 * @param {Opened} opened
 */
async function openExisting(event, opened) {
  const order = kept(event.id, 'order');
  if (order) return opened(await holdfast.readOrder(order.id, order.token));
  // The answer with the order was lost; the same key gets it again.
  const owned = kept(event.id, 'hold');
  if (!owned?.order_key || !owned.order_body) return showNothing(event, true);
  const options = { idempotencyKey: owned.order_key };
  remember(event, await holdfast.createOrder(owned.order_body, owned.token, options), [], opened);
}

/**
 * @param {import('/client/holdfast.js').Hold} hold
 * @param {import('/client/holdfast.js').Event} event
 * @param {Opened} opened
 */
function form(hold, event, opened) {
  const field = (
    /** @type {string} */ id,
    /** @type {string} */ label,
    /** @type {Record<string, unknown>} */ properties,
    /** @type {string} */ hint,
  ) => {
    const input = /** @type {HTMLInputElement} */ (
      h('input', {
        class: 'input',
        id,
        name: id,
        'aria-describedby': `${id}-hint ${id}-error`,
        ...properties,
      })
    );
    const error = h('p', { class: 'field__error', id: `${id}-error` });
    const box = h(
      'div',
      { class: 'field' },
      h('label', { class: 'field__label', for: id }, label),
      input,
      h('p', { class: 'field__hint', id: `${id}-hint` }, hint),
      error,
    );
    return { input, error, box };
  };
  const email = field(
    'email',
    'E-mail address',
    { type: 'email', autocomplete: 'email', inputmode: 'email', required: true, maxlength: 254 },
    'For your order, and for nothing else.',
  );
  const name = field(
    'name',
    'Name on the tickets (optional)',
    { type: 'text', autocomplete: 'name', maxlength: 200, dir: 'auto' },
    'As it should be read at the door.',
  );
  keepDraft(email.input, name.input);
  const trouble = h('div', null);
  const free = hold.total === 0;
  const button = h(
    'button',
    { class: 'button button--primary button--large' },
    free ? 'Get the tickets' : 'Continue to payment',
    icon('arrow', 'icon--directional'),
  );
  const submit = async () => {
    trouble.replaceChildren();
    if (!checkEmail(email)) return;
    await createOrder(hold, event, email.input.value.trim(), name.input.value.trim(), opened, trouble);
  };
  email.input.addEventListener('change', () => email.input.value && checkEmail(email, false));
  return h(
    'form',
    {
      class: 'card',
      novalidate: true,
      onsubmit: (/** @type {SubmitEvent} */ submitted) => {
        submitted.preventDefault();
        whileBusy(button, submit);
      },
    },
    h(
      'div',
      { class: 'card__body stack' },
      h('h2', null, 'Who are the tickets for?'),
      email.box,
      name.box,
      trouble,
      h(
        'div',
        { class: 'cluster cluster--apart' },
        button,
        h('a', { href: `/events/${encodeURIComponent(event.slug)}/seats` }, 'Change seats'),
      ),
    ),
  );
}

/**
 * What was typed survives a refresh, and ends with the tab.
 *
 * @param {...HTMLInputElement} inputs
 */
function keepDraft(...inputs) {
  for (const input of inputs) {
    const key = `holdfast:draft:${input.id}`;
    try {
      input.value = sessionStorage.getItem(key) ?? '';
      input.addEventListener('input', () => sessionStorage.setItem(key, input.value));
    } catch {
      // The browser keeps nothing; it is typed again.
    }
  }
}

/**
 * @param {{ input: HTMLInputElement, error: HTMLElement }} field
 * @param {boolean} [takeThere]
 */
function checkEmail({ input, error }, takeThere = true) {
  const isWrong = input.value.trim() === '' || !input.validity.valid;
  input.setAttribute('aria-invalid', String(isWrong));
  error.textContent = isWrong ? 'Please type an e-mail address, such as name@example.org.' : '';
  if (isWrong && takeThere) input.focus();
  return !isWrong;
}

/**
 * @param {import('/client/holdfast.js').Hold} hold
 * @param {import('/client/holdfast.js').Event} event
 * @param {string} email
 * @param {string} name
 * @param {Opened} opened
 * @param {HTMLElement} trouble
 */
async function createOrder(hold, event, email, name, opened, trouble) {
  const body = { hold_id: hold.id, email, ...(name ? { name } : {}) };
  // Kept before the call: a page that dies in between asks again under the same key.
  const owned = kept(event.id, 'hold');
  const isSame = owned?.order_key && JSON.stringify(owned.order_body) === JSON.stringify(body);
  const key = isSame ? owned.order_key : randomKey();
  keep(event.id, 'hold', { ...owned, order_key: key, order_body: body });
  try {
    const order = await holdfast.createOrder(body, hold.token, { idempotencyKey: key });
    remember(event, order, hold.seats, opened);
  } catch (error) {
    const { code, status } = /** @type {any} */ (error);
    if (code === 'order_exists') return openExisting(event, opened);
    if (status === 410 || status === 404) {
      forgetHold(event.id);
      return showNothing(event, true);
    }
    trouble.replaceChildren(notice('bad', h('p', null, errorText(error))));
  }
}

/**
 * @param {import('/client/holdfast.js').Event} event
 * @param {import('/client/holdfast.js').Order} order
 * @param {import('/client/holdfast.js').Hold['seats']} seats
 * @param {Opened} opened
 */
function remember(event, order, seats, opened) {
  const places = seats.map(({ label, zone, row, number }) => ({ label, zone, row, number }));
  keepOrder({ id: order.id, token: order.token, event_id: event.id, name: event.name, seats: places });
  keep(event.id, 'order', { id: order.id, token: order.token });
  // The hold has become the order. Its record stays readable by its own token, but nothing needs it.
  const owned = kept(event.id, 'hold');
  keep(event.id, 'hold', { id: owned?.id, token: owned?.token, expires_at: order.pay_before });
  opened(order);
}

/**
 * @param {import('/client/holdfast.js').Event | null} event
 * @param {boolean} ended
 */
function showNothing(event, ended) {
  setStep(0, ended ? 'Time is up' : 'Nothing to pay for');
  byId('summary').hidden = true;
  byId('order-layout').className = '';
  const path = event ? `/events/${encodeURIComponent(event.slug)}` : '/';
  byId('step').replaceChildren(
    h(
      'div',
      { class: 'empty' },
      icon('clock'),
      h('h2', null, ended ? 'Your time for these seats has run out' : 'You hold no seats'),
      h(
        'p',
        { class: 'muted' },
        ended
          ? 'They went back on sale; perhaps they are still free.'
          : 'Choose seats first; then you pay here.',
      ),
      h(
        'a',
        { class: 'button button--primary', href: event ? `${path}/seats` : path },
        event ? 'Choose seats again' : 'See all events',
      ),
    ),
  );
}
