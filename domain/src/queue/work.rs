//! Proof of work for joins: cheap to check, dear to do many times.
//!
//! The answer to a salt is a nonce for which SHA-256 of the salt's text, a colon and the nonce's
//! text begins with enough zero bits. It prices crowds, not people: with accounts or invite codes
//! there is nothing to ask for. Salts are the caller's: they carry their own time, address and
//! number of bits under a signature, so that nothing is stored for one.

use sha2::{Digest, Sha256};

/// The algorithm's name in a demand.
pub const ALGORITHM: &str = "sha256";

/// Characters of a nonce.
pub const NONCE_LENGTH_MAX: usize = 64;

/// No more is ever asked for: four million hashes, some seconds of a phone.
pub const BITS_MAX: u32 = 22;

/// Asked for as soon as anything is: a few milliseconds.
const BITS_MIN: u32 = 12;

/// What load alone adds at most, and what one address alone adds at most.
const BITS_BY_LOAD_MAX: u32 = 6;
const BITS_BY_ADDRESS_MAX: u32 = 8;

/// Whether `nonce` answers `salt`. Cost: one hash of a short text.
pub fn is_answer(salt: &str, nonce: &str, bits: u32) -> bool {
    nonce.len() <= NONCE_LENGTH_MAX && leading_zero_bits(salt, nonce) >= bits
}

fn leading_zero_bits(salt: &str, nonce: &str) -> u32 {
    let mut sha = Sha256::new();
    sha.update(salt);
    sha.update(":");
    sha.update(nonce);
    let hash = sha.finalize();
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    zeros as u32 * 8 + hash.get(zeros).map_or(0, |byte| byte.leading_zeros())
}

/// The first number that answers `salt`: 2^bits hashes on average.
pub fn solve(salt: &str, bits: u32) -> String {
    (0_u64..)
        .map(|number| number.to_string())
        .find(|nonce| is_answer(salt, nonce, bits))
        .expect("one of 2⁶⁴ nonces answers a demand of at most 22 bits")
}

/// What joins are like at the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub joins_per_second: f64,
    /// Up to here joins cost nothing; above 0.
    pub free_joins_per_second: f64,
    /// New places that the address was given lately.
    pub recent_of_address: u32,
    /// So many of them cost nothing: a household, a few tabs.
    pub free_of_address: u32,
}

/// Bits to ask for: one more with every doubling of the load, and one more with every doubling of
/// what the address has had, so that its hundredth place costs a hundred times its first paid one.
/// 0: nothing is asked for.
pub fn difficulty(load: &Load) -> u32 {
    let excess = load.joins_per_second / load.free_joins_per_second;
    let by_load =
        if excess > 1.0 { Some((excess.log2() as u32).min(BITS_BY_LOAD_MAX)) } else { None };
    let paid = load.recent_of_address.saturating_sub(load.free_of_address);
    let by_address = (paid > 0).then(|| (paid.ilog2() + 1).min(BITS_BY_ADDRESS_MAX));
    match (by_load, by_address) {
        (None, None) => 0,
        (load, address) => (BITS_MIN + load.unwrap_or(0) + address.unwrap_or(0)).min(BITS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_leading_zeros() {
        for bits in [0, 1, 7, 8, 9, 12] {
            let nonce = solve("evt:1", bits);
            assert!(is_answer("evt:1", &nonce, bits));
            assert!(bits < 7 || !is_answer("evt:2", &nonce, bits));
        }
        // Pinned, so that other solvers can compare.
        assert_eq!(solve("salt", 12), "7268");
        assert_eq!(leading_zero_bits("salt", "7268"), 12);
    }

    #[test]
    fn a_nonce_of_any_length_is_not_hashed() {
        let long = "0".repeat(NONCE_LENGTH_MAX + 1);
        assert!(!is_answer("salt", &long, 0));
        assert!(is_answer("salt", &long[1..], 0));
    }

    #[test]
    fn nothing_is_asked_for_while_it_is_quiet() {
        let mut load = Load {
            joins_per_second: 50.0,
            free_joins_per_second: 50.0,
            recent_of_address: 3,
            free_of_address: 3,
        };
        assert_eq!(difficulty(&load), 0);
        load.joins_per_second = 51.0;
        assert_eq!(difficulty(&load), 12);
    }

    #[test]
    fn the_price_rises_with_load_and_with_what_the_address_has_had() {
        let bits = |joins_per_second, recent_of_address| {
            difficulty(&Load {
                joins_per_second,
                free_joins_per_second: 50.0,
                recent_of_address,
                free_of_address: 0,
            })
        };
        let by_load: Vec<u32> = [60.0, 100.0, 200.0, 400.0, 1e9].map(|joins| bits(joins, 0)).into();
        assert_eq!(by_load, [12, 13, 14, 15, 18]);
        let by_address: Vec<u32> = [0, 1, 2, 10, 100, 100_000].map(|had| bits(0.0, had)).into();
        assert_eq!(by_address, [0, 13, 14, 16, 19, 20]);
        assert_eq!(bits(1e9, 100_000), BITS_MAX);
        let (first, hundredth) = (bits(60.0, 0), bits(60.0, 100));
        assert!(1 << (hundredth - first) >= 100, "a hundred times the first");
    }
}
