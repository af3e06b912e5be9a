//! How many seats and places are free, by category: what admission is tied to, and what people who
//! wait are told.

use std::collections::BTreeMap;

use inventory::EventAtWork;
use lua::CellState;

use crate::{WaitingRoom, error::Refusal};

/// At one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free {
    pub total: u64,
    /// Held or sold.
    pub taken: u64,
    pub by_category: BTreeMap<String, u64>,
}

/// Cost: one read of the delta stream, and a byte a seat.
pub async fn free_seats(room: &WaitingRoom, event: &EventAtWork) -> Result<Free, Refusal> {
    let view = room.inventory.view(event).await?;
    let chart = &event.chart;
    let mut free = vec![0_u64; chart.categories.len()];
    let mut taken = 0;
    for (seat, state) in chart.seats.iter().zip(view.states.iter()) {
        match state {
            CellState::Free => free[usize::from(seat.category)] += 1,
            CellState::Blocked => {}
            CellState::Held | CellState::Claimed | CellState::Sold => taken += 1,
        }
    }
    for (area, counts) in chart.areas.iter().zip(view.areas.iter()) {
        let used = counts.held + counts.sold;
        free[usize::from(area.category)] += u64::from(counts.capacity.saturating_sub(used));
        taken += u64::from(used);
    }
    let names = chart.categories.iter().map(|category| category.name.clone());
    Ok(Free { total: free.iter().sum(), taken, by_category: names.zip(free).collect() })
}
