//! What an intent says about its order: a pure comparison and a pure mapping.
//!
//! Amount, currency, mode and metadata must be those of the order's row, else nobody may act on the
//! object but a person. Only a cancelled intent may differ in its amount: no money can come of it.

use domain::{
    id::OrderId,
    money::Currency,
    order::{Fact, METADATA_ORDER},
};

use crate::stripe::{Intent, IntentStatus};

/// What the order's row says.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub order: &'a OrderId,
    /// Minor units.
    pub amount: i64,
    pub currency: Currency,
    pub livemode: bool,
}

/// What follows from an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Fact(Fact),
    /// Nothing that the order must know.
    Nothing,
    /// The object is not what the order asked for.
    Mismatch(Mismatch),
}

/// Which field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    Order,
    Mode,
    Currency,
    Amount,
    AmountCapturable,
    AmountReceived,
    /// Money moves for an order that the ledger does not have.
    UnknownOrder,
}

impl Mismatch {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Mode => "mode",
            Self::Currency => "currency",
            Self::Amount => "amount",
            Self::AmountCapturable => "amount_capturable",
            Self::AmountReceived => "amount_received",
            Self::UnknownOrder => "unknown_order",
        }
    }
}

/// Reads `intent` as a statement about the order.
pub fn read_intent(intent: &Intent, expected: Expected<'_>) -> Reading {
    let status = intent.status();
    if let Some(mismatch) = compare(intent, status, expected) {
        return Reading::Mismatch(mismatch);
    }
    match status {
        IntentStatus::RequiresPaymentMethod if intent.last_payment_error.is_some() => {
            Reading::Fact(Fact::AttemptFailed)
        }
        IntentStatus::RequiresAction => Reading::Fact(Fact::AuthenticationStarted),
        IntentStatus::RequiresCapture => Reading::Fact(Fact::Authorised),
        IntentStatus::Succeeded => Reading::Fact(Fact::Paid),
        IntentStatus::Canceled => Reading::Fact(Fact::Void),
        IntentStatus::RequiresPaymentMethod
        | IntentStatus::RequiresConfirmation
        | IntentStatus::Processing
        | IntentStatus::Unknown => Reading::Nothing,
    }
}

fn compare(intent: &Intent, status: IntentStatus, expected: Expected<'_>) -> Option<Mismatch> {
    if intent.metadata(METADATA_ORDER) != Some(expected.order.as_str()) {
        return Some(Mismatch::Order);
    }
    if intent.livemode != expected.livemode {
        return Some(Mismatch::Mode);
    }
    if status == IntentStatus::Canceled {
        return None;
    }
    if intent.currency != expected.currency.to_lowercase() {
        return Some(Mismatch::Currency);
    }
    if intent.amount != expected.amount {
        return Some(Mismatch::Amount);
    }
    let wanted = Some(expected.amount);
    match status {
        IntentStatus::RequiresCapture if intent.amount_capturable != wanted => {
            Some(Mismatch::AmountCapturable)
        }
        IntentStatus::Succeeded if intent.amount_received != wanted => {
            Some(Mismatch::AmountReceived)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn order() -> OrderId {
        OrderId::new(Timestamp(1_790_000_000_000), [7; 12])
    }

    fn read(change: Value) -> Reading {
        let mut object = json!({
            "id": "pi_1", "object": "payment_intent", "status": "requires_payment_method",
            "amount": 4500, "amount_capturable": 0, "amount_received": 0, "currency": "eur",
            "livemode": false, "created": 1_790_000_000, "metadata": {"holdfast_order": order()},
            "last_payment_error": null, "a_field_of_next_year": {"x": [1]},
        });
        for (name, value) in change.as_object().expect("an object") {
            object[name] = value.clone();
        }
        let intent: Intent = serde_json::from_value(object).expect("an intent");
        let currency = "EUR".parse().expect("a currency");
        let order = order();
        read_intent(&intent, Expected { order: &order, amount: 4500, currency, livemode: false })
    }

    #[test]
    fn each_status_is_one_fact() {
        let error = json!({"code": "card_declined", "decline_code": "generic_decline"});
        let cases = [
            (json!({}), Reading::Nothing),
            (json!({"last_payment_error": error}), Reading::Fact(Fact::AttemptFailed)),
            (json!({"status": "requires_confirmation"}), Reading::Nothing),
            (json!({"status": "requires_action"}), Reading::Fact(Fact::AuthenticationStarted)),
            (json!({"status": "processing"}), Reading::Nothing),
            (
                json!({"status": "requires_capture", "amount_capturable": 4500}),
                Reading::Fact(Fact::Authorised),
            ),
            (json!({"status": "succeeded", "amount_received": 4500}), Reading::Fact(Fact::Paid)),
            (json!({"status": "canceled"}), Reading::Fact(Fact::Void)),
            (json!({"status": "word_of_next_year"}), Reading::Nothing),
        ];
        for (change, expected) in cases {
            assert_eq!(read(change.clone()), expected, "{change}");
        }
    }

    #[test]
    fn what_is_not_the_order_s_is_a_mismatch() {
        let paid = |change: Value| {
            let mut whole = json!({"status": "succeeded", "amount_received": 4500});
            whole.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            read(whole)
        };
        let cases = [
            (json!({"metadata": {}}), Mismatch::Order),
            (json!({"metadata": null}), Mismatch::Order),
            (json!({"livemode": true}), Mismatch::Mode),
            (json!({"currency": "usd"}), Mismatch::Currency),
            (json!({"amount": 4499}), Mismatch::Amount),
            (json!({"amount_received": 4499}), Mismatch::AmountReceived),
            (json!({"amount_received": null}), Mismatch::AmountReceived),
            (
                json!({"status": "requires_capture", "amount_capturable": 1}),
                Mismatch::AmountCapturable,
            ),
        ];
        for (change, mismatch) in cases {
            assert_eq!(paid(change.clone()), Reading::Mismatch(mismatch), "{change}");
        }
    }

    #[test]
    fn a_cancelled_intent_of_another_amount_is_void_all_the_same() {
        let void = json!({"status": "canceled", "amount": 1});
        assert_eq!(read(void), Reading::Fact(Fact::Void));
    }
}
