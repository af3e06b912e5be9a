/** The payment sandbox's test cards, and what a typed number stands for. */

/**
 * @typedef {object} TestCard
 * @property {string} number
 * @property {string} method the sandbox's payment method
 * @property {string} brand
 * @property {string} outcome what happens, in a word or two
 */

/** The ones that are offered. @type {TestCard[]} */
export const CARDS = [
  { number: '4242424242424242', method: 'pm_card_visa', brand: 'Visa', outcome: 'Pays' },
  {
    number: '4000002760003184',
    method: 'pm_card_authenticationRequired',
    brand: 'Visa',
    outcome: 'Asks the bank (3-D Secure)',
  },
  {
    number: '4000000000000002',
    method: 'pm_card_visa_chargeDeclined',
    brand: 'Visa',
    outcome: 'Is declined',
  },
  {
    number: '4000000000009995',
    method: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    brand: 'Visa',
    outcome: 'Has not enough money',
  },
  {
    number: '4000000000000069',
    method: 'pm_card_visa_chargeDeclinedExpiredCard',
    brand: 'Visa',
    outcome: 'Has expired',
  },
  {
    number: '4000008400001629',
    method: 'pm_card_threeDSecureRequiredChargeDeclined',
    brand: 'Visa',
    outcome: 'Asks the bank, then is declined',
  },
];

/** Others that may be typed. @type {Record<string, string>} */
const TYPED = {
  4000056655665556: 'pm_card_visa_debit',
  5555555555554444: 'pm_card_mastercard',
  5200828282828210: 'pm_card_mastercard_debit',
  5105105105105100: 'pm_card_mastercard_prepaid',
  378282246310005: 'pm_card_amex',
  6011111111111117: 'pm_card_discover',
  3056930009020004: 'pm_card_diners',
  3566002020360505: 'pm_card_jcb',
  6200000000000005: 'pm_card_unionpay',
  4000000000009987: 'pm_card_visa_chargeDeclinedLostCard',
  4000000000009979: 'pm_card_visa_chargeDeclinedStolenCard',
  4000000000006975: 'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
  4000000000000127: 'pm_card_visa_chargeDeclinedIncorrectCvc',
  4000000000000119: 'pm_card_visa_chargeDeclinedProcessingError',
  4100000000000019: 'pm_card_visa_chargeDeclinedFraudulent',
  4000000000003220: 'pm_card_threeDSecure2Required',
  4000000000003063: 'pm_card_threeDSecureRequired',
};

/**
 * @param {string} typed digits, spaces and dashes
 * @returns {string | null} null: not a test card
 */
export function methodOf(typed) {
  const number = typed.replace(/[\s-]/g, '');
  const card = CARDS.find((known) => known.number === number);
  return card?.method ?? (Object.hasOwn(TYPED, number) ? TYPED[number] : null);
}

/**
 * Groups of four, as on a card.
 *
 * @param {string} typed
 */
export function grouped(typed) {
  return typed
    .replace(/\D/g, '')
    .slice(0, 19)
    .replace(/(\d{4})(?=\d)/g, '$1 ');
}

const DECLINES = {
  insufficient_funds: 'There is not enough money on this card.',
  expired_card: 'This card has expired.',
  incorrect_cvc: 'The security code of the card is not right.',
  processing_error: 'The bank could not process the payment just now.',
  card_velocity_exceeded: 'The bank refuses more payments with this card for now.',
  test_mode_live_card: 'This is not a test card, and in test mode only test cards work.',
  payment_intent_authentication_failure: 'The payment was not confirmed with your bank.',
};

/**
 * Why a card was refused, for the buyer. A lost or stolen card is not told apart from a refusal:
 * whoever holds it must not learn it here.
 *
 * @param {{ code?: string, decline_code?: string } | null | undefined} error Stripe's
 */
export function declineText(error) {
  const code = error?.decline_code ?? error?.code ?? '';
  const known = Object.hasOwn(DECLINES, code) ? DECLINES[/** @type {keyof typeof DECLINES} */ (code)] : null;
  return `${known ?? 'Your bank declined the payment.'} Nothing was charged and your seats are still reserved: please try again or use another card.`;
}
