//! The opening handshake of RFC 6455, section 4.2, and who may open one.

use axum::http::{HeaderMap, HeaderValue, Method, Version, header, request::Parts};
use platform::http::{Problem, is_same_origin};
use sha1::{Digest, Sha1};

use crate::{OriginRule, error, frames::Format};

/// RFC 6455, 1.3.
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// An upgrade that may be answered with 101.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) accept: HeaderValue,
    pub(crate) format: Format,
    /// Named in the answer; only what was offered may be.
    pub(crate) subprotocol: Option<&'static str>,
}

impl Handshake {
    pub(crate) fn read(parts: &Parts) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let asks = parts.method == Method::GET
            && parts.version == Version::HTTP_11
            && has_token(headers, &header::CONNECTION, "upgrade")
            && has_token(headers, &header::UPGRADE, "websocket");
        if !asks {
            return Err(error::upgrade_required());
        }
        let version = headers.get(header::SEC_WEBSOCKET_VERSION);
        if version.is_none_or(|version| version.as_bytes() != b"13") {
            return Err(error::upgrade_required());
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY);
        let key = key.ok_or_else(|| error::malformed_upgrade("Sec-WebSocket-Key is missing"))?;
        let is_key = data_encoding::BASE64.decode(key.as_bytes()).is_ok_and(|key| key.len() == 16);
        if !is_key {
            return Err(error::malformed_upgrade("Sec-WebSocket-Key must be 16 bytes in base64"));
        }
        let offered: Vec<&str> = tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).collect();
        let chosen = offered.iter().find_map(|offered| {
            Format::ALL.into_iter().find(|format| format.subprotocol() == *offered)
        });
        if chosen.is_none() && !offered.is_empty() {
            return Err(error::malformed_upgrade("none of the subprotocols is spoken here"));
        }
        Ok(Self {
            accept: accept_of(key.as_bytes()),
            format: chosen.unwrap_or(Format::Binary),
            subprotocol: chosen.map(Format::subprotocol),
        })
    }
}

/// Refuses pages of other origins. No origin is fine: it is no browser, and no cookie opens
/// anything here.
pub(crate) fn check_origin(headers: &HeaderMap, allowed: &OriginRule) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    if is_same_origin(headers) || origin.to_str().is_ok_and(|origin| allowed(origin)) {
        return Ok(());
    }
    Err(error::foreign_origin())
}

fn accept_of(key: &[u8]) -> HeaderValue {
    let mut digest = Sha1::new();
    digest.update(key);
    digest.update(ACCEPT_SUFFIX);
    let accept = data_encoding::BASE64.encode(&digest.finalize());
    HeaderValue::from_str(&accept).expect("base64 is visible ASCII")
}

fn tokens<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_the_key_of_the_rfc_is_that_of_the_rfc() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
