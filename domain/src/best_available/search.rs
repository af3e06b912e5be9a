//! The search itself. Order and meaning of what is better: the head of [`super`].

use std::ops::Range;

use super::{
    Outcome, Request,
    layout::{Block, Layout},
    seat_map::{SeatMap, run_lengths},
};
use crate::{
    limits::{CANDIDATES_MAX, SEATS_PER_HOLD_MAX},
    seat::SeatIndex,
};

/// How good a choice is. Fields are compared in this order: see [`Quality::key`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quality {
    pub accessible_used: u32,
    pub companions_used: u32,
    pub strands: bool,
    pub restricted: u32,
    pub category: u8,
    pub mixed: bool,
    pub ordinary_beside: u32,
    pub distance: u64,
    pub first: SeatIndex,
}

/// A [`Quality`] as one number; less is better.
type Key = u128;

impl Quality {
    /// Bits of `distance`: fifty seats of the longest distance need 26.
    const DISTANCE_BITS: u32 = 32;
    const FIRST_BITS: u32 = SeatIndex::BITS;

    /// Counts are at most [`SEATS_PER_HOLD_MAX`], categories fewer than 64: six bits each.
    pub fn key(&self) -> Key {
        let head = [
            (self.accessible_used, 6),
            (self.companions_used, 6),
            (u32::from(self.strands), 1),
            (self.restricted, 6),
            (u32::from(self.category), 6),
            (u32::from(self.mixed), 1),
            (self.ordinary_beside, 6),
        ];
        let head = head.iter().fold(0, |key, (value, bits)| (key << bits) | u64::from(*value));
        (Key::from(head) << (Self::DISTANCE_BITS + Self::FIRST_BITS))
            | Self::place_key(self.distance, self.first)
    }

    /// The part of the key that differs between choices of a uniform block.
    fn place_key(distance: u64, first: SeatIndex) -> Key {
        Key::from((distance << Self::FIRST_BITS) | u64::from(first))
    }
}

/// Which choices a pass over the blocks looks at. Every choice belongs to exactly one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// No reserved seat, nothing left single.
    Clean,
    /// No reserved seat, something left single.
    Stranding,
    /// Some reserved seat, though none was asked for.
    Reserved,
    /// As many accessible seats as were asked for.
    Accessible,
}

pub(super) fn find(map: &SeatMap, request: &Request) -> Outcome {
    let search = Search {
        map,
        layout: &map.layout,
        quantity: request.quantity,
        accessible: request.accessible,
        categories: match request.categories.as_slice() {
            [] => !0,
            wanted => {
                wanted.iter().filter(|index| **index < 64).fold(0, |set, index| set | 1 << index)
            }
        },
        zones: &request.zones,
    };
    let mut found = Candidates { choices: Vec::with_capacity(CANDIDATES_MAX + 1) };
    if (1..=SEATS_PER_HOLD_MAX).contains(&request.quantity) {
        search.run(&mut found);
    }
    if !found.choices.is_empty() {
        return Outcome::Found(
            found.choices.into_iter().map(|choice| choice.seats.collect()).collect(),
        );
    }
    let (free, accessible) = search.count_free();
    if free < u64::from(request.quantity) || accessible < u64::from(request.accessible) {
        Outcome::SoldOut
    } else {
        Outcome::NotEnoughAdjacent
    }
}

struct Search<'a> {
    map: &'a SeatMap,
    layout: &'a Layout,
    quantity: u32,
    accessible: u32,
    /// One bit a category.
    categories: u64,
    /// Empty: any.
    zones: &'a [u16],
}

struct Choice {
    key: Key,
    seats: Range<SeatIndex>,
}

/// The best choices so far, best first, at most [`CANDIDATES_MAX`].
struct Candidates {
    choices: Vec<Choice>,
}

impl Candidates {
    fn is_full(&self) -> bool {
        self.choices.len() == CANDIDATES_MAX
    }

    /// Whether a choice of this quality would still be kept.
    fn admits(&self, key: Key) -> bool {
        !self.is_full() || key < self.choices[CANDIDATES_MAX - 1].key
    }

    fn overlap(&self, seats: &Range<SeatIndex>) -> bool {
        (self.choices.iter())
            .any(|choice| choice.seats.start < seats.end && seats.start < choice.seats.end)
    }

    fn insert(&mut self, choice: Choice) {
        let place = self.choices.partition_point(|other| other.key < choice.key);
        self.choices.insert(place, choice);
        self.choices.truncate(CANDIDATES_MAX);
    }
}

