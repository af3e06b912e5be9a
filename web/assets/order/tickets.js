/** The tickets: codes to be scanned, on paper or on the phone, and what one does with them. */

import { byId, errorText, formatMoment, h, holdfast, icon, notice, serverNow, toast } from '../common.js';
import { calendarFile } from './calendar.js';
import { seatName } from './summary.js';

/** @typedef {import('../order.js').Context} Context */
/** @typedef {import('/client/holdfast.js').Ticket} Ticket */

/** @param {Context} context */
export async function showTickets(context) {
  const { order } = context;
  const step = byId('step');
  try {
    const { data } = await holdfast.tickets(order.id, order.token);
    step.replaceChildren(
      notice(
        'good',
        h(
          'p',
          null,
          h('strong', null, 'Thank you, the seats are yours.'),
          ' Show the codes at the entrance, on this screen or printed.',
        ),
      ),
      actions(context, data),
      h(
        'ul',
        { class: 'tickets' },
        data.map((ticket) => card(context, ticket)),
      ),
    );
  } catch (error) {
    const again = h(
      'button',
      { type: 'button', class: 'button', onclick: () => showTickets(context) },
      'Try again',
    );
    step.replaceChildren(
      notice('good', h('p', null, h('strong', null, 'Your order is paid and the seats are yours.'))),
      notice('bad', h('p', null, errorText(error)), h('p', null, again)),
    );
  }
  step.firstElementChild?.classList.add('no-print');
}

/**
 * @param {Context} context
 * @param {Ticket} ticket
 */
function place({ seats }, ticket) {
  const seat = ticket.seat ? seats[ticket.seat] : null;
  if (!seat)
    return {
      name: ticket.seat ?? ticket.area ?? '',
      facts: [[ticket.seat ? 'Seat' : 'Area', ticket.seat ?? ticket.area ?? '']],
    };
  return {
    name: seatName(seat),
    facts: [
      ['Zone', seat.zone],
      ['Row', seat.row],
      ['Seat', seat.number],
    ],
  };
}

/**
 * @param {Context} context
 * @param {Ticket} ticket
 */
function card(context, ticket) {
  const { order, event } = context;
  const { name, facts } = place(context, ticket);
  const isVoid = ticket.status === 'void';
  const fact = (/** @type {string[]} */ [label, value]) =>
    h('div', null, h('dt', null, label), h('dd', null, h('bdi', null, value)));
  const image = h('img', {
    class: 'ticket__code',
    src: holdfast.ticketImageUrl(ticket.id, order.token),
    alt: `Code of the ticket for ${name}`,
    width: '320',
    height: '320',
  });
  image.addEventListener(
    'error',
    () => image.replaceWith(h('p', { class: 'ticket__text' }, h('code', null, ticket.code))),
    { once: true },
  );
  return h(
    'li',
    { class: isVoid ? 'ticket ticket--void' : 'ticket' },
    h(
      'div',
      { class: 'ticket__main' },
      h('h2', { class: 'ticket__event', dir: 'auto' }, event?.name ?? 'Ticket'),
      event
        ? h(
            'p',
            { class: 'ticket__when' },
            h('time', { datetime: event.starts_at }, formatMoment(event.starts_at)),
          )
        : null,
      h('dl', { class: 'ticket__facts' }, facts.map(fact)),
      h(
        'p',
        { class: 'ticket__foot' },
        h('bdi', null, ticket.category),
        ticket.holder ? h('bdi', null, ticket.holder) : null,
        h('span', { class: 'number' }, ticket.id.slice(-10)),
      ),
    ),
    h('div', { class: 'ticket__stub' }, isVoid ? h('p', { class: 'strong' }, 'Void: lets nobody in') : image),
  );
}

/**
 * @param {Context} context
 * @param {Ticket[]} tickets
 */
function actions(context, tickets) {
  const { event } = context;
  const button = (
    /** @type {Parameters<typeof icon>[0]} */ picture,
    /** @type {string} */ text,
    /** @type {() => void} */ onclick,
  ) => h('button', { type: 'button', class: 'button', onclick }, icon(picture), text);
  return h(
    'div',
    { class: 'cluster no-print' },
    button('print', 'Print', () => window.print()),
    event ? button('calendar', 'Add to calendar', () => saveCalendar(context, tickets)) : null,
    button('link', 'Copy link', () => copyLink(context)),
  );
}

/**
 * @param {Context} context
 * @param {Ticket[]} tickets
 */
function saveCalendar(context, tickets) {
  const { order, event } = context;
  if (!event) return;
  const url = `${location.origin}/orders/${encodeURIComponent(order.id)}`;
  const text = calendarFile(
    {
      id: `${order.id}@${location.hostname}`,
      name: event.name,
      startsAt: event.starts_at,
      description: tickets.map((ticket) => place(context, ticket).name).join('\n'),
      url,
    },
    serverNow(),
  );
  const address = URL.createObjectURL(new Blob([text], { type: 'text/calendar' }));
  const link = h('a', { href: address, download: `${event.slug}.ics` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * The link has the order's key in its fragment, which no server is sent.
 *
 * @param {Context} context
 */
async function copyLink({ order }) {
  const url = `${location.origin}/orders/${encodeURIComponent(order.id)}#token=${encodeURIComponent(order.token)}`;
  try {
    await navigator.clipboard.writeText(url);
    toast('Link copied. Whoever has it has your tickets.');
  } catch {
    window.prompt('Whoever has this link has your tickets.', url);
  }
}
