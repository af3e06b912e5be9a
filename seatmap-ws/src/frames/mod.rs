//! What a frame means; `json` and `binary` say the same in two ways.
//!
//! The types are the JSON frames themselves: the AsyncAPI document is generated from them.

mod binary;
mod json;
pub(crate) mod packing;
mod websocket;

use bytes::Bytes;
use domain::{
    chart::{CategoryIndex, ZoneIndex},
    seat::{AreaIndex, SeatIndex},
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub(crate) use websocket::{close_frame, ping_frame, pong_frame};

/// How a socket wants its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Binary,
    Json,
}

impl Format {
    pub const ALL: [Self; 2] = [Self::Binary, Self::Json];

    /// The name of the subprotocol.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::Binary => "holdfast.bin.v1",
            Self::Json => "holdfast.json.v1",
        }
    }
}

/// Everything a server says on a live map.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    Snapshot(Snapshot),
    Delta(Delta),
    Overview(Overview),
    Heartbeat(Heartbeat),
    Gone(Gone),
}

/// Every seat and area of the subscription at one version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Snapshot {
    pub partition: u8,
    pub epoch: u64,
    pub version: u64,
    /// Base64 of two bits a seat, lowest bits first, in index order: 0 free, 1 held, 2 sold,
    /// 3 blocked.
    #[schema(value_type = String)]
    pub states: States,
    /// Only where zones were chosen: the index ranges, as first and count, that `states` tells one
    /// after the other. Absent: all seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranges: Option<Vec<(SeatIndex, u32)>>,
    /// Index and free places.
    pub areas: Vec<(AreaIndex, u32)>,
}

/// What changed from one version to another. States are absolute.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Delta {
    pub partition: u8,
    pub epoch: u64,
    /// The version that the client has. Above it: something was lost, connect again with `since`.
    pub from: u64,
    pub version: u64,
    /// Index and new state, by index.
    pub changes: Vec<(SeatIndex, u8)>,
    /// Index and free places.
    pub areas: Vec<(AreaIndex, u32)>,
}

/// Free seats by zone and category.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    pub partition: u8,
    pub epoch: u64,
    pub version: u64,
    /// False: what is not told has not changed since the overview before.
    pub complete: bool,
    /// Index of the zone, index of the category, free seats.
    pub free: Vec<(ZoneIndex, CategoryIndex, u32)>,
    /// Index and free places.
    pub areas: Vec<(AreaIndex, u32)>,
}

/// The map lives and is at this version. A client that is behind connects again with `since`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Heartbeat {
    pub epoch: u64,
    pub version: u64,
}

/// The event is not on sale any more: no further frame comes, and a close frame follows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Gone {
    pub reason: GoneReason,
}

/// Why there is nothing more to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    Cancelled,
    Completed,
    /// It is not published any more, or not there.
    Withdrawn,
}

/// One byte a seat in memory, two bits on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States(pub Vec<u8>);

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let packed = packing::pack(&self.0);
        serializer.serialize_str(&data_encoding::BASE64.encode(&packed))
    }
}

impl Delta {
    /// Who has this version has missed nothing.
    pub fn nothing(epoch: u64, version: u64) -> Self {
        let (changes, areas) = (Vec::new(), Vec::new());
        Self { partition: 0, epoch, from: version, version, changes, areas }
    }
}

impl Frame {
    /// Appends the whole WebSocket frame. Frames of a server are not masked: the bytes are the same
    /// for every socket.
    pub fn write(&self, format: Format, bytes: &mut Vec<u8>) {
        match format {
            Format::Binary => {
                let payload = binary::payload(self);
                websocket::write_frame(bytes, websocket::BINARY, &payload);
            }
            Format::Json => websocket::write_frame(bytes, websocket::TEXT, &json::payload(self)),
        }
    }

    /// The frame alone.
    pub fn bytes(&self, format: Format) -> Bytes {
        let mut bytes = Vec::new();
        self.write(format, &mut bytes);
        bytes.into()
    }
}
