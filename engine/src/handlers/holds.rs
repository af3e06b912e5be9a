//! Holds: seats reserved until a deadline.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use platform::http::{
    ClientAddress, Device, EmptyBody, HoldToken, IdempotencyKey, Json, JsonBody, PassToken,
    PathParams, ProblemBody,
};

use crate::{
    Engine,
    change_hold::{ChangeBody, change_hold, operation},
    error::Refusal,
    extend_hold::extend_hold,
    hold_seats::{Asker, hold_seats},
    read_hold::read_hold,
    release_hold::release_hold,
    views::hold::HoldView,
    wish::HoldBody,
};

/// Hold seats
///
/// One of `seats` and `best_available`, and/or `areas`; all of it or nothing. The same key and body
/// again answers with the hold as it stands, for as long as it lives.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/holds",
    operation_id = "create_hold",
    tag = "holds",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header,
            description = "New for each intention; without `Holdfast-Device` at least 22 characters"),
    ),
    security((), ("device" = []), ("device" = [], "pass" = [])),
    request_body = HoldBody,
    responses(
        (status = 201, body = HoldView, description = "The hold",
            headers(("Idempotent-Replayed" = String, description = "`true` on a repetition"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`malformed_json`, `idempotency_key_required`"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`pass_required`, `pass_bound`, `token_invalid`"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`sale_not_open`, `sale_closed`, `pass_expired`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`seats_unavailable` with the seats, `not_enough_adjacent_seats`, \
                `sold_out`, `customer_limit_reached`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_seat` with the seats, `unknown_area`, `invalid_request`, \
                `idempotency_key_reused`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`rate_limited`: also when too many seats are held from one address"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`, `database_unavailable`"),
    ),
)]
pub async fn create(
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    address: ClientAddress,
    pass: PassToken,
    device: Device,
    body: JsonBody<HoldBody>,
) -> Result<Response, Refusal> {
    let asker = Asker { key, address, pass, device };
    let held = hold_seats(&engine, &event, &asker, &body.value, &body.digest).await?;
    Ok(held.json(StatusCode::CREATED))
}

/// Read a hold
///
/// An ended one too, with its status, for a quarter of an hour.
#[utoipa::path(
    get,
    path = "/v1/holds/{hold}",
    operation_id = "read_hold",
    tag = "holds",
    params(("hold" = String, Path)),
    security(("hold" = [])),
    responses(
        (status = 200, body = HoldView, description = "The hold as it is now"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_hold`, also for a missing or wrong token"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`"),
    ),
)]
pub async fn read(
    State(engine): State<Arc<Engine>>,
    PathParams(hold): PathParams<String>,
    token: HoldToken,
) -> Result<Json<HoldView>, Refusal> {
    let hold = engine.owned_hold(&hold, &token).await?;
    Ok(Json(read_hold(&engine, &hold).await?))
}

/// Change a hold
///
/// All of it or nothing; the deadline stays. What takes more needs an open sale.
#[utoipa::path(
    patch,
    path = "/v1/holds/{hold}",
    operation_id = "change_hold",
    tag = "holds",
    params(
        ("hold" = String, Path),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("hold" = [])),
    request_body = ChangeBody,
    responses(
        (status = 200, body = HoldView, description = "The changed hold"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`sale_not_open`, `sale_closed`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_hold`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`seats_unavailable` with the seats, `sold_out`, \
                `customer_limit_reached`, `hold_in_payment`"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`hold_expired`: also for a released hold"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_seat`, `unknown_area`, `invalid_request`"),
    ),
)]
pub async fn change(
    State(engine): State<Arc<Engine>>,
    PathParams(hold): PathParams<String>,
    token: HoldToken,
    key: IdempotencyKey,
    body: JsonBody<ChangeBody>,
) -> Result<Response, Refusal> {
    body.value.check()?;
    let hold = engine.owned_hold(&hold, &token).await?;
    let operation = operation("change_hold", &key, &body.digest);
    Ok(change_hold(&engine, &hold, &body.value, operation).await?.json(StatusCode::OK))
}

/// Extend a hold
#[utoipa::path(
    post,
    path = "/v1/holds/{hold}/extend",
    operation_id = "extend_hold",
    tag = "holds",
    params(
        ("hold" = String, Path),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("hold" = [])),
    responses(
        (status = 200, body = HoldView, description = "The hold with its new deadline"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_hold`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`extension_limit`, `hold_in_payment`"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`hold_expired`: also for a released hold"),
    ),
)]
pub async fn extend(
    State(engine): State<Arc<Engine>>,
    PathParams(hold): PathParams<String>,
    token: HoldToken,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<Response, Refusal> {
    let hold = engine.owned_hold(&hold, &token).await?;
    let operation = operation("extend_hold", &key, &body.digest);
    Ok(extend_hold(&engine, &hold, operation).await?.json(StatusCode::OK))
}

/// Release a hold
///
/// Again: the same.
#[utoipa::path(
    delete,
    path = "/v1/holds/{hold}",
    operation_id = "release_hold",
    tag = "holds",
    params(
        ("hold" = String, Path),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("hold" = [])),
    responses(
        (status = 204, description = "The seats are free"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_hold`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`hold_in_payment`"),
    ),
)]
pub async fn release(
    State(engine): State<Arc<Engine>>,
    PathParams(hold): PathParams<String>,
    token: HoldToken,
    _: IdempotencyKey,
    _: EmptyBody,
) -> Result<StatusCode, Refusal> {
    let hold = engine.owned_hold(&hold, &token).await?;
    release_hold(&engine, &hold).await?;
    Ok(StatusCode::NO_CONTENT)
}
