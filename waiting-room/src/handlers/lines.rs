//! What organisers do to a line.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::http::{
    IDEMPOTENT_REPLAYED, IdempotencyKey, Json, JsonBody, OptionalJsonBody, Organizer, PathParams,
    ProblemBody,
};
use tracing::Instrument;

use crate::{
    WaitingRoom,
    change_phase::{Act, change_phase},
    change_settings,
    error::Refusal,
    idempotency::{Answer, once},
    make_codes, show_line,
    views::{CodesBody, CodesView, ReasonBody, SettingsBody, SettingsView},
};

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (json, self.body).into_response();
        if self.replayed {
            let replayed = HeaderValue::from_static("true");
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, replayed);
        }
        response
    }
}

/// Runs to its end, whether or not anybody still waits for the answer.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    // A panic was logged by the hook; the caller learns only that something went wrong.
    tokio::spawn(work.in_current_span()).await.unwrap_or(Err(Refusal::Internal))
}

/// Read a line and its rules
#[utoipa::path(
    get,
    path = "/v1/events/{event}/queue/settings",
    operation_id = "read_line",
    tag = "queue",
    params(("event" = String, Path, description = "Id or slug")),
    security(("organizer" = [])),
    responses(
        (status = 200, body = SettingsView, description = "As it is now"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
    ),
)]
pub async fn settings(
    _: Organizer,
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
) -> Result<Json<SettingsView>, Refusal> {
    show_line::show_line(&room, &event).await.map(Json)
}

/// Replace a line's rules
///
/// What is left out has its default; `reason` is kept.
#[utoipa::path(
    put,
    path = "/v1/events/{event}/queue/settings",
    operation_id = "change_line",
    tag = "queue",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    request_body = SettingsBody,
    responses(
        (status = 200, body = SettingsView, description = "As it is now"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`unknown_event`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_transition`: the event has ended; `request_in_progress`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request` with the field, `idempotency_key_reused`"),
    ),
)]
pub async fn change_settings(
    _: Organizer,
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: JsonBody<SettingsBody>,
) -> Result<Response, Refusal> {
    let answer = detached(async move {
        let operation = format!("PUT /v1/events/{event}/queue/settings");
        let work = change_settings::change_settings(&room, &event, &body.value);
        once(&room, &key, &operation, &body.digest, work).await
    });
    Ok(answer.await?.into_response())
}

/// Make codes for a lane
///
/// The same Idempotency-Key gives the same codes.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/queue/codes",
    operation_id = "make_codes",
    tag = "queue",
    params(
        ("event" = String, Path, description = "Id or slug"),
        ("Idempotency-Key" = String, Header, description = "New for each intention"),
    ),
    security(("organizer" = [])),
    request_body = CodesBody,
    responses(
        (status = 201, body = CodesView, description = "To be handed out, each to one person"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`token_invalid`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid_request` with the field"),
    ),
)]
pub async fn make_codes(
    _: Organizer,
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    key: IdempotencyKey,
    body: JsonBody<CodesBody>,
) -> Result<Response, Refusal> {
    let view = make_codes::make_codes(&room, &event, &key, &body.value).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

async fn act(
    room: Arc<WaitingRoom>,
    event: String,
    act: Act,
    key: IdempotencyKey,
    body: OptionalJsonBody<ReasonBody>,
) -> Result<Response, Refusal> {
    let answer = detached(async move {
        let operation = format!("POST /v1/events/{event}/queue/{}", act.as_str());
        let work = change_phase(&room, &event, act, &body.value);
        once(&room, &key, &operation, &body.digest, work).await
    });
    Ok(answer.await?.into_response())
}

/// Handlers of the acts: they differ by their name, and by what they do to the line.
macro_rules! acts {
    ($($(#[$text:meta])+ $name:ident = $act:ident, $operation:literal, $path:literal;)+) => {$(
        $(#[$text])+
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $operation,
            tag = "queue",
            params(
                ("event" = String, Path, description = "Id or slug"),
                ("Idempotency-Key" = String, Header, description = "New for each intention"),
            ),
            security(("organizer" = [])),
            request_body(content = Option<ReasonBody>),
            responses(
                (status = 200, body = SettingsView, description = "The line as it is now"),
                (status = 401, body = ProblemBody, content_type = "application/problem+json",
                    description = "`token_invalid`"),
                (status = 404, body = ProblemBody, content_type = "application/problem+json",
                    description = "`unknown_event`"),
                (status = 409, body = ProblemBody, content_type = "application/problem+json",
                    description = "`invalid_transition`, `request_in_progress`"),
            ),
        )]
        pub async fn $name(
            _: Organizer,
            State(room): State<Arc<WaitingRoom>>,
            PathParams(event): PathParams<String>,
            key: IdempotencyKey,
            body: OptionalJsonBody<ReasonBody>,
        ) -> Result<Response, Refusal> {
            act(room, event, Act::$act, key, body).await
        }
    )+};
}

acts! {
    /// Open the line
    ///
    /// Holds the draw now and begins to admit. Again: the same.
    open = Open, "open_line", "/v1/events/{event}/queue/open";

    /// Pause
    ///
    /// Nobody is admitted; people join, and whose turn has come enters.
    pause = Pause, "pause_line", "/v1/events/{event}/queue/pause";

    /// Resume
    ///
    /// After a pause or while draining.
    resume = Resume, "resume_line", "/v1/events/{event}/queue/resume";

    /// Drain
    ///
    /// Nobody joins any more; who waits is admitted.
    drain = Drain, "drain_line", "/v1/events/{event}/queue/drain";

    /// Close
    ///
    /// Nobody joins and nobody is admitted. Passes live on.
    close = Close, "close_line", "/v1/events/{event}/queue/close";
}
