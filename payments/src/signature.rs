//! `Stripe-Signature`: proof that the bytes come from Stripe and are fresh.
//!
//! The scheme: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">,…`, one `v1` for each secret that
//! is in use while secrets are being rotated. Verified over the raw bytes, before anything is
//! parsed, without a look into any store.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A delivery may be this old.
pub const AGE_SECONDS_MAX: i64 = 300;
/// The sender's clock may be ahead by this.
pub const AHEAD_SECONDS_MAX: i64 = 60;
/// Signatures of one header that are looked at.
pub const SIGNATURES_MAX: usize = 10;
/// Characters of the header.
pub const HEADER_LENGTH_MAX: usize = 4096;

/// The secrets under which deliveries are accepted. Never printed.
#[derive(Clone)]
pub struct Secrets(Vec<String>);

/// Why a delivery is refused. The sender is told only that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    Stale,
    Early,
    Wrong,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::Early => "early",
            Self::Wrong => "wrong",
        }
    }
}

impl Secrets {
    /// Empty texts are left out; with no secret at all every delivery is refused.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `header` signs `body` freshly at `now`.
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let (signed_at, signatures) = parse(header).ok_or(Refusal::Malformed)?;
        let age = now.as_millis().div_euclid(1000).saturating_sub(signed_at);
        if age > AGE_SECONDS_MAX {
            return Err(Refusal::Stale);
        }
        if age < -AHEAD_SECONDS_MAX {
            return Err(Refusal::Early);
        }
        // Every pair is compared, each in constant time: which one fits is nobody's business.
        let mut fits = subtle::Choice::from(0);
        for secret in &self.0 {
            let expected = digest(secret, signed_at, body);
            for signature in &signatures {
                fits |= expected.ct_eq(signature);
            }
        }
        if fits.into() { Ok(()) } else { Err(Refusal::Wrong) }
    }
}

/// The header for `body`, as Stripe would send it.
pub fn sign(secret: &str, signed_at: i64, body: &[u8]) -> String {
    format!("t={signed_at},v1={}", HEXLOWER_PERMISSIVE.encode(&digest(secret, signed_at, body)))
}

fn digest(secret: &str, signed_at: i64, body: &[u8]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{signed_at}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// The time and the first [`SIGNATURES_MAX`] well-formed signatures.
fn parse(header: &str) -> Option<(i64, Vec<[u8; 32]>)> {
    if header.len() > HEADER_LENGTH_MAX {
        return None;
    }
    let mut signed_at = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", _) if signed_at.is_some() => return None,
            ("t", seconds) if seconds.bytes().all(|byte| byte.is_ascii_digit()) => {
                signed_at = Some(seconds.parse().ok()?);
            }
            ("t", _) => return None,
            ("v1", hex) if signatures.len() < SIGNATURES_MAX => {
                let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
                signatures.extend(bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()));
            }
            _ => {}
        }
    }
    if signatures.is_empty() { None } else { Some((signed_at?, signatures)) }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn verify_at(header: &str, body: &[u8], seconds: i64) -> Result<(), Refusal> {
        let secrets = Secrets::new(["whsec_new".to_owned(), "whsec_old".to_owned()]);
        secrets.verify(header, body, Timestamp(seconds * 1000))
    }

    #[test]
    fn a_fresh_signature_of_any_secret_in_use_is_accepted() {
        for secret in ["whsec_new", "whsec_old"] {
            assert_eq!(verify_at(&sign(secret, NOW, BODY), BODY, NOW), Ok(()));
        }
        let rotated = format!("{},v0=00,v1={}", sign("whsec_old", NOW, BODY), "00".repeat(32));
        assert_eq!(verify_at(&rotated, BODY, NOW), Ok(()));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let good = sign("whsec_new", NOW, BODY);
        let v1 = good.split_once(',').unwrap().1;
        let cases = [
            String::new(),
            "garbage".to_owned(),
            v1.to_owned(),
            format!("t={NOW}"),
            format!("t={NOW},v0={}", "00".repeat(32)),
            format!("t={NOW},v1=zz"),
            format!("t={NOW},v1=00"),
            format!("t=-{NOW},{v1}"),
            format!("t=,{v1}"),
            format!("t={NOW},{good}"),
            format!("{good},{}", "v1=00,".repeat(2000)),
        ];
        for header in cases {
            assert_eq!(verify_at(&header, BODY, NOW), Err(Refusal::Malformed), "{header}");
        }
    }

    #[test]
    fn a_changed_body_or_a_foreign_secret_is_refused() {
        let good = sign("whsec_new", NOW, BODY);
        assert_eq!(verify_at(&good, br#"{"id": "evt_1"}"#, NOW), Err(Refusal::Wrong));
        assert_eq!(verify_at(&sign("whsec_x", NOW, BODY), BODY, NOW), Err(Refusal::Wrong));
        let nobody = Secrets::new([String::new()]);
        let header = sign("", NOW, BODY);
        assert_eq!(nobody.verify(&header, BODY, Timestamp(NOW * 1000)), Err(Refusal::Wrong));
    }

    #[test]
    fn a_delivery_is_accepted_for_five_minutes_and_not_from_the_future() {
        let good = sign("whsec_new", NOW, BODY);
        assert_eq!(verify_at(&good, BODY, NOW + 300), Ok(()));
        assert_eq!(verify_at(&good, BODY, NOW + 301), Err(Refusal::Stale));
        assert_eq!(verify_at(&good, BODY, NOW - 60), Ok(()));
        assert_eq!(verify_at(&good, BODY, NOW - 61), Err(Refusal::Early));
    }

    #[test]
    fn only_the_first_ten_signatures_count() {
        let v1 = sign("whsec_new", NOW, BODY).split_once(',').unwrap().1.to_owned();
        let wrong = format!("v1={},", "00".repeat(32));
        let tenth = format!("t={NOW},{}{v1}", wrong.repeat(9));
        let eleventh = format!("t={NOW},{}{v1}", wrong.repeat(10));
        assert_eq!(verify_at(&tenth, BODY, NOW), Ok(()));
        assert_eq!(verify_at(&eleventh, BODY, NOW), Err(Refusal::Wrong));
    }
}
