//! Opaque identifiers. Each begins with a prefix that tells its kind; new ones sort by time.
//!
//! The body is base32 (RFC 4648 "extended hex", lower case, no padding), whose order is that of the
//! bytes. Randomness and time are handed in: this crate has neither.

use std::{borrow::Borrow, fmt, str::FromStr};

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::time::Timestamp;

fn base32() -> &'static Encoding {
    static ENCODING: std::sync::OnceLock<Encoding> = std::sync::OnceLock::new();
    ENCODING.get_or_init(|| {
        let mut specification = Specification::new();
        specification.symbols.push_str("0123456789abcdefghijklmnopqrstuv");
        specification.encoding().expect("the alphabet is valid")
    })
}

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identifier")]
pub struct IdError;

/// Bytes of randomness in an identifier.
pub const ID_RANDOM_BYTES: usize = 12;

/// Bytes of an identifier without its prefix: time, then randomness.
pub const ID_BYTES: usize = 6 + ID_RANDOM_BYTES;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// 48 bits of milliseconds, then 96 bits of the caller's randomness.
            pub fn new(now: Timestamp, random: [u8; ID_RANDOM_BYTES]) -> Self {
                let mut bytes = [0; ID_BYTES];
                bytes[..6].copy_from_slice(&now.as_millis().to_be_bytes()[2..]);
                bytes[6..].copy_from_slice(&random);
                Self::from_bytes(bytes)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The identifier without its prefix, for places where every byte counts.
            pub fn to_bytes(&self) -> [u8; ID_BYTES] {
                let body = base32().decode(&self.0.as_bytes()[$prefix.len()..]);
                body.ok().and_then(|bytes| bytes.try_into().ok()).expect("checked when made")
            }

            /// The opposite of `to_bytes`.
            pub fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
                Self(format!("{}{}", $prefix, base32().encode(&bytes)))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let body = text.strip_prefix($prefix).ok_or(IdError)?;
                let bytes = base32().decode(body.as_bytes()).map_err(|_| IdError)?;
                if bytes.len() != ID_BYTES {
                    return Err(IdError);
                }
                Ok(Self(text.to_owned()))
            }
        }

        /// Maps by identifier are asked with the text that somebody sent.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

identifier!(
    /// An event on sale.
    EventId, "evt_"
);
identifier!(
    /// An order: seats under a durable claim and the money asked for them.
    OrderId, "ord_"
);
identifier!(
    /// A ticket: derived from the order line, so that issuing twice makes the same one.
    TicketId, "tkt_"
);

/// The short number under which the ledger knows an event; it travels inside a [`HoldId`].
pub type EventNumber = u32;

/// What identifies a hold in its partition: a digest of who asks and of their idempotency key, so
/// that a repeated request finds the hold it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldKey(pub [u8; 12]);

/// A hold. Its identifier says where the hold lives (event, partition, key), so that reading one
/// needs no table from holds to events; the time keeps two holds made under one key apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId {
    /// 48 bits are kept.
    pub created: Timestamp,
    pub event: EventNumber,
    pub partition: u8,
    pub key: HoldKey,
}

impl HoldId {
    pub const PREFIX: &'static str = "hld_";
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 23];
        bytes[..6].copy_from_slice(&self.created.as_millis().to_be_bytes()[2..]);
        bytes[6..10].copy_from_slice(&self.event.to_be_bytes());
        bytes[10] = self.partition;
        bytes[11..].copy_from_slice(&self.key.0);
        let mut letters = [0; 37];
        base32().encode_mut(&bytes, &mut letters);
        f.write_str(Self::PREFIX)?;
        f.write_str(std::str::from_utf8(&letters).expect("the alphabet is ASCII"))
    }
}

impl FromStr for HoldId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let body = text.strip_prefix(Self::PREFIX).ok_or(IdError)?;
        let bytes = base32().decode(body.as_bytes()).map_err(|_| IdError)?;
        let bytes: [u8; 23] = bytes.try_into().map_err(|_| IdError)?;
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&bytes[..6]);
        Ok(Self {
            created: Timestamp(i64::from_be_bytes(millis)),
            event: EventNumber::from_be_bytes(bytes[6..10].try_into().map_err(|_| IdError)?),
            partition: bytes[10],
            key: HoldKey(bytes[11..].try_into().map_err(|_| IdError)?),
        })
    }
}

impl Serialize for HoldId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HoldId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_identifier_sorts_after_an_earlier_one() {
        let early = EventId::new(Timestamp(1_790_000_000_000), [255; 12]);
        let late = EventId::new(Timestamp(1_790_000_000_001), [0; 12]);
        assert!(early.as_str() < late.as_str());
        assert_eq!(early.as_str().parse::<EventId>(), Ok(early.clone()));
        assert_eq!(EventId::from_bytes(early.to_bytes()), early);
    }

    #[test]
    fn an_identifier_of_another_kind_is_refused() {
        let order = OrderId::new(Timestamp(1), [7; 12]);
        assert_eq!(order.as_str().parse::<EventId>(), Err(IdError));
        assert_eq!("evt_".parse::<EventId>(), Err(IdError));
        assert_eq!("evt_é".parse::<EventId>(), Err(IdError));
    }

    #[test]
    fn a_hold_identifier_carries_its_place() {
        let hold = HoldId {
            created: Timestamp(1_790_000_000_000),
            event: 7,
            partition: 0,
            key: HoldKey([9; 12]),
        };
        assert_eq!(hold.to_string().parse::<HoldId>(), Ok(hold));
    }
}
