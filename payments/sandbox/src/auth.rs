//! Who calls: the API key in `Authorization` (Bearer, or Basic as the user name) or in the parameter `key`.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64;
use subtle::ConstantTimeEq;

use crate::{SandboxOptions, call::Caller, failure::Failure};

pub(crate) fn authenticate(
    options: &SandboxOptions,
    headers: &HeaderMap,
    parameter: Option<String>,
) -> Result<Caller, Failure> {
    let key = match headers.get(header::AUTHORIZATION) {
        Some(value) => value.to_str().ok().and_then(key_of).ok_or_else(Failure::wrong_key)?,
        None => parameter.ok_or_else(Failure::no_key)?,
    };
    let is = |expected: &str| bool::from(key.as_bytes().ct_eq(expected.as_bytes()));
    if key.is_empty() {
        Err(Failure::no_key())
    } else if is(&options.secret_key) {
        Ok(Caller::Secret)
    } else if is(&options.publishable_key) {
        Ok(Caller::Publishable)
    } else {
        Err(Failure::wrong_key())
    }
}

fn key_of(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(rest.trim().as_bytes()).ok()?).ok()?;
    Some(pair.split_once(':').map_or(pair.as_str(), |(user, _)| user).to_owned())
}
