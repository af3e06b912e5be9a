//! The batches released and not yet over: who of them came, who may still come.

use std::collections::VecDeque;

use super::curve::{Curve, Estimate};
use crate::queue::lane::Way;

#[derive(Clone, Debug)]
struct Batch {
    at_ms: i64,
    /// The cursors before and after it.
    from: [u64; 3],
    to: [u64; 3],
    entered: u64,
    /// The age of the curve that it lives through, and who entered before and within that.
    age: usize,
    entered_before: u64,
}

impl Batch {
    fn people(&self) -> u64 {
        self.to.iter().zip(self.from).map(|(to, from)| to - from).sum()
    }

    /// Reports every age that is over at `now_ms`.
    fn live_until(&mut self, now_ms: i64, curve: &mut Curve) {
        while let Some(until) = curve.until(self.age)
            && self.at_ms + until <= now_ms
        {
            let awaited = self.people() - self.entered_before;
            curve.record(self.at_ms, self.age, awaited, self.entered - self.entered_before);
            self.entered_before = self.entered;
            self.age += 1;
        }
    }
}

/// What may still come of the batches released.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pending {
    /// Released, not entered, turn not over.
    pub people: u64,
    /// How many of them are expected to enter.
    pub expected: f64,
    pub variance: f64,
}

/// The batches, oldest first.
#[derive(Clone, Debug)]
pub struct Batches {
    live: VecDeque<Batch>,
    turn_ms: i64,
    cursors: [u64; 3],
    /// Everybody who entered from a batch, also from those that are over.
    entered: u64,
    /// Marks that were read before the batch that released them.
    early: Vec<(Way, u64, i64)>,
}

impl Batches {
    pub fn new(turn_ms: i64, cursors: [u64; 3]) -> Self {
        Self { live: VecDeque::new(), turn_ms, cursors, entered: 0, early: Vec::new() }
    }

    pub fn cursors(&self) -> [u64; 3] {
        self.cursors
    }

    pub fn entered(&self) -> u64 {
        self.entered
    }

    /// Cursors only move forward; a mark that says otherwise moves none.
    pub fn release(&mut self, at_ms: i64, cursors: [u64; 3], curve: &mut Curve) {
        let from = self.cursors;
        let to = std::array::from_fn(|way| cursors[way].max(from[way]));
        if to != from {
            self.cursors = to;
            let (age, entered, entered_before) = (0, 0, 0);
            self.live.push_back(Batch { at_ms, from, to, entered, age, entered_before });
            let early = std::mem::take(&mut self.early);
            for (way, number, at_ms) in early {
                self.enter(way, number, at_ms, curve);
            }
        }
    }

    /// Counts who entered for their batch. A mark whose batch was not read yet waits for it.
    pub fn enter(&mut self, way: Way, number: u64, at_ms: i64, curve: &mut Curve) {
        if number >= self.cursors[way.number()] {
            self.early.push((way, number, at_ms));
            return;
        }
        let way = way.number();
        let found = self.live.partition_point(|batch| batch.to[way] <= number);
        let Some(batch) = self
            .live
            .get_mut(found)
            .filter(|batch| batch.from[way] <= number && batch.entered < batch.people())
        else {
            // Of a batch that is over, or released before this began.
            self.entered += 1;
            return;
        };
        batch.live_until(at_ms, curve);
        batch.entered += 1;
        self.entered += 1;
    }

    /// Reports the ages that are over, and forgets the batches that are.
    pub fn live_until(&mut self, now_ms: i64, curve: &mut Curve) {
        for batch in &mut self.live {
            batch.live_until(now_ms, curve);
        }
        while self.live.front().is_some_and(|batch| batch.at_ms + self.turn_ms <= now_ms) {
            self.live.pop_front();
        }
    }

    pub fn pending(&self, now_ms: i64, estimate: &Estimate) -> Pending {
        let mut pending = Pending::default();
        for batch in &self.live {
            let awaited = batch.people() - batch.entered;
            let chance = estimate.still_comes((now_ms - batch.at_ms).max(0));
            pending.people += awaited;
            pending.expected += awaited as f64 * chance;
            pending.variance += awaited as f64 * chance * (1.0 - chance);
        }
        pending
    }
}
