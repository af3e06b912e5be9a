//! What a seat and an area can be, as the scripts keep it.

use domain::seat::SeatState;

/// A seat's state in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellState {
    Free,
    /// Under a hold with a deadline, which may have passed.
    Held,
    /// Under an order's claim; no deadline.
    Claimed,
    Sold,
    /// Taken off sale by the organiser.
    Blocked,
}

impl CellState {
    /// What buyers see.
    pub fn public(self) -> SeatState {
        match self {
            Self::Free => SeatState::Free,
            Self::Held | Self::Claimed => SeatState::Held,
            Self::Sold => SeatState::Sold,
            Self::Blocked => SeatState::Blocked,
        }
    }

    pub(crate) fn read(byte: u8) -> Option<Self> {
        match byte {
            b'0' => Some(Self::Free),
            b'1' => Some(Self::Held),
            b'2' => Some(Self::Claimed),
            b'3' => Some(Self::Sold),
            b'4' => Some(Self::Blocked),
            _ => None,
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Free => b'0',
            Self::Held => b'1',
            Self::Claimed => b'2',
            Self::Sold => b'3',
            Self::Blocked => b'4',
        }
    }
}

/// Places of an area. Claims count as held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AreaCounts {
    pub capacity: u32,
    /// Under holds, those past their deadline included until they are swept, and claims.
    pub held: u32,
    pub sold: u32,
}

impl AreaCounts {
    /// What is left; 0 when a capacity was lowered below what is taken.
    pub fn free(self) -> u32 {
        self.capacity.saturating_sub(self.held).saturating_sub(self.sold)
    }
}
