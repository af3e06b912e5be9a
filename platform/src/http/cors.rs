//! Which other origins may call from a browser: those on the list, exactly as written.

use std::str::FromStr;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Holdfast-Device, \
     Holdfast-Hold, Holdfast-Order, Holdfast-Place, Holdfast-Pass, Holdfast-Work, If-None-Match, \
     X-Request-Id, Traceparent";
const RESPONSE_HEADERS: &str = "ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, \
     RateLimit-Reset, Retry-After, X-Request-Id";
/// Seconds that a browser may remember a permission.
const MAX_AGE: &str = "600";

/// The allow list; empty by default. Cookies are never allowed across origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins {
    any: bool,
    origins: Vec<String>,
}

/// The text is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin such as https://tickets.example.org, nor *")]
pub struct OriginError;

impl FromStr for CorsOrigins {
    type Err = OriginError;

    /// Comma-separated origins; `*` allows all.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let mut list = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            if origin == "*" {
                list.any = true;
                continue;
            }
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let is_host = |host: &str| {
                !host.is_empty()
                    && host.bytes().all(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b)
                    })
            };
            if !host.is_some_and(is_host) {
                return Err(OriginError);
            }
            list.origins.push(origin.to_owned());
        }
        Ok(list)
    }
}

impl CorsOrigins {
    fn is_empty(&self) -> bool {
        !self.any && self.origins.is_empty()
    }

    /// Whether pages of this origin may call.
    pub fn allows(&self, origin: &str) -> bool {
        self.any || self.origins.iter().any(|allowed| allowed == origin)
    }

    /// The caller's origin, when it is allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        self.allows(origin.to_str().ok()?).then(|| origin.clone())
    }

    /// The answer to a browser that asks whether it may ask; `None` when this is no such question,
    /// or comes from elsewhere.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = method == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let origin = asks.then(|| self.allowed(headers))??;
        let mut response = StatusCode::NO_CONTENT.into_response();
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
            (header::VARY, "Origin"),
        ] {
            answer.insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }

    /// Marks an answer for the origin that asked. `asked` are the request's headers.
    pub(super) fn mark(&self, origin: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        answer.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(RESPONSE_HEADERS),
            );
        }
    }

    /// What [`CorsOrigins::mark`] needs of a request that is about to be consumed.
    pub(super) fn origin_of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        self.allowed(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_taken_into_the_list() {
        assert!("https://a.example, http://localhost:5173".parse::<CorsOrigins>().is_ok());
        assert_eq!("".parse::<CorsOrigins>(), Ok(CorsOrigins::default()));
        for wrong in [
            "a.example",
            "https://",
            "https://a.example/",
            "null",
            "https://a b",
            "https://A.example",
        ] {
            assert_eq!(wrong.parse::<CorsOrigins>(), Err(OriginError), "{wrong:?}");
        }
    }

    #[test]
    fn an_origin_that_only_looks_alike_is_not_allowed() {
        let list: CorsOrigins = "https://a.example".parse().unwrap();
        let allowed = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            list.allowed(&headers).is_some()
        };
        assert!(allowed("https://a.example"));
        for other in ["null", "https://a.example.evil", "https://evila.example", "http://a.example"]
        {
            assert!(!allowed(other), "{other:?}");
        }
    }
}
