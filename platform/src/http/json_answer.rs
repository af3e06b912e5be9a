//! Answers in JSON.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Problem;

/// Most answers fit without moving to a larger place.
const ROOM: usize = 1024;

/// An answer, to be written as JSON. As the framework's own, but into plain memory: its buffer is
/// asked anew for each comma, which made writing a hold the dearest part of making one.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(ROOM);
        if let Err(error) = serde_json::to_writer(&mut text, &self.0) {
            tracing::error!(%error, "an answer cannot be written");
            return Problem::internal().into_response();
        }
        let mut response = Response::new(Body::from(text));
        let media_type = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn an_answer_says_that_it_is_json() {
        let response = Json(["a", "\u{e9}"]).into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let body = to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(body, "[\"a\",\"\u{e9}\"]".as_bytes());
    }

    #[test]
    fn what_cannot_be_written_is_a_fault_of_ours() {
        let unwritable = std::collections::HashMap::from([(vec![1], 1)]);
        assert_eq!(Json(unwritable).into_response().status(), 500);
    }
}
