//! The request's id: taken if sane, else made; returned, logged, and there for handlers.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use data_encoding::HEXLOWER;

use super::{
    Problem,
    names::{REQUEST_ID, TRACEPARENT},
};
use crate::random;

/// Characters of an id that is taken over from the caller, at most.
const LENGTH_MAX: usize = 128;

/// `X-Request-Id`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    /// Takes the caller's id when it is 1 to 128 characters of `A–Z a–z 0–9 - _ .`, so that it can
    /// neither forge a log line nor fill it.
    pub(super) fn take_or_make(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let is_sane = |text: &&str| {
            (1..=LENGTH_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match given.filter(is_sane) {
            Some(text) => Self(text.to_owned()),
            None => Self(format!("req_{}", HEXLOWER.encode(&random::bytes::<12>()))),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::internal)
    }
}

/// The trace id of a W3C `traceparent` (`00-<32 hex>-<16 hex>-<2 hex>`), if there is a valid one.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get(TRACEPARENT)?.to_str().ok()?.split('-');
    let (version, trace, span, _flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |text: &str| text.bytes().all(|b| b == b'0');
    let valid = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(span, 16)
        && !is_zero(trace)
        && !is_zero(span);
    valid.then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_sane_id_is_taken_and_another_replaced() {
        let id = |value: &str| RequestId::take_or_make(&headers("x-request-id", value)).0;
        assert_eq!(id("checkout-7.A_b"), "checkout-7.A_b");
        for wrong in ["", "a b", "a\u{e9}", "{\"a\":1}", &"x".repeat(129)] {
            assert!(id(wrong).starts_with("req_"), "{wrong:?}");
        }
    }

    #[test]
    fn a_trace_is_continued_only_from_a_valid_header() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let valid = headers("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"));
        assert_eq!(trace_id(&valid), Some(trace));
        for wrong in ["", "00-x-y-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert_eq!(trace_id(&headers("traceparent", wrong)), None, "{wrong:?}");
        }
    }
}
