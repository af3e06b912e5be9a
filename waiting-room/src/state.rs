//! What a process knows of a line: read from the store as one piece, never changed afterwards.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    queue::{
        Lane, Place, Way,
        draw::{Draw, Order},
    },
    time::Timestamp,
};
use lua::{BatchMark, LinePhase};
use serde::{Deserialize, Serialize};

/// A step of the cursors is shown so much later than it was made: longer than the time between two
/// reads, with what a read takes, and below the second that a cursor may be old.
pub(crate) const SHOWN_AFTER_MS: i64 = 500;

/// A line at one moment.
#[derive(Clone, Debug)]
pub struct LineState {
    /// 0: nothing was read yet.
    pub term: u64,
    pub phase: LinePhase,
    /// Next index, by lane.
    pub joined: [u64; 2],
    /// Entries of the draw, by lane; 0 before it.
    pub sizes: [u64; 2],
    /// What has been released, by way.
    pub cursors: [u64; 3],
    pub inside: u64,
    pub drawn: Option<Arc<Drawn>>,
    pub notes: Notes,
    /// When what was released; the oldest first. Starts at the last one that somebody's turn can
    /// still depend on.
    pub marks: Arc<Vec<BatchMark>>,
    /// The cursors that people were shown before this was read. They see nobody go back, whatever
    /// the clocks do.
    pub shown: [u64; 3],
    /// Of this process.
    pub read_at: Timestamp,
    /// The store's clock is so far ahead of this process's.
    pub clock_ahead_ms: i64,
}

/// The draw as published, and what it makes of an index.
pub struct Drawn {
    pub draw: Draw,
    pub text: String,
    order: Order,
}

impl Drawn {
    pub fn new(text: String) -> Result<Self, serde_json::Error> {
        let draw: Draw = serde_json::from_str(&text)?;
        Ok(Self { order: draw.order(), draw, text })
    }
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the controller lets everybody know beside the cursors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// Positions released a minute, of late.
    pub rate_per_minute: f64,
    /// Positions a minute that bound the wait, low and high, by lane: four of five people wait
    /// between `ahead / high` and `ahead / low` minutes.
    pub pace: [Option<(f64, f64)>; 2],
    /// Of the people released, how many come.
    pub show_share: f64,
    /// Why no more are admitted.
    pub limited_by: String,
    /// Shares of all admissions so far, by way.
    pub shares: [f64; 3],
    pub per_buyer_mean: f64,
    pub per_buyer_variance: f64,
    /// Seats and places that nobody has, by category.
    pub free: BTreeMap<String, u64>,
}

impl LineState {
    /// The state before anything was read.
    pub fn unread() -> Self {
        Self {
            term: 0,
            phase: LinePhase::Early,
            joined: [0; 2],
            sizes: [0; 2],
            cursors: [0; 3],
            inside: 0,
            drawn: None,
            notes: Notes::default(),
            marks: Arc::default(),
            shown: [0; 3],
            read_at: Timestamp(0),
            clock_ahead_ms: 0,
        }
    }

    /// Position of a place within its lane, from 0. Before the draw there is none.
    pub fn position(&self, lane: Lane, index: u64) -> Option<u64> {
        match &self.drawn {
            Some(drawn) => Some(drawn.order.position(Place { lane, index })),
            None if matches!(self.phase, LinePhase::Early | LinePhase::Drawing) => None,
            None => Some(index),
        }
    }

    /// When what stands at this position of a way was released, by the store's clock. What was
    /// released before the marks begin: long ago.
    pub fn released_at(&self, way: Way, position: u64) -> Option<Timestamp> {
        let way = way.number();
        if position >= self.cursors[way] {
            return None;
        }
        let at = self.marks.partition_point(|mark| mark.cursors[way] <= position);
        Some(self.marks.get(at).map_or(Timestamp(0), |mark| mark.at))
    }

    /// The cursors that people are shown at `now` of this process: those of a moment ago, so that
    /// processes that have read at different moments show the same.
    pub fn shown_cursors(&self, now: Timestamp) -> [u64; 3] {
        let until = now.plus_millis(self.clock_ahead_ms - SHOWN_AFTER_MS);
        match self.marks.partition_point(|mark| mark.at <= until) {
            0 => self.shown,
            number => {
                let cursors = self.marks[number - 1].cursors;
                std::array::from_fn(|way| cursors[way].max(self.shown[way]))
            }
        }
    }

    /// People who have joined and were not released, by way; `graced`: numbers given in grace.
    pub fn waiting(&self, graced: u64) -> [u64; 3] {
        [
            self.joined[0].saturating_sub(self.cursors[0]),
            self.joined[1].saturating_sub(self.cursors[1]),
            graced.saturating_sub(self.cursors[2]),
        ]
    }
}
