/** Paying with Stripe: its script, loaded on this page only, and its Payment Element. */

import { h } from '../common.js';

const SCRIPT = 'https://js.stripe.com/v3/';

/** @typedef {import('./sandbox.js').Attempt} Attempt */
/** @typedef {import('/client/holdfast.js').Payment} Payment */

/** @type {Promise<any> | null} */
let loading = null;

/** @returns {Promise<(key: string) => any>} Stripe's constructor */
function loadStripe() {
  loading ??= new Promise((resolve, reject) => {
    const script = h('script', { src: SCRIPT, async: true });
    script.addEventListener('load', () => resolve(/** @type {any} */ (window).Stripe));
    script.addEventListener('error', () => {
      loading = null;
      script.remove();
      reject(new Error('the payment form could not be loaded'));
    });
    document.head.append(script);
  });
  return loading;
}

/** @param {any} intent @returns {Attempt} */
function attemptOf(intent) {
  if (['succeeded', 'requires_capture', 'processing'].includes(intent?.status)) return { outcome: 'paid' };
  if (intent?.last_payment_error) return { outcome: 'declined', error: intent.last_payment_error };
  return { outcome: 'open' };
}

/**
 * @param {Payment} payment
 * @returns {Promise<{ element: HTMLElement, pay: () => Promise<Attempt | null>, attempt: Attempt }>}
 */
export async function stripeCard(payment) {
  const Stripe = await loadStripe();
  const stripe = Stripe(payment.publishable_key);
  const { paymentIntent } = await stripe.retrievePaymentIntent(payment.client_secret);
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const elements = stripe.elements({
    clientSecret: payment.client_secret,
    appearance: {
      theme: dark ? 'night' : 'stripe',
      variables: { borderRadius: '10px', colorPrimary: '#d98a00' },
    },
  });
  const element = h('div', { class: 'stripe-element' });
  elements.create('payment').mount(element);
  const pay = async () => {
    const { error, paymentIntent: intent } = await stripe.confirmPayment({
      elements,
      confirmParams: { return_url: location.href },
      redirect: 'if_required',
    });
    if (!error) return attemptOf(intent);
    // The element itself shows what is missing in it.
    if (error.type === 'validation_error') return null;
    if (error.code === 'payment_intent_unexpected_state') return attemptOf(error.payment_intent);
    return { outcome: /** @type {const} */ ('declined'), error };
  };
  return { element, pay, attempt: attemptOf(paymentIntent) };
}
