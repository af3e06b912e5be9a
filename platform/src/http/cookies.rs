//! The device key as a cookie, for pages of our own.
//!
//! A page cannot keep a secret from scripts that get into it; an `HttpOnly` cookie can. It names the
//! device only in requests that a page of this very origin makes: a foreign page that posts here
//! posts as nobody.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};

use super::headers::DeviceKey;
use crate::random;

/// Over TLS the prefix makes browsers refuse one that a neighbouring host or plain HTTP has set.
const SECURE_NAME: &str = "__Host-holdfast-device";
const PLAIN_NAME: &str = "holdfast-device";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// A year; browsers keep none for longer than 400 days.
const LIFE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// A layer for pages: whoever loads one without a device key gets one.
pub async fn device_cookie(request: Request, next: Next) -> Response {
    let loads_page = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_known = device_of_cookie(request.headers()).is_some();
    let secure = is_secure(request.headers());
    let mut response = next.run(request).await;
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if loads_page && !is_known && is_page {
        let name = if secure { SECURE_NAME } else { PLAIN_NAME };
        set_cookie(&mut response, name, &random::token(), LIFE_SECONDS, secure);
    }
    response
}

/// Adds a cookie that no script reads and no foreign page sends along with a form.
pub fn set_cookie(
    response: &mut Response,
    name: &str,
    value: &str,
    life_seconds: u32,
    secure: bool,
) {
    let flag = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={life_seconds}; HttpOnly; SameSite=Lax{flag}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The value of a cookie of this name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether a TLS-terminating proxy says so. Believing a stranger here costs only the stranger: the
/// cookie that follows is his own.
pub fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(FORWARDED_PROTO).is_some_and(|value| value.as_bytes().starts_with(b"https"))
}

pub(super) fn device_of_cookie(headers: &HeaderMap) -> Option<DeviceKey> {
    let text = cookie(headers, SECURE_NAME).or_else(|| cookie(headers, PLAIN_NAME))?;
    DeviceKey::parse(text)
}

/// Whether a browser says that one of our own pages (or the person) made this request: by
/// `Sec-Fetch-Site`, else by `Origin`. Without both it is no browser's cross-site request.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else {
        return true;
    };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let headers = headers(&[("cookie", "xholdfast-device=no; a=b; holdfast-device=yes;c=d")]);
        assert_eq!(cookie(&headers, "holdfast-device"), Some("yes"));
        assert_eq!(cookie(&headers, "device"), None);
        assert!(device_of_cookie(&headers).is_none(), "too short to be a key");
    }

    #[test]
    fn a_foreign_page_is_not_of_our_origin() {
        for (lines, same) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")][..], true),
            (&[("sec-fetch-site", "cross-site")][..], false),
            (&[("sec-fetch-site", "same-site")][..], false),
            (&[("origin", "https://shop.example"), ("host", "shop.example")][..], true),
            (&[("origin", "https://evil.example"), ("host", "shop.example")][..], false),
            (&[("origin", "null"), ("host", "shop.example")][..], false),
        ] {
            assert_eq!(is_same_origin(&headers(lines)), same, "{lines:?}");
        }
    }
}
