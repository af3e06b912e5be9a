//! Why somebody was not served, and the one table that says how that looks from outside.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use inventory::{Part, Unavailable};
use platform::http::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// After which somebody without an event stream may ask for one again.
const STREAM_RETRY_SECONDS: u32 = 5;

/// Everything but success. A refusal changed nothing.
#[derive(Debug)]
pub enum Refusal {
    Invalid(String),
    UnknownEvent,
    TokenInvalid,
    /// A genuine token without the device key it is bound to.
    PassBound,
    PassExpired,
    NotYourTurn(&'static str),
    QueueFull,
    QueueClosed(&'static str),
    /// The act does not fit the line's phase.
    InvalidTransition(String),
    WorkRequired(Task),
    /// There is no draw yet, or the place is not in it.
    NotInDraw(&'static str),
    KeyReused,
    RequestInProgress,
    /// Too many event streams are open.
    RateLimited(&'static str),
    QueueUnavailable,
    DatabaseUnavailable,
    /// A defect of ours, logged where it was met.
    Internal,
}

/// Work that a join costs while many join: a nonce such that SHA-256 of `salt:nonce` begins with so
/// many zero bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// `sha256`
    pub algorithm: &'static str,
    pub salt: String,
    pub bits: u32,
}

impl Refusal {
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid(detail.into())
    }

    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// Status, code, title.
    fn row(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Invalid(_) => (422, "invalid_request", "The request is not valid"),
            Self::UnknownEvent => (404, "unknown_event", "There is no such event"),
            Self::TokenInvalid => (401, "token_invalid", "A valid token is needed"),
            Self::PassBound => {
                (401, "pass_bound", "The token is bound to a device key that did not come along")
            }
            Self::PassExpired => (403, "pass_expired", "The pass has ended"),
            Self::NotYourTurn(_) => (403, "not_your_turn", "Your turn has not come"),
            Self::QueueFull => (409, "queue_full", "The line takes no more people"),
            Self::QueueClosed(_) => (409, "queue_closed", "The line takes nobody"),
            Self::InvalidTransition(_) => {
                (409, "invalid_transition", "The state of the line does not allow this")
            }
            Self::WorkRequired(_) => {
                (428, "work_required", "Joining costs some computing while many join")
            }
            Self::NotInDraw(_) => (409, "not_in_draw", "There is no such entry in a draw"),
            Self::KeyReused => (
                422,
                "idempotency_key_reused",
                "The Idempotency-Key was used before with another request",
            ),
            Self::RequestInProgress => (
                409,
                "request_in_progress",
                "The first request under this Idempotency-Key still runs",
            ),
            Self::RateLimited(_) => (429, "rate_limited", "Too many event streams are open"),
            Self::QueueUnavailable => (503, "queue_unavailable", "The line does not answer"),
            Self::DatabaseUnavailable => {
                (503, "database_unavailable", "The database does not answer")
            }
            Self::Internal => (500, "internal_error", "Something went wrong on our side"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, title) = self.row();
        let status = StatusCode::from_u16(status).expect("the table has statuses");
        let mut problem = Problem::new(status, code, title);
        if matches!(
            self,
            Self::QueueUnavailable | Self::DatabaseUnavailable | Self::RequestInProgress
        ) {
            problem = problem.with_retry_after(1);
        }
        if matches!(self, Self::RateLimited(_)) {
            problem = problem.with_retry_after(STREAM_RETRY_SECONDS);
        }
        match self {
            Self::Invalid(detail) | Self::InvalidTransition(detail) => {
                problem.with_detail(detail).into_response()
            }
            Self::NotYourTurn(detail)
            | Self::QueueClosed(detail)
            | Self::NotInDraw(detail)
            | Self::RateLimited(detail) => problem.with_detail(detail).into_response(),
            Self::WorkRequired(task) => work_required(status, code, title, task),
            _ => problem.into_response(),
        }
    }
}

/// A problem with the task beside its usual members.
fn work_required(status: StatusCode, code: &str, title: &str, task: Task) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(rename = "type")]
        kind: String,
        title: &'a str,
        status: u16,
        detail: &'a str,
        code: &'a str,
        #[serde(flatten)]
        task: Task,
    }
    let body = Body {
        kind: format!("urn:holdfast:problem:{code}"),
        title,
        status: status.as_u16(),
        detail: "join again with Holdfast-Work: the salt, a colon, and a nonce that solves the task",
        code,
        task,
    };
    let text = serde_json::to_string(&body).expect("plain data");
    let media_type = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, media_type)], text).into_response()
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable.part {
            Part::Database => Self::DatabaseUnavailable,
            Part::Redis | Part::Inventory => Self::QueueUnavailable,
        }
    }
}

impl From<ledger::Error> for Refusal {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Unavailable(_) | ledger::Error::GaveWay(_) => {
                tracing::warn!(%error, "the ledger failed");
                Self::DatabaseUnavailable
            }
            _ => {
                tracing::error!(%error, "the ledger failed");
                Self::Internal
            }
        }
    }
}

impl From<lua::Error> for Refusal {
    fn from(error: lua::Error) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "the store failed");
            Self::QueueUnavailable
        } else {
            tracing::error!(%error, "a script failed");
            Self::Internal
        }
    }
}

impl From<Problem> for Refusal {
    /// Of the tokens' extractors, which know these two.
    fn from(problem: Problem) -> Self {
        match problem.code {
            "pass_bound" => Self::PassBound,
            "token_invalid" => Self::TokenInvalid,
            _ => Self::Internal,
        }
    }
}
