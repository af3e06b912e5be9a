//! The catalogue.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::limits::EVENT_BODY_BYTES_MAX;
use platform::http::{
    EmptyBody, IdempotencyKey, Json, JsonBody, Organizer, PathParams, Principal, ProblemBody,
    QueryParams,
};

use crate::{
    Engine,
    cancel_event::cancel_event,
    change_event::{ChangeEvent, change_event},
    create_event::{CreateEvent, create_event},
    detached::detached,
    error::Refusal,
    events::Viewer,
    idempotency::{Request, once},
    list_events::list_events,
    pages::PageWish,
    publish_event::publish_event,
    views::event::{EventPage, EventView},
};

/// Published events
///
/// In the order of their creation.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "list_events",
    tag = "events",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Default 20"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, body = EventPage, description = "One page"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request`"),
    ),
)]
pub async fn list(
    State(engine): State<Arc<Engine>>,
    QueryParams(parameters): QueryParams<Vec<(String, String)>>,
) -> Result<Json<EventPage>, Refusal> {
    Ok(Json(list_events(&engine, PageWish::read(&parameters)?).await?))
}

/// One event
///
/// A draft is there only for its organiser.
#[utoipa::path(
    get,
    path = "/v1/events/{event}",
    operation_id = "read_event",
    tag = "events",
    params(("event" = String, Path, description = "Id or slug")),
    security((), ("organizer" = [])),
    responses(
        (status = 200, body = EventView, description = "The event"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
    ),
)]
pub async fn read(
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
) -> Result<Json<EventView>, Refusal> {
    let at_work = engine.event(&event, Viewer::from(&principal)).await?;
    Ok(Json(EventView::of(&at_work.event)))
}

/// Create a draft
#[utoipa::path(
    post,
    path = "/v1/events",
    operation_id = "create_event",
    tag = "events",
    params(("Idempotency-Key" = String, Header, description = "New for each intention")),
    security(("organizer" = [])),
    request_body = CreateEvent,
    responses(
        (status = 201, body = EventView, description = "The draft"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`malformed_json`, `idempotency_key_required`"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`slug_taken`, `request_in_progress`"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json",
            description = "`body_too_large`: above 32 MiB"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request` with the field, `idempotency_key_reused`"),
    ),
)]
pub async fn create(
    _: Organizer,
    State(engine): State<Arc<Engine>>,
    key: IdempotencyKey,
    body: JsonBody<CreateEvent, EVENT_BODY_BYTES_MAX>,
) -> Result<Response, Refusal> {
    let request = Request::new(&key, "POST /v1/events", &body.digest);
    let created = detached(async move { create_event(&engine, body.value, request).await }).await?;
    Ok(created.json(StatusCode::CREATED))
}

/// Change a draft or published event
#[utoipa::path(
    patch,
    path = "/v1/events/{event}",
    operation_id = "change_event",
    tag = "events",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    request_body = ChangeEvent,
    responses(
        (status = 200, body = EventView, description = "The event as it is now"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`capacity_below_sold`, `invalid_transition`, `request_in_progress`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request` with the field, `unknown_area`"),
    ),
)]
pub async fn change(
    _: Organizer,
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: JsonBody<ChangeEvent>,
) -> Result<Response, Refusal> {
    let request = Request::new(&key, &format!("PATCH /v1/events/{event}"), &body.digest);
    let changed = detached(async move {
        once(&engine, request, change_event(&engine, &event, &body.value)).await
    });
    Ok(changed.await?.respond(StatusCode::OK))
}

/// Put a draft on sale
///
/// Its inventory is laid before the answer. Again: the same.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/publish",
    operation_id = "publish_event",
    tag = "events",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    responses(
        (status = 200, body = EventView, description = "The published event"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_transition`, `request_in_progress`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`, `database_unavailable`"),
    ),
)]
pub async fn publish(
    _: Organizer,
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<Response, Refusal> {
    let request = Request::new(&key, &format!("POST /v1/events/{event}/publish"), &body.digest);
    let published =
        detached(async move { once(&engine, request, publish_event(&engine, &event)).await });
    Ok(published.await?.respond(StatusCode::OK))
}

/// Cancel an event
///
/// Refused while tickets are sold; unpaid orders end with it. Again: the same.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/cancel",
    operation_id = "cancel_event",
    tag = "events",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    responses(
        (status = 200, body = EventView, description = "The cancelled event"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`has_sold_tickets`, `invalid_transition`, `request_in_progress`"),
    ),
)]
pub async fn cancel(
    _: Organizer,
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<Response, Refusal> {
    let request = Request::new(&key, &format!("POST /v1/events/{event}/cancel"), &body.digest);
    let cancelled =
        detached(async move { once(&engine, request, cancel_event(&engine, &event)).await });
    Ok(cancelled.await?.respond(StatusCode::OK).into_response())
}
