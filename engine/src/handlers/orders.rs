//! Orders: seats under a durable claim. Payment is another role's.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use platform::http::{
    EmptyBody, HoldToken, IdempotencyKey, Json, JsonBody, OrderToken, PathParams, ProblemBody,
};

use crate::{
    Engine,
    cancel_order::cancel_order,
    create_order::{OrderBody, create_order},
    detached::detached,
    error::Refusal,
    idempotency::{Request, once},
    views::order::OrderView,
};

/// Order what a hold has
///
/// The seats have a durable claim from then on. Prices are the event's of this moment. Total 0: the
/// tickets exist at once.
#[utoipa::path(
    post,
    path = "/v1/orders",
    operation_id = "create_order",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "New for each intention")),
    security(("hold" = [])),
    request_body = OrderBody,
    responses(
        (status = 201, body = OrderView, description = "The order",
            headers(("Idempotent-Replayed" = String, description = "`true` on a repetition"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`malformed_json`, `idempotency_key_required`"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`sale_closed`: the event is cancelled or over"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_hold`, also for a missing or wrong token"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`order_exists`, `seats_unavailable` with the seats, `sold_out`, \
                `customer_limit_reached`"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`hold_expired`: also for a released hold"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request`, `idempotency_key_reused`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`, `database_unavailable`: ask again with the \
                same key"),
    ),
)]
pub async fn create(
    State(engine): State<Arc<Engine>>,
    token: HoldToken,
    key: IdempotencyKey,
    body: JsonBody<OrderBody>,
) -> Result<Response, Refusal> {
    body.value.check()?;
    let hold = engine.owned_hold(&body.value.hold_id, &token).await?;
    let request = Request::new(&key, "POST /v1/orders", &body.digest);
    let created =
        detached(async move { create_order(&engine, &hold, &body.value, request).await }).await?;
    Ok(created.json(StatusCode::CREATED))
}

/// Read an order
///
/// `confirmed` means: tickets exist, and the availability says sold.
#[utoipa::path(
    get,
    path = "/v1/orders/{order}",
    operation_id = "read_order",
    tag = "orders",
    params(("order" = String, Path)),
    security(("order" = [])),
    responses(
        (status = 200, body = OrderView, description = "The order as it is now"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_order`, also for a missing or wrong token"),
    ),
)]
pub async fn read(
    State(engine): State<Arc<Engine>>,
    PathParams(order): PathParams<String>,
    token: OrderToken,
) -> Result<Json<OrderView>, Refusal> {
    let order = engine.owned_order(&order, &token).await?;
    let token = engine.keys.order_token(&order.id);
    Ok(Json(OrderView::of(&order, token)))
}

/// Cancel an unpaid order
///
/// `cancelled` at once when no payment was begun, else `cancelling` until the payment provider has
/// said that no money can arrive.
#[utoipa::path(
    post,
    path = "/v1/orders/{order}/cancel",
    operation_id = "cancel_order",
    tag = "orders",
    params(
        ("order" = String, Path),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("order" = [])),
    responses(
        (status = 200, body = OrderView, description = "The order as it is now"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_order`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`already_paid`, `order_closed`, `request_in_progress`"),
    ),
)]
pub async fn cancel(
    State(engine): State<Arc<Engine>>,
    PathParams(order): PathParams<String>,
    token: OrderToken,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<Response, Refusal> {
    let order = engine.owned_order(&order, &token).await?;
    let operation = format!("POST /v1/orders/{}/cancel", order.id);
    let request = Request::new(&key, &operation, &body.digest);
    let cancelled =
        detached(async move { once(&engine, request, cancel_order(&engine, &order.id)).await });
    Ok(cancelled.await?.respond(StatusCode::OK))
}
