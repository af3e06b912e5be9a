//! Makes houses that look like houses, for demonstrations, load tests and benchmarks.
//!
//! The result is what an organiser would send: a pretix seating plan by the schema of 2026, areas,
//! and flags of seats. The same kind, number and seed make the same result, byte for byte; the
//! number of seats (of places, where there are areas) is exactly the one asked for. Which numbers
//! a seed makes is not promised from one version to the next.
//!
//! | kind | |
//! |---|---|
//! | theatre | stalls, circle and balcony: curved rows before a stage, aisles within the rows |
//! | in_the_round | sectors in rings round a small stage |
//! | arena | flat blocks before a stage at one end, two tiers of sectors round three sides |
//! | stadium | one to three tiers of sectors all round a field |
//! | cabaret | round tables before a stage |
//! | club | mostly standing areas, some tables |

mod bowl;
mod cabaret;
mod curve;
mod flags;
mod house;
mod random;
mod theatre;

use std::{collections::BTreeMap, str::FromStr};

use crate::chart::{AreaSource, ChartSource, SeatFlag};

/// Fewest seats of a generated house.
pub const VENUE_SEATS_MIN: u32 = 250;
/// Most seats of a generated house.
pub const VENUE_SEATS_MAX: u32 = 100_000;

/// What a house looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Theatre,
    InTheRound,
    Arena,
    Stadium,
    Cabaret,
    Club,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Theatre, Self::InTheRound, Self::Arena, Self::Stadium, Self::Cabaret, Self::Club];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Theatre => "theatre",
            Self::InTheRound => "in_the_round",
            Self::Arena => "arena",
            Self::Stadium => "stadium",
            Self::Cabaret => "cabaret",
            Self::Club => "club",
        }
    }
}

/// The text names no kind of house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of theatre, in_the_round, arena, stadium, cabaret and club")]
pub struct KindError;

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(KindError)
    }
}

/// No house of that size is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a house has {VENUE_SEATS_MIN} to {VENUE_SEATS_MAX} seats")]
pub struct VenueSizeError;

/// A house as an organiser would send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Venue {
    /// A pretix seating plan.
    pub plan: serde_json::Value,
    /// Only a club has any.
    pub areas: Vec<AreaSource>,
    /// By seat label.
    pub seat_flags: BTreeMap<String, Vec<SeatFlag>>,
}

impl From<Venue> for ChartSource {
    fn from(venue: Venue) -> Self {
        Self { seating_plan: Some(venue.plan), areas: venue.areas, seat_flags: venue.seat_flags }
    }
}

/// Makes a house of that many seats; where there are areas, of that many seats and places.
pub fn generate(kind: Kind, seats: u32, seed: u64) -> Result<Venue, VenueSizeError> {
    if !(VENUE_SEATS_MIN..=VENUE_SEATS_MAX).contains(&seats) {
        return Err(VenueSizeError);
    }
    let mut random = random::Random::new(seed);
    let house = match kind {
        Kind::Theatre => theatre::theatre(seats, &mut random),
        Kind::InTheRound => bowl::in_the_round(seats, &mut random),
        Kind::Arena => bowl::arena(seats, &mut random),
        Kind::Stadium => bowl::stadium(seats, &mut random),
        Kind::Cabaret => cabaret::cabaret(seats, &mut random),
        Kind::Club => cabaret::club(seats, &mut random),
    };
    let seat_flags = flags::flags(&house, &mut random);
    let (plan, areas) = house.into_plan(&mut random);
    Ok(Venue { plan, areas, seat_flags })
}
