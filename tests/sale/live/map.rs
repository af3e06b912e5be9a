//! A map as a viewer keeps it and as the service has it, read from the binary frames.

const SNAPSHOT: u8 = 1;
const DELTA: u8 = 2;
const HEARTBEAT: u8 = 5;
const PACKED: u8 = 0;
const RUNS: u8 = 1;

/// Epoch, version, and a byte a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    pub epoch: u64,
    pub version: u64,
    pub states: Vec<u8>,
}

/// What a frame did to a map.
pub enum Taken {
    Snapshot,
    Delta,
    /// Something was lost on the way.
    Gap,
    Nothing,
}

/// What `GET /v1/events/{event}/seats` says in binary.
pub async fn read_map(http: &reqwest::Client, base: &str, event: &str) -> Audited {
    let request = http.get(format!("{base}/v1/events/{event}/seats"));
    let answer = request.header("Accept", "application/octet-stream").send().await;
    let bytes = answer.expect("an answer").bytes().await.expect("a body");
    let mut map = Audited::default();
    assert!(matches!(map.take(&bytes), Some(Taken::Snapshot)), "{bytes:?}");
    map
}

impl Audited {
    pub fn write(&self) -> String {
        let states: String = self.states.iter().map(|state| char::from(b'0' + state)).collect();
        format!("{} {} {states}", self.epoch, self.version)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().split(' ');
        let (epoch, version) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let states = words.next()?.bytes().map(|byte| byte - b'0').collect();
        Some(Self { epoch, version, states })
    }

    /// Takes a frame. None: it is not as documented.
    pub fn take(&mut self, frame: &[u8]) -> Option<Taken> {
        let (head, mut rest) = frame.split_at_checked(8)?;
        let epoch = u64::from(u32::from_le_bytes(head[4..8].try_into().ok()?));
        let rest = &mut rest;
        match head[0] {
            SNAPSHOT => {
                let (version, seats) = (varint(rest)?, varint(rest)? as usize);
                let states = states(rest, seats)?;
                *self = Self { epoch, version, states };
                Some(Taken::Snapshot)
            }
            DELTA => {
                let (from, advance) = (varint(rest)?, varint(rest)?);
                if epoch != self.epoch || from > self.version {
                    return Some(Taken::Gap);
                }
                let mut seat = 0;
                for _ in 0..varint(rest)? {
                    seat += varint(rest)? as usize;
                    let run = byte(rest)?;
                    let length = usize::from(run >> 2) + 1;
                    self.states.get_mut(seat..seat + length)?.fill(run & 3);
                    seat += length;
                }
                self.version = self.version.max(from + advance);
                Some(Taken::Delta)
            }
            HEARTBEAT => {
                let is_behind = epoch != self.epoch || varint(rest)? > self.version;
                Some(if is_behind { Taken::Gap } else { Taken::Nothing })
            }
            _ => Some(Taken::Nothing),
        }
    }
}

fn states(rest: &mut &[u8], seats: usize) -> Option<Vec<u8>> {
    let encoding = byte(rest)?;
    let mut inflated = Vec::new();
    let bytes: &[u8] = match encoding {
        PACKED => rest,
        RUNS => {
            let _length = varint(rest)?;
            let mut states = Vec::with_capacity(seats);
            while states.len() < seats {
                let run = varint(rest)?;
                states.resize(states.len() + (run >> 2) as usize + 1, (run & 3) as u8);
            }
            return Some(states);
        }
        _ => {
            let length = varint(rest)? as usize;
            let mut inflater = flate2::read::DeflateDecoder::new(rest.get(..length)?);
            std::io::Read::read_to_end(&mut inflater, &mut inflated).ok()?;
            &inflated
        }
    };
    (0..seats).map(|seat| Some(bytes.get(seat / 4)? >> (seat % 4 * 2) & 3)).collect()
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*byte)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(bytes)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
