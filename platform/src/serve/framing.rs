//! Requests that two readers could take for different ones: a proxy in front, and this process.
//!
//! hyper refuses most of them with 400 and closes: lengths that differ or are no numbers, folded
//! lines, a space before the colon, chunks with bare line feeds. Both lengths at once it reads as
//! chunked and closes afterwards, as RFC 9112 (6.3) has it. What it lets pass is refused here.

use axum::body::Body;
use hyper::{
    Request, Response, StatusCode, Version,
    header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING},
};

/// Whether the request names no host, or several (RFC 9112, 3.2), or codings of its body beside a
/// single `chunked`, which readers undo differently (6.1).
pub(super) fn is_ambiguous<B>(request: &Request<B>) -> bool {
    let (headers, is_1_1) = (request.headers(), request.version() == Version::HTTP_11);
    let hosts = headers.get_all(HOST).iter().count();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_plain = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    hosts > 1 || (is_1_1 && hosts == 0) || !is_plain
}

/// 400 without a body, as hyper's own refusals are, and the end of the connection: nobody knows where
/// a next request would begin.
pub(super) fn refusal() -> Response<Body> {
    tracing::debug!("a request that could be read in two ways was refused");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
