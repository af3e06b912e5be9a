//! Places and passes of the waiting room: signed texts that a client keeps and shows again.
//!
//! JWT (RFC 7519) with one pinned algorithm, HS256; `aud` names event and kind; life is bounded;
//! there is no leeway. What a token says is enough to answer whoever shows it: nothing is looked up.
//! Times are judged by the clock that is handed in.

use std::{fmt, sync::Once};

use data_encoding::BASE64URL_NOPAD;
use domain::{hold::CustomerKey, id::EventId, queue::Lane, time::Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result as JwtResult},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signature::{Signer, Verifier};

use crate::{Keys, http::DeviceKey};

const ISSUER: &str = "holdfast";
/// Longer ones are not looked at.
const TOKEN_BYTES_MAX: usize = 1_024;
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
        let digest = Sha256::digest(format!("device binding\0{}", device.expose()));
        Self(digest[..12].try_into().expect("a digest has 32 bytes"))
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
struct Claims {
    iss: String,
    aud: String,
    /// The person.
    sub: String,
    jti: String,
    iat: i64,
    exp: i64,
    lane: u8,
    idx: u64,
    /// The device binding.
    dev: String,
}

impl Keys {
    pub fn sign_token(&self, kind: TokenKind, token: &QueueToken, now: Timestamp) -> String {
        install_provider();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: kind.audience(&token.event),
            sub: BASE64URL_NOPAD.encode(&token.person.0),
            jti: token.id.clone(),
            iat: now.as_millis().div_euclid(1_000),
            exp: token.expires_at.as_millis().div_euclid(1_000),
            lane: token.lane.number() as u8,
            idx: token.index,
            dev: BASE64URL_NOPAD.encode(&token.device.0),
        };
        let key = self.token_keys(kind).next().expect("there is at least one signing key");
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key.signing)
            .expect("claims are plain data and the key is an HMAC key")
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
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenInvalid);
        }
        install_provider();
        // A header that names keys of its own is not listened to.
        let decode = |key: &TokenKey| {
            jsonwebtoken::decode::<Claims>(text, &key.verifying, &key.validation).ok()
        };
        let claims = self.token_keys(kind).find_map(decode).ok_or(TokenInvalid)?.claims;
        let now_seconds = now.as_millis().div_euclid(1_000);
        let life = claims.exp.checked_sub(claims.iat).ok_or(TokenInvalid)?;
        if claims.iss != ISSUER
            || claims.aud != kind.audience(event)
            || !(0..=kind.life_seconds_max()).contains(&life)
            || claims.iat > now_seconds.saturating_add(AHEAD_SECONDS_MAX)
        {
            return Err(TokenInvalid);
        }
        Ok(QueueToken {
            event: event.clone(),
            person: person(&claims.sub)?,
            lane: lane(claims.lane)?,
            index: claims.idx,
            device: DeviceBinding(twelve_bytes(&claims.dev)?),
            expires_at: Timestamp(claims.exp * 1_000),
            id: claims.jti,
        })
    }
}

impl TokenKind {
    fn audience(self, event: &EventId) -> String {
        match self {
            Self::Place => format!("{event}/place"),
            Self::Pass => format!("{event}/pass"),
        }
    }

    fn life_seconds_max(self) -> i64 {
        match self {
            Self::Place => PLACE_LIFE_SECONDS_MAX,
            Self::Pass => PASS_LIFE_SECONDS_MAX,
        }
    }
}

fn person(text: &str) -> Result<CustomerKey, TokenInvalid> {
    twelve_bytes(text).map(CustomerKey)
}

fn lane(number: u8) -> Result<Lane, TokenInvalid> {
    Lane::from_number(u64::from(number)).ok_or(TokenInvalid)
}

fn twelve_bytes(text: &str) -> Result<[u8; 12], TokenInvalid> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenInvalid)?;
    bytes.try_into().map_err(|_| TokenInvalid)
}

