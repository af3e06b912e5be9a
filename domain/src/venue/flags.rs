//! Flags for a generated house: accessible places with companions beside them, restricted views.

use std::collections::BTreeMap;

use super::{house::House, random::Random};
use crate::chart::SeatFlag;

/// One accessible seat for so many seats.
const ACCESSIBLE_SHARE: usize = 100;
/// Shorter runs of neighbours have none: the pair and a seat beside it must fit.
const BLOCK_SEATS_MIN: usize = 3;

/// A pair at the end of a run of neighbours: the outer seat is accessible, the inner one for a
/// companion. First and last rows of a zone come first: they are reached without steps.
pub(super) fn flags(house: &House, random: &mut Random) -> BTreeMap<String, Vec<SeatFlag>> {
    let mut flags = BTreeMap::<String, Vec<SeatFlag>>::new();
    let mut pairs = Vec::new();
    let mut seats = 0;
    for zone in &house.zones {
        for (index, row) in zone.rows.iter().enumerate() {
            let inside = index > 0 && index + 1 < zone.rows.len();
            let label = |place: usize| zone.label(row, &row.seats[place]);
            seats += row.seats.len();
            let mut start = 0;
            for end in 1..=row.seats.len() {
                if end < row.seats.len() && !row.seats[end].begins_block {
                    continue;
                }
                if end - start >= BLOCK_SEATS_MIN {
                    pairs.push((inside, random.next(), label(start), label(start + 1)));
                }
                start = end;
            }
            for (place, seat) in row.seats.iter().enumerate() {
                if seat.restricted {
                    flags.entry(label(place)).or_default().push(SeatFlag::RestrictedView);
                }
            }
        }
    }
    pairs.sort_unstable();
    for (_, _, accessible, companion) in pairs.into_iter().take(seats.div_ceil(ACCESSIBLE_SHARE)) {
        flags.entry(accessible).or_default().insert(0, SeatFlag::Accessible);
        flags.entry(companion).or_default().insert(0, SeatFlag::Companion);
    }
    flags
}
