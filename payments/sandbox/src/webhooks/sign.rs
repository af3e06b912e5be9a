//! `Stripe-Signature`: `t=<seconds>,v1=<hex of HMAC-SHA256(secret, "<seconds>.<body>")>`.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header for a body sent at this second. Several comma-separated secrets give as many signatures, as while
/// a secret is being replaced.
pub(crate) fn signature(secrets: &str, seconds: i64, body: &str) -> String {
    let mut header = format!("t={seconds}");
    for secret in secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty()) {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length fits");
        mac.update(format!("{seconds}.{body}").as_bytes());
        header.push_str(",v1=");
        header.push_str(&HEXLOWER.encode(&mac.finalize().into_bytes()));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_digest_of_time_dot_body() {
        // From an independent implementation: hmac.new(b"whsec_test", b"1700000000.{}", "sha256").
        assert_eq!(
            signature("whsec_test", 1_700_000_000, "{}"),
            "t=1700000000,v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91"
        );
    }

    #[test]
    fn two_secrets_give_two_signatures() {
        let header = signature("whsec_one, whsec_two", 1, "{}");
        assert_eq!(header.matches(",v1=").count(), 2);
    }
}
