/** Every word of the seat page, in one place, so that a translation is one file. */

const plural = new Intl.PluralRules('en');

/** @param {number} count @param {string} one @param {string} other */
function counted(count, one, other) {
  return `${count.toLocaleString()} ${plural.select(count) === 'one' ? one : other}`;
}

const STATE_NAMES = ['free', 'held by somebody', 'sold', 'not for sale'];

export const words = {
  seats: (count) => counted(count, 'seat', 'seats'),
  places: (count) => counted(count, 'place', 'places'),
  free: (count) => (count === 0 ? 'sold out' : `${count.toLocaleString()} free`),
  stateName: (state) => STATE_NAMES[state] ?? 'unknown',
  row: (number) => `Row ${number}`,

  /** One seat in full, as it is spoken and written. */
  seat: ({ zone, row, number }) => `${zone}, row ${row}, seat ${number}`,
  seatFlags: ({ accessible, companion, restrictedView }) =>
    [accessible && 'wheelchair accessible', companion && 'companion seat', restrictedView && 'restricted view'].filter(Boolean),

  map: {
    name: (event, seats) => `Seat map of ${event}, ${counted(seats, 'seat', 'seats')}`,
    role: 'seat map',
    stage: 'Stage',
    field: 'Field',
    help:
      'Arrow keys move, plus and minus zoom, 0 shows everything. Zoomed in, arrow keys go from seat to seat and Enter chooses. The list beside the map offers the same seats.',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    whole: 'Show the whole map',
    tapHint: 'Tap a section to zoom in',
    chosen: 'chosen',
    own: 'held for you',
    givingBack: 'to be given back',
  },

  list: {
    search: 'Find a section, row or seat',
    searchExample: 'e.g. Row 12, or 104',
    category: 'Category',
    all: 'All categories',
    price: 'Highest price',
    anyPrice: 'Any price',
    accessible: 'Accessible seats only',
    freeOnly: 'Free seats only',
    show: 'Show on map',
    more: (rows) => `Show ${counted(rows, 'more row', 'more rows')}`,
    moreZones: (zones) => `Show ${counted(zones, 'more section', 'more sections')}`,
    found: (seats, zones) =>
      seats === 0 ? 'No seat matches.' : `${counted(seats, 'seat', 'seats')} in ${counted(zones, 'section', 'sections')}`,
    nothing: 'No seat matches. Widen the search or the filters.',
    nothingInZone: 'No seat of this section matches.',
  },

  legend: {
    title: 'Legend',
    marks: ['Free', 'Held by somebody', 'Sold', 'Not for sale', 'Your choice', 'Held for you', 'To give back'],
    accessible: 'Accessible or companion',
  },

  areas: {
    title: 'Standing and open areas',
  },

  best: {
    title: 'Best available',
    lead: 'Say how many; the best seats side by side are held for you at once.',
    quantity: 'Seats together',
    accessible: 'Of these, wheelchair accessible',
    any: 'Any category',
    category: 'Category',
    price: 'Highest price a seat',
    find: (count) => `Hold the best ${counted(count, 'seat', 'seats')}`,
    whileHeld: 'You hold seats already. To search anew, give them back first.',
    giveBackFirst: 'Give back and search anew',
  },

  basket: {
    title: 'Your seats',
    empty: 'Choose seats on the map or in the list.',
    hold: (count) => (count === 0 ? 'Hold seats' : `Hold ${counted(count, 'place', 'places')}`),
    change: 'Update seats',
    pay: 'Continue to payment',
    back: 'Back to payment',
    extend: 'More time',
    release: 'Give all back',
    remove: (seat) => `Remove ${seat}`,
    undo: (seat) => `Keep ${seat}`,
    undoChanges: 'Undo changes',
    details: 'Details',
    held: 'Held for',
    notYet: 'Chosen, not yet held',
    quantity: (name, quantity) => `${quantity} × ${name}`,
    chosenSeat: (seat, total) => `${seat} chosen. Total ${total}.`,
    removedSeat: (seat, total) => `${seat} removed. Total ${total}.`,
  },

  time: {
    left: (minutes) => `${counted(minutes, 'minute', 'minutes')} left to hold your seats.`,
    ended: 'The time is over. Your seats were given back; choose again.',
    extended: (minutes) => `You have more time: about ${counted(minutes, 'minute', 'minutes')}.`,
  },

  status: { connecting: 'Connecting', live: 'Live', resuming: 'Reconnecting', polling: 'Every 5 s' },

  notice: {
    held: (count, total) => `${counted(count, 'place is', 'places are')} held for you. Total ${total}.`,
    changed: (total) => `Your seats are updated. Total ${total}.`,
    released: 'Your seats were given back.',
    close: 'Close this message',
    taken: 'Just taken',
    takenText: (seats) => `Somebody was a moment faster for ${seats}. Nothing was held or charged.`,
    takenRest: (count) => (count === 1 ? 'Your other seat is still chosen.' : `Your other ${count} seats are still chosen.`),
    keepRest: (count) => (count === 1 ? 'Hold the other seat' : `Hold the other ${count} seats`),
    nearby: (count, zone) => `Hold ${count === 1 ? 'the best seat' : `the best ${count} together`} in ${zone}`,
    anywhere: (count) => `Hold ${count === 1 ? 'the best seat' : `the best ${count} together`} anywhere`,
    fewer: (count) => (count === 1 ? 'Hold one seat' : `Hold ${count} together`),
    choiceTaken: (seats) => `Somebody was a moment faster for ${seats}. Nothing was held or charged.`,
  },

  refusal: {
    customer_limit_reached: (limit) => `One person may have at most ${limit} places for this event. Held and bought places count together.`,
    sold_out: () => 'There are not enough free places left for this wish. Held places may come back within minutes.',
    not_enough_adjacent_seats: () => 'So many seats side by side are no longer free. Try fewer together, or another category.',
    sale_not_open: () => 'The sale is not open yet.',
    sale_closed: () => 'The sale is closed.',
    extension_limit: () => 'The time cannot be extended any more.',
    hold_in_payment: () => 'A payment for these seats is under way.',
    hold_expired: () => 'The time is over. Your seats were given back; choose again.',
    unknown_hold: () => 'Your held seats are no longer known. Choose again.',
    rate_limited: () => 'Too many requests from your connection. Wait a moment and try again.',
    inventory_unavailable: () => 'The seats cannot be reached at this moment. Nothing was held; try again.',
    network: () => 'No connection. Nothing is lost; try again when you are online.',
    timeout: () => 'The answer takes too long. Try again; nothing is held twice.',
  },
  refusalOther: 'This did not work. Nothing was changed; try again.',
  limitChosen: (limit) => `At most ${limit} places for one person.`,

  sale: {
    opens: (when) => `The sale opens ${when}.`,
    closed: 'The sale is closed.',
    cancelled: 'This event is cancelled.',
    completed: 'This event is over.',
  },

  page: {
    title: (event) => `Choose seats · ${event}`,
    failed: 'The seats could not be loaded.',
    unknown: 'There is no such event.',
    again: 'Try again',
  },
};
