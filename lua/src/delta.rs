//! Deltas: what one script call changed.
//!
//! Text: items one after the other. Seats: the state's byte, a deadline of thirteen digits (zeros:
//! none), runs, `|`. An area: `a`, index, `:`, `capacity,held,sold`, `|`. Later items win.

use domain::{
    seat::{AreaIndex, SeatIndex},
    time::Timestamp,
};

use crate::{
    runs,
    states::{AreaCounts, CellState},
};

/// One version of an inventory, as the difference to the one before. States are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    pub version: u64,
    /// In order of writing: the last change of a seat is the one that stands.
    pub changes: Vec<SeatChange>,
    /// In order of writing.
    pub areas: Vec<(AreaIndex, AreaCounts)>,
}

/// A seat's new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatChange {
    pub seat: SeatIndex,
    pub state: CellState,
    /// Of a held seat: when it is free again by the store's clock, unless the hold is extended.
    pub deadline: Option<Timestamp>,
}

impl Delta {
    pub(crate) fn read(version: u64, text: &[u8]) -> Option<Self> {
        let mut delta = Self { version, changes: Vec::new(), areas: Vec::new() };
        let items = text.split(|byte| *byte == b'|').filter(|item| !item.is_empty());
        for item in items {
            if item[0] == b'a' {
                delta.areas.push(read_area(&item[1..])?);
                continue;
            }
            let state = CellState::read(item[0])?;
            let deadline: i64 = runs::number(item.get(1..14)?)?;
            let deadline = (deadline > 0).then_some(Timestamp(deadline));
            let seats = runs::read(&item[14..])?;
            delta.changes.extend(seats.into_iter().map(|seat| SeatChange {
                seat,
                state,
                deadline,
            }));
        }
        Some(delta)
    }
}

fn read_area(text: &[u8]) -> Option<(AreaIndex, AreaCounts)> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    Some((runs::number(&text[..colon])?, read_counts(&text[colon + 1..])?))
}

/// `capacity,held,sold`
pub(crate) fn read_counts(text: &[u8]) -> Option<AreaCounts> {
    let mut parts = runs::parts(text).map(runs::number);
    let counts =
        AreaCounts { capacity: parts.next()??, held: parts.next()??, sold: parts.next()?? };
    parts.next().is_none().then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_tells_seats_with_deadlines_and_areas() {
        let text = b"00000000000000|117900000000005+2,9+1|a3:100,4,5|";
        let delta = Delta::read(7, text).unwrap();
        assert_eq!(delta.version, 7);
        let held = |seat| SeatChange {
            seat,
            state: CellState::Held,
            deadline: Some(Timestamp(1_790_000_000_000)),
        };
        assert_eq!(delta.changes, [held(5), held(6), held(9)]);
        assert_eq!(delta.areas, [(3, AreaCounts { capacity: 100, held: 4, sold: 5 })]);
        assert_eq!(Delta::read(7, b"9"), None);
        assert_eq!(Delta::read(7, b"a3:100,4|"), None);
    }
}
