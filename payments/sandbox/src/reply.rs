//! Answers on the wire: JSON with Stripe's headers, readable from any web page.

use std::io;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use crate::{failure::Failure, limits};

/// The answer of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) should_retry: Option<bool>,
    /// The request that first got this answer, when it is a repetition.
    pub(crate) replay_of: Option<String>,
    pub(crate) rate_limited_by: Option<&'static str>,
}

impl Reply {
    pub(crate) fn of_failure(failure: &Failure, request_id: &str, now: i64) -> Self {
        Self {
            status: failure.status,
            body: failure.body(request_id, now).to_string(),
            should_retry: Some(failure.retry),
            ..Self::default()
        }
    }

    /// Status 0 breaks the connection within the answer.
    pub(crate) fn into_response(self, request_id: &str, request: &HeaderMap) -> Response {
        if self.status == 0 {
            let broken = io::Error::new(io::ErrorKind::ConnectionReset, "broken on order");
            let stream = futures_util::stream::once(async { Err::<Bytes, _>(broken) });
            return Body::from_stream(stream).into_response();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body).into_response();
        let headers = response.headers_mut();
        allow_any_page(headers);
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("content-type", "application/json");
        set("cache-control", "no-cache, no-store");
        set("request-id", request_id);
        set("stripe-version", limits::API_VERSION);
        if let Some(retry) = self.should_retry {
            set("stripe-should-retry", if retry { "true" } else { "false" });
        }
        if let Some(original) = &self.replay_of {
            set("idempotent-replayed", "true");
            set("original-request", original);
        }
        if let Some(reason) = self.rate_limited_by {
            set("stripe-rate-limited-reason", reason);
        }
        if status == StatusCode::UNAUTHORIZED {
            set("www-authenticate", "Basic realm=\"Stripe\"");
        }
        if let Some(key) = request.get("idempotency-key") {
            headers.insert(HeaderName::from_static("idempotency-key"), key.clone());
        }
        response
    }
}

/// Stripe's API answers any web page; what a page may do is in the key it has.
pub(crate) fn allow_any_page(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Request-Id, Idempotency-Key, Idempotent-Replayed, Stripe-Should-Retry",
        ),
    );
}

/// The answer to a browser's question whether it may call.
pub(crate) fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow_any_page(headers);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Accept, Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Version",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("300"));
    response
}
