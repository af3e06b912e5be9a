/** Paying: the card form, a refusal with another try, the bank's question, cancelling. */

import { byId, errorText, formatPrice, h, holdfast, icon, notice, whileBusy } from '../common.js';
import { declineText } from './cards.js';
import { isSandbox, readAttempt, sandboxCard } from './sandbox.js';
import { stripeCard } from './stripe.js';

/** The order whose form is on the page; a reload of the order must not wipe what was typed. */
let mounted = '';

/** @typedef {import('../order.js').Context} Context */
/** @typedef {import('./sandbox.js').Attempt} Attempt */

/** The form goes away: the order is no longer payable, or paid. */
export function stopPayment() {
  mounted = '';
}

/** @param {Context} context */
export async function showPayment(context) {
  const { order, returned } = context;
  if (mounted === order.id && byId('step').querySelector('form')) return;
  mounted = order.id;
  const step = byId('step');
  step.replaceChildren(h('div', { class: 'skeleton skeleton--panel' }));
  step.setAttribute('aria-busy', 'true');
  try {
    const payment = await holdfast.startPayment(order.id, order.token);
    const sandbox = isSandbox(payment);
    const card = sandbox
      ? { ...sandboxCard(payment), attempt: await readAttempt(payment) }
      : await stripeCard(payment);
    if (card.attempt.outcome === 'paid') return context.watch();
    step.replaceChildren(form(context, card, sandbox));
    const failed = returned && !returned.succeeded;
    if (card.attempt.outcome === 'declined') showDecline(card.attempt.error);
    else if (failed) showDecline({ code: 'payment_intent_authentication_failure' });
    if (card.attempt.outcome === 'action') showQuestion(card.attempt);
  } catch (error) {
    mounted = '';
    const { code } = /** @type {any} */ (error);
    if (code === 'already_paid') return context.watch();
    if (code === 'order_closed') return void setTimeout(context.reload, 1_000);
    const again = h(
      'button',
      { type: 'button', class: 'button', onclick: () => showPayment(context) },
      'Try again',
    );
    step.replaceChildren(
      notice('bad', h('p', null, errorText(error))),
      h('p', { class: 'cluster' }, again, cancelButton(context)),
    );
  } finally {
    step.removeAttribute('aria-busy');
  }
}

/**
 * @param {Context} context
 * @param {{ element: HTMLElement, pay: () => Promise<Attempt | null> }} card
 * @param {boolean} sandbox
 */
function form(context, card, sandbox) {
  const { order } = context;
  const button = h(
    'button',
    { class: 'button button--primary button--large button--wide', id: 'pay' },
    icon('lock'),
    `Pay ${formatPrice(order.amount, order.currency)}`,
  );
  const submit = async () => {
    byId('payment-message').replaceChildren();
    try {
      const attempt = await card.pay();
      if (attempt) await follow(context, attempt);
    } catch {
      // The answer is lost, and with it whether the card was charged: only the server knows.
      await context.reload();
      showMessage(
        'We did not get an answer. If you were charged, this page shows it in a moment; else please try again.',
      );
    }
  };
  return h(
    'form',
    {
      class: 'card',
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        whileBusy(button, submit);
      },
    },
    h(
      'div',
      { class: 'card__body stack' },
      sandbox
        ? notice(
            'info',
            h('p', null, h('strong', null, 'Test mode.'), ' No money moves, whichever card you choose.'),
          )
        : null,
      card.element,
      h('div', { id: 'payment-message', tabindex: '-1' }),
      button,
      h(
        'div',
        { class: 'cluster cluster--apart' },
        h('p', { class: 'muted small' }, 'You are charged only if you get the seats.'),
        cancelButton(context),
      ),
    ),
  );
}

/**
 * @param {Context} context
 * @param {Attempt} attempt
 */
async function follow(context, attempt) {
  switch (attempt.outcome) {
    case 'paid':
      stopPayment();
      return context.watch();
    case 'action':
      if (attempt.url) return location.assign(attempt.url);
      return showQuestion(attempt);
    case 'declined':
      showDecline(attempt.error);
      // The deadline may have come closer than the page thinks, or have passed.
      return context.reload();
    case 'open':
      return context.reload();
  }
}

/** @param {any} error Stripe's */
function showDecline(error) {
  showMessage(declineText(error));
}

/** @param {string} text */
function showMessage(text) {
  const box = document.getElementById('payment-message');
  if (!box) return;
  box.replaceChildren(notice('bad', h('p', null, text)));
  box.focus();
}

/** @param {Attempt} attempt */
function showQuestion({ url }) {
  const box = document.getElementById('payment-message');
  if (!box || !url) return;
  const go = h('a', { class: 'button button--small', href: url }, 'Go to your bank');
  box.replaceChildren(
    notice('warn', h('p', null, 'Your bank waits for your confirmation of this payment.'), h('p', null, go)),
  );
}

/** @param {Context} context */
function cancelButton(context) {
  const button = h(
    'button',
    { type: 'button', class: 'button button--quiet button--small' },
    'Cancel the order',
  );
  button.addEventListener('click', () => askAndCancel(context));
  return button;
}

/** @param {Context} context */
function askAndCancel({ order, reload }) {
  const trouble = h('div', null);
  const yes = h('button', { type: 'button', class: 'button button--danger' }, 'Cancel the order');
  const dialog = /** @type {HTMLDialogElement} */ (
    h(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'cancel-title' },
      h(
        'div',
        { class: 'dialog__body' },
        h('h2', { id: 'cancel-title' }, 'Give the seats back?'),
        h('p', null, 'Nothing is charged. The seats go back on sale at once, and others may take them.'),
        trouble,
        h(
          'div',
          { class: 'dialog__actions' },
          h(
            'button',
            { type: 'button', class: 'button', autofocus: true, onclick: () => dialog.close() },
            'Keep my seats',
          ),
          yes,
        ),
      ),
    )
  );
  yes.addEventListener('click', () =>
    whileBusy(yes, async () => {
      try {
        await holdfast.cancelOrder(order.id, order.token);
        dialog.close();
        await reload();
      } catch (error) {
        trouble.replaceChildren(notice('bad', h('p', null, errorText(error))));
      }
    }),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
