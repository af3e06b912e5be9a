//! Stripe's test cards: what each number, and each `pm_card_…` name, does when it is charged.

/// A test card. `name` is what follows `pm_card_` in Stripe's documentation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) name: &'static str,
    pub(crate) number: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) funding: &'static str,
    pub(crate) behaviour: Behaviour,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Approve,
    Decline(&'static Decline),
    /// The bank wants the buyer's confirmation first; then approved, or declined all the same.
    Challenge(Option<&'static Decline>),
    /// Approved; a refund is `pending` first and succeeds later.
    RefundPends,
    /// Approved; a refund succeeds at first and is `failed` later.
    RefundFails,
}

/// How a card is declined.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) decline_code: Option<&'static str>,
    pub(crate) message: &'static str,
    pub(crate) advice_code: Option<&'static str>,
    pub(crate) network_decline_code: Option<&'static str>,
    /// `outcome.type` of the charge: refused by the bank, or stopped before it.
    pub(crate) blocked: bool,
}

const fn declined(decline_code: &'static str, message: &'static str) -> Decline {
    Decline {
        code: "card_declined",
        decline_code: Some(decline_code),
        message,
        advice_code: Some("try_again_later"),
        network_decline_code: Some("01"),
        blocked: false,
    }
}

const fn invalid(code: &'static str, message: &'static str) -> Decline {
    Decline {
        code,
        decline_code: Some(code),
        message,
        advice_code: None,
        network_decline_code: None,
        blocked: false,
    }
}

static GENERIC: Decline = declined("generic_decline", "Your card was declined.");
static INSUFFICIENT_FUNDS: Decline =
    declined("insufficient_funds", "Your card has insufficient funds.");
static LOST: Decline = declined("lost_card", "Your card was declined.");
static STOLEN: Decline = declined("stolen_card", "Your card was declined.");
static VELOCITY: Decline = declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
);
static EXPIRED: Decline =
    Decline { decline_code: None, ..invalid("expired_card", "Your card has expired.") };
static CVC: Decline = invalid("incorrect_cvc", "Your card's security code is incorrect.");
static PROCESSING: Decline = invalid(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
);
static FRAUDULENT: Decline = Decline {
    blocked: true,
    advice_code: Some("do_not_try_again"),
    ..declined("fraudulent", "Your card was declined.")
};
/// A number that no test card has.
pub(crate) static LIVE_CARD: Decline = declined(
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of \
     valid test cards, visit: https://stripe.com/docs/testing.",
);
/// The bank wants a confirmation and the caller said that nobody is there to give it.
pub(crate) static AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    ..declined(
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    )
};

const fn card(
    name: &'static str,
    number: &'static str,
    brand: &'static str,
    funding: &'static str,
    behaviour: Behaviour,
) -> Card {
    Card { name, number, brand, funding, behaviour }
}

use Behaviour::{Approve, Challenge, RefundFails, RefundPends};

const fn refuses(name: &'static str, number: &'static str, decline: &'static Decline) -> Card {
    card(name, number, "visa", "credit", Behaviour::Decline(decline))
}

static CARDS: &[Card] = &[
    card("visa", "4242424242424242", "visa", "credit", Approve),
    card("visa_debit", "4000056655665556", "visa", "debit", Approve),
    card("mastercard", "5555555555554444", "mastercard", "credit", Approve),
    card("mastercard_debit", "5200828282828210", "mastercard", "debit", Approve),
    card("mastercard_prepaid", "5105105105105100", "mastercard", "prepaid", Approve),
    card("amex", "378282246310005", "amex", "credit", Approve),
    card("discover", "6011111111111117", "discover", "credit", Approve),
    card("diners", "3056930009020004", "diners", "credit", Approve),
    card("jcb", "3566002020360505", "jcb", "credit", Approve),
    card("unionpay", "6200000000000005", "unionpay", "credit", Approve),
    card("bypassPending", "4000000000000077", "visa", "credit", Approve),
    card("threeDSecureOptional", "4000000000003055", "visa", "credit", Approve),
    card("pendingRefund", "4000000000007726", "visa", "credit", RefundPends),
    card("refundFail", "4000000000005126", "visa", "credit", RefundFails),
    refuses("visa_chargeDeclined", "4000000000000002", &GENERIC),
    refuses("visa_chargeDeclinedInsufficientFunds", "4000000000009995", &INSUFFICIENT_FUNDS),
    refuses("visa_chargeDeclinedLostCard", "4000000000009987", &LOST),
    refuses("visa_chargeDeclinedStolenCard", "4000000000009979", &STOLEN),
    refuses("visa_chargeDeclinedVelocityLimitExceeded", "4000000000006975", &VELOCITY),
    refuses("visa_chargeDeclinedExpiredCard", "4000000000000069", &EXPIRED),
    refuses("visa_chargeDeclinedIncorrectCvc", "4000000000000127", &CVC),
    refuses("visa_chargeDeclinedProcessingError", "4000000000000119", &PROCESSING),
    refuses("visa_chargeDeclinedFraudulent", "4100000000000019", &FRAUDULENT),
    refuses("chargeCustomerFail", "4000000000000341", &GENERIC),
    card("authenticationRequired", "4000002760003184", "visa", "credit", Challenge(None)),
    card("authenticationRequiredOnSetup", "4000002500003155", "visa", "credit", Challenge(None)),
    card("threeDSecure2Required", "4000000000003220", "visa", "credit", Challenge(None)),
    card("threeDSecureRequired", "4000000000003063", "visa", "credit", Challenge(None)),
    card(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        "visa",
        "credit",
        Challenge(Some(&INSUFFICIENT_FUNDS)),
    ),
    card(
        "threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        "visa",
        "credit",
        Challenge(Some(&GENERIC)),
    ),
    card(
        "threeDSecureRequiredProcessingError",
        "4000008400001280",
        "visa",
        "credit",
        Challenge(Some(&PROCESSING)),
    ),
];

impl Card {
    pub(crate) fn by_number(number: &str) -> Option<&'static Card> {
        CARDS.iter().find(|card| card.number == number)
    }

    /// By what follows `pm_card_`; Stripe writes the declining ones with and without the brand.
    pub(crate) fn by_name(name: &str) -> Option<&'static Card> {
        CARDS.iter().find(|card| {
            card.name == name
                || card
                    .name
                    .strip_prefix("visa_")
                    .is_some_and(|short| short.starts_with("chargeDeclined") && short == name)
                || (name == "radarBlock" && card.name == "visa_chargeDeclinedFraudulent")
        })
    }

    pub(crate) fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }
}

/// The check digit of a card number.
pub(crate) fn luhn(number: &str) -> bool {
    let mut sum = 0;
    for (position, digit) in number.bytes().rev().enumerate() {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        if digit > 9 {
            return false;
        }
        let value = if position % 2 == 1 { digit * 2 } else { digit };
        sum += if value > 9 { value - 9 } else { value };
    }
    (12..=19).contains(&number.len()) && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_number_passes_the_check_digit_and_is_there_once() {
        for card in CARDS {
            assert!(luhn(card.number), "{}", card.number);
            assert_eq!(Card::by_number(card.number), Some(card));
            assert_eq!(Card::by_name(card.name), Some(card));
        }
        assert!(!luhn("4242424242424241"));
    }

    #[test]
    fn a_declining_card_is_known_with_and_without_its_brand() {
        assert_eq!(Card::by_name("chargeDeclined"), Card::by_name("visa_chargeDeclined"));
        assert_eq!(Card::by_name("debit"), None);
    }
}
