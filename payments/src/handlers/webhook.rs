//! `POST /v1/stripe/webhook`

use axum::{extract::State, http::HeaderMap};
use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use platform::http::{Json, Problem, ProblemBody, RawBody};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Payments,
    error::{ledger_fault, signature_invalid},
    inbox::Delivery,
};

/// The event is durable.
#[derive(Serialize, ToSchema)]
pub struct Received {
    received: bool,
}

/// Stripe's notifications, in Stripe's own format and signed by it.
///
/// 200 once the event is durable, whatever it is about; the same event again is acknowledged again
/// and has one effect.
#[utoipa::path(
    post,
    path = "/v1/stripe/webhook",
    tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "Stored", body = Received),
        (status = 400, description = "`signature_invalid`: missing, wrong or stale",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body_too_large`", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "`database_unavailable`: not stored, send it again",
            body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn receive(
    State(payments): State<Payments>,
    headers: HeaderMap,
    RawBody(body): RawBody<WEBHOOK_BODY_BYTES_MAX>,
) -> Result<Json<Received>, Problem> {
    let signature = one_text(&headers, "stripe-signature").ok_or_else(signature_invalid)?;
    match payments.receive_webhook(signature, &body).await {
        Ok(Delivery::Stored | Delivery::Repeated) => Ok(Json(Received { received: true })),
        Ok(Delivery::Refused(_)) => Err(signature_invalid()),
        Err(error) => Err(match ledger_fault(&error) {
            problem if problem.status.as_u16() == 503 => problem,
            // Whatever the reason: it is not stored, and Stripe shall send it again.
            _ => Problem::unavailable("database_unavailable"),
        }),
    }
}

/// The header's text when it came exactly once.
fn one_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let text = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(text)
}
