//! Reading a body: bounded in size and in time, never compressed.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::header,
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::Problem;

/// The body's bytes as they came, at most `LIMIT` of them (413).
pub struct RawBody<const LIMIT: usize>(pub Bytes);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for RawBody<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request, LIMIT).await.map(Self)
    }
}

/// Twenty seconds, and one more for each 256 KiB that the operation may take.
fn time_allowed(limit: usize) -> Duration {
    Duration::from_secs(20 + limit as u64 / (256 * 1024))
}

pub(super) async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, Problem> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::unsupported_media_type("compressed bodies are not taken"));
    }
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Problem::body_too_large(limit));
    }
    let body = Limited::new(request.into_body(), limit);
    match tokio::time::timeout(time_allowed(limit), body.collect()).await {
        Err(_) => Err(Problem::request_timeout()),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(limit)),
        // The connection broke, or the framing is wrong: nobody is likely to read this.
        Ok(Err(_)) => Err(Problem::malformed_json("the body could not be read to its end")),
    }
}
