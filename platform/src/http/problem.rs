//! Refusals and faults as `application/problem+json` (RFC 9457).
//!
//! Only what is meant for the public goes in: the code, a title, and a detail written for the
//! caller. The text of an internal error never does; it is logged where it is handled.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One refusal. `code` is stable: clients branch on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub title: &'static str,
    pub detail: Option<String>,
    /// Labels of the seats in conflict.
    pub seats: Option<Vec<String>>,
    /// Version of the seats' state that the refusal saw.
    pub version: Option<u64>,
    /// Seconds, at least 1.
    pub retry_after: Option<u32>,
}

/// The body of every refusal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:holdfast:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What is wrong with this request; the title again where there is no more to say.
    pub detail: String,
    /// Stable; what a program should branch on.
    pub code: String,
    /// Of a conflict over seats: their labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<Vec<String>>,
    /// Of a conflict over seats: the version of their state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl Problem {
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, seats: None, version: None, retry_after: None }
    }

    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A conflict over seats: their labels, and the version at which it was seen.
    #[must_use]
    pub fn with_seats(mut self, seats: Vec<String>, version: u64) -> Self {
        self.seats = Some(seats);
        self.version = Some(version);
        self
    }

    /// Sends `Retry-After`, at least one second.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// 404 for a thing that is not there, or that the caller does not own: `unknown_hold` etc.
    pub const fn unknown(code: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "There is nothing here under this name")
    }

    /// 422 `invalid_request`; `detail` says what is wrong with which field.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "The request is well formed but not valid",
        )
        .with_detail(detail)
    }

    /// 400 `malformed_json`
    pub fn malformed_json(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", "The body is not well-formed JSON")
            .with_detail(detail)
    }

    /// 400 `idempotency_key_required`
    pub fn idempotency_key_required(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "idempotency_key_required",
            "This operation needs an Idempotency-Key",
        )
        .with_detail(detail)
    }

    /// 422 `idempotency_key_reused`
    pub const fn idempotency_key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "The Idempotency-Key was used before with another request",
        )
    }

    /// 409 `request_in_progress`
    pub fn request_in_progress() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "request_in_progress",
            "The first request under this Idempotency-Key still runs",
        )
        .with_retry_after(1)
    }

    /// 401 `token_invalid`
    pub const fn token_invalid() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", "A valid token is needed")
    }

    /// 401 `pass_bound`: a genuine place or pass without the device key it is bound to.
    pub const fn pass_bound() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "pass_bound",
            "The token is bound to a device key that did not come along",
        )
    }

    /// 404 `unknown_route`
    pub const fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_route", "There is no such route")
    }

    /// 405 `method_not_allowed`
    pub const fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This route does not take this method",
        )
    }

    /// 408 `request_timeout`: the body came too slowly.
    pub const fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time")
    }

    /// 413 `body_too_large`
    pub fn body_too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large")
            .with_detail(format!("at most {limit} bytes are taken here"))
    }

    /// 415 `unsupported_media_type`
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body's media type is not taken here",
        )
        .with_detail(detail)
    }

    /// 429 `rate_limited`
    pub fn rate_limited(seconds: u32) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "Too many requests from this address",
        )
        .with_retry_after(seconds)
    }

    /// 503 with the part's own code, e.g. `inventory_unavailable`, and one second of patience.
    pub fn unavailable(code: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "A part of the service does not answer")
            .with_retry_after(1)
    }

    /// 500 `internal_error`, without a word about the cause.
    pub const fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on our side",
        )
    }

    fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:holdfast:problem:{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone().unwrap_or_else(|| self.title.to_owned()),
            code: self.code.to_owned(),
            seats: self.seats.clone(),
            version: self.version,
        }
    }

    fn extra_header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self.status {
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            // What is left of the body is not worth waiting for.
            StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE => {
                Some((header::CONNECTION, HeaderValue::from_static("close")))
            }
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).expect("a problem is plain data");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some((name, value)) = self.extra_header() {
            headers.insert(name, value);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}
