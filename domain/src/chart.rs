//! The chart of an event: every seat and area with its index, built once from what the organiser
//! sent and never changed afterwards.
//!
//! Seat indexes are dense from 0 in chart order: zone by zone, row by row, and within a row as the
//! seats stand beside each other. [`Chart::blocks`] are the runs of neighbours; best-available
//! search never crosses from one to the next. Equal sources build equal charts.

mod build;
mod neighbours;
mod public;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use build::ChartError;
pub use neighbours::NEIGHBOUR_GAP_MAX;
pub(crate) use neighbours::{distance, median};
pub use public::{PublicArea, PublicCategory, PublicChart, PublicRow, PublicSeat, PublicZone};

use crate::seat::{AreaIndex, SeatIndex};

/// Index of a category in chart order, from 0. Earlier is better: see [`crate::best_available`].
pub type CategoryIndex = u16;

/// Index of a zone in chart order, from 0.
pub type ZoneIndex = u16;

/// What an organiser sends: a seating plan, areas, or both. Kept in the ledger as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartSource {
    /// A pretix seating plan, unchanged: see [`crate::plan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seating_plan: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<AreaSource>,
    /// By seat label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seat_flags: BTreeMap<String, Vec<SeatFlag>>,
}

/// A general-admission area as the organiser sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaSource {
    pub name: String,
    pub capacity: u32,
    pub category: String,
}

/// Something that a buyer or the search has to know of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatFlag {
    /// A place for a wheelchair, or one reached without steps.
    Accessible,
    /// Beside an accessible seat, for who comes along.
    Companion,
    RestrictedView,
}

impl SeatFlag {
    pub const ALL: [Self; 3] = [Self::Accessible, Self::Companion, Self::RestrictedView];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accessible => "accessible",
            Self::Companion => "companion",
            Self::RestrictedView => "restricted_view",
        }
    }
}

/// A set of [`SeatFlag`]; written as a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeatFlags(u8);

impl SeatFlags {
    pub fn contains(self, flag: SeatFlag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }

    pub fn insert(&mut self, flag: SeatFlag) {
        self.0 |= 1 << flag as u8;
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of [`SeatFlag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SeatFlag> {
        SeatFlag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl FromIterator<SeatFlag> for SeatFlags {
    fn from_iter<I: IntoIterator<Item = SeatFlag>>(flags: I) -> Self {
        let mut set = Self::default();
        flags.into_iter().for_each(|flag| set.insert(flag));
        set
    }
}

impl Serialize for SeatFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for SeatFlags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<SeatFlag>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A price level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub name: String,
    /// As the plan says it, else one of a fixed palette: `#rrggbb`.
    pub color: String,
}

/// A part of the house. Names may repeat, as they may in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub name: String,
    pub rows: Vec<Row>,
}

/// A row of a zone. Its seats are consecutive in [`Chart::seats`]; there may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What is written at the row; may be empty.
    pub number: String,
    pub seats: Range<SeatIndex>,
}

/// A numbered seat.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Unique in the chart.
    pub label: String,
    /// What is written on the seat; may be empty.
    pub number: String,
    pub zone: ZoneIndex,
    /// Index in [`Zone::rows`].
    pub row: u32,
    /// Absolute, in the plan's units.
    pub x: f64,
    /// Absolute, in the plan's units; grows downwards.
    pub y: f64,
    pub category: CategoryIndex,
    pub flags: SeatFlags,
    /// Index in [`Chart::blocks`].
    pub block: u32,
}

/// A general-admission area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    pub name: String,
    /// At least 1.
    pub capacity: u32,
    pub category: CategoryIndex,
}

/// Every seat and area of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub categories: Vec<Category>,
    pub zones: Vec<Zone>,
    pub seats: Vec<Seat>,
    pub areas: Vec<Area>,
    /// Runs of neighbours, in chart order. Together they are all seats; none is empty.
    pub blocks: Vec<Range<SeatIndex>>,
    labels: HashMap<String, SeatIndex>,
}

impl Chart {
    /// The only way to a chart. Cost: linear in the seats; some 100 ms for 150,000.
    pub fn build(source: &ChartSource) -> Result<Chart, ChartError> {
        build::build(source)
    }

    /// The chart as `GET …/chart` shows it.
    pub fn public(&self) -> PublicChart<'_> {
        PublicChart::of(self)
    }

    pub fn index_of(&self, label: &str) -> Option<SeatIndex> {
        self.labels.get(label).copied()
    }

    pub fn area_index(&self, name: &str) -> Option<AreaIndex> {
        self.areas.iter().position(|area| area.name == name).map(|index| index as AreaIndex)
    }

    pub fn category_index(&self, name: &str) -> Option<CategoryIndex> {
        (self.categories.iter().position(|category| category.name == name))
            .map(|index| index as CategoryIndex)
    }

    /// All zones of that name; empty when there is none.
    pub fn zones_named(&self, name: &str) -> Vec<ZoneIndex> {
        (self.zones.iter().enumerate())
            .filter(|(_, zone)| zone.name == name)
            .map(|(index, _)| index as ZoneIndex)
            .collect()
    }

    /// `None` past the end.
    pub fn seat(&self, index: SeatIndex) -> Option<&Seat> {
        self.seats.get(index as usize)
    }

    /// `None` past the end.
    pub fn area(&self, index: AreaIndex) -> Option<&Area> {
        self.areas.get(usize::from(index))
    }

    /// The zone of a seat of this chart.
    pub fn zone_of(&self, seat: &Seat) -> &Zone {
        &self.zones[usize::from(seat.zone)]
    }

    /// The row of a seat of this chart.
    pub fn row_of(&self, seat: &Seat) -> &Row {
        &self.zone_of(seat).rows[seat.row as usize]
    }

    /// The category of that index in this chart.
    pub fn category(&self, index: CategoryIndex) -> &Category {
        &self.categories[usize::from(index)]
    }

    /// Numbered seats, without areas.
    pub fn seat_count(&self) -> u32 {
        self.seats.len() as u32
    }
}
