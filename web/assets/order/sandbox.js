/**
 * Paying in test mode: the payment sandbox of this server, spoken to as a browser speaks to Stripe,
 * with the publishable key and the intent's secret.
 */

import { h } from '../common.js';
import { CARDS, grouped, methodOf } from './cards.js';

/** Where the sandbox is on every server. */
const PATH = '/sandbox/stripe';

/** @typedef {import('/client/holdfast.js').Payment} Payment */

/** @param {Payment} payment */
export function isSandbox({ api_base }) {
  return new URL(api_base, location.href).pathname.replace(/\/$/, '').endsWith(PATH);
}

/**
 * What became of an attempt, whoever the provider is.
 *
 * @typedef {object} Attempt
 * @property {'paid' | 'declined' | 'action' | 'open'} outcome `action`: the bank asks; `open`: no card yet
 * @property {any} [error] Stripe's, of a decline
 * @property {string} [url] where the bank asks
 */

/** @param {any} intent @returns {Attempt} */
function attemptOf(intent) {
  switch (intent.status) {
    case 'succeeded':
    case 'requires_capture':
    case 'processing':
      return { outcome: 'paid' };
    case 'requires_action':
      return { outcome: 'action', url: ownAddress(intent.next_action?.redirect_to_url?.url) };
    default:
      return intent.last_payment_error
        ? { outcome: 'declined', error: intent.last_payment_error }
        : { outcome: 'open' };
  }
}

/**
 * The sandbox's page on this origin: behind a proxy the server does not know its own address.
 *
 * @param {string | undefined} url
 */
function ownAddress(url) {
  if (!url) return undefined;
  const { pathname } = new URL(url, location.href);
  return pathname.slice(pathname.indexOf(PATH));
}

/**
 * @param {Payment} payment
 * @returns {Promise<Attempt>}
 */
export async function readAttempt(payment) {
  const query = new URLSearchParams({ key: payment.publishable_key, client_secret: payment.client_secret });
  const response = await fetch(`${PATH}/v1/payment_intents/${payment.payment_intent}?${query}`);
  const body = await response.json();
  return response.ok ? attemptOf(body) : { outcome: 'open' };
}

/**
 * @param {Payment} payment
 * @param {string} method
 * @returns {Promise<Attempt>}
 */
async function confirm(payment, method) {
  const response = await fetch(`${PATH}/v1/payment_intents/${payment.payment_intent}/confirm`, {
    method: 'POST',
    body: new URLSearchParams({
      key: payment.publishable_key,
      client_secret: payment.client_secret,
      payment_method: method,
      return_url: location.href,
    }),
  });
  const body = await response.json();
  if (response.ok) return attemptOf(body);
  // The intent is further than this page knew, e.g. paid in another tab.
  if (body.error?.code === 'payment_intent_unexpected_state') return readAttempt(payment);
  return { outcome: 'declined', error: body.error };
}

/**
 * The form's part for the card, and how it pays.
 *
 * @param {Payment} payment
 * @returns {{ element: HTMLElement, pay: () => Promise<Attempt | null> }} null: nothing was sent,
 *   the form says why
 */
export function sandboxCard(payment) {
  const choice = (
    /** @type {string} */ value,
    /** @type {string} */ label,
    /** @type {string} */ hint,
    checked = false,
  ) =>
    h(
      'label',
      { class: 'choice' },
      h('input', { type: 'radio', name: 'card', value, checked }),
      h(
        'span',
        { class: 'choice__text' },
        h('span', { class: 'strong number' }, label),
        h('span', { class: 'choice__hint' }, hint),
      ),
    );
  const number = /** @type {HTMLInputElement} */ (
    h('input', {
      class: 'input input--number',
      id: 'card-number',
      inputmode: 'numeric',
      autocomplete: 'off',
      placeholder: '4242 4242 4242 4242',
      'aria-describedby': 'card-number-error',
      dir: 'ltr',
    })
  );
  const error = h('p', { class: 'field__error', id: 'card-number-error' });
  const typed = h(
    'div',
    { class: 'field', hidden: true },
    h('label', { class: 'field__label', for: 'card-number' }, 'Test card number'),
    number,
    error,
  );
  const element = h(
    'fieldset',
    { class: 'stack' },
    h('legend', { class: 'strong' }, 'Pay with a test card'),
    h(
      'div',
      { class: 'cards' },
      CARDS.map((card, index) =>
        choice(card.method, `${card.brand} ···· ${card.number.slice(-4)}`, card.outcome, index === 0),
      ),
      choice('', 'Another test card', 'Type its number'),
    ),
    typed,
  );
  const chosen = () => /** @type {HTMLInputElement} */ (element.querySelector('input:checked')).value;
  element.addEventListener('change', ({ target }) => {
    if (/** @type {HTMLInputElement} */ (target).name !== 'card') return;
    typed.hidden = chosen() !== '';
    if (!typed.hidden) number.focus();
  });
  number.addEventListener('input', () => {
    number.value = grouped(number.value);
    error.textContent = '';
    number.removeAttribute('aria-invalid');
  });
  const pay = async () => {
    const method = chosen() || methodOf(number.value);
    if (method) return confirm(payment, method);
    error.textContent = 'This is not one of the test cards. No real card is ever needed here.';
    number.setAttribute('aria-invalid', 'true');
    number.focus();
    return null;
  };
  return { element, pay };
}
