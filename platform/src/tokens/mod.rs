//! Places and passes of the waiting room: signed texts that a client keeps and shows again.
//!
//! JWT (RFC 7519), signed as `jws` says; `aud` names event and kind; life is bounded; there is no
//! leeway. What a token says is enough to answer whoever shows it: nothing is looked up.
//! Times are judged by the clock that is handed in.

mod jws;

use data_encoding::BASE64URL_NOPAD;
use domain::{hold::CustomerKey, id::EventId, queue::Lane, time::Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::jws::JwsKey;
use self::jws::TEXT_BYTES_MAX;
use crate::{Keys, http::DeviceKey};

const ISSUER: &str = "holdfast";
/// Of a place; one that claims to live longer was not made here.
const PLACE_LIFE_SECONDS_MAX: i64 = 32 * 24 * 60 * 60;
/// Of a pass: the longest that an organiser may set, and a day for the sale's end.
const PASS_LIFE_SECONDS_MAX: i64 = 2 * 24 * 60 * 60;
/// Replicas whose clocks differ by seconds issue for each other.
const AHEAD_SECONDS_MAX: i64 = 5;

/// To which device key a token is bound: the first 96 bits of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceBinding([u8; 12]);

impl DeviceBinding {
    pub fn of(device: &DeviceKey) -> Self {
        let digest = Sha256::new_with_prefix("device binding\0").chain_update(device.expose());
        Self(digest.finalize()[..12].try_into().expect("a digest has 32 bytes"))
    }
}

/// What a token is for. One kind never passes for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A place in an event's line.
    Place,
    /// Leave to hold seats of an event.
    Pass,
}

/// A place or a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueToken {
    pub event: EventId,
    /// The same for all renewals: `que_…` of a place, `pas_…` of a pass.
    pub id: String,
    pub person: CustomerKey,
    pub lane: Lane,
    /// Dense from 0 within the lane.
    pub index: u64,
    pub device: DeviceBinding,
    /// Whole seconds.
    pub expires_at: Timestamp,
}

impl QueueToken {
    /// There is no leeway.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

/// Broken, foreign, of another event or purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this kind and event")]
pub struct TokenInvalid;

/// Claims as they travel; names of RFC 7519 where it has one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    /// The person.
    sub: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
    lane: u8,
    idx: u64,
    /// The device binding.
    dev: &'a str,
}

impl Keys {
    pub fn sign_token(&self, kind: TokenKind, token: &QueueToken, now: Timestamp) -> String {
        let claims = Claims {
            iss: ISSUER,
            aud: &format!("{}{}", token.event, kind.suffix()),
            sub: &BASE64URL_NOPAD.encode(&token.person.0),
            jti: &token.id,
            iat: now.as_millis().div_euclid(1_000),
            exp: token.expires_at.as_millis().div_euclid(1_000),
            lane: token.lane.number() as u8,
            idx: token.index,
            dev: &BASE64URL_NOPAD.encode(&token.device.0),
        };
        let claims = serde_json::to_vec(&claims).expect("claims are plain data");
        let key = self.token_keys(kind).next().expect("there is at least one signing key");
        key.sign(&claims)
    }

    /// The signature first, whatever the claims say; then issuer, audience, life and age. Whether it
    /// is over is the caller's question: [`QueueToken::has_expired`].
    pub fn read_token(
        &self,
        kind: TokenKind,
        text: &str,
        event: &EventId,
        now: Timestamp,
    ) -> Result<QueueToken, TokenInvalid> {
        let mut buffer = [0; TEXT_BYTES_MAX];
        let claims = self.open_any(kind, text, &mut buffer).ok_or(TokenInvalid)?;
        let claims: Claims<'_> = serde_json::from_slice(claims).map_err(|_| TokenInvalid)?;
        let now_seconds = now.as_millis().div_euclid(1_000);
        let life = claims.exp.checked_sub(claims.iat).ok_or(TokenInvalid)?;
        if claims.iss != ISSUER
            || claims.aud.strip_suffix(kind.suffix()) != Some(event.as_str())
            || !(0..=kind.life_seconds_max()).contains(&life)
            || claims.iat > now_seconds.saturating_add(AHEAD_SECONDS_MAX)
        {
            return Err(TokenInvalid);
        }
        Ok(QueueToken {
            event: event.clone(),
            person: CustomerKey(twelve_bytes(claims.sub)?),
            lane: lane(claims.lane)?,
            index: claims.idx,
            device: DeviceBinding(twelve_bytes(claims.dev)?),
            expires_at: Timestamp(claims.exp * 1_000),
            id: claims.jti.to_owned(),
        })
    }

    /// The claims that one of the keys has signed.
    fn open_any<'b>(
        &self,
        kind: TokenKind,
        text: &str,
        buffer: &'b mut [u8; TEXT_BYTES_MAX],
    ) -> Option<&'b [u8]> {
        let length = self.token_keys(kind).find_map(|key| Some(key.open(text, buffer)?.len()))?;
        Some(&buffer[..length])
    }
}

impl TokenKind {
    /// What follows the event in the audience.
    fn suffix(self) -> &'static str {
        match self {
            Self::Place => "/place",
            Self::Pass => "/pass",
        }
    }

    fn life_seconds_max(self) -> i64 {
        match self {
            Self::Place => PLACE_LIFE_SECONDS_MAX,
            Self::Pass => PASS_LIFE_SECONDS_MAX,
        }
    }
}

fn lane(number: u8) -> Result<Lane, TokenInvalid> {
    Lane::from_number(u64::from(number)).ok_or(TokenInvalid)
}

fn twelve_bytes(text: &str) -> Result<[u8; 12], TokenInvalid> {
    let mut bytes = [0; 12];
    if BASE64URL_NOPAD.decode_len(text.len()) != Ok(bytes.len()) {
        return Err(TokenInvalid);
    }
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| TokenInvalid)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
