//! What can come of a call to Stripe other than an answer, told apart by what may be done next.

use std::fmt::Display;

use stripe_client_core::StripeClientErr;

use super::objects::{Intent, Refusal};

/// Why a call gave no object. The text never carries Stripe's message: it may name the buyer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A card was refused (402).
    #[error("declined ({code})")]
    Declined { code: String },
    /// The object is not in a state that allows the operation; Stripe usually sends the object.
    #[error("not possible in the object's state ({code})")]
    UnexpectedState { code: String, intent: Option<Box<Intent>> },
    /// No such object under this key.
    #[error("no such object")]
    NotFound,
    /// Too many requests, or a lock on the object was not to be had. Nothing happened.
    #[error("rate limited")]
    RateLimited,
    /// A request with the same idempotency key still runs.
    #[error("the first request with this idempotency key still runs")]
    InFlight,
    /// An error of Stripe's own (5xx). Stripe may have kept it under the idempotency key.
    /// `repeat` is what `Stripe-Should-Retry` said, when it said something.
    #[error("server error {status}")]
    Failed { status: u16, repeat: Option<bool> },
    /// The request may or may not have been carried out: a time-out or a broken connection.
    #[error("no answer; the effect is unknown")]
    UnknownEffect,
    /// The request never left: no connection.
    #[error("not reachable")]
    Unavailable,
    /// Our own budget had no room in time. Nothing was sent.
    #[error("no room in the request budget")]
    NoBudget,
    /// The key is wrong or may not do this.
    #[error("not authorised")]
    Unauthorized,
    /// The request is wrong; sending it again changes nothing.
    #[error("refused as invalid ({code})")]
    Invalid { code: String },
    /// An answer that is no object of the expected kind.
    #[error("an unreadable answer")]
    Unreadable,
}

impl Error {
    /// A bounded word for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Declined { .. } => "declined",
            Self::UnexpectedState { .. } => "unexpected_state",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::InFlight => "in_flight",
            Self::Failed { .. } => "failed",
            Self::UnknownEffect => "unknown_effect",
            Self::Unavailable => "unavailable",
            Self::NoBudget => "no_budget",
            Self::Unauthorized => "unauthorized",
            Self::Invalid { .. } => "invalid",
            Self::Unreadable => "unreadable",
        }
    }

    /// The same request with the same key may succeed.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::RateLimited
            | Self::InFlight
            | Self::UnknownEffect
            | Self::Unavailable
            | Self::NoBudget
            | Self::Unreadable => true,
            Self::Failed { repeat, .. } => *repeat != Some(false),
            Self::Declined { .. }
            | Self::UnexpectedState { .. }
            | Self::NotFound
            | Self::Unauthorized
            | Self::Invalid { .. } => false,
        }
    }

    /// Reads a refusal. `repeat` is the header `Stripe-Should-Retry`.
    pub(super) fn from_answer(status: u16, repeat: Option<bool>, body: &[u8]) -> Self {
        let detail = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.error);
        let code = detail
            .as_ref()
            .and_then(|detail| detail.decline_code.clone().or(detail.code.clone()))
            .or_else(|| detail.as_ref().and_then(|detail| detail.kind.clone()))
            .map(bounded)
            .unwrap_or_else(|| "unknown".to_owned());
        let state_code = matches!(
            detail.as_ref().and_then(|detail| detail.code.as_deref()),
            Some(
                "payment_intent_unexpected_state"
                    | "charge_already_captured"
                    | "charge_already_refunded"
                    | "charge_expired_for_capture"
            )
        );
        if detail.as_ref().is_some_and(|detail| detail.code.as_deref() == Some("lock_timeout")) {
            return Self::RateLimited;
        }
        match status {
            _ if state_code && (400..500).contains(&status) => Self::UnexpectedState {
                code,
                intent: detail.and_then(|detail| detail.payment_intent).map(Box::new),
            },
            401 | 403 => Self::Unauthorized,
            402 => Self::Declined { code },
            404 => Self::NotFound,
            409 => Self::InFlight,
            429 => Self::RateLimited,
            400..500 => Self::Invalid { code },
            _ => Self::Failed { status, repeat },
        }
    }
}

/// A code as Stripe documents them; anything else is not worth carrying around.
fn bounded(code: String) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if code.len() <= 64 && code.chars().all(plain) { code } else { "unknown".to_owned() }
}

impl StripeClientErr for Error {
    fn deserialize_err(_: impl Display) -> Self {
        Self::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_is_told_apart_from_a_wrong_state() {
        let declined = br#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card"}}"#;
        assert!(matches!(
            Error::from_answer(402, None, declined),
            Error::Declined { code } if code == "insufficient_funds"
        ));
        let state = br#"{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state",
            "payment_intent":{"id":"pi_1","status":"canceled","amount":1,"currency":"eur","livemode":false,"created":1}}}"#;
        let Error::UnexpectedState { intent: Some(intent), .. } =
            Error::from_answer(400, None, state)
        else {
            panic!("not an unexpected state")
        };
        assert_eq!(intent.status(), super::super::IntentStatus::Canceled);
    }

    #[test]
    fn a_server_error_that_must_not_be_repeated_is_final_for_its_key() {
        assert!(Error::from_answer(500, None, b"").may_pass());
        assert!(!Error::from_answer(500, Some(false), b"<html>").may_pass());
        assert!(matches!(Error::from_answer(409, None, b"{}"), Error::InFlight));
        assert!(matches!(Error::from_answer(404, None, b"{}"), Error::NotFound));
    }

    #[test]
    fn a_strange_code_does_not_travel() {
        let body = br#"{"error":{"code":"Jane <jane@example.org>"}}"#;
        assert_eq!(Error::from_answer(400, None, body).to_string(), "refused as invalid (unknown)");
    }
}