impl Search<'_> {
    fn run(&self, found: &mut Candidates) {
        let (clean, fitting) = run_lengths(self.quantity);
        let all = || 0..self.layout.blocks.len() as u32;
        if self.accessible > 0 {
            let blocks = self.layout.with_accessible.iter().copied();
            self.visit(blocks, fitting, Pass::Accessible, found);
            return;
        }
        self.visit(all(), clean, Pass::Clean, found);
        if !found.is_full() {
            self.visit(all(), fitting, Pass::Stranding, found);
        }
        if found.choices.is_empty() {
            let blocks = self.layout.with_reserved.iter().copied();
            self.visit(blocks, fitting, Pass::Reserved, found);
        }
    }

    /// Blocks with free runs of such lengths, best first, until no other can offer anything better.
    fn visit(
        &self,
        blocks: impl Iterator<Item = u32>,
        lengths: u64,
        pass: Pass,
        found: &mut Candidates,
    ) {
        for index in blocks {
            if self.map.runs[index as usize] & lengths == 0 {
                continue;
            }
            let block = &self.layout.blocks[index as usize];
            if !self.is_wanted(block) {
                continue;
            }
            if found.is_full() {
                let strands = pass == Pass::Stranding;
                let bound = Quality { strands, ..self.layout.bound(block, self.quantity) };
                if !found.admits(bound.key()) {
                    return;
                }
            }
            self.visit_block(block, pass, found);
        }
    }

    fn is_wanted(&self, block: &Block) -> bool {
        block.categories & self.categories != 0
            && (self.zones.is_empty() || self.zones.contains(&block.zone))
    }

    /// Adds the block's best choices, each without a seat of those before it. Choices of one block
    /// come in order of quality, so that none pushes out another of the same block.
    fn visit_block(&self, block: &Block, pass: Pass, found: &mut Candidates) {
        while let Some(choice) = self.best_in(block, pass, found) {
            found.insert(choice);
        }
    }

    fn best_in(&self, block: &Block, pass: Pass, found: &Candidates) -> Option<Choice> {
        // Of a uniform block all choices of one pass differ in their place alone.
        let uniform_head = block.uniform.then(|| {
            let strands = pass == Pass::Stranding;
            let category = self.layout.seats[block.seats.start as usize].category;
            Quality { strands, category, ..Quality::default() }.key()
        });
        let mut best: Option<Choice> = None;
        for run in self.map.free_runs(block.seats.clone()) {
            if run.end - run.start < self.quantity {
                continue;
            }
            for first in run.start..=run.end - self.quantity {
                let seats = first..first + self.quantity;
                let strands = first - run.start == 1 || run.end - seats.end == 1;
                if matches!(pass, Pass::Clean | Pass::Stranding)
                    && strands != (pass == Pass::Stranding)
                {
                    continue;
                }
                let key = match uniform_head {
                    Some(head) => head | Quality::place_key(self.layout.distance(&seats), first),
                    None => match self.judge(&seats, strands, pass) {
                        Some(quality) => quality.key(),
                        None => continue,
                    },
                };
                if best.as_ref().is_none_or(|best| key < best.key)
                    && found.admits(key)
                    && !found.overlap(&seats)
                {
                    best = Some(Choice { key, seats });
                }
            }
        }
        best
    }

    /// How good free seats are for this request; `None` if they cannot be chosen in this pass.
    fn judge(&self, seats: &Range<SeatIndex>, strands: bool, pass: Pass) -> Option<Quality> {
        let facts = &self.layout.seats[seats.start as usize..seats.end as usize];
        let mut quality = Quality {
            strands,
            category: facts[0].category,
            distance: self.layout.distance(seats),
            first: seats.start,
            ..Quality::default()
        };
        let (mut accessible, mut companions, mut reserved) = (0, 0, 0);
        for seat in facts {
            if self.categories & (1 << seat.category) == 0 {
                return None;
            }
            quality.mixed |= seat.category != facts[0].category;
            quality.category = quality.category.max(seat.category);
            quality.restricted += u32::from(seat.restricted);
            accessible += u32::from(seat.accessible);
            companions += u32::from(seat.companion && !seat.accessible);
            reserved += u32::from(seat.reserved());
        }
        match pass {
            Pass::Clean | Pass::Stranding => (reserved == 0).then_some(quality),
            Pass::Reserved => {
                quality.accessible_used = accessible;
                quality.companions_used = companions;
                (reserved > 0).then_some(quality)
            }
            Pass::Accessible => {
                quality.ordinary_beside = self.quantity - reserved;
                (accessible == self.accessible).then_some(quality)
            }
        }
    }

    /// Free seats that the request could have, and the accessible ones among them.
    fn count_free(&self) -> (u64, u64) {
        (self.layout.cells.iter().zip(&self.map.counts))
            .filter(|(cell, _)| {
                self.categories & (1 << cell.category) != 0
                    && (self.zones.is_empty() || self.zones.contains(&cell.zone))
            })
            .fold((0, 0), |(seats, accessible), (_, count)| {
                (seats + u64::from(count.seats), accessible + u64::from(count.accessible))
            })
    }
}
