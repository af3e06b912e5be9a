//! What a page knows of the seats: their labels and neighbours from the chart, their states from the
//! snapshot that `/seats` sends as bytes (docs/live-map.md).

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const SNAPSHOT: u8 = 1;
const HEAD_BYTES: usize = 8;
const PACKED: u8 = 0;
const FREE: u8 = 0;

/// The seats of a chart, by index, and where each row ends.
pub struct Seats {
    labels: Vec<String>,
    /// Index ranges of the rows.
    rows: Vec<std::ops::Range<usize>>,
}

impl Seats {
    pub fn of_chart(chart: &Value) -> Result<Self> {
        let (mut labels, mut rows) = (Vec::new(), Vec::new());
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        for zone in list(chart, "zones") {
            for row in list(&zone, "rows") {
                let start = labels.len();
                for seat in list(&row, "seats") {
                    ensure!(seat["index"] == labels.len(), "seat indexes are not dense");
                    labels.push(seat["label"].as_str().context("a seat has a label")?.to_owned());
                }
                rows.push(start..labels.len());
            }
        }
        ensure!(!labels.is_empty(), "the chart has no seats");
        Ok(Self { labels, rows })
    }

    /// The labels of up to `most` free pairs of one row, the first rows first.
    pub fn free_pairs(&self, snapshot: &[u8], most: usize) -> Option<Vec<[&str; 2]>> {
        let states = packed_states(snapshot)?;
        let is_free = |seat: usize| {
            let byte = states.get(seat / 4).copied().unwrap_or(u8::MAX);
            (byte >> (2 * (seat % 4))) & 3 == FREE
        };
        let starts =
            self.rows.iter().flat_map(|row| (row.start..row.end.saturating_sub(1)).step_by(2));
        let pairs = starts
            .filter(|seat| is_free(*seat) && is_free(seat + 1))
            .map(|seat| [self.labels[seat].as_str(), self.labels[seat + 1].as_str()]);
        Some(pairs.take(most).collect())
    }
}

/// Two bits a seat, of a snapshot in encoding 0 without areas and ranges.
fn packed_states(frame: &[u8]) -> Option<&[u8]> {
    if frame.first() != Some(&SNAPSHOT) {
        return None;
    }
    let mut rest = frame.get(HEAD_BYTES..)?;
    varint(&mut rest)?;
    let seats = varint(&mut rest)?;
    let (encoding, states) = rest.split_first()?;
    let bytes = usize::try_from(seats.div_ceil(4)).ok()?;
    (*encoding == PACKED).then_some(states)?.get(..bytes)
}

/// A LEB128 number, taken from the front of `bytes`.
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_pairs_of_free_seats_of_one_row_are_offered() {
        let seat = |index: usize| json!({"index": index, "label": format!("S-{index}")});
        let rows = json!([
            {"seats": (0..5).map(seat).collect::<Vec<_>>()},
            {"seats": (5..9).map(seat).collect::<Vec<_>>()},
        ]);
        let seats = Seats::of_chart(&json!({"zones": [{"rows": rows}]})).expect("a chart");
        // Seat 2 is held, 8 is sold; version 300, nine seats.
        let snapshot = [1, 0, 0, 0, 1, 0, 0, 0, 0xac, 0x02, 9, 0, 0b01_0000, 0, 0b10];
        let pairs = seats.free_pairs(&snapshot, 10).expect("a snapshot");
        assert_eq!(pairs, [["S-0", "S-1"], ["S-5", "S-6"]]);
        assert_eq!(seats.free_pairs(&snapshot, 1).map(|pairs| pairs.len()), Some(1));
        assert_eq!(seats.free_pairs(&snapshot[..12], 1), None);
        assert_eq!(seats.free_pairs(&[2; 20], 1), None);
    }
}