/// A derived key, ready for use.
pub(crate) struct TokenKey {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

impl TokenKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims =
            ["exp", "aud", "iss", "sub"].map(str::to_owned).into_iter().collect();
        Self {
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            validation,
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}

/// The only algorithm there is.
struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: &Algorithm, key: &[u8]) -> JwtResult<Self> {
        if *algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Ok(Self(Hmac::new_from_slice(key).map_err(|_| ErrorKind::InvalidKeyFormat)?))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Compares in constant time.
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

fn install_provider() {
    static INSTALLED: Once = Once::new();
    // Refused when somebody was faster; then there is one.
    INSTALLED.call_once(|| _ = PROVIDER.install_default());
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Secret;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn keys(text: &str) -> Keys {
        Keys::new(&[Secret::new(format!("the key {text} of thirty-two bytes or more"))]).unwrap()
    }

    fn event(byte: u8) -> EventId {
        EventId::from_bytes([byte; 18])
    }

    fn token() -> QueueToken {
        QueueToken {
            event: event(1),
            id: "que_1".to_owned(),
            person: CustomerKey([7; 12]),
            lane: Lane::Priority,
            index: 41,
            device: DeviceBinding::of(&DeviceKey::parse(&"d".repeat(22)).unwrap()),
            expires_at: NOW.plus_seconds(60),
        }
    }

    fn genuine() -> Value {
        json!({
            "iss": "holdfast", "aud": format!("{}/place", event(1)),
            "sub": BASE64URL_NOPAD.encode(&[7; 12]), "jti": "que_1",
            "iat": 1_790_000_000, "exp": 1_790_000_060, "lane": 1, "idx": 41,
            "dev": BASE64URL_NOPAD.encode(&token().device.0),
        })
    }

    /// A token as somebody else may write it, signed by our key all the same.
    fn signed(keys: &Keys, header: &Value, claims: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let message = format!("{}.{}", encode(&header.to_string()), encode(claims));
        let key = keys.token_keys(TokenKind::Place).next().unwrap();
        let signature =
            Hs256::new(&Algorithm::HS256, key.signing.as_bytes()).unwrap().sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn read(keys: &Keys, text: &str) -> Result<QueueToken, TokenInvalid> {
        keys.read_token(TokenKind::Place, text, &event(1), NOW)
    }

    #[test]
    fn a_token_says_what_it_was_made_of() {
        let keys = keys("one");
        let text = keys.sign_token(TokenKind::Place, &token(), NOW);
        assert_eq!(read(&keys, &text), Ok(token()));
        let header = json!({"alg": "HS256", "typ": "JWT"});
        assert_eq!(read(&keys, &signed(&keys, &header, &genuine().to_string())), Ok(token()));
        assert!(!token().has_expired(NOW.plus_millis(59_999)));
        assert!(token().has_expired(NOW.plus_seconds(60)), "there is no leeway");
    }

    #[test]
    fn a_token_of_another_key_event_kind_or_time_is_refused() {
        let keys = keys("one");
        let text = keys.sign_token(TokenKind::Place, &token(), NOW);
        assert_eq!(read(&self::keys("two"), &text), Err(TokenInvalid));
        assert_eq!(keys.read_token(TokenKind::Place, &text, &event(2), NOW), Err(TokenInvalid));
        assert_eq!(keys.read_token(TokenKind::Pass, &text, &event(1), NOW), Err(TokenInvalid));
        let early = NOW.plus_seconds(-6);
        assert_eq!(keys.read_token(TokenKind::Place, &text, &event(1), early), Err(TokenInvalid));
        let pass = keys.sign_token(TokenKind::Pass, &token(), NOW);
        assert_eq!(read(&keys, &pass), Err(TokenInvalid));
    }

    #[test]
    fn no_other_algorithm_and_no_key_of_its_own_is_listened_to() {
        let keys = keys("one");
        let claims = genuine().to_string();
        for algorithm in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""] {
            let header = json!({"alg": algorithm, "typ": "JWT"});
            let text = signed(&keys, &header, &claims);
            assert_eq!(read(&keys, &text), Err(TokenInvalid), "{algorithm}");
            let unsigned = text.rsplit_once('.').unwrap().0;
            assert_eq!(read(&keys, &format!("{unsigned}.")), Err(TokenInvalid), "{algorithm}");
        }
        assert_eq!(read(&keys, &signed(&keys, &json!({"typ": "JWT"}), &claims)), Err(TokenInvalid));
        let foreign = self::keys("two");
        for name in ["jwk", "jku", "x5u", "kid"] {
            let value = match name {
                "jwk" => json!({"kty": "oct", "k": BASE64URL_NOPAD.encode(b"foreign")}),
                "kid" => json!("../../etc/passwd\n' OR 1=1 --"),
                _ => json!("http://127.0.0.1/keys"),
            };
            let header = json!({"alg": "HS256", "typ": "JWT", name: value});
            assert_eq!(
                read(&keys, &signed(&foreign, &header, &claims)),
                Err(TokenInvalid),
                "{name}"
            );
        }
    }

    #[test]
    fn every_edited_claim_is_refused() {
        let keys = keys("one");
        let text = keys.sign_token(TokenKind::Place, &token(), NOW);
        let parts: Vec<&str> = text.split('.').collect();
        for (name, value) in [
            ("idx", json!(0)),
            ("exp", json!(1_890_000_000)),
            ("lane", json!(0)),
            ("sub", json!(BASE64URL_NOPAD.encode(&[8; 12]))),
            ("dev", json!(BASE64URL_NOPAD.encode(&[8; 12]))),
        ] {
            let mut claims = genuine();
            claims[name] = value;
            let payload = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
            let edited = format!("{}.{payload}.{}", parts[0], parts[2]);
            assert_eq!(read(&keys, &edited), Err(TokenInvalid), "{name}");
        }
    }

    #[test]
    fn claims_that_nobody_here_would_write_are_refused_though_signed() {
        let keys = keys("one");
        let header = json!({"alg": "HS256", "typ": "JWT"});
        for (name, value) in [
            ("iss", json!("somebody")),
            ("aud", json!([format!("{}/place", event(1)), "x"])),
            ("exp", json!(4_900_000_000_i64)),
            ("exp", json!("1790000060")),
            ("iat", json!(1_790_000_100)),
            ("iat", json!(i64::MIN)),
            ("lane", json!(2)),
            ("idx", json!(-1)),
            ("sub", json!("short")),
            ("dev", json!("")),
            ("admin", json!(true)),
        ] {
            let mut claims = genuine();
            claims[name] = value.clone();
            let text = signed(&keys, &header, &claims.to_string());
            assert_eq!(read(&keys, &text), Err(TokenInvalid), "{name} {value}");
        }
        for name in ["iss", "aud", "sub", "jti", "iat", "exp", "lane", "idx", "dev"] {
            let mut claims = genuine();
            claims.as_object_mut().unwrap().remove(name);
            let text = signed(&keys, &header, &claims.to_string());
            assert_eq!(read(&keys, &text), Err(TokenInvalid), "without {name}");
        }
        let twice = genuine().to_string().replace("{", "{\"idx\":0,");
        assert_eq!(read(&keys, &signed(&keys, &header, &twice)), Err(TokenInvalid));
    }

    #[test]
    fn a_text_that_is_no_token_is_refused() {
        let keys = keys("one");
        let text = keys.sign_token(TokenKind::Place, &token(), NOW);
        // Bits after the last whole byte of a signature say nothing; only zeros are canonical.
        let last = text.chars().last().unwrap();
        let other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = other.chars().nth(other.find(last).unwrap() ^ 1).unwrap();
        let loose = format!("{}{next}", &text[..text.len() - 1]);
        for wrong in [
            String::new(),
            "..".to_owned(),
            "x".to_owned(),
            format!("{text}="),
            format!(" {text}"),
            format!("{text}.{text}"),
            text.replacen('.', "", 1),
            text[..text.len() - 2].to_owned(),
            loose,
            "a".repeat(100 * 1024),
        ] {
            assert_eq!(read(&keys, &wrong), Err(TokenInvalid), "{wrong:.40}");
        }
    }
}
