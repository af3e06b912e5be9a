//! Reads frames by the documentation alone: nothing here is the crate's own code.

use std::io::Read;

use flate2::read::DeflateDecoder;
use serde_json::Value;

/// What a frame says, whichever way it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Snapshot {
        epoch: u64,
        version: u64,
        states: Vec<u8>,
        ranges: Option<Vec<(u32, u32)>>,
        areas: Vec<(u32, u32)>,
    },
    Delta {
        epoch: u64,
        from: u64,
        version: u64,
        changes: Vec<(u32, u8)>,
        areas: Vec<(u32, u32)>,
    },
    Overview {
        epoch: u64,
        version: u64,
        complete: bool,
        free: Vec<(u32, u32, u32)>,
        areas: Vec<(u32, u32)>,
    },
    Heartbeat {
        epoch: u64,
        version: u64,
    },
    Gone(String),
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("the frame goes on");
        self.0 = rest;
        *first
    }

    fn fixed(&mut self, bytes: u32) -> u64 {
        (0..bytes).fold(0, |value, place| value | u64::from(self.byte()) << (8 * place))
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for place in 0.. {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.varint()).expect("a small number")
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let (first, rest) = self.0.split_at(bytes);
        self.0 = rest;
        first.to_vec()
    }

    fn pairs(&mut self) -> Vec<(u32, u32)> {
        (0..self.varint()).map(|_| (self.small(), self.small())).collect()
    }
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes).read_to_end(&mut inflated).expect("raw deflate");
    inflated
}

fn unpack(packed: &[u8], seats: usize) -> Vec<u8> {
    assert_eq!(packed.len(), seats.div_ceil(4), "two bits a seat");
    (0..seats).map(|seat| packed[seat / 4] >> (2 * (seat % 4)) & 3).collect()
}

pub fn told_by_binary(frame: &[u8]) -> Told {
    let mut reader = Reader(frame);
    let (kind, flags) = (reader.byte(), reader.byte());
    assert_eq!(reader.fixed(2), 0, "partition");
    let epoch = reader.fixed(4);
    let told = match kind {
        1 => snapshot(&mut reader, flags, epoch),
        2 => {
            let from = reader.varint();
            let version = from + reader.varint();
            let mut changes = Vec::new();
            let mut next = 0;
            for _ in 0..reader.varint() {
                let first = next + reader.small();
                let run = reader.byte();
                next = first + u32::from(run >> 2) + 1;
                changes.extend((first..next).map(|seat| (seat, run & 3)));
            }
            let areas = if flags & 1 != 0 { reader.pairs() } else { Vec::new() };
            Told::Delta { epoch, from, version, changes, areas }
        }
        3 => {
            let version = reader.varint();
            let free = (0..reader.varint())
                .map(|_| (reader.small(), reader.small(), reader.small()))
                .collect();
            let areas = if flags & 1 != 0 { reader.pairs() } else { Vec::new() };
            Told::Overview { epoch, version, complete: flags & 4 != 0, free, areas }
        }
        4 => Told::Gone(
            ["cancelled", "completed", "withdrawn"][usize::from(reader.byte()) - 1].into(),
        ),
        5 => Told::Heartbeat { epoch, version: reader.varint() },
        other => panic!("frame type {other}"),
    };
    assert!(reader.0.is_empty(), "bytes are left over");
    told
}

fn snapshot(reader: &mut Reader<'_>, flags: u8, epoch: u64) -> Told {
    let version = reader.varint();
    let seats = reader.varint() as usize;
    let states = match reader.byte() {
        0 => unpack(&reader.take(seats.div_ceil(4)), seats),
        1 => {
            let length = reader.varint() as usize;
            let bytes = reader.take(length);
            let mut runs = Reader(&bytes);
            let mut states = Vec::new();
            while !runs.0.is_empty() {
                let run = runs.varint();
                states.resize(states.len() + (run >> 2) as usize + 1, (run & 3) as u8);
            }
            states
        }
        2 => {
            let length = reader.varint() as usize;
            unpack(&inflate(&reader.take(length)), seats)
        }
        other => panic!("encoding {other}"),
    };
    assert_eq!(states.len(), seats);
    let ranges = (flags & 2 != 0).then(|| reader.pairs());
    let areas = if flags & 1 != 0 { reader.pairs() } else { Vec::new() };
    Told::Snapshot { epoch, version, states, ranges, areas }
}

pub fn told_by_json(text: &str, seats: usize) -> Told {
    let frame: Value = serde_json::from_str(text).expect("JSON");
    let number = |name: &str| frame[name].as_u64().unwrap_or_else(|| panic!("{name} in {text}"));
    let list = |name: &str| -> Vec<Vec<u64>> {
        let lists = frame[name].as_array().unwrap_or_else(|| panic!("{name} in {text}"));
        let numbers = |list: &Value| {
            list.as_array().expect("a list").iter().map(|n| n.as_u64().expect("a number")).collect()
        };
        lists.iter().map(numbers).collect()
    };
    let pairs = |name: &str| -> Vec<(u32, u32)> {
        list(name).iter().map(|pair| (pair[0] as u32, pair[1] as u32)).collect()
    };
    match frame["type"].as_str().expect("a type") {
        "snapshot" => {
            assert_eq!(number("partition"), 0);
            let ranges = frame.get("ranges").map(|_| pairs("ranges"));
            let chosen = ranges.as_ref().map(|r| r.iter().map(|range| range.1 as usize).sum());
            let packed = frame["states"].as_str().expect("states");
            let packed = data_encoding::BASE64.decode(packed.as_bytes()).expect("base64");
            Told::Snapshot {
                epoch: number("epoch"),
                version: number("version"),
                states: unpack(&packed, chosen.unwrap_or(seats)),
                ranges,
                areas: pairs("areas"),
            }
        }
        "delta" => {
            assert_eq!(number("partition"), 0);
            let changes = pairs("changes");
            Told::Delta {
                epoch: number("epoch"),
                from: number("from"),
                version: number("version"),
                changes: changes.into_iter().map(|(seat, state)| (seat, state as u8)).collect(),
                areas: pairs("areas"),
            }
        }
        "overview" => Told::Overview {
            epoch: number("epoch"),
            version: number("version"),
            complete: frame["complete"].as_bool().expect("complete"),
            free: list("free").iter().map(|e| (e[0] as u32, e[1] as u32, e[2] as u32)).collect(),
            areas: pairs("areas"),
        },
        "heartbeat" => Told::Heartbeat { epoch: number("epoch"), version: number("version") },
        "gone" => Told::Gone(frame["reason"].as_str().expect("a reason").to_owned()),
        other => panic!("frame type {other}"),
    }
}
