//! Keys derived from `HOLDFAST_SIGNING_KEY`, and the tokens that own holds and orders.
//!
//! A token is never stored: it is HMAC-SHA256 over the id, under a key derived for the purpose.
//! The first signing key makes tokens, all of them verify, so that keys can be exchanged while
//! holds and orders live.

use std::{fmt, sync::Arc};

use data_encoding::BASE64URL_NOPAD;
use domain::id::{HoldId, OrderId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    Secret,
    tokens::{JwsKey, TokenKind},
};

/// Bytes that a signing key must have at least.
pub const SIGNING_KEY_BYTES_MIN: usize = 32;

/// What a derived key is for. One purpose never verifies what another signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    HoldToken,
    OrderToken,
    /// Seed of the Ed25519 key that signs ticket codes.
    TicketSeed,
    /// Places in a line.
    Place,
    /// Passes of the waiting room.
    Pass,
    /// Codes that open a lane.
    LineCode,
    /// Salts of the proof of work.
    WorkSalt,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::HoldToken => "holdfast hold token v1",
            Self::OrderToken => "holdfast order token v1",
            Self::TicketSeed => "holdfast ticket seed v1",
            Self::Place => "holdfast place v1",
            Self::Pass => "holdfast pass v1",
            Self::LineCode => "holdfast line code v1",
            Self::WorkSalt => "holdfast work salt v1",
        }
    }
}

/// There is no signing key, or one is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key of at least {SIGNING_KEY_BYTES_MIN} bytes is needed")]
pub struct KeysError;

struct Derived {
    hold: [u8; 32],
    order: [u8; 32],
    ticket: [u8; 32],
    place: JwsKey,
    pass: JwsKey,
    line_code: [u8; 32],
    work_salt: [u8; 32],
}

/// All derived keys. Cheap to clone; prints nothing.
#[derive(Clone)]
pub struct Keys(Arc<[Derived]>);

impl Keys {
    /// Derives from each signing key; the first one signs.
    pub fn new(signing_keys: &[Secret]) -> Result<Self, KeysError> {
        let too_short = |key: &Secret| key.expose().len() < SIGNING_KEY_BYTES_MIN;
        if signing_keys.is_empty() || signing_keys.iter().any(too_short) {
            return Err(KeysError);
        }
        let derive = |key: &Secret| {
            let derived = |purpose: Purpose| hmac(key.expose().as_bytes(), purpose.label());
            Derived {
                hold: derived(Purpose::HoldToken),
                order: derived(Purpose::OrderToken),
                ticket: derived(Purpose::TicketSeed),
                place: JwsKey::new(&derived(Purpose::Place)),
                pass: JwsKey::new(&derived(Purpose::Pass)),
                line_code: derived(Purpose::LineCode),
                work_salt: derived(Purpose::WorkSalt),
            }
        };
        Ok(Self(signing_keys.iter().map(derive).collect()))
    }

    /// The first one signs, all verify.
    pub(crate) fn token_keys(&self, kind: TokenKind) -> impl Iterator<Item = &JwsKey> {
        self.0.iter().map(move |derived| match kind {
            TokenKind::Place => &derived.place,
            TokenKind::Pass => &derived.pass,
        })
    }

    /// Authenticates the text of a lane's code.
    pub fn line_code_mac(&self, text: &str) -> [u8; 32] {
        hmac(&self.0[0].line_code, text)
    }

    /// Whether `mac`, which may be cut short but not below eight bytes, authenticates the text.
    pub fn is_line_code_mac(&self, text: &str, mac: &[u8]) -> bool {
        if !(8..=32).contains(&mac.len()) {
            return false;
        }
        let fits = self
            .0
            .iter()
            .map(|derived| hmac(&derived.line_code, text)[..mac.len()].ct_eq(mac))
            .fold(Choice::from(0), |any, one| any | one);
        fits.into()
    }

    /// The salt of a task, a function of what it is for.
    pub fn work_salt(&self, text: &str) -> String {
        BASE64URL_NOPAD.encode(&hmac(&self.0[0].work_salt, text)[..16])
    }

