//! How many seats and places are in which state.

use std::collections::BTreeMap;

use domain::{
    chart::Chart,
    seat::{Counts, SeatState},
};
use inventory::View;
use serde::Serialize;
use utoipa::ToSchema;

/// Counts over seats and areas together, then by category and by area.
#[derive(Serialize, ToSchema)]
pub struct Availability {
    /// Grows when the inventory is laid anew; versions of two epochs do not compare.
    pub epoch: u64,
    /// Grows by one with each change.
    pub version: u64,
    #[serde(flatten)]
    #[schema(inline)]
    pub all: CountsView,
    pub categories: BTreeMap<String, CountsView>,
    pub areas: BTreeMap<String, CountsView>,
}

/// `total` is the sum of the others. Seats in payment count as held.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
#[schema(as = Counts)]
pub struct CountsView {
    pub total: u32,
    pub free: u32,
    pub held: u32,
    pub sold: u32,
    pub blocked: u32,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { total, free, held, sold, blocked } = counts;
        Self { total, free, held, sold, blocked }
    }
}

impl Availability {
    /// Cost: one pass over the seats.
    pub fn of(chart: &Chart, view: &View) -> Self {
        let mut categories = vec![Counts::default(); chart.categories.len()];
        for (seat, state) in chart.seats.iter().zip(view.states.iter()) {
            count(&mut categories[usize::from(seat.category)], state.public());
        }
        let mut areas = BTreeMap::new();
        for (area, counts) in chart.areas.iter().zip(view.areas.iter()) {
            let counts = Counts {
                total: counts.capacity,
                free: counts.capacity.saturating_sub(counts.held + counts.sold),
                held: counts.held,
                sold: counts.sold,
                blocked: 0,
            };
            categories[usize::from(area.category)].add(counts);
            areas.insert(area.name.clone(), counts.into());
        }
        let mut all = Counts::default();
        categories.iter().for_each(|counts| all.add(*counts));
        let names = chart.categories.iter().map(|category| category.name.clone());
        Self {
            epoch: view.epoch,
            version: view.version,
            all: all.into(),
            categories: names.zip(categories.into_iter().map(CountsView::from)).collect(),
            areas,
        }
    }
}

fn count(counts: &mut Counts, state: SeatState) {
    counts.total += 1;
    match state {
        SeatState::Free => counts.free += 1,
        SeatState::Held => counts.held += 1,
        SeatState::Sold => counts.sold += 1,
        SeatState::Blocked => counts.blocked += 1,
    }
}
