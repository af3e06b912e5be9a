//! Snapshots and exact deltas of a selection, made of what an event's seats are now and when each
//! changed last. States are absolute, so a delta that spans many ticks is as exact as one of each.

use std::ops::Range;

use domain::{
    chart::Chart,
    seat::{AreaIndex, SeatIndex},
};
use inventory::FollowedSeats;
use lua::CellState;

use crate::{
    frames::{Delta, Snapshot, States},
    selection::Selection,
};

/// A selection as this chart has it.
pub(crate) struct Lens {
    selection: Selection,
    ranges: Option<Vec<Range<SeatIndex>>>,
}

/// The number on the wire.
pub(crate) fn public(state: CellState) -> u8 {
    state.public() as u8
}

pub(crate) fn areas_free(free: &[u32]) -> Vec<(AreaIndex, u32)> {
    (0..).zip(free.iter().copied()).collect()
}

impl Lens {
    pub(crate) fn new(selection: Selection, chart: &Chart) -> Self {
        let ranges = selection.ranges(chart);
        Self { selection, ranges }
    }

    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Everything selected.
    pub(crate) fn snapshot(&self, seats: &FollowedSeats) -> Snapshot {
        let mut states = Vec::new();
        for range in self.ranges_within(seats) {
            states.extend(seats.states[range].iter().copied().map(public));
        }
        let areas = (0..).zip(&seats.areas).filter(|(area, _)| self.selection.shows_area(*area));
        let ranges = self.ranges.as_ref().map(|ranges| {
            ranges.iter().map(|range| (range.start, range.end - range.start)).collect()
        });
        Snapshot {
            partition: 0,
            epoch: seats.epoch,
            version: seats.version,
            states: States(states),
            ranges,
            areas: areas.map(|(area, counts)| (area, counts.free())).collect(),
        }
    }

    /// What of the selection changed after `from`. Cost: one comparison a selected seat.
    pub(crate) fn delta(&self, seats: &FollowedSeats, from: u64) -> Delta {
        let mut changes = Vec::new();
        for range in self.ranges_within(seats) {
            let changed_at = seats.changes.seats[range.clone()].iter();
            let changed = range.zip(changed_at).filter(|(_, changed_at)| **changed_at > from);
            changes
                .extend(changed.map(|(seat, _)| (seat as SeatIndex, public(seats.states[seat]))));
        }
        let areas = (0..).zip(seats.areas.iter().zip(&seats.changes.areas));
        let areas = areas.filter(|(area, (_, changed_at))| {
            **changed_at > from && self.selection.shows_area(*area)
        });
        Delta {
            partition: 0,
            epoch: seats.epoch,
            from,
            version: seats.version,
            changes,
            areas: areas.map(|(area, (counts, _))| (area, counts.free())).collect(),
        }
    }

    fn ranges_within<'a>(
        &'a self,
        seats: &'a FollowedSeats,
    ) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let all = self.ranges.is_none().then_some(0..seats.states.len());
        let ranges = self.ranges.iter().flatten();
        let ranges = ranges.map(|range| range.start as usize..range.end as usize);
        // A store that lost its seats has fewer than the chart until it is rebuilt.
        all.into_iter().chain(ranges.filter(|range| range.end <= seats.states.len()))
    }
}
