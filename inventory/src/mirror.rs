//! One event's seats as this process knows them. A hint: only the script decides.
//!
//! Two layers. The *followed* one is exactly the inventory at one version of the delta stream:
//! views are made of it. The *open* one runs ahead of it by the replies this process got itself,
//! guarded by a version per seat, and leaves out seats that calls in flight have proposed:
//! best-available search reads it. Never talks to a store.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use domain::{
    best_available::{Outcome, SeatMap},
    seat::SeatIndex,
};
use lua::{AreaCounts, CellState, Delta, Snapshot};
use tokio::sync::watch;

use crate::{
    BestAvailable, View,
    following::{Changes, FollowedSeats},
};

/// What became of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    Applied,
    /// It was known already.
    Old,
    /// Deltas between it and the mirror are missing: read everything.
    Gap,
}

pub(crate) struct Mirror {
    /// 0: nothing was read yet.
    epoch: u64,
    /// Of the followed layer.
    version: u64,
    /// The highest version that any reply under this epoch has shown.
    seen: u64,
    states: Vec<CellState>,
    areas: Vec<AreaCounts>,
    view: Option<View>,
    /// Of the followed layer; none until somebody outside follows it.
    changes: Option<Changes>,
    /// Told the position whenever the followed layer changes.
    advances: watch::Sender<(u64, u64)>,
    /// By seat, of the open layer: the version of the last change known.
    changed_at: Vec<u64>,
    /// By seat, of the open layer, without regard to proposals.
    open: Vec<bool>,
    /// Seats that calls in flight propose; by how many calls.
    proposed: HashMap<SeatIndex, u32>,
    /// Free: open and proposed by nobody.
    choosable: SeatMap,
}

