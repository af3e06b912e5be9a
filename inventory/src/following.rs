//! Following an event from outside: what a gateway of live maps needs to tell anybody exactly what
//! changed since the version they know.
//!
//! Relies on the mirror's followed layer and on the delta log that the store keeps: a process that
//! starts reads the log backwards, so that it can serve who was told by another. Never talks to the
//! script that decides, and costs nothing until the first [`Inventory::follow`].

use std::sync::Arc;

use domain::id::EventId;
use lua::{AreaCounts, CellState, Delta};
use tokio::sync::watch;

use crate::{EventAtWork, Inventory, Unavailable, partition::PartitionAtWork};

/// Deltas of one read of the kept log.
const LOG_PAGE: u32 = 1_000;
/// Pages of the log at most: a little more than the store keeps.
const LOG_PAGES_MAX: u32 = 16;

/// An event's followed layer, with the version of each last change. States are those at `version`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowedSeats {
    /// 0: nothing was read yet.
    pub epoch: u64,
    pub version: u64,
    /// By seat index.
    pub states: Vec<CellState>,
    /// By area index.
    pub areas: Vec<AreaCounts>,
    pub changes: Changes,
}

/// When what changed last, under one epoch. Exact for everything after `known_from`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whoever knows this version or a later one can be told exactly what changed since.
    pub known_from: u64,
    /// The log must not lower `known_from` below this: the mirror was found wrong there.
    floor: u64,
    /// By seat index: the version of the last change that the public sees.
    pub seats: Vec<u64>,
    /// By area index.
    pub areas: Vec<u64>,
}

impl Changes {
    pub(crate) fn new(seats: usize, areas: usize, version: u64) -> Self {
        Self { known_from: version, floor: 0, seats: vec![0; seats], areas: vec![0; areas] }
    }

    /// Everything was replaced by a full read at `version`: nothing is known of the way there.
    pub(crate) fn restart(&mut self, seats: usize, areas: usize, version: u64) {
        *self = Self { floor: self.floor, ..Self::new(seats, areas, version) };
    }

    /// A copy into the memory that `other` has.
    pub(crate) fn copy_to(&self, other: &mut Self) {
        (other.known_from, other.floor) = (self.known_from, self.floor);
        other.seats.clone_from(&self.seats);
        other.areas.clone_from(&self.areas);
    }

    pub(crate) fn distrust(&mut self, version: u64) {
        self.floor = version;
    }

    pub(crate) fn forget_distrust(&mut self) {
        self.floor = 0;
    }

    pub(crate) fn note_seat(&mut self, seat: usize, version: u64) {
        if let Some(at) = self.seats.get_mut(seat) {
            *at = version.max(*at);
        }
    }

    pub(crate) fn note_area(&mut self, area: usize, version: u64) {
        if let Some(at) = self.areas.get_mut(area) {
            *at = version.max(*at);
        }
    }

    /// Takes deltas of the kept log, oldest first, that reach up to what is known.
    pub(crate) fn learn_log(&mut self, deltas: &[Delta]) {
        let Some((first, last)) = deltas.first().zip(deltas.last()) else {
            return;
        };
        if first.version < self.floor || last.version < self.known_from {
            return;
        }
        for delta in deltas {
            for change in &delta.changes {
                self.note_seat(change.seat as usize, delta.version);
            }
            for (area, _) in &delta.areas {
                self.note_area(usize::from(*area), delta.version);
            }
        }
        // The first one itself may have replaced everything: what led to it is not known.
        self.known_from = self.known_from.min(first.version);
    }
}

/// An event that somebody follows. While [`Following::keep_fresh`] is called it stays in use:
/// refreshed, swept, and compared with a full read every few seconds.
pub struct Following {
    inventory: Inventory,
    event: Arc<EventAtWork>,
    pub(crate) work: Arc<PartitionAtWork>,
    advances: watch::Receiver<(u64, u64)>,
}

