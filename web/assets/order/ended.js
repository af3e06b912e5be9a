/** An order that gives no tickets: cancelled, expired, refunded, or on its way there. */

import { byId, forgetOrder, h, icon } from '../common.js';

const TEXTS = {
  cancelling: [
    'Your order is being closed',
    'We make sure that nothing is charged, then the seats go back on sale.',
  ],
  expired: [
    'The time to pay has run out',
    'Nothing was charged. The seats went back on sale; perhaps they are still free.',
  ],
  cancelled: ['This order is cancelled', 'Nothing was charged, and the seats are back on sale.'],
  refunding: [
    'Your money is on its way back',
    'The seats could not be given to you, so the payment is returned in full.',
  ],
  refunded: ['Your money was returned', 'Depending on your bank it takes some days until you see it.'],
};

/** @param {import('../order.js').Context} context */
export function showEnded({ order, event }) {
  const [title, text] = TEXTS[/** @type {keyof typeof TEXTS} */ (order.status)] ?? [
    'This order has ended',
    '',
  ];
  const path = event ? `/events/${encodeURIComponent(event.slug)}` : '/';
  const isOver = order.status !== 'cancelling';
  const forget = () => {
    forgetOrder(order.id);
    location.assign('/');
  };
  byId('step').replaceChildren(
    h(
      'div',
      { class: 'card empty', role: 'status' },
      isOver ? icon('clock') : h('div', { class: 'spinner', 'aria-hidden': 'true' }),
      h('h2', null, title),
      h('p', { class: 'muted' }, text),
      isOver
        ? h(
            'div',
            { class: 'cluster' },
            h(
              'a',
              { class: 'button button--primary', href: event ? `${path}/seats` : path },
              event ? 'Choose seats again' : 'See all events',
            ),
            h(
              'button',
              { type: 'button', class: 'button button--quiet', onclick: forget },
              'Remove from this device',
            ),
          )
        : null,
    ),
  );
}
