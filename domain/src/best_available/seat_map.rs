//! Which seats are free, kept so that a search looks only at blocks that can answer it.

use std::{ops::Range, sync::Arc};

use super::{Outcome, Request, layout::Layout, search};
use crate::{chart::Chart, seat::SeatIndex};

/// Lengths of free runs from here on share a bit. Above [`crate::limits::SEATS_PER_HOLD_MAX`] + 2,
/// so that the shared bit always means: long enough, and nothing need be left single.
const RUN_LENGTH_SHARED: u32 = 63;

/// The free seats of one chart. A change costs some 20 ns, a search a few microseconds; a clone
/// copies about a byte and a half a seat and shares the rest.
#[derive(Clone, Debug)]
pub struct SeatMap {
    pub(super) layout: Arc<Layout>,
    /// One bit a seat, set when free.
    free: Vec<u64>,
    /// By block of the layout: bit n is set when a free run of exactly n seats is there.
    pub(super) runs: Vec<u64>,
    /// By cell of the layout: free seats, and the accessible ones among them.
    pub(super) counts: Vec<FreeCount>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FreeCount {
    pub seats: u32,
    pub accessible: u32,
}

impl SeatMap {
    /// All seats are taken at first.
    pub fn new(chart: &Chart) -> Self {
        let layout = Layout::of(chart);
        Self {
            free: vec![0; chart.seats.len().div_ceil(64)],
            runs: vec![0; layout.blocks.len()],
            counts: vec![FreeCount::default(); layout.cells.len()],
            layout: Arc::new(layout),
        }
    }

    /// Numbered seats of the chart.
    pub fn seat_count(&self) -> u32 {
        self.layout.seats.len() as u32
    }

    /// False past the end.
    pub fn is_free(&self, seat: SeatIndex) -> bool {
        let word = self.free.get(seat as usize / 64).copied().unwrap_or(0);
        word & (1 << (seat % 64)) != 0
    }

    /// No change when it is free already or past the end.
    pub fn set_free(&mut self, seat: SeatIndex) {
        if seat < self.seat_count() && !self.is_free(seat) {
            self.flip(seat);
            self.count_runs(self.layout.block_of[seat as usize] as usize);
        }
    }

    /// No change when it is taken already or past the end.
    pub fn set_taken(&mut self, seat: SeatIndex) {
        if self.is_free(seat) {
            self.flip(seat);
            self.count_runs(self.layout.block_of[seat as usize] as usize);
        }
    }

    /// Sets every seat: cheaper than one by one when most have changed.
    pub fn set_all(&mut self, is_free: impl Fn(SeatIndex) -> bool) {
        for seat in 0..self.seat_count() {
            if self.is_free(seat) != is_free(seat) {
                self.flip(seat);
            }
        }
        for block in 0..self.runs.len() {
            self.count_runs(block);
        }
    }

    /// The best choices for a request: see [`crate::best_available`].
    pub fn find(&self, request: &Request) -> Outcome {
        search::find(self, request)
    }

    /// A view in which seats can be taken for the time being, to carve several requests from one
    /// map without their meeting. Everything is as before when it is dropped.
    pub fn scratch(&mut self) -> Scratch<'_> {
        Scratch { map: self, taken: Vec::new() }
    }

    /// Answers requests in order, each as if the first choice of all before it were taken.
    pub fn carve(&mut self, requests: &[Request]) -> Vec<Outcome> {
        let mut scratch = self.scratch();
        requests.iter().map(|request| scratch.carve(request)).collect()
    }

    /// The maximal runs of free seats within `seats`, in order.
    pub(super) fn free_runs(&self, seats: Range<SeatIndex>) -> FreeRuns<'_> {
        FreeRuns { free: &self.free, next: seats.start, end: seats.end }
    }

    fn flip(&mut self, seat: SeatIndex) {
        self.free[seat as usize / 64] ^= 1 << (seat % 64);
        let facts = &self.layout.seats[seat as usize];
        let accessible = u32::from(facts.accessible);
        let count = &mut self.counts[facts.cell as usize];
        if self.free[seat as usize / 64] & (1 << (seat % 64)) != 0 {
            count.seats += 1;
            count.accessible += accessible;
        } else {
            count.seats -= 1;
            count.accessible -= accessible;
        }
    }

    fn count_runs(&mut self, block: usize) {
        let seats = self.layout.blocks[block].seats.clone();
        self.runs[block] = (self.free_runs(seats))
            .fold(0, |lengths, run| lengths | 1 << run_bit(run.end - run.start));
    }
}

fn run_bit(length: u32) -> u32 {
    length.min(RUN_LENGTH_SHARED)
}

/// The run lengths into which `quantity` seats fit so that none is left single; all that fit.
pub(super) fn run_lengths(quantity: u32) -> (u64, u64) {
    let at_least = |length: u32| !0u64 << run_bit(length);
    let whole = 1 << run_bit(quantity);
    (whole | at_least(quantity + 2), at_least(quantity))
}

pub(super) struct FreeRuns<'a> {
    free: &'a [u64],
    next: SeatIndex,
    end: SeatIndex,
}

impl FreeRuns<'_> {
    /// The first seat from `from` on whose bit differs from all of `skipped`; `end` if none does.
    fn first_other(&self, from: SeatIndex, skipped: u64) -> SeatIndex {
        let mut seat = from;
        while seat < self.end {
            let rest = (self.free[seat as usize / 64] ^ skipped) >> (seat % 64);
            if rest != 0 {
                return (seat + rest.trailing_zeros()).min(self.end);
            }
            seat = (seat / 64 + 1) * 64;
        }
        self.end
    }
}

impl Iterator for FreeRuns<'_> {
    type Item = Range<SeatIndex>;

    fn next(&mut self) -> Option<Range<SeatIndex>> {
        let start = self.first_other(self.next, 0);
        if start >= self.end {
            return None;
        }
        self.next = self.first_other(start, !0);
        Some(start..self.next)
    }
}

/// A [`SeatMap`] in which seats are taken for the time being.
pub struct Scratch<'a> {
    map: &'a mut SeatMap,
    taken: Vec<SeatIndex>,
}

impl Scratch<'_> {
    /// As [`SeatMap::find`], with what was taken here.
    pub fn find(&self, request: &Request) -> Outcome {
        self.map.find(request)
    }

    /// Takes seats until the scratch is dropped; those that are not free are passed over.
    pub fn take(&mut self, seats: &[SeatIndex]) {
        for seat in seats.iter().copied().filter(|seat| self.map.is_free(*seat)).collect::<Vec<_>>()
        {
            self.map.set_taken(seat);
            self.taken.push(seat);
        }
    }

    /// Finds, and takes the first choice.
    pub fn carve(&mut self, request: &Request) -> Outcome {
        let outcome = self.find(request);
        if let Outcome::Found(candidates) = &outcome {
            self.take(&candidates[0]);
        }
        outcome
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        for seat in self.taken.drain(..) {
            self.map.set_free(seat);
        }
    }
}
