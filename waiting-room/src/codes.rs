//! Codes that open a lane: for invitations and for priority.
//!
//! A code is a lane, a serial number and a signature; nothing is stored until somebody joins with
//! it. Whoever joins with a code is known by it: one code, one place, on whatever device.

use data_encoding::BASE32_NOPAD;
use domain::{hold::CustomerKey, id::EventId, queue::Lane};
use platform::Keys;
use sha2::{Digest, Sha256};

/// Codes made in one request.
pub const CODES_MAX: u32 = 10_000;
const SERIAL_BYTES: usize = 5;
const MAC_BYTES: usize = 10;

/// A code that was made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub lane: Lane,
    pub person: CustomerKey,
}

/// The `number`th code of a request that `seed` identifies: the same again when asked again.
/// 16 bytes in base32, in four groups, after the lane's letter: `P-XXXX-…`.
pub fn make(keys: &Keys, event: &EventId, lane: Lane, seed: &str, number: u32) -> String {
    let serial = keys.line_code_mac(&format!("serial\0{event}\0{seed}\0{number}"));
    let serial = &serial[..SERIAL_BYTES];
    let mac = keys.line_code_mac(&signed_text(event, lane, serial));
    let body = BASE32_NOPAD.encode(&[serial, &mac[..MAC_BYTES]].concat());
    let groups: Vec<&str> =
        (0..body.len()).step_by(6).map(|at| &body[at..body.len().min(at + 6)]).collect();
    format!("{}-{}", letter(lane), groups.join("-"))
}

/// `None`: not a code of this event. Case and separators do not matter.
pub fn read(keys: &Keys, event: &EventId, text: &str) -> Option<Code> {
    const LENGTH_MAX: usize = 64;
    if text.len() > LENGTH_MAX {
        return None;
    }
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_uppercase();
    let (lane, body) = plain.split_at_checked(1)?;
    let lane = Lane::ALL.into_iter().find(|known| letter(*known) == lane)?;
    let bytes = BASE32_NOPAD.decode(body.as_bytes()).ok()?;
    let (serial, mac) = bytes.split_at_checked(SERIAL_BYTES)?;
    let genuine =
        mac.len() == MAC_BYTES && keys.is_line_code_mac(&signed_text(event, lane, serial), mac);
    genuine.then(|| {
        let digest = Sha256::digest(signed_text(event, lane, serial));
        Code { lane, person: CustomerKey(digest[..12].try_into().expect("32 bytes")) }
    })
}

fn letter(lane: Lane) -> &'static str {
    match lane {
        Lane::General => "G",
        Lane::Priority => "P",
    }
}

fn signed_text(event: &EventId, lane: Lane, serial: &[u8]) -> String {
    format!("code\0{event}\0{}\0{}", lane.as_str(), BASE32_NOPAD.encode(serial))
}

#[cfg(test)]
mod tests {
    use platform::Secret;

    use super::*;

    #[test]
    fn a_code_opens_its_lane_of_its_event_and_nothing_else() {
        let keys = Keys::new(&[Secret::new("a signing key of thirty-two bytes!")]).unwrap();
        let (event, other) = (EventId::from_bytes([1; 18]), EventId::from_bytes([2; 18]));
        let code = make(&keys, &event, Lane::Priority, "seed", 0);
        assert_eq!(code, make(&keys, &event, Lane::Priority, "seed", 0));
        assert_ne!(code, make(&keys, &event, Lane::Priority, "seed", 1));
        let read_code = read(&keys, &event, &code).expect("genuine");
        assert_eq!(read_code.lane, Lane::Priority);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(read(&keys, &event, &typed), Some(read_code));
        assert_eq!(read(&keys, &other, &code), None);
        assert_eq!(read(&keys, &event, &code.replacen('P', "G", 1)), None);
        for wrong in ["", "P", "P-AAAAAA", &code[..code.len() - 1], &format!("{code}A"), "é"] {
            assert_eq!(read(&keys, &event, wrong), None, "{wrong}");
        }
    }
}
