//! Frames of RFC 6455 as a server sends them: never masked, never in fragments.

use bytes::Bytes;

use crate::close::Close;

pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;

pub(super) fn write_frame(bytes: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    bytes.reserve(payload.len() + 10);
    bytes.push(FINAL | opcode);
    match payload.len() {
        length @ 0..=125 => bytes.push(length as u8),
        length @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
}

pub(crate) fn ping_frame(bytes: &mut Vec<u8>) {
    write_frame(bytes, PING, &[]);
}

/// `payload`: that of the ping, at most 125 bytes.
pub(crate) fn pong_frame(payload: &[u8]) -> Bytes {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, PONG, payload);
    bytes.into()
}

pub(crate) fn close_frame(close: &Close) -> Bytes {
    let mut payload = close.code.to_be_bytes().to_vec();
    payload.extend(close.reason().into_bytes());
    let mut bytes = Vec::new();
    write_frame(&mut bytes, CLOSE, &payload);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_the_shortest_form() {
        let head = |length: usize| {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, BINARY, &vec![7; length]);
            assert_eq!(bytes.iter().filter(|byte| **byte == 7).count(), length);
            bytes.truncate(bytes.len() - length);
            bytes
        };
        assert_eq!(head(125), [0x82, 125]);
        assert_eq!(head(126), [0x82, 126, 0, 126]);
        assert_eq!(head(65_535), [0x82, 126, 255, 255]);
        assert_eq!(head(65_536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
