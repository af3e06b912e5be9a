//! Ids and secrets in Stripe's shape: a prefix and letters and digits that nobody can guess.

use sha2::{Digest, Sha256};

use crate::Error;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A generator seeded once by the operating system; each id is a digest of the seed and a counter.
pub(crate) struct Ids {
    seed: [u8; 32],
    counter: u64,
}

impl Ids {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| Error::Random)?;
        Ok(Self { seed, counter: 0 })
    }

    /// `prefix` and `length` letters and digits, at most 32.
    pub(crate) fn make(&mut self, prefix: &str, length: usize) -> String {
        self.counter += 1;
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.counter.to_be_bytes())
            .finalize();
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        for byte in digest.iter().take(length) {
            id.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        }
        id
    }

    pub(crate) fn request(&mut self) -> String {
        self.make("req_", 14)
    }
}
