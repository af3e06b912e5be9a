/** Standing areas, bought here by number: nobody needs a map for them. */

import {
  announce,
  byId,
  errorText,
  formatPrice,
  h,
  holdfast,
  notice,
  serverNow,
  whileBusy,
} from '../common.js';
import { checkoutUrl, keepHold } from '../lib/own-hold.js';
import { ownPass } from '../lib/own-pass.js';
import { leftText } from '../lib/sale.js';
import { stepper } from '../lib/stepper.js';

/** What the buyer has chosen, by area. @type {Map<string, number>} */
const chosen = new Map();
let drawn = '';

/** @param {import('../event.js').View} view */
export function showAreas(view) {
  const { event, availability, chart, hold, state } = view;
  const areas = chart?.areas ?? [];
  byId('event-areas').hidden = areas.length === 0;
  if (areas.length === 0) return;
  const canBuy = (state === 'open' || state === 'held') && hold?.status !== 'paying' && !needsPass(event);
  const held = new Map((hold?.areas ?? []).map(({ name, quantity }) => [name, quantity]));
  const rows = areas.map((area) => ({
    ...area,
    count: availability?.areas[area.name],
    price: event.prices[area.category],
    held: held.get(area.name) ?? 0,
  }));
  const facts = JSON.stringify([rows, canBuy, hold?.id]);
  if (facts === drawn) return;
  drawn = facts;
  for (const { name, held: quantity } of rows)
    if (!chosen.has(name) || quantity > 0) chosen.set(name, quantity);
  draw(view, rows, canBuy);
}

/**
 * @param {import('../event.js').View} view
 * @param {any[]} rows
 * @param {boolean} canBuy
 */
function draw(view, rows, canBuy) {
  const { event, hold } = view;
  const total = h('span', { class: 'strong number' });
  const button = /** @type {HTMLButtonElement} */ (
    h('button', { type: 'button', class: 'button button--primary' }, 'Reserve places')
  );
  const trouble = h('div', null);
  const most = event.sale.max_per_customer - (hold?.seats.length ?? 0);
  const sum = () => {
    const places = [...chosen.values()].reduce((all, quantity) => all + quantity, 0);
    const money = rows.reduce((all, row) => all + row.price * (chosen.get(row.name) ?? 0), 0);
    total.textContent = places === 0 ? '' : `${places} ${places === 1 ? 'place' : 'places'} · ${formatPrice(money, event.currency)}`;
    button.disabled = places === 0;
  };
  const items = rows.map((row) => {
    const left = leftText(row.count);
    const free = (row.count?.free ?? 0) + row.held;
    return h(
      'li',
      { class: 'area' },
      h(
        'div',
        { class: 'area__text' },
        h('span', { class: 'strong' }, h('bdi', null, row.name)),
        h('span', { class: `small prices__state--${left.kind}` }, left.text),
      ),
      h('span', { class: 'strong number' }, formatPrice(row.price, event.currency)),
      canBuy && free > 0
        ? stepper({
            label: `Places in ${row.name}`,
            value: chosen.get(row.name) ?? 0,
            max: Math.min(most, free),
            onChange: (quantity) => {
              chosen.set(row.name, quantity);
              sum();
            },
          })
        : null,
    );
  });
  button.addEventListener('click', () => whileBusy(button, () => reserve(view, trouble)));
  sum();
  byId('areas-list').replaceChildren(
    h(
      'div',
      { class: 'stack' },
      h('ul', { class: 'areas card' }, items),
      trouble,
      canBuy && rows.some((row) => (row.count?.free ?? 0) + row.held > 0)
        ? h('div', { class: 'cluster cluster--apart' }, total, button)
        : null,
    ),
  );
}

/**
 * @param {import('../event.js').View} view
 * @param {HTMLElement} trouble
 */
async function reserve(view, trouble) {
  const { event, hold } = view;
  trouble.replaceChildren();
  const areas = [...chosen].filter(
    ([name, quantity]) => quantity > 0 || hold?.areas.some((area) => area.name === name),
  );
  const wish = areas.map(([name, quantity]) => ({ name, quantity }));
  try {
    const pass = ownPass(event.id, serverNow());
    const held = hold
      ? await holdfast.changeHold(hold.id, hold.token, { areas: wish })
      : await holdfast.holdSeats(event.id, { areas: wish.filter(({ quantity }) => quantity > 0) }, { pass });
    keepHold(held);
    announce('Your places are reserved.');
    location.assign(checkoutUrl(held));
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code === 'pass_required' || code === 'pass_expired') {
      location.assign(`/events/${encodeURIComponent(event.slug)}/queue`);
      return;
    }
    trouble.replaceChildren(notice('bad', h('p', null, errorText(error))));
    await view.refresh();
  }
}

/** @param {import('/client/holdfast.js').Event} event */
function needsPass(event) {
  return event.queue.enabled && !ownPass(event.id, serverNow());
}