impl Inventory {
    /// Reads the event if it is new here, and as much of its log as the store keeps.
    pub async fn follow(&self, event: &Arc<EventAtWork>) -> Result<Following, Unavailable> {
        let work = self.at_work(event);
        work.refresh_swept().await?;
        let advances = work.mirror().track_changes();
        let following = Following { inventory: self.clone(), event: event.clone(), work, advances };
        following.read_log().await?;
        Ok(following)
    }
}

impl Following {
    pub fn event_id(&self) -> &EventId {
        &self.event.event.id
    }

    /// Tells epoch and version whenever the followed layer advances or is replaced.
    pub fn advances(&self) -> watch::Receiver<(u64, u64)> {
        self.advances.clone()
    }

    /// Epoch and version of the followed layer.
    pub fn position(&self) -> (u64, u64) {
        self.work.mirror().position()
    }

    /// How long ago the layer was known to be what the store has.
    pub fn age_ms(&self) -> i64 {
        self.work.refreshed_ago_ms()
    }

    /// To be called every tick: keeps the event in use and starts a refresh unless one runs.
    pub fn keep_fresh(&self) {
        self.inventory.at_work(&self.event).start_refresh(false, false);
    }

    /// Returns when everything that anybody was told before this call is in the followed layer.
    pub async fn refresh(&self) -> Result<(), Unavailable> {
        self.work.refresh_swept().await
    }

    /// Copies the layer over `seats`, whose memory is used again. Cost: nine bytes a seat copied
    /// under the mirror's lock.
    pub fn copy_to(&self, seats: &mut FollowedSeats) {
        self.work.mirror().copy_to(seats);
    }

    /// Reads what the store keeps of the delta log, so that whoever was told by another process
    /// can be told the rest. A log of another epoch, or one that does not reach the followed
    /// layer, is left alone.
    pub async fn read_log(&self) -> Result<(), Unavailable> {
        let (store, partition) = (&self.work.stores.store, &self.work.partition);
        let (epoch, version) = self.position();
        let mut log = Vec::new();
        let mut after = None;
        for _ in 0..LOG_PAGES_MAX {
            let page = store.read_deltas(partition, after, LOG_PAGE).await;
            let page = page.map_err(|error| Unavailable::redis("read the delta log", error))?;
            if page.gap || page.epoch != epoch {
                return Ok(());
            }
            let is_last = page.deltas.len() < LOG_PAGE as usize;
            log.extend(page.deltas);
            let read_to = log.last().map_or(0, |delta: &Delta| delta.version);
            if is_last || read_to >= version {
                break;
            }
            after = Some((epoch, read_to));
        }
        self.work.mirror().learn_log(epoch, &log);
        Ok(())
    }
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Following").field("event", self.event_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use lua::SeatChange;

    use super::*;

    fn delta(version: u64, seat: u32) -> Delta {
        let changes = vec![SeatChange { seat, state: CellState::Held, deadline: None }];
        Delta { version, changes, areas: Vec::new() }
    }

    #[test]
    fn the_log_tells_what_changed_before_the_first_read() {
        let mut changes = Changes::new(4, 0, 10);
        changes.note_seat(2, 11);
        changes.learn_log(&[delta(7, 0), delta(8, 1), delta(9, 2), delta(10, 1)]);
        assert_eq!(changes.known_from, 7);
        assert_eq!(changes.seats, [7, 10, 11, 0]);
    }

    #[test]
    fn a_log_that_does_not_reach_the_first_read_tells_nothing() {
        let mut changes = Changes::new(4, 0, 10);
        changes.learn_log(&[delta(7, 0), delta(8, 1)]);
        changes.learn_log(&[]);
        assert_eq!(changes, Changes::new(4, 0, 10));
    }

    #[test]
    fn a_log_from_before_a_found_difference_is_not_believed() {
        let mut changes = Changes::new(4, 0, 5);
        changes.distrust(10);
        changes.restart(4, 0, 10);
        changes.learn_log(&[delta(9, 0), delta(10, 1)]);
        assert_eq!(changes.known_from, 10);
    }
}
