//! Ways to write states down; a snapshot takes the shortest.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};

/// Two bits a seat, lowest bits first.
pub(crate) const PACKED: u8 = 0;
/// Varints of `(length - 1) << 2 | state`, for runs of equal states.
pub(crate) const RUNS: u8 = 1;
/// Raw deflate (RFC 1951) of the packed states.
pub(crate) const DEFLATED: u8 = 2;

/// Below so many bytes deflate cannot win enough to be worth a try.
const DEFLATE_BYTES_MIN: usize = 64;

/// Two bits a state.
pub(crate) fn pack(states: &[u8]) -> Vec<u8> {
    let byte = |chunk: &[u8]| {
        let places = chunk.iter().enumerate();
        places.fold(0, |byte, (place, state)| byte | (state & 3) << (2 * place))
    };
    states.chunks(4).map(byte).collect()
}

pub(crate) fn runs(states: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for run in states.chunk_by(|one, next| one == next) {
        write_varint(&mut bytes, ((run.len() as u64 - 1) << 2) | u64::from(run[0]));
    }
    bytes
}

/// The shortest way to write `states`, and which it is.
pub(crate) fn shortest(states: &[u8]) -> (u8, Vec<u8>) {
    let packed = pack(states);
    let runs = runs(states);
    let mut best = if runs.len() < packed.len() { (RUNS, runs) } else { (PACKED, packed.clone()) };
    if best.1.len() >= DEFLATE_BYTES_MIN {
        let deflated = deflate(&packed);
        if deflated.len() < best.1.len() {
            best = (DEFLATED, deflated);
        }
    }
    best
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// LEB128.
pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
