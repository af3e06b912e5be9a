//! The one table from what this role refuses, or cannot do, to what the caller is told.

use axum::http::StatusCode;
use platform::http::Problem;

use crate::{start_payment::StartPaymentError, stripe::Error as StripeError};

/// Seconds after which a caller may try a part again that is away.
const RETRY_AFTER_SECONDS: u32 = 2;

/// 404 `unknown_order`: also for another's order.
pub fn unknown_order() -> Problem {
    Problem::unknown("unknown_order")
}

/// 409 `order_closed`
pub fn order_closed() -> Problem {
    Problem::new(StatusCode::CONFLICT, "order_closed", "The order can no longer be paid")
}

/// 409 `already_paid`
pub fn already_paid() -> Problem {
    Problem::new(StatusCode::CONFLICT, "already_paid", "The order is paid")
}

/// 400 `signature_invalid`: which part of it is nobody's business.
pub fn signature_invalid() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "signature_invalid",
        "The signature does not fit the body, or is not fresh",
    )
}

/// 503 `database_unavailable`; logged here, once.
pub fn ledger_fault(error: &ledger::Error) -> Problem {
    match error {
        ledger::Error::Unavailable(_) | ledger::Error::GaveWay(_) => {
            tracing::warn!(%error, "the ledger did not answer");
            Problem::unavailable("database_unavailable").with_retry_after(RETRY_AFTER_SECONDS)
        }
        _ => {
            tracing::error!(%error, "the ledger refused an operation");
            Problem::internal()
        }
    }
}

/// Why pressing Pay came to nothing.
pub fn start_payment_fault(error: &StartPaymentError) -> Problem {
    match error {
        StartPaymentError::Ledger(error) => ledger_fault(error),
        StartPaymentError::Stripe(error) => stripe_fault(error),
    }
}

fn stripe_fault(error: &StripeError) -> Problem {
    match error {
        // Stripe does not take this amount in this currency; waiting will not help.
        StripeError::Invalid { code } if code.starts_with("amount_") => {
            tracing::error!(%error, "Stripe refuses the amount of an order");
            Problem::invalid_request("the payment provider does not take this amount")
        }
        StripeError::Invalid { .. }
        | StripeError::Unauthorized
        | StripeError::NotFound
        | StripeError::Declined { .. }
        | StripeError::UnexpectedState { .. } => {
            tracing::error!(%error, "Stripe refuses to create an intent");
            provider_unavailable()
        }
        _ => {
            tracing::warn!(%error, "Stripe did not create an intent");
            provider_unavailable()
        }
    }
}

fn provider_unavailable() -> Problem {
    Problem::unavailable("payment_provider_unavailable").with_retry_after(RETRY_AFTER_SECONDS)
}
