//! Best-available search: which seats a buyer gets who says how many and not which.
//!
//! Pure: a chart, which seats are free, and a wish. What it finds is a proposal; only the script
//! that holds the seats decides.
//!
//! # What may be proposed
//! As many seats as were asked for, beside each other in one block of neighbours, all free, in the
//! wanted zones and categories. With `accessible` above 0 exactly so many of them are accessible.
//!
//! # What is better
//! Of two choices the one with the smaller tuple, compared from left to right:
//!
//! 1. accessible seats, then companion seats, that were not asked for. They are kept for those who
//!    need them: a choice with any is proposed only when nothing else fits at all;
//! 2. whether it leaves a single free seat between taken seats or ends of the block that was not
//!    single before. Never a reason to refuse;
//! 3. seats with restricted view;
//! 4. its worst category, in chart order: the first category of a chart is its best;
//! 5. whether it mixes categories;
//! 6. with `accessible` above 0: seats that are neither accessible nor companion;
//! 7. the sum of its seats' distances. A seat's distance is the number of rows of its zone in front
//!    of it (rows with one number are one row) plus the seats' widths between it and the zone's
//!    centre line, measured along its row;
//! 8. its first seat's index.
//!
//! # Several proposals
//! The first is the best. Each further one is the best that shares no seat with those before it, so
//! that a rival who takes one seat spoils one proposal.

mod layout;
mod search;
mod seat_map;
#[cfg(test)]
mod tests;

pub use seat_map::{Scratch, SeatMap};

use crate::{
    chart::{CategoryIndex, Chart, ZoneIndex},
    seat::SeatIndex,
};

/// What a buyer asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// At least 1 and at most [`crate::limits::SEATS_PER_HOLD_MAX`]; nothing else is ever found.
    pub quantity: u32,
    /// Empty: any.
    pub categories: Vec<CategoryIndex>,
    /// Empty: any.
    pub zones: Vec<ZoneIndex>,
    /// How many of `quantity` must be accessible seats. More than `quantity` is never found.
    pub accessible: u32,
}

/// A request names something that the chart does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    #[error("there is no category {0:?}")]
    Category(String),
    #[error("there is no zone {0:?}")]
    Zone(String),
}

impl Request {
    /// A request by the names that buyers use. A name that several zones have means all of them.
    pub fn named(
        chart: &Chart,
        quantity: u32,
        categories: &[String],
        zones: &[String],
        accessible: u32,
    ) -> Result<Self, UnknownName> {
        let categories = (categories.iter())
            .map(|name| {
                chart.category_index(name).ok_or_else(|| UnknownName::Category(name.clone()))
            })
            .collect::<Result<_, _>>()?;
        let mut wanted = Vec::new();
        for name in zones {
            let found = chart.zones_named(name);
            if found.is_empty() {
                return Err(UnknownName::Zone(name.clone()));
            }
            wanted.extend(found);
        }
        Ok(Self { quantity, categories, zones: wanted, accessible })
    }
}

/// What the search says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 1 to [`crate::limits::CANDIDATES_MAX`] proposals, best first, no seat in two of them. Each is
    /// ascending and consecutive.
    Found(Vec<Vec<SeatIndex>>),
    /// Enough seats are free that the request could have, and they are not beside each other.
    NotEnoughAdjacent,
    /// Fewer seats are free than were asked for, in the wanted zones and categories, or fewer
    /// accessible ones.
    SoldOut,
}
