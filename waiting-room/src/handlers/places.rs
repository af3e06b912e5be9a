//! Places: join, look, enter, leave; the stream; the draw.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use platform::http::{
    ClientAddress, Edge, EmptyBody, HOLDFAST_WORK, Json, OptionalJsonBody, PathParams, Principal,
    Problem, ProblemBody,
};

use crate::{
    WaitingRoom,
    enter_line::{EnterAnswer, enter_line},
    error::{Refusal, Task},
    join_line::{Asker, JoinAnswer, join_line},
    leave_line::leave_line,
    proofs::{CommitmentView, DrawAnswer, prove_draw, read_draw},
    read_status::{Tokens, read_status},
    stream,
    views::{EnterView, JoinBody, JoinView, StatusView},
};

impl<S: Send + Sync> FromRequestParts<S> for Tokens {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers)
    }
}

/// `Holdfast-Work`, when sent.
pub struct Work(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Work {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = parts.headers.get(HOLDFAST_WORK).and_then(|value| value.to_str().ok());
        Ok(Self(text.map(str::to_owned)))
    }
}

/// Join the line
///
/// Possible from publication. The same account, code or device again gets the same place.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/queue",
    operation_id = "join_line",
    tag = "queue",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Holdfast-Device" = String, Header, description = "The device key; the place is bound to it"),
        ("Holdfast-Place" = Option<String>, Header, description = "A place given before, to be honoured"),
        ("Holdfast-Work" = Option<String>, Header, description = "`salt:nonce`, when it was asked for"),
    ),
    request_body(content = Option<JoinBody>),
    responses(
        (status = 201, body = JoinView, description = "A new place"),
        (status = 200, body = JoinView, description = "The place this person has"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`, `pass_bound`: the place that was sent along"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`queue_full`, `queue_closed`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request`: no device key, or a code that is none"),
        (status = 428, body = Task, content_type = "application/problem+json",
            description = "`work_required`: with `algorithm`, `salt`, `bits` beside the problem's \
                members; answered in `Holdfast-Work`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`queue_unavailable`, `database_unavailable`"),
    ),
)]
pub async fn join(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
    address: ClientAddress,
    Work(work): Work,
    tokens: Tokens,
    body: OptionalJsonBody<JoinBody>,
) -> Result<Response, Refusal> {
    let Tokens { place, device, .. } = tokens;
    let asker = Asker { principal, device, address, place, work, code: body.value.code };
    Ok(match join_line(&room, &event, &asker).await? {
        JoinAnswer::New(view) => (StatusCode::CREATED, Json(view)).into_response(),
        JoinAnswer::Known(view) => Json(view).into_response(),
    })
}

/// Read where a place stands
///
/// Answered from the process's memory.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/queue",
    operation_id = "read_place",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    security(("place" = [], "device" = []), ("place" = [], "device" = [], "pass" = [])),
    responses(
        (status = 200, body = StatusView, description = "Where it stands now"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`, `pass_bound`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
    ),
)]
pub async fn read(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    tokens: Tokens,
) -> Result<Response, Refusal> {
    let view = read_status(&room, &event, &tokens).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Enter
///
/// When the turn has come: a pass. Again: the same pass, renewed.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/queue/enter",
    operation_id = "enter_line",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    security(("place" = [], "device" = [])),
    responses(
        (status = 201, body = EnterView, description = "A pass"),
        (status = 200, body = EnterView, description = "The pass this place has, renewed"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`, `pass_bound`"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_your_turn`, `pass_expired`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`queue_closed`"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
            description = "`queue_unavailable`, `database_unavailable`"),
    ),
)]
pub async fn enter(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    tokens: Tokens,
    _: EmptyBody,
) -> Result<Response, Refusal> {
    Ok(match enter_line(&room, &event, &tokens).await? {
        EnterAnswer::New(view) => (StatusCode::CREATED, Json(view)).into_response(),
        EnterAnswer::Renewed(view) => Json(view).into_response(),
    })
}

/// Leave
///
/// The place is given up, a pass ends and makes room. Again: the same.
#[utoipa::path(
    delete,
    path = "/v1/events/{event}/queue",
    operation_id = "leave_line",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    security(("place" = [], "device" = [])),
    responses(
        (status = 204, description = "Left"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`, `pass_bound`"),
    ),
)]
pub async fn leave(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    tokens: Tokens,
    _: EmptyBody,
) -> Result<StatusCode, Refusal> {
    leave_line(&room, &event, &tokens).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow the line
///
/// Server-sent events: one small frame, the same for everybody, at least once a second.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/queue/stream",
    operation_id = "stream_line",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = stream::Frame, content_type = "text/event-stream",
            description = "Each event's data is such a frame"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`queue_closed`: the event has no waiting room"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`rate_limited`: too many streams are open, of this address or in all"),
    ),
)]
pub async fn stream(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    address: ClientAddress,
    Extension(edge): Extension<Arc<Edge>>,
) -> Result<Response, Refusal> {
    let at_work = room.event(&event).await?;
    if !at_work.event.queue.enabled {
        return Err(Refusal::QueueClosed("this event is sold without a waiting room"));
    }
    // Where requests of an address are not limited, its streams are not either.
    let open = room.streams.open(edge.limiter().map(|_| address.bucket()))?;
    let line = room.read_line(&at_work).await?;
    Ok(stream::answer(&line, room.clock.now(), open, room.closing.clone()))
}

/// Read the draw
///
/// Before it the commitment to its secret, after it all that is needed to check any position.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/queue/draw",
    operation_id = "read_draw",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = CommitmentView, description = "After the draw also `size`, `root`, \
            `secret`, `beacon`, `seed`, `rules`, `event`, `lanes`, and `beacon_missed` where a \
            beacon was to go into it and did not"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
    ),
)]
pub async fn draw(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
) -> Result<Response, Refusal> {
    Ok(match read_draw(&room, &event).await? {
        DrawAnswer::Before(view) => Json(view).into_response(),
        DrawAnswer::After(drawn) => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            (json, drawn.text.clone()).into_response()
        }
    })
}

/// Prove a place's part in the draw
#[utoipa::path(
    get,
    path = "/v1/events/{event}/queue/draw/proof",
    operation_id = "prove_draw",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    security(("place" = [], "device" = [])),
    responses(
        (status = 200, description = "`lane`, `index`, `leaf`, `path`, `identity`, `position`"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`, `pass_bound`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_in_draw`"),
    ),
)]
pub async fn proof(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    tokens: Tokens,
) -> Result<Response, Refusal> {
    Ok(Json(prove_draw(&room, &event, &tokens).await?).into_response())
}
