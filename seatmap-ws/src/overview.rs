//! Free seats by zone and category, for who sees the map from afar.

use std::collections::BTreeMap;

use domain::{
    chart::{CategoryIndex, Chart, ZoneIndex},
    seat::SeatState,
};
use inventory::FollowedSeats;

use crate::{
    delta::{areas_free, public},
    frames::Overview,
};

/// Which pair of zone and category each seat belongs to; made once for an event.
pub(crate) struct Tally {
    pairs: Vec<(ZoneIndex, CategoryIndex)>,
    /// By seat index: index in `pairs`.
    pair_of: Vec<u32>,
}

/// The counts at one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    pub(crate) epoch: u64,
    pub(crate) version: u64,
    /// By pair.
    free: Vec<u32>,
    areas: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(chart: &Chart) -> Self {
        let mut pairs = BTreeMap::new();
        for seat in &chart.seats {
            pairs.insert((seat.zone, seat.category), 0);
        }
        for (index, place) in (0..).zip(pairs.values_mut()) {
            *place = index;
        }
        let pair_of = chart.seats.iter().map(|seat| pairs[&(seat.zone, seat.category)]).collect();
        Self { pairs: pairs.into_keys().collect(), pair_of }
    }

    pub(crate) fn count(&self, seats: &FollowedSeats) -> Counted {
        let mut free = vec![0; self.pairs.len()];
        for (pair, state) in self.pair_of.iter().zip(&seats.states) {
            free[*pair as usize] += u32::from(public(*state) == SeatState::Free as u8);
        }
        let areas = seats.areas.iter().map(|area| area.free()).collect();
        Counted { epoch: seats.epoch, version: seats.version, free, areas }
    }

    /// Everything.
    pub(crate) fn complete(&self, now: &Counted) -> Overview {
        let free = self.pairs.iter().zip(&now.free);
        Overview {
            partition: 0,
            epoch: now.epoch,
            version: now.version,
            complete: true,
            free: free.map(|((zone, category), free)| (*zone, *category, *free)).collect(),
            areas: areas_free(&now.areas),
        }
    }

    /// What differs; none when nothing does.
    pub(crate) fn changes(&self, before: &Counted, now: &Counted) -> Option<Overview> {
        let mut overview = self.complete(now);
        overview.complete = false;
        let mut old = before.free.iter();
        overview.free.retain(|(_, _, free)| old.next() != Some(free));
        let mut old = before.areas.iter();
        overview.areas.retain(|(_, free)| old.next() != Some(free));
        (!overview.free.is_empty() || !overview.areas.is_empty()).then_some(overview)
    }
}
