//! Who asks: the organiser by a bearer token, a buyer's device by its key.

use std::{fmt, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use domain::limits::{DEVICE_KEY_LENGTH_MAX, DEVICE_KEY_LENGTH_MIN};

use super::{
    Edge, Problem,
    cookies::{device_of_cookie, is_same_origin},
    names::HOLDFAST_DEVICE,
};

/// Proof that the organiser asks; without it 401 `token_invalid`.
#[derive(Clone, Copy, Debug)]
pub struct Organizer(());

impl<S: Send + Sync> FromRequestParts<S> for Organizer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let edge = parts.extensions.get::<Arc<Edge>>().ok_or_else(Problem::internal)?;
        match bearer(&parts.headers) {
            Some(token) if edge.is_organizer(token) => Ok(Self(())),
            _ => Err(Problem::token_invalid()),
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme's case does not matter.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The device key: at least 128 random bits as base64url, made and kept by the client. It names a
/// customer and is not printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceKey(String);

impl DeviceKey {
    /// `None` when the text is too short, too long, or not base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('=');
        let length_fits = (DEVICE_KEY_LENGTH_MIN..=DEVICE_KEY_LENGTH_MAX).contains(&text.len());
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (length_fits && text.bytes().all(is_base64url)).then(|| Self(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(***)")
    }
}

/// `Holdfast-Device`, when sent; else the cookie that our own pages have. A header that cannot be a
/// device key is 422 `invalid_request`, not an absent one: the caller believes to be somebody. A
/// cookie counts only in a request from a page of our own.
#[derive(Clone, Debug, Default)]
pub struct Device(pub Option<DeviceKey>);

impl Device {
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(HOLDFAST_DEVICE) else {
            let cookie = is_same_origin(headers).then(|| device_of_cookie(headers));
            return Ok(Self(cookie.flatten()));
        };
        match value.to_str().ok().and_then(DeviceKey::parse) {
            Some(key) => Ok(Self(Some(key))),
            None => Err(Problem::invalid_request(format!(
                "Holdfast-Device must be {DEVICE_KEY_LENGTH_MIN} to {DEVICE_KEY_LENGTH_MAX} \
                 characters of base64url"
            ))),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers)
    }
}