impl Mirror {
    /// `choosable`: all taken.
    pub(crate) fn new(choosable: &SeatMap) -> Self {
        let seats = choosable.seat_count() as usize;
        Self {
            epoch: 0,
            version: 0,
            seen: 0,
            states: vec![CellState::Free; seats],
            areas: Vec::new(),
            view: None,
            changes: None,
            advances: watch::Sender::new((0, 0)),
            changed_at: vec![0; seats],
            open: vec![false; seats],
            proposed: HashMap::new(),
            choosable: choosable.clone(),
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Where the delta stream is to be read from.
    pub(crate) fn position(&self) -> (u64, u64) {
        (self.epoch, self.version)
    }

    /// Epoch, and the highest version seen under it: a reply to a call that starts now and shows a
    /// lower one comes from a store that forgot.
    pub(crate) fn seen(&self) -> (u64, u64) {
        (self.epoch, self.seen)
    }

    pub(crate) fn note_seen(&mut self, epoch: u64, version: u64) {
        if epoch == self.epoch {
            self.seen = self.seen.max(version);
        }
    }

    /// Takes a full read. An older epoch than the known one, or an older version of the same, is a
    /// late answer and changes nothing.
    pub(crate) fn load(&mut self, snapshot: &Snapshot) {
        let (epoch, version) = (snapshot.epoch, snapshot.version);
        if epoch < self.epoch || (epoch == self.epoch && version < self.version) {
            return;
        }
        if epoch > self.epoch {
            self.seen = 0;
            self.changed_at.fill(0);
        }
        let is_new = (epoch, version) != (self.epoch, self.version);
        if let Some(changes) = self.changes.as_mut().filter(|_| is_new) {
            if epoch > self.epoch {
                changes.forget_distrust();
            }
            changes.restart(self.open.len(), snapshot.areas.len(), version);
        }
        (self.epoch, self.version) = (epoch, version);
        self.seen = self.seen.max(version);
        self.states.clone_from(&snapshot.states);
        self.states.resize(self.open.len(), CellState::Blocked);
        self.areas.clone_from(&snapshot.areas);
        self.view = None;
        for seat in 0..self.open.len() {
            if version >= self.changed_at[seat] {
                self.changed_at[seat] = version;
                self.open[seat] = self.states[seat] == CellState::Free;
            }
        }
        let Self { open, proposed, choosable, .. } = self;
        choosable.set_all(|seat| open[seat as usize] && !proposed.contains_key(&seat));
        self.advances.send_replace((epoch, version));
    }

    /// Takes one delta of the stream of `epoch`.
    pub(crate) fn follow(&mut self, epoch: u64, delta: &Delta) -> Followed {
        if epoch != self.epoch || delta.version <= self.version {
            return Followed::Old;
        }
        if delta.version != self.version + 1 {
            return Followed::Gap;
        }
        self.version = delta.version;
        self.seen = self.seen.max(delta.version);
        self.view = None;
        for change in &delta.changes {
            if let Some(state) = self.states.get_mut(change.seat as usize) {
                let is_seen = state.public() != change.state.public();
                *state = change.state;
                if let Some(changes) = self.changes.as_mut().filter(|_| is_seen) {
                    changes.note_seat(change.seat as usize, delta.version);
                }
                self.know(change.seat, change.state == CellState::Free, delta.version);
            }
        }
        for (area, counts) in &delta.areas {
            if let Some(known) = self.areas.get_mut(usize::from(*area)) {
                *known = *counts;
                if let Some(changes) = &mut self.changes {
                    changes.note_area(usize::from(*area), delta.version);
                }
            }
        }
        self.advances.send_replace((epoch, delta.version));
        Followed::Applied
    }

    /// Seats that a reply under `epoch` shows to be open or not, as of `version`.
    pub(crate) fn learn(&mut self, epoch: u64, version: u64, seats: &[SeatIndex], open: bool) {
        if epoch == self.epoch {
            for &seat in seats {
                self.know(seat, open, version);
            }
        }
    }

    /// Seats and areas in which the followed layer differs from a full read at the same version;
    /// none when the two cannot be compared.
    pub(crate) fn mismatches(&self, snapshot: &Snapshot) -> Option<usize> {
        if self.position() != (snapshot.epoch, snapshot.version) {
            return None;
        }
        let seats =
            self.states.iter().zip(&snapshot.states).filter(|(ours, theirs)| ours != theirs);
        let areas = self.areas.iter().zip(&snapshot.areas).filter(|(ours, theirs)| ours != theirs);
        let missing = self.states.len().abs_diff(snapshot.states.len());
        Some(seats.count() + areas.count() + missing)
    }

    /// Forgets the position, so that the next full read replaces everything.
    pub(crate) fn distrust(&mut self) {
        if let Some(changes) = &mut self.changes {
            changes.distrust(self.version);
        }
        self.version = 0;
        self.changed_at.fill(0);
    }

    /// The followed layer. Cost: a copy after a change, nothing else.
    pub(crate) fn view(&mut self) -> View {
        let Self { epoch, version, states, areas, .. } = self;
        let make = || View {
            epoch: *epoch,
            version: *version,
            states: Arc::from(states.as_slice()),
            areas: Arc::from(areas.as_slice()),
        };
        self.view.get_or_insert_with(make).clone()
    }

    /// From now on keeps the version of each last change, and tells when the layer advances.
    pub(crate) fn track_changes(&mut self) -> watch::Receiver<(u64, u64)> {
        let (seats, areas) = (self.states.len(), self.areas.len());
        self.changes.get_or_insert_with(|| Changes::new(seats, areas, self.version));
        self.advances.subscribe()
    }

    /// Takes the kept log of `epoch`, oldest first.
    pub(crate) fn learn_log(&mut self, epoch: u64, log: &[Delta]) {
        if let Some(changes) = self.changes.as_mut().filter(|_| epoch == self.epoch) {
            changes.learn_log(log);
        }
    }

    /// The followed layer with the versions of its last changes, over what `seats` had.
    pub(crate) fn copy_to(&self, seats: &mut FollowedSeats) {
        (seats.epoch, seats.version) = self.position();
        seats.states.clone_from(&self.states);
        seats.areas.clone_from(&self.areas);
        if let Some(changes) = &self.changes {
            changes.copy_to(&mut seats.changes);
        }
    }

    /// What may be proposed.
    #[cfg(test)]
    fn choosable(&self) -> &SeatMap {
        &self.choosable
    }

    /// For a scratch, which leaves it as it was.
    pub(crate) fn choosable_mut(&mut self) -> &mut SeatMap {
        &mut self.choosable
    }

    /// What would be found if no call in flight proposed anything.
    pub(crate) fn find_open(&mut self, wish: &BestAvailable) -> Outcome {
        let hidden: Vec<SeatIndex> = self.proposed.keys().copied().collect();
        let hidden = hidden.into_iter().filter(|seat| self.open[*seat as usize]);
        let hidden: Vec<SeatIndex> = hidden.collect();
        hidden.iter().for_each(|seat| self.choosable.set_free(*seat));
        let outcome = self.choosable.find(wish);
        hidden.iter().for_each(|seat| self.choosable.set_taken(*seat));
        outcome
    }

    /// A call in flight proposes these.
    pub(crate) fn propose(&mut self, seats: &[SeatIndex]) {
        for &seat in seats {
            *self.proposed.entry(seat).or_default() += 1;
            self.choosable.set_taken(seat);
        }
    }

    /// The call that proposed these is over.
    pub(crate) fn withdraw(&mut self, seats: &[SeatIndex]) {
        for &seat in seats {
            if let Entry::Occupied(mut calls) = self.proposed.entry(seat) {
                *calls.get_mut() -= 1;
                if *calls.get() == 0 {
                    calls.remove();
                }
            }
            self.choose_if_open(seat);
        }
    }

    fn know(&mut self, seat: SeatIndex, open: bool, version: u64) {
        let seat = seat as usize;
        if seat < self.open.len() && version >= self.changed_at[seat] {
            self.changed_at[seat] = version;
            self.open[seat] = open;
            self.choose_if_open(seat as SeatIndex);
        }
    }

    fn choose_if_open(&mut self, seat: SeatIndex) {
        if self.open[seat as usize] && !self.proposed.contains_key(&seat) {
            self.choosable.set_free(seat);
        } else {
            self.choosable.set_taken(seat);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        chart::{Chart, ChartSource},
        time::Timestamp,
    };
    use lua::SeatChange;
    use serde_json::json;

    use super::*;

    fn mirror() -> Mirror {
        let seat = |number: u32| {
            json!({
                "seat_guid": number.to_string(), "seat_number": number.to_string(),
                "position": { "x": number, "y": 0 }, "category": "a",
            })
        };
        let seats: Vec<_> = (0..6).map(seat).collect();
        let rows = json!([{ "row_number": "1", "position": { "x": 0, "y": 0 }, "seats": seats }]);
        let plan = json!({
            "name": "", "categories": [{ "name": "a" }],
            "zones": [{ "name": "", "position": { "x": 0, "y": 0 }, "rows": rows }],
        });
        let source = ChartSource { seating_plan: Some(plan), ..ChartSource::default() };
        let mut mirror = Mirror::new(&SeatMap::new(&Chart::build(&source).expect("a chart")));
        mirror.load(&snapshot(1, 10, [CellState::Free; 6]));
        mirror
    }

    fn snapshot(epoch: u64, version: u64, states: [CellState; 6]) -> Snapshot {
        Snapshot {
            epoch,
            version,
            now: Timestamp(0),
            states: states.to_vec(),
            areas: Vec::new(),
            requires_pass: false,
        }
    }

    fn delta(version: u64, seat: SeatIndex, state: CellState) -> Delta {
        let changes = vec![SeatChange { seat, state, deadline: None }];
        Delta { version, changes, areas: Vec::new() }
    }

    fn choosable(mirror: &Mirror) -> Vec<SeatIndex> {
        (0..6).filter(|seat| mirror.choosable().is_free(*seat)).collect()
    }

    #[test]
    fn a_reply_runs_ahead_of_the_stream_and_the_stream_does_not_undo_it() {
        let mut mirror = mirror();
        mirror.learn(1, 12, &[2, 3], false);
        assert_eq!(choosable(&mirror), [0, 1, 4, 5]);
        assert_eq!(mirror.view().states[2], CellState::Free, "views follow the stream alone");
        assert_eq!(mirror.follow(1, &delta(11, 2, CellState::Free)), Followed::Applied);
        assert_eq!(choosable(&mirror), [0, 1, 4, 5]);
        assert_eq!(mirror.follow(1, &delta(12, 2, CellState::Held)), Followed::Applied);
        assert_eq!(mirror.follow(1, &delta(13, 2, CellState::Free)), Followed::Applied);
        assert_eq!(choosable(&mirror), [0, 1, 2, 4, 5]);
    }

    #[test]
    fn a_late_reply_does_not_undo_the_stream() {
        let mut mirror = mirror();
        mirror.follow(1, &delta(11, 2, CellState::Held));
        mirror.follow(1, &delta(12, 2, CellState::Free));
        mirror.learn(1, 11, &[2], false);
        assert_eq!(choosable(&mirror).len(), 6);
    }

    #[test]
    fn a_missing_delta_is_a_gap_and_an_old_one_is_nothing() {
        let mut mirror = mirror();
        assert_eq!(mirror.follow(1, &delta(12, 2, CellState::Held)), Followed::Gap);
        assert_eq!(mirror.follow(1, &delta(10, 2, CellState::Held)), Followed::Old);
        assert_eq!(mirror.follow(2, &delta(11, 2, CellState::Held)), Followed::Old);
        assert_eq!(mirror.view().version, 10);
    }

    #[test]
    fn a_new_epoch_replaces_everything_and_an_old_one_nothing() {
        let mut mirror = mirror();
        mirror.learn(1, 50, &[0], false);
        mirror.load(&snapshot(2, 1, [CellState::Free; 6]));
        assert_eq!(mirror.position(), (2, 1));
        assert_eq!(choosable(&mirror).len(), 6);
        mirror.learn(1, 51, &[0], false);
        mirror.load(&snapshot(1, 60, [CellState::Sold; 6]));
        assert_eq!(choosable(&mirror).len(), 6);
    }

    #[test]
    fn proposed_seats_are_not_proposed_again_until_their_call_is_over() {
        let mut mirror = mirror();
        mirror.propose(&[1, 2]);
        mirror.propose(&[2]);
        let wish = BestAvailable { quantity: 6, ..BestAvailable::default() };
        assert_eq!(mirror.choosable().find(&wish), Outcome::SoldOut);
        assert_eq!(mirror.find_open(&wish), Outcome::Found(vec![vec![0, 1, 2, 3, 4, 5]]));
        assert_eq!(choosable(&mirror), [0, 3, 4, 5]);
        mirror.withdraw(&[1, 2]);
        assert_eq!(choosable(&mirror), [0, 1, 3, 4, 5]);
        mirror.learn(1, 11, &[2], false);
        mirror.withdraw(&[2]);
        assert_eq!(choosable(&mirror), [0, 1, 3, 4, 5]);
    }

    #[test]
    fn who_follows_learns_when_each_seat_changed_for_the_public() {
        let mut mirror = mirror();
        let advances = mirror.track_changes();
        mirror.follow(1, &delta(11, 2, CellState::Held));
        mirror.follow(1, &delta(12, 2, CellState::Claimed));
        mirror.follow(1, &delta(13, 4, CellState::Sold));
        assert_eq!(*advances.borrow(), (1, 13));
        let mut seats = FollowedSeats::default();
        mirror.copy_to(&mut seats);
        assert_eq!((seats.epoch, seats.version, seats.changes.known_from), (1, 13, 10));
        assert_eq!(seats.changes.seats, [0, 0, 11, 0, 13, 0]);
        mirror.load(&snapshot(1, 20, [CellState::Free; 6]));
        mirror.copy_to(&mut seats);
        assert_eq!((seats.version, seats.changes.known_from), (20, 20));
    }

    #[test]
    fn a_difference_is_counted_only_at_the_same_version() {
        let mut mirror = mirror();
        let mut states = [CellState::Free; 6];
        states[3] = CellState::Sold;
        assert_eq!(mirror.mismatches(&snapshot(1, 11, states)), None);
        assert_eq!(mirror.mismatches(&snapshot(1, 10, states)), Some(1));
        mirror.distrust();
        mirror.load(&snapshot(1, 10, states));
        assert_eq!(mirror.mismatches(&snapshot(1, 10, states)), Some(0));
        assert_eq!(choosable(&mirror), [0, 1, 2, 4, 5]);
    }
}
