//! What a seat can be, and quantities of areas.

use serde::{Deserialize, Serialize};

/// Dense index of a seat in chart order, from 0.
pub type SeatIndex = u32;

/// Index of a general-admission area in chart order, from 0.
pub type AreaIndex = u16;

/// A seat's state as the public sees it; the number is the one on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    Free = 0,
    /// Under a live hold, or claimed by an order that is being paid.
    Held = 1,
    Sold = 2,
    Blocked = 3,
}

/// Some places of one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaQuantity {
    pub area: AreaIndex,
    pub quantity: u32,
}

/// How many places of an area, a category or an event are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub total: u32,
    pub free: u32,
    pub held: u32,
    pub sold: u32,
    pub blocked: u32,
}

impl Counts {
    pub fn add(&mut self, other: Counts) {
        self.total += other.total;
        self.free += other.free;
        self.held += other.held;
        self.sold += other.sold;
        self.blocked += other.blocked;
    }
}
