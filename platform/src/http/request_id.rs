//! The request's id: taken if sane, else made; returned, logged, and there for handlers.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, request::Parts},
};
use data_encoding::HEXLOWER;

use super::{
    Problem,
    names::{REQUEST_ID, TRACEPARENT},
};
use crate::random;

/// Characters of an id that is taken over from the caller, at most.
const LENGTH_MAX: usize = 128;

/// Names this process among all; within it, ids count up.
static PROCESS: LazyLock<[u8; 4]> = LazyLock::new(random::bytes);
static NEXT: LazyLock<AtomicU64> =
    LazyLock::new(|| AtomicU64::new(u64::from(u32::from_ne_bytes(random::bytes()))));

/// `X-Request-Id`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the caller's id when it is 1 to 128 characters of `A–Z a–z 0–9 - _ .`, so that it can
    /// neither forge a log line nor fill it.
    pub(super) fn take_or_make(headers: &HeaderMap) -> Self {
        let is_sane = |value: &&HeaderValue| {
            (1..=LENGTH_MAX).contains(&value.len())
                && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        };
        Self(headers.get(REQUEST_ID).filter(is_sane).cloned().unwrap_or_else(make))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("checked, or made here")
    }

    pub(super) fn into_value(self) -> HeaderValue {
        self.0
    }
}

fn make() -> HeaderValue {
    let mut id = *b"req_000000000000000000000000";
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&*PROCESS);
    bytes[4..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    HEXLOWER.encode_mut(&bytes, &mut id[4..]);
    HeaderValue::from_bytes(&id).expect("hexadecimal digits are visible ASCII")
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
        let id = |value: &str| RequestId::take_or_make(&headers("x-request-id", value));
        assert_eq!(id("checkout-7.A_b").as_str(), "checkout-7.A_b");
        for wrong in ["", "a b", "a\u{e9}", "{\"a\":1}", &"x".repeat(129)] {
            let (one, other) = (id(wrong), id(wrong));
            assert!(one.as_str().starts_with("req_") && one.as_str().len() == 28, "{wrong:?}");
            assert_ne!(one, other);
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