    /// The token that owns `hold`: 43 characters of base64url.
    pub fn hold_token(&self, hold: &HoldId) -> String {
        BASE64URL_NOPAD.encode(&hmac(&self.0[0].hold, &format!("hold:{hold}")))
    }

    /// Whether `token` owns `hold`; a missing one does not. Takes the same time for every answer.
    pub fn owns_hold(&self, hold: &HoldId, token: Option<&str>) -> bool {
        let text = format!("hold:{hold}");
        self.verify(token, |derived| hmac(&derived.hold, &text))
    }

    /// The token that owns `order`.
    pub fn order_token(&self, order: &OrderId) -> String {
        BASE64URL_NOPAD.encode(&hmac(&self.0[0].order, &format!("order:{order}")))
    }

    /// Whether `token` owns `order`.
    pub fn owns_order(&self, order: &OrderId, token: Option<&str>) -> bool {
        let text = format!("order:{order}");
        self.verify(token, |derived| hmac(&derived.order, &text))
    }

    /// Seeds of the Ed25519 keys of ticket codes; the first one signs.
    pub fn ticket_seeds(&self) -> Vec<[u8; 32]> {
        self.0.iter().map(|derived| derived.ticket).collect()
    }

    fn verify(&self, token: Option<&str>, expected: impl Fn(&Derived) -> [u8; 32]) -> bool {
        let decoded = token.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        let (given, well_formed) = match decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        {
            Some(bytes) => (bytes, true),
            None => ([0; 32], false),
        };
        // Every key is tried, whichever fits.
        let fits = self
            .0
            .iter()
            .map(|derived| expected(derived).ct_eq(&given))
            .fold(Choice::from(0), |any, one| any | one);
        bool::from(fits) && well_formed
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use domain::{id::HoldKey, time::Timestamp};

    use super::*;

    const OLD: &str = "the old key of thirty-two bytes or more";
    const NEW: &str = "the new key of thirty-two bytes or more";

    fn keys(texts: &[&str]) -> Keys {
        let secrets: Vec<Secret> = texts.iter().map(|text| Secret::new(*text)).collect();
        Keys::new(&secrets).unwrap()
    }

    fn hold(event: u32) -> HoldId {
        HoldId { created: Timestamp(1), event, partition: 0, key: HoldKey([7; 12]) }
    }

    #[test]
    fn a_token_owns_its_hold_and_no_other() {
        let keys = keys(&[NEW]);
        let token = keys.hold_token(&hold(1));
        assert_eq!(token.len(), 43);
        assert!(keys.owns_hold(&hold(1), Some(&token)));
        assert!(!keys.owns_hold(&hold(2), Some(&token)));
        for wrong in [None, Some(""), Some("x"), Some(&token[1..]), Some(&format!("{token}="))] {
            assert!(!keys.owns_hold(&hold(1), wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_of_the_former_key_is_honoured_until_the_key_is_removed() {
        let token = keys(&[OLD]).hold_token(&hold(1));
        assert!(keys(&[NEW, OLD]).owns_hold(&hold(1), Some(&token)));
        assert!(!keys(&[NEW]).owns_hold(&hold(1), Some(&token)));
        assert_ne!(keys(&[NEW, OLD]).hold_token(&hold(1)), token, "the first key signs");
    }

    #[test]
    fn a_hold_token_does_not_own_an_order() {
        let keys = keys(&[NEW]);
        let order = OrderId::new(Timestamp(1), [1; 12]);
        assert!(keys.owns_order(&order, Some(&keys.order_token(&order))));
        assert!(!keys.owns_order(&order, Some(&keys.hold_token(&hold(1)))));
    }

    #[test]
    fn short_or_missing_signing_keys_are_refused() {
        assert_eq!(Keys::new(&[]).unwrap_err(), KeysError);
        assert_eq!(Keys::new(&[Secret::new("x".repeat(31))]).unwrap_err(), KeysError);
        assert_eq!(keys(&[OLD, NEW]).ticket_seeds().len(), 2);
    }
}
