//! Signed claims as text: JSON Web Signature in compact form (RFC 7515, section 7.1) with one pinned
//! algorithm, HS256 (RFC 7518, section 3.2).
//!
//! There is one header, byte for byte: what a text says about algorithms and keys is never read, it
//! is only compared. Whether claims make sense is the caller's question.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `{"typ":"JWT","alg":"HS256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";
const MAC_BYTES: usize = 32;
/// A text is not longer, nor are its claims.
pub(super) const TEXT_BYTES_MAX: usize = 1_024;

/// A key that has been absorbed already: signing costs the text's own blocks and two more.
pub(crate) struct JwsKey(Hmac<Sha256>);

impl JwsKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    pub(super) fn sign(&self, claims: &[u8]) -> String {
        let mut text = String::with_capacity(TEXT_BYTES_MAX);
        text.push_str(HEADER);
        text.push('.');
        BASE64URL_NOPAD.encode_append(claims, &mut text);
        let mac = self.mac(&text);
        text.push('.');
        BASE64URL_NOPAD.encode_append(&mac, &mut text);
        text
    }

    pub(super) fn mac(&self, signed: &str) -> [u8; MAC_BYTES] {
        self.0.clone().chain_update(signed).finalize().into_bytes().into()
    }

    /// The claims of a text that this key has signed, put into `buffer`. Compares in constant time.
    pub(super) fn open<'b>(
        &self,
        text: &str,
        buffer: &'b mut [u8; TEXT_BYTES_MAX],
    ) -> Option<&'b [u8]> {
        let (signed, signature) = text.rsplit_once('.').filter(|_| text.len() <= TEXT_BYTES_MAX)?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        let mut mac = [0; MAC_BYTES];
        if decode(signature, &mut mac)? != MAC_BYTES {
            return None;
        }
        self.0.clone().chain_update(signed).verify_slice(&mac).ok()?;
        let length = decode(claims, buffer)?;
        Some(&buffer[..length])
    }
}

/// How many bytes `text` was; `None` when it is no base64url, or more than `into` takes.
fn decode(text: &str, into: &mut [u8]) -> Option<usize> {
    let length = BASE64URL_NOPAD.decode_len(text.len()).ok()?;
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), into.get_mut(..length)?).ok()
}

impl fmt::Debug for JwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwsKey(***)")
    }
}
