//! What the search needs to know of a chart and what never changes: how good each seat is, and the
//! blocks sorted by the best that they can offer.

use std::{collections::HashMap, ops::Range};

use super::search::Quality;
use crate::{
    chart::{Chart, Row, SeatFlag, ZoneIndex, distance, median},
    seat::SeatIndex,
};

/// Distances are counted in quarters of a seat's width.
const DISTANCE_STEPS: f64 = 4.0;

/// Far beyond any house, and small enough that a sum over one request fits its field of
/// [`Quality`].
const DISTANCE_MAX: f64 = (1 << 20) as f64;

/// One seat, as the search sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeatFacts {
    pub distance: u32,
    pub category: u8,
    pub accessible: bool,
    pub companion: bool,
    pub restricted: bool,
    /// Index in [`Layout::cells`].
    pub cell: u32,
}

impl SeatFacts {
    /// Kept for requests that ask for accessible seats.
    pub fn reserved(&self) -> bool {
        self.accessible || self.companion
    }
}

/// A run of neighbours.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub seats: Range<SeatIndex>,
    pub zone: ZoneIndex,
    /// One bit a category.
    pub categories: u64,
    /// All seats have the same category and no flag.
    pub uniform: bool,
    /// The best seat's `restricted`, category and distance: no choice in the block is better than
    /// if all its seats were this one.
    pub best: (bool, u8, u32),
}

/// The seats of one zone and category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub zone: ZoneIndex,
    pub category: u8,
}

#[derive(Debug)]
pub(super) struct Layout {
    pub seats: Vec<SeatFacts>,
    /// Sum of the distances of all seats before each; one longer than `seats`.
    pub distances: Vec<u64>,
    /// Sorted by `best`, then by chart order.
    pub blocks: Vec<Block>,
    /// Index in `blocks` of the seat's block.
    pub block_of: Vec<u32>,
    /// Indexes in `blocks` of those with an accessible seat, ascending.
    pub with_accessible: Vec<u32>,
    /// Indexes in `blocks` of those with an accessible or companion seat, ascending.
    pub with_reserved: Vec<u32>,
    pub cells: Vec<Cell>,
}

impl Layout {
    pub fn of(chart: &Chart) -> Self {
        let distances = distances_of(chart);
        let mut cells = Vec::new();
        let mut cell_of = HashMap::new();
        let seats: Vec<SeatFacts> = (chart.seats.iter().zip(distances))
            .map(|(seat, distance)| {
                let cell = Cell { zone: seat.zone, category: seat.category as u8 };
                let cell = *cell_of.entry(cell).or_insert_with(|| {
                    cells.push(cell);
                    cells.len() as u32 - 1
                });
                SeatFacts {
                    distance,
                    category: seat.category as u8,
                    accessible: seat.flags.contains(SeatFlag::Accessible),
                    companion: seat.flags.contains(SeatFlag::Companion),
                    restricted: seat.flags.contains(SeatFlag::RestrictedView),
                    cell,
                }
            })
            .collect();

        let mut blocks: Vec<Block> = (chart.blocks.iter())
            .map(|range| {
                let facts = &seats[range.start as usize..range.end as usize];
                block(range.clone(), chart.seats[range.start as usize].zone, facts)
            })
            .collect();
        blocks.sort_by_key(|block| (block.best, block.seats.start));

        let mut block_of = vec![0; seats.len()];
        for (index, block) in blocks.iter().enumerate() {
            block_of[block.seats.start as usize..block.seats.end as usize].fill(index as u32);
        }
        let blocks_with = |wanted: fn(&SeatFacts) -> bool| {
            (blocks.iter().enumerate())
                .filter(|(_, block)| block.seats.clone().any(|seat| wanted(&seats[seat as usize])))
                .map(|(index, _)| index as u32)
                .collect()
        };
        let mut sums = Vec::with_capacity(seats.len() + 1);
        sums.push(0);
        for seat in &seats {
            sums.push(sums[sums.len() - 1] + u64::from(seat.distance));
        }
        Self {
            distances: sums,
            with_accessible: blocks_with(|seat| seat.accessible),
            with_reserved: blocks_with(SeatFacts::reserved),
            block_of,
            blocks,
            cells,
            seats,
        }
    }

    /// The sum of the distances of consecutive seats.
    pub fn distance(&self, seats: &Range<SeatIndex>) -> u64 {
        self.distances[seats.end as usize] - self.distances[seats.start as usize]
    }

    /// No choice of `quantity` seats in the block is better.
    pub fn bound(&self, block: &Block, quantity: u32) -> Quality {
        let (restricted, category, distance) = block.best;
        Quality {
            restricted: u32::from(restricted),
            category,
            distance: u64::from(distance) * u64::from(quantity),
            ..Quality::default()
        }
    }
}

fn block(seats: Range<SeatIndex>, zone: ZoneIndex, facts: &[SeatFacts]) -> Block {
    let plain = |seat: &SeatFacts| !seat.reserved() && !seat.restricted;
    Block {
        seats,
        zone,
        categories: facts.iter().fold(0, |set, seat| set | 1 << seat.category),
        uniform: facts.iter().all(|seat| plain(seat) && seat.category == facts[0].category),
        best: (facts.iter())
            .map(|seat| (seat.restricted, seat.category, seat.distance))
            .min()
            .expect("a block has seats"),
    }
}

/// Each seat's distance from front and centre of its zone: see the module's head, 7.
fn distances_of(chart: &Chart) -> Vec<u32> {
    let mut distances = vec![0; chart.seats.len()];
    for zone in &chart.zones {
        let (mut count, mut x, mut y) = (0.0, 0.0, 0.0);
        for seat in zone.rows.iter().flat_map(|row| seats_of(chart, row)) {
            count += 1.0;
            x += seat.0;
            y += seat.1;
        }
        let centre = (x / count, y / count);
        let mut ranks: HashMap<&str, usize> = HashMap::new();
        let mut rank = 0;
        for row in zone.rows.iter().filter(|row| !row.seats.is_empty()) {
            let row_rank = *ranks.entry(&row.number).or_insert(rank);
            rank += usize::from(row_rank == rank);
            let points: Vec<_> = seats_of(chart, row).collect();
            for (index, aside) in aside(&points, centre).into_iter().enumerate() {
                let distance = (row_rank as f64 + aside) * DISTANCE_STEPS;
                distances[row.seats.start as usize + index] =
                    distance.round().min(DISTANCE_MAX) as u32;
            }
        }
    }
    distances
}

fn seats_of(chart: &Chart, row: &Row) -> impl Iterator<Item = (f64, f64)> {
    let range = row.seats.start as usize..row.seats.end as usize;
    chart.seats[range].iter().map(|seat| (seat.x, seat.y))
}

/// How far each seat of a row is from the zone's centre line, in seats' widths along the row.
fn aside(points: &[(f64, f64)], centre: (f64, f64)) -> Vec<f64> {
    let gaps: Vec<f64> = points.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
    let pitch = median(&gaps);
    let (first, last) = (points[0], points[points.len() - 1]);
    let span = distance(first, last);
    if pitch <= 0.0 || span <= 0.0 {
        // One seat, or no positions to go by: the middle of the list is the centre.
        let middle = (points.len() - 1) as f64 / 2.0;
        return (0..points.len()).map(|index| (index as f64 - middle).abs()).collect();
    }
    let (ux, uy) = ((last.0 - first.0) / span, (last.1 - first.1) / span);
    let along = |point: &(f64, f64)| (point.0 - centre.0) * ux + (point.1 - centre.1) * uy;
    points.iter().map(|point| along(point).abs() / pitch).collect()
}
