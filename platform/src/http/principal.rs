//! To whom an idempotency key belongs, and whom the limits count.

use std::{fmt, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use data_encoding::HEXLOWER;
use domain::{
    hold::CustomerKey,
    limits::{ANONYMOUS_IDEMPOTENCY_KEY_LENGTH_MIN, IDEMPOTENCY_KEY_LENGTH_MAX},
};
use sha2::{Digest, Sha256};

use super::{
    ClientAddress, Device, DeviceKey, Edge, Problem,
    headers::bearer,
    names::{HOLDFAST_HOLD, HOLDFAST_ORDER, IDEMPOTENCY_KEY},
    owner::header_text,
};

/// The strongest identity that a request carries: account, else device, else owner token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Name of the account; the organiser's is `organizer`.
    Account(String),
    Device(DeviceKey),
    /// SHA-256 of the owner token, in hex.
    Token(String),
    Anonymous,
}

impl Principal {
    /// `account:…`, `device:…`, `token:…` or `anonymous`, in two parts: to be digested, not to be
    /// printed.
    pub fn parts(&self) -> [&str; 2] {
        match self {
            Self::Account(name) => ["account:", name],
            Self::Device(key) => ["device:", key.expose()],
            Self::Token(digest) => ["token:", digest],
            Self::Anonymous => ["anonymous", ""],
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account(_) => "Account(***)",
            Self::Device(_) => "Device(***)",
            Self::Token(_) => "Token(***)",
            Self::Anonymous => "Anonymous",
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Device(device) = Device::from_request_parts(parts, state).await?;
        let edge = parts.extensions.get::<Arc<Edge>>().ok_or_else(Problem::internal)?;
        if bearer(&parts.headers).is_some_and(|token| edge.is_organizer(token)) {
            return Ok(Self::Account("organizer".to_owned()));
        }
        if let Some(key) = device {
            return Ok(Self::Device(key));
        }
        let token = header_text(&parts.headers, &HOLDFAST_HOLD)
            .or_else(|| header_text(&parts.headers, &HOLDFAST_ORDER));
        Ok(match token {
            Some(token) => Self::Token(HEXLOWER.encode(&Sha256::digest(token))),
            None => Self::Anonymous,
        })
    }
}

/// `Idempotency-Key` together with its owner. Missing, too long or with control characters: 400
/// `idempotency_key_required`; so is one that belongs to nobody and could be guessed.
#[derive(Clone)]
pub struct IdempotencyKey {
    pub key: String,
    pub principal: Principal,
}

impl IdempotencyKey {
    /// Under which name the ledger keeps the answer: hex of SHA-256 over principal, `route` and
    /// key, parted by zero bytes. `route` tells operations apart: `POST /v1/orders`.
    pub fn digest(&self, route: &str) -> String {
        let [kind, name] = self.principal.parts();
        HEXLOWER.encode(&digest(&[kind, name, "\0", route, "\0", &self.key]))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey(***, {:?})", self.principal)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let key = read_key(parts)?;
        let principal = Principal::from_request_parts(parts, state).await?;
        if principal == Principal::Anonymous && key.len() < ANONYMOUS_IDEMPOTENCY_KEY_LENGTH_MIN {
            return Err(Problem::idempotency_key_required(format!(
                "without a device key or a token it must have at least \
                 {ANONYMOUS_IDEMPOTENCY_KEY_LENGTH_MIN} characters"
            )));
        }
        Ok(Self { key, principal })
    }
}

fn read_key(parts: &Parts) -> Result<String, Problem> {
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let value = values.next().ok_or_else(|| {
        Problem::idempotency_key_required("send a new random text for each new intention")
    })?;
    if values.next().is_some() {
        return Err(Problem::idempotency_key_required("send it once"));
    }
    // Visible ASCII and the space; a tab passes `to_str`.
    let text = value.to_str().ok().filter(|text| !text.contains('\t')).unwrap_or_default();
    if text.is_empty() || text.len() > IDEMPOTENCY_KEY_LENGTH_MAX {
        return Err(Problem::idempotency_key_required(format!(
            "it must have 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters"
        )));
    }
    Ok(text.to_owned())
}

/// Whom `max_per_customer` counts: account, else device, else address. An owner token is no person.
pub fn customer_key(principal: &Principal, address: &ClientAddress) -> CustomerKey {
    match principal {
        Principal::Account(_) | Principal::Device(_) => digest_key("customer", principal.parts()),
        Principal::Token(_) | Principal::Anonymous => {
            digest_key("customer", ["address:", &address.bucket().to_string()])
        }
    }
}

/// Whom the cap of seats held at once from one address counts.
pub fn address_key(address: &ClientAddress) -> CustomerKey {
    digest_key("address", [&address.bucket().to_string(), ""])
}

/// Whom the ledger counts beside the customer: the e-mail address, whatever its case.
pub fn email_key(email: &str) -> CustomerKey {
    digest_key("email", [&email.to_lowercase(), ""])
}

fn digest_key(kind: &str, [text, rest]: [&str; 2]) -> CustomerKey {
    let digest = digest(&[kind, "\0", text, rest]);
    let mut key = [0; 12];
    key.copy_from_slice(&digest[..12]);
    CustomerKey(key)
}

/// SHA-256 over a text that comes in parts.
pub fn digest(parts: &[&str]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), Digest::chain_update).finalize().into()
}
