//! Chance for people's choices: quick, seeded by the system, and nothing that has to be secret.

use std::{ops::Range, time::Duration};

use data_encoding::BASE64URL_NOPAD;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let mut seed = [0; 8];
        // Without the system's randomness every person would make the same choices, no worse.
        let _ = getrandom::fill(&mut seed);
        Self(u64::from_le_bytes(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `end - 1`; 0 for an `end` of 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Somewhere in `range`, in milliseconds.
    pub fn millis(&mut self, range: Range<u64>) -> Duration {
        let width = range.end.saturating_sub(range.start);
        Duration::from_millis(range.start + self.below(width as usize) as u64)
    }

    /// 128 bits as a client writes them: a device key, an idempotency key.
    pub fn text(&mut self) -> String {
        let bytes = [self.next().to_le_bytes(), self.next().to_le_bytes()].concat();
        BASE64URL_NOPAD.encode(&bytes)
    }
}
