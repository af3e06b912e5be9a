//! What an event's seats are and which are free.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::http::{
    IdempotencyKey, Json, JsonBody, Organizer, PathParams, Principal, ProblemBody,
};

use crate::{
    Engine,
    change_blocks::{BlockBody, BlocksChanged, change_blocks as blocks},
    detached::detached,
    error::Refusal,
    events::Viewer,
    idempotency::{Request, once},
    views::{
        availability::Availability,
        chart::ChartShape,
        seats::{SeatsShape, SeatsView, SnapshotShape, snapshot},
    },
};

/// Block and unblock seats
///
/// All or nothing: a held or sold seat refuses the whole.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/blocks",
    operation_id = "change_blocks",
    tag = "seats",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    request_body = BlockBody,
    responses(
        (status = 200, body = BlocksChanged, description = "Done"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`seats_unavailable` with the seats, `request_in_progress`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_seat` with the seats, `invalid_request`"),
    ),
)]
pub async fn change_blocks(
    _: Organizer,
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: JsonBody<BlockBody>,
) -> Result<Response, Refusal> {
    body.value.check()?;
    let request = Request::new(&key, &format!("POST /v1/events/{event}/blocks"), &body.digest);
    let changed =
        detached(async move { once(&engine, request, blocks(&engine, &event, &body.value)).await });
    Ok(changed.await?.respond(StatusCode::OK))
}

/// The seating chart
///
/// With a strong `ETag`: it changes only with the capacity of an area. Compressed where
/// `Accept-Encoding` takes gzip, under an `ETag` of its own.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/chart",
    operation_id = "read_chart",
    tag = "seats",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("If-None-Match" = Option<String>, Header, description = "ETags known already"),
        ("Accept-Encoding" = Option<String>, Header, description = "`gzip`: an eighth of the bytes"),
    ),
    security((), ("organizer" = [])),
    responses(
        (status = 200, body = ChartShape, description = "The chart"),
        (status = 304, description = "As known"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
    ),
)]
pub async fn chart(
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let at_work = engine.event(&event, Viewer::from(&principal)).await?;
    Ok(engine.charts.text(&at_work).await?.respond(&headers))
}

/// How many seats are free
#[utoipa::path(
    get,
    path = "/v1/events/{event}/availability",
    operation_id = "read_availability",
    tag = "seats",
    params(("event" = String, Path, description = "Id or slug")),
    security((), ("organizer" = [])),
    responses(
        (status = 200, body = Availability, description = "Never behind an answer given before"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`"),
    ),
)]
pub async fn availability(
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
) -> Result<Json<Availability>, Refusal> {
    let at_work = engine.event(&event, Viewer::from(&principal)).await?;
    let view = engine.inventory.view(&at_work).await?;
    Ok(Json(Availability::of(&at_work.chart, &view)))
}

/// The state of every seat
///
/// As JSON, or with `Accept: application/octet-stream` as the live protocol's snapshot. All its
/// integers are little endian, a varint is LEB128: u8 type 1, u8 flags 0, u16 partition, u32 epoch,
/// varint version, varint number of seats, u8 encoding 0, then two bits a seat in index order,
/// lowest bits first: 0 free, 1 held, 2 sold, 3 blocked.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/seats",
    operation_id = "read_seats",
    tag = "seats",
    params(("event" = String, Path, description = "Id or slug")),
    security((), ("organizer" = [])),
    responses(
        (status = 200, description = "Never behind an answer given before", content(
            (SeatsShape = "application/json"),
            (SnapshotShape = "application/octet-stream"),
        )),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`inventory_unavailable`"),
    ),
)]
pub async fn read(
    State(engine): State<Arc<Engine>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let at_work = engine.event(&event, Viewer::from(&principal)).await?;
    let view = engine.inventory.view(&at_work).await?;
    let (media_type, body) = if wants_bytes(&headers) {
        ("application/octet-stream", snapshot(at_work.partition.index, &view))
    } else {
        // A stadium's map is megabytes: tens of milliseconds of one core.
        let write = move || serde_json::to_vec(&SeatsView::of(&at_work.chart, &view));
        let written = tokio::task::spawn_blocking(write).await.map_err(|_| Refusal::Internal)?;
        ("application/json", written.map_err(|_| Refusal::Internal)?)
    };
    let headers = [(header::CONTENT_TYPE, media_type), (header::VARY, "accept")];
    Ok((headers, body).into_response())
}

fn wants_bytes(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let mut ranges = lines.flat_map(|line| line.split(','));
    ranges.any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/octet-stream")
    })
}
