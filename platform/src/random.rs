//! Unguessable bytes from the operating system, for the edges of the program.

use data_encoding::BASE64URL_NOPAD;

/// `N` random bytes. Panics when the operating system has none to give: nothing safe can be done
/// without them.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 256 random bits as 43 characters of base64url.
pub fn token() -> String {
    BASE64URL_NOPAD.encode(&bytes::<32>())
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_tokens_differ() {
        let (one, other) = (super::token(), super::token());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
