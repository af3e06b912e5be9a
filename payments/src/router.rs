//! Every route of role payments.

use axum::{Router, routing::post};
use utoipa::OpenApi;

use crate::{
    Payments,
    handlers::{payment, webhook},
};

pub fn router(payments: Payments) -> Router {
    Router::new()
        .route("/v1/orders/{order}/payment", post(payment::start))
        .route("/v1/stripe/webhook", post(webhook::receive))
        .with_state(payments)
}

/// These routes, for the document of the whole program.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    paths(payment::start, webhook::receive),
    tags((name = "payments", description = "Paying an order; Stripe's notifications"))
)]
struct Document;
