//! `POST /v1/orders/{order}/payment`

use axum::{
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use domain::id::OrderId;
use ledger::KeptAnswer;
use platform::http::{
    EmptyBody, IDEMPOTENT_REPLAYED, IdempotencyKey, Json, OrderToken, Problem, ProblemBody,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::Instrument;
use utoipa::ToSchema;

use crate::{
    Payments,
    error::{already_paid, ledger_fault, order_closed, start_payment_fault, unknown_order},
    idempotency::{Once, Request},
    start_payment::{Secret, StartPayment, StartPaymentError},
};

const ROUTE: &str = "POST /v1/orders/{order}/payment";

/// What the buyer's browser needs to confirm with the payment provider.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// Always `stripe`.
    provider: String,
    /// Without `/v1` and without a trailing slash.
    api_base: String,
    publishable_key: String,
    payment_intent: String,
    /// Confirms this one payment. Not to be logged or stored.
    client_secret: String,
}

/// The buyer presses Pay.
///
/// Pressing again gives the same intent, also after a decline; a new one only after the provider
/// said that the former is cancelled.
#[utoipa::path(
    post,
    path = "/v1/orders/{order}/payment",
    tag = "payments",
    params(
        ("order" = String, Path, description = "The order's id"),
        ("Holdfast-Order" = String, Header, description = "The order's token"),
        ("Idempotency-Key" = String, Header, description = "One for each intention"),
    ),
    responses(
        (status = 201, description = "A new intent", body = Payment),
        (status = 200, description = "The intent that was there", body = Payment),
        (status = 400, description = "`idempotency_key_required`, `malformed_json`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_order`, also without its token",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`order_closed`, `already_paid`, `request_in_progress`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`payment_provider_unavailable`, `database_unavailable`",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn start(
    State(payments): State<Payments>,
    Path(order): Path<String>,
    token: OrderToken,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<Response, Problem> {
    let order: OrderId = order.parse().map_err(|_| unknown_order())?;
    if !token.owns(&payments.keys, &order) {
        return Err(unknown_order());
    }
    let request = Request { key: key.digest(ROUTE), fingerprint: fingerprint(&order, &body) };
    // Detached: a client that hangs up must not cut the money path in half.
    let tasks = payments.tasks.clone();
    let work = async move { answer(&payments, &order, &request).await };
    let work = tasks.spawn(work.in_current_span());
    work.await.unwrap_or_else(|_| Err(Problem::internal()))
}

async fn answer(
    payments: &Payments,
    order: &OrderId,
    request: &Request,
) -> Result<Response, Problem> {
    let work = async {
        let pressed = payments.start_payment(order).await?;
        Ok::<_, StartPaymentError>(judge(payments, pressed))
    };
    let kept = |outcome: &Result<(StatusCode, Payment), Problem>| {
        let (status, payment) = outcome.as_ref().ok()?;
        Some((status.as_u16(), serde_json::to_string(payment).ok()?))
    };
    match payments.once(request, work, kept).await {
        Ok(Once::Done(outcome)) => {
            let (status, payment) = outcome?;
            Ok((status, Json(payment)).into_response())
        }
        Ok(Once::Replayed(answer)) => replay(answer),
        Ok(Once::KeyReused) => Err(Problem::idempotency_key_reused()),
        Ok(Once::InProgress) => Err(Problem::request_in_progress()),
        Err(StartPaymentError::Ledger(error)) => Err(ledger_fault(&error)),
        Err(error) => Err(start_payment_fault(&error)),
    }
}

fn judge(payments: &Payments, pressed: StartPayment) -> Result<(StatusCode, Payment), Problem> {
    let (status, Secret { intent, client_secret }) = match pressed {
        StartPayment::Created(secret) => (StatusCode::CREATED, secret),
        StartPayment::Again(secret) => (StatusCode::OK, secret),
        StartPayment::Closed => return Err(order_closed()),
        StartPayment::AlreadyPaid => return Err(already_paid()),
        StartPayment::Missing => return Err(unknown_order()),
    };
    let payment = Payment {
        provider: "stripe".to_owned(),
        api_base: payments.stripe.api_base().to_owned(),
        publishable_key: payments.publishable_key.clone(),
        payment_intent: intent,
        client_secret,
    };
    Ok((status, payment))
}

fn replay(answer: KeptAnswer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Problem::internal())?;
    let mut response = (status, Body::from(answer.body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(IDEMPOTENT_REPLAYED, header::HeaderValue::from_static("true"));
    Ok(response)
}

/// The order is part of the request: one key for two orders is a key used twice.
fn fingerprint(order: &OrderId, body: &EmptyBody) -> String {
    let digest = Sha256::new().chain_update(order.as_str()).chain_update(body.digest).finalize();
    HEXLOWER.encode(&digest)
}
