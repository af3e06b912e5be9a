//! The state of every seat: by label as JSON, or packed as the live protocol's snapshot.
//!
//! # The snapshot frame
//!
//! All integers little endian; a varint is LEB128 (seven bits a byte, lowest first, the high bit
//! says that more follows).
//!
//! | bytes | what |
//! |---|---|
//! | u8 | type, 1: snapshot |
//! | u8 | flags, 0 |
//! | u16 | partition |
//! | u32 | epoch |
//! | varint | version |
//! | varint | seats |
//! | u8 | encoding, 0: packed |
//! | (seats + 3) / 4 | two bits a seat in index order, lowest bits first: 0 free, 1 held, 2 sold, 3 blocked; the unused bits of the last byte are 0 |

use std::collections::BTreeMap;

use domain::chart::Chart;
use inventory::View;
use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

/// States by label.
#[derive(Serialize)]
pub struct SeatsView<'a> {
    epoch: u64,
    version: u64,
    states: States<'a>,
}

/// States by label.
// For the generated document: the view itself borrows.
#[derive(ToSchema)]
#[schema(as = Seats)]
pub struct SeatsShape {
    /// Grows when the inventory is laid anew; versions of two epochs do not compare.
    pub epoch: u64,
    /// Grows by one with each change.
    pub version: u64,
    /// By label.
    pub states: BTreeMap<String, SeatStateView>,
}

/// A frame of bytes as this module describes it.
#[derive(ToSchema)]
#[schema(as = Snapshot, value_type = String, format = Binary)]
pub struct SnapshotShape(pub Vec<u8>);

/// Seats in payment count as held.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatState)]
#[serde(rename_all = "snake_case")]
pub enum SeatStateView {
    Free,
    Held,
    Sold,
    Blocked,
}

/// Written straight from chart and view: a map of 150,000 labels is not built first.
struct States<'a> {
    chart: &'a Chart,
    view: &'a View,
}

impl Serialize for States<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.view.states.len()))?;
        for (seat, state) in self.chart.seats.iter().zip(self.view.states.iter()) {
            map.serialize_entry(&seat.label, &state.public())?;
        }
        map.end()
    }
}

impl<'a> SeatsView<'a> {
    pub fn of(chart: &'a Chart, view: &'a View) -> Self {
        Self { epoch: view.epoch, version: view.version, states: States { chart, view } }
    }
}

const TYPE_SNAPSHOT: u8 = 1;
const NO_FLAGS: u8 = 0;
const ENCODING_PACKED: u8 = 0;

/// The snapshot frame of the module's table.
pub fn snapshot(partition: u8, view: &View) -> Vec<u8> {
    let seats = view.states.len();
    let mut frame = Vec::with_capacity(20 + seats.div_ceil(4));
    frame.extend([TYPE_SNAPSHOT, NO_FLAGS]);
    frame.extend(u16::from(partition).to_le_bytes());
    // An event's epoch grows by one with each rebuild.
    frame.extend(u32::try_from(view.epoch).unwrap_or(u32::MAX).to_le_bytes());
    write_varint(&mut frame, view.version);
    write_varint(&mut frame, seats as u64);
    frame.push(ENCODING_PACKED);
    frame.extend(view.states.chunks(4).map(|chunk| {
        let bits = chunk.iter().enumerate();
        bits.fold(0, |byte, (place, state)| byte | (state.public() as u8) << (2 * place))
    }));
    frame
}

fn write_varint(frame: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        frame.push(value as u8 | 0x80);
        value >>= 7;
    }
    frame.push(value as u8);
}
