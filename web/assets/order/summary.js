/** What is bought, for how much, and until when it is reserved. */

import { byId, formatMoment, formatPrice, h, icon, serverNow, startCountdown } from '../common.js';

/** @type {(() => void) | null} */
let stopCountdown = null;

/** Beside the form there is room for every line; above it, on a phone, they open by a tap. */
const isBeside = matchMedia('(min-width: 56rem)');
isBeside.addEventListener('change', () => {
  const details = byId('summary').querySelector('details');
  if (details) details.open = isBeside.matches;
});

/** @typedef {{ name: string, detail: string, quantity: number, price: number }} Line */

/** @param {import('../order.js').Context} context */
export function showSummary({ order, event, seats, reload }) {
  const lines = order.lines.map((line) => {
    const seat = line.seat ? seats[line.seat] : null;
    return {
      name: seat ? seatName(seat) : (line.seat ?? line.area ?? ''),
      detail: line.category,
      quantity: line.quantity,
      price: line.price,
    };
  });
  const payable = order.status === 'awaiting_payment';
  draw(event, lines, order.amount, order.currency, payable ? order.pay_before : null, 'to pay', reload);
}

/**
 * @param {import('/client/holdfast.js').Hold} hold
 * @param {import('/client/holdfast.js').Event | null} event
 * @param {() => void} onEnd
 */
export function showHoldSummary(hold, event, onEnd) {
  const lines = [
    ...hold.seats.map((seat) => ({
      name: seatName(seat),
      detail: seat.category,
      quantity: 1,
      price: seat.price,
    })),
    ...hold.areas.map((area) => ({
      name: area.name,
      detail: '',
      quantity: area.quantity,
      price: area.price,
    })),
  ];
  draw(event, lines, hold.total, hold.currency, hold.expires_at, 'for your seats', onEnd);
}

/** @param {{ zone: string, row: string, number: string }} seat */
export function seatName({ zone, row, number }) {
  return `${zone}, row ${row}, seat ${number}`;
}

/**
 * @param {import('/client/holdfast.js').Event | null} event
 * @param {Line[]} lines
 * @param {number} total
 * @param {string} currency
 * @param {string | null} until
 * @param {string} spoken
 * @param {() => void} onEnd
 */
function draw(event, lines, total, currency, until, spoken, onEnd) {
  stopCountdown?.();
  stopCountdown = null;
  const left = h('span', { class: 'countdown' });
  const box = byId('summary');
  const former = box.querySelector('details');
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  box.hidden = false;
  byId('order-layout').className = 'split';
  box.replaceChildren(
    h(
      'div',
      { class: 'card__body stack' },
      event
        ? h(
            'div',
            { class: 'stack stack--tight' },
            h('h2', { class: 'summary__event', dir: 'auto' }, event.name),
            h(
              'p',
              { class: 'muted small' },
              h('time', { datetime: event.starts_at }, formatMoment(event.starts_at)),
            ),
          )
        : h('h2', null, 'Your order'),
      until ? h('p', { class: 'summary__left' }, icon('clock'), h('span', null, 'Reserved for'), left) : null,
      h(
        'details',
        { class: 'summary__details' },
        h('summary', null, h('span', null, count === 1 ? '1 ticket' : `${count.toLocaleString()} tickets`), h('strong', null, formatPrice(total, currency))),
        h(
          'table',
          { class: 'table summary__lines' },
          h(
            'thead',
            { class: 'visually-hidden' },
            h('tr', null, h('th', { scope: 'col' }, 'Place'), h('th', { scope: 'col' }, 'Price')),
          ),
          h(
            'tbody',
            null,
            lines.map((line) => row(line, currency)),
          ),
          h(
            'tfoot',
            null,
            h(
              'tr',
              null,
              h('th', { scope: 'row' }, 'Total'),
              h('td', { class: 'end' }, formatPrice(total, currency)),
            ),
          ),
        ),
      ),
    ),
  );
  /** @type {HTMLDetailsElement} */ (box.querySelector('details')).open = former?.open ?? isBeside.matches;
  if (until) stopCountdown = startCountdown({ element: left, until, now: serverNow, spoken, onEnd });
}

/**
 * @param {Line} line
 * @param {string} currency
 */
function row({ name, detail, quantity, price }, currency) {
  return h(
    'tr',
    null,
    h(
      'th',
      { scope: 'row' },
      h('bdi', null, quantity > 1 ? `${quantity} × ${name}` : name),
      detail ? h('span', { class: 'summary__category' }, detail) : null,
    ),
    h('td', { class: 'end' }, formatPrice(price * quantity, currency)),
  );
}
