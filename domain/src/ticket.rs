//! Ticket codes: what a gate reads from the QR and can trust without asking anybody.
//!
//! A code is base64url (RFC 4648, no padding) of a payload and its Ed25519 signature. It names no
//! person. That a ticket is void, or was used already, only the ledger knows.
//!
//! | bytes | |
//! |---|---|
//! | 1 | layout: 1 |
//! | 1 | kind of place: 0 seat, 1 area |
//! | 18 | event id: the bytes that its text has after the prefix |
//! | 18 | ticket id, likewise |
//! | 2 | length of the next, big-endian |
//! | n | seat label or area name, UTF-8 |
//! | 2 | length of the next, big-endian |
//! | n | category, UTF-8 |
//! | 64 | signature over all bytes before it, by a key that signs nothing else |

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer, SigningKey, VerifyingKey};

use crate::id::{EventId, ID_BYTES, TicketId};

const LAYOUT: u8 = 1;

/// Longer texts are refused before they are decoded: two names of 64 characters of four bytes need
/// some 830.
const CODE_LENGTH_MAX: usize = 1024;

/// Where a ticket lets its holder in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketPlace {
    /// By label.
    Seat(String),
    /// By name.
    Area(String),
}

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketCode {
    pub event: EventId,
    pub ticket: TicketId,
    pub place: TicketPlace,
    pub category: String,
}

/// Why a text is not a ticket of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    #[error("not a ticket code")]
    Malformed,
    #[error("a ticket code of a layout that is not known here")]
    UnknownLayout,
    #[error("the signature is not by this key")]
    BadSignature,
}

/// Signs ticket codes. Never shown, also not by `Debug`.
#[derive(Clone)]
pub struct TicketKey(SigningKey);

impl TicketKey {
    /// The same seed makes the same key.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// What a gate needs.
    pub fn public(&self) -> TicketPublicKey {
        TicketPublicKey(self.0.verifying_key())
    }

    /// The same ticket has the same code for ever: Ed25519 is deterministic.
    pub fn sign(&self, ticket: &TicketCode) -> String {
        let mut bytes = payload(ticket);
        let signature = self.0.sign(&bytes);
        bytes.extend_from_slice(&signature.to_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey(..)")
    }
}

/// Verifies ticket codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketPublicKey(VerifyingKey);

impl TicketPublicKey {
    /// `None` when the bytes are no point of the curve.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Reads a code that this key's owner signed. Nothing of it is believed before the signature is
    /// found good.
    pub fn verify(&self, code: &str) -> Result<TicketCode, TicketRefusal> {
        if code.len() > CODE_LENGTH_MAX {
            return Err(TicketRefusal::Malformed);
        }
        let bytes =
            BASE64URL_NOPAD.decode(code.as_bytes()).map_err(|_| TicketRefusal::Malformed)?;
        let (payload, signature) =
            bytes.split_last_chunk::<SIGNATURE_LENGTH>().ok_or(TicketRefusal::Malformed)?;
        if payload.first().is_some_and(|layout| *layout != LAYOUT) {
            return Err(TicketRefusal::UnknownLayout);
        }
        (self.0.verify_strict(payload, &Signature::from_bytes(signature)))
            .map_err(|_| TicketRefusal::BadSignature)?;
        read_payload(payload).ok_or(TicketRefusal::Malformed)
    }
}

fn payload(ticket: &TicketCode) -> Vec<u8> {
    let (kind, name) = match &ticket.place {
        TicketPlace::Seat(label) => (0, label),
        TicketPlace::Area(name) => (1, name),
    };
    let mut bytes = vec![LAYOUT, kind];
    bytes.extend_from_slice(&ticket.event.to_bytes());
    bytes.extend_from_slice(&ticket.ticket.to_bytes());
    for text in [name, &ticket.category] {
        let length = u16::try_from(text.len()).expect("names are short: checked in the chart");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn read_payload(payload: &[u8]) -> Option<TicketCode> {
    let (&[_, kind], rest) = payload.split_first_chunk::<2>()?;
    let (event, rest) = rest.split_first_chunk::<ID_BYTES>()?;
    let (ticket, rest) = rest.split_first_chunk::<ID_BYTES>()?;
    let (name, rest) = read_text(rest)?;
    let (category, rest) = read_text(rest)?;
    let place = match kind {
        0 => TicketPlace::Seat(name),
        1 => TicketPlace::Area(name),
        _ => return None,
    };
    rest.is_empty().then(|| TicketCode {
        event: EventId::from_bytes(*event),
        ticket: TicketId::from_bytes(*ticket),
        place,
        category,
    })
}

fn read_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn ticket(place: TicketPlace) -> TicketCode {
        TicketCode {
            event: EventId::new(Timestamp(1_790_000_000_000), [1; 12]),
            ticket: TicketId::new(Timestamp(1_790_000_000_001), [2; 12]),
            place,
            category: "Parkett".to_owned(),
        }
    }

    #[test]
    fn a_signed_code_says_what_was_signed() {
        let key = TicketKey::from_seed([7; 32]);
        for place in [
            TicketPlace::Seat("Stalls-A-12".to_owned()),
            TicketPlace::Area("𝒩".repeat(64)),
            TicketPlace::Seat(String::new()),
        ] {
            let ticket = ticket(place);
            let code = key.sign(&ticket);
            assert_eq!(key.public().verify(&code), Ok(ticket.clone()));
            assert_eq!(key.sign(&ticket), code, "the same ticket has the same code");
            let gate = TicketPublicKey::from_bytes(key.public().to_bytes()).unwrap();
            assert_eq!(gate.verify(&code), Ok(ticket));
        }
    }

    #[test]
    fn a_code_with_any_bit_altered_is_refused() {
        let key = TicketKey::from_seed([7; 32]);
        let code = key.sign(&ticket(TicketPlace::Seat("A-1".to_owned())));
        let bytes = BASE64URL_NOPAD.decode(code.as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let refusal = key.public().verify(&BASE64URL_NOPAD.encode(&altered)).unwrap_err();
            let expected =
                if bit < 8 { TicketRefusal::UnknownLayout } else { TicketRefusal::BadSignature };
            assert_eq!(refusal, expected, "bit {bit}");
        }
    }

    #[test]
    fn a_truncated_or_extended_code_is_refused() {
        let key = TicketKey::from_seed([7; 32]);
        let code = key.sign(&ticket(TicketPlace::Seat("A-1".to_owned())));
        for length in 0..code.len() {
            assert!(key.public().verify(&code[..length]).is_err(), "{length} characters");
        }
        for longer in [format!("{code}A"), format!("{code}=="), format!(" {code}"), "é".repeat(600)]
        {
            assert!(key.public().verify(&longer).is_err(), "{longer}");
        }
    }

    #[test]
    fn a_code_by_another_key_is_refused() {
        let code = TicketKey::from_seed([7; 32]).sign(&ticket(TicketPlace::Area("Floor".into())));
        let other = TicketKey::from_seed([8; 32]).public();
        assert_eq!(other.verify(&code), Err(TicketRefusal::BadSignature));
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", TicketKey::from_seed([7; 32])), "TicketKey(..)");
    }
}
