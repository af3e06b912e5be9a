//! Text that must not be printed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A key, a token, or an address that may carry a password. `Debug` shows `***`, there is no
/// `Display`, and equality takes the same time wherever the texts differ.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Never hand it to a log, an error or a metric.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares with what a stranger sent. Digests are compared, so that not even the length shows.
    pub fn matches(&self, candidate: &str) -> bool {
        let (own, other) = (Sha256::digest(&self.0), Sha256::digest(candidate));
        own.ct_eq(&other).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("sk_live_51canary");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.expose(), "sk_live_51canary");
    }

    #[test]
    fn a_secret_matches_only_itself() {
        let secret = Secret::new("organizer");
        assert!(secret.matches("organizer"));
        for other in ["", "organize", "organizer ", "Organizer"] {
            assert!(!secret.matches(other), "{other:?}");
        }
    }
}
