/** What every page needs, in one import. */

import { Holdfast } from '/client/holdfast.js';
import { turnPage } from './lib/direction.js';

export { HoldfastError, randomKey } from '/client/holdfast.js';
export { announce, toast } from './lib/announce.js';
export { startCountdown } from './lib/countdown.js';
export { calendarLeaf, describeLeft, formatLeft, formatMoment, formatShortMoment } from './lib/dates.js';
export { byId, h, icon, notice, whileBusy } from './lib/dom.js';
export { errorText } from './lib/error-texts.js';
export { formatMoney, formatPrice } from './lib/money.js';
export { forgetOrder, isLasting, keep, keepOrder, kept, keptOrder, keptOrders } from './lib/storage.js';

turnPage();

/** The server of this page; the browser's cookie says which device asks. */
export const holdfast = new Holdfast();

/** The server's clock in ms since 1970. */
export const serverNow = () => holdfast.serverNow();
