//! Answers to requests that may come again.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::http::{IDEMPOTENT_REPLAYED, Json};
use serde::Serialize;

/// An outcome, and whether this request brought it about or an earlier one with the same key.
pub enum Once<T> {
    First(T),
    Replayed(T),
}

/// JSON that was written already.
pub struct JsonText(pub String);

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

impl<T: Serialize> Once<T> {
    /// The same status both times; only a replay says that it is one.
    pub fn json(self, status: StatusCode) -> Response {
        self.map(Json).respond(status)
    }
}

impl<T> Once<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Once<U> {
        match self {
            Self::First(value) => Once::First(change(value)),
            Self::Replayed(value) => Once::Replayed(change(value)),
        }
    }
}

impl<T: IntoResponse> Once<T> {
    /// As [`Once::json`].
    pub fn respond(self, status: StatusCode) -> Response {
        match self {
            Self::First(body) => (status, body).into_response(),
            Self::Replayed(body) => {
                let mut response = (status, body).into_response();
                let replayed = HeaderValue::from_static("true");
                response.headers_mut().insert(IDEMPOTENT_REPLAYED, replayed);
                response
            }
        }
    }
}
