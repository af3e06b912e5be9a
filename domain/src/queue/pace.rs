//! How long it will take until a position is reached: an interval that holds four times in five.
//!
//! One frame with a low and a high rate is published for a lane, and everybody computes their own
//! interval from it. The rate is what the cursor did lately; how far low and high are
//! from it is learned on probes: positions somewhere in the line for which it is written down what
//! would have been told, and seen later whether that was so. Each side widens with every probe it
//! fails and narrows a little with every one that it holds, so that in the long run one in ten
//! comes earlier and one in ten later (Gibbs and Candès, "Adaptive Conformal Inference", 2021).
//!
//! Knows nothing of why a cursor moves. Says nothing while the line is paused, nor before it moved.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The rate is that of this much time in which the line was not paused.
const WINDOW_MS: i64 = 45_000;

/// A slow line is judged by at least so many people, or by the longest window.
const WINDOW_PEOPLE: u64 = 30;
const WINDOW_MS_MAX: i64 = 600_000;

/// Before so much time nothing is told.
const WINDOW_MS_MIN: i64 = 5_000;

/// On either side of an interval one in ten is to fall out. Less is aimed at, because what is missed
/// last in a sale, or by a leader that is replaced, is not made up for any more; early most of all,
/// because a line gets faster when its first no-shows are known, and wherever indexes were skipped.
const EARLY_SHARE: f64 = 0.08;
const LATE_SHARE: f64 = 0.11;

/// By how much (in logarithms of the rate) a missed probe widens its side. Probes of one minute hold or
/// fail together: with large steps a side would swing between too narrow and too wide, and be wider
/// on average for as many that hold.
const STEP: f64 = 0.005;

/// A side never is further than this from the rate.
const SPREAD_MAX: f64 = 1.1;

/// Where either side begins.
const FAST_FIRST: f64 = 0.28;
const SLOW_FIRST: f64 = 0.22;

/// One probe so often.
const PROBE_MS: i64 = 1_000;

/// Probes under way; then the oldest is given up.
const PROBES_MAX: usize = 4_096;

/// Positions a minute, between which the line is believed to move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaceFrame {
    pub low: f64,
    pub high: f64,
}

impl PaceFrame {
    /// Whole seconds, at least and at most, until somebody with so many positions between the
    /// cursor and their own is released; 0 ahead is the next.
    pub fn interval(&self, ahead: u64) -> (u64, u64) {
        let positions = ahead as f64 + 1.0;
        let seconds = |rate: f64| positions / rate.max(1e-6) * 60.0;
        (seconds(self.high).floor() as u64, seconds(self.low).ceil() as u64)
    }
}

/// What is seen of a lane, once a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    pub now_ms: i64,
    pub cursor: u64,
    /// People of the lane who are not released yet.
    pub waiting: u64,
    pub paused: bool,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    made_ms: i64,
    position: u64,
    low_ms: i64,
    high_ms: i64,
    /// It was seen that it does not come before its interval.
    not_early: bool,
}

/// The pace of one lane.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Time not paused, and the cursor then.
    seen: VecDeque<(i64, u64)>,
    open_ms: i64,
    last_ms: Option<i64>,
    paused: bool,
    cursor: u64,
    probes: VecDeque<Probe>,
    probed_ms: i64,
    /// Spreads the probes over the line: steps of the golden ratio.
    probe_at: f64,
    /// How far high and low are from the rate, in logarithms.
    fast: f64,
    slow: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            seen: VecDeque::new(),
            open_ms: 0,
            last_ms: None,
            paused: false,
            cursor: 0,
            probes: VecDeque::new(),
            probed_ms: i64::MIN,
            probe_at: 0.0,
            fast: FAST_FIRST,
            slow: SLOW_FIRST,
        }
    }
}

/// A cursor that does not move for so long is taken to have been paused, where nobody knows.
const STILL_MS: i64 = 60_000;

const SECOND_MS: i64 = 1_000;

impl Pace {
    /// What an observer of the cursor would know now, from its steps: when it came to stand where,
    /// in order of time. `joined`: who has joined the lane until now. Cost: the seconds since the
    /// first step, pauses left out, times the probes under way.
    pub fn from_steps(
        steps: impl IntoIterator<Item = (i64, u64)>,
        joined: u64,
        now_ms: i64,
    ) -> Self {
        let mut pace = Self::default();
        let mut see = |now_ms: i64, cursor: u64, paused: bool| {
            pace.observe(Sight { now_ms, cursor, waiting: joined.saturating_sub(cursor), paused });
        };
        let (mut last_ms, mut cursor) = (None, 0);
        for (at_ms, to) in steps.into_iter().map(|(at, to)| (at, Some(to))).chain([(now_ms, None)])
        {
            let Some(mut seen_ms) = last_ms else {
                (last_ms, cursor) = (Some(at_ms), to.unwrap_or_default());
                see(at_ms, cursor, to.is_none());
                continue;
            };
            if at_ms - seen_ms > STILL_MS {
                seen_ms = at_ms - SECOND_MS;
                see(seen_ms, cursor, true);
            }
            while seen_ms + SECOND_MS < at_ms {
                seen_ms += SECOND_MS;
                see(seen_ms, cursor, false);
            }
            cursor = to.unwrap_or(cursor);
            see(at_ms, cursor, false);
            last_ms = Some(at_ms);
        }
        pace
    }

    /// Takes note of the cursor. Cost: the probes under way.
    pub fn observe(&mut self, sight: Sight) {
        let elapsed = self.last_ms.map_or(0, |last| (sight.now_ms - last).max(0));
        self.last_ms = Some(sight.now_ms);
        self.paused = sight.paused;
        self.cursor = self.cursor.max(sight.cursor);
        if !sight.paused {
            self.open_ms += elapsed;
            self.seen.push_back((self.open_ms, self.cursor));
            self.forget();
        }
        self.judge(sight.now_ms);
        self.probe(sight);
    }

    /// `None` while nothing can be told.
    pub fn published(&self) -> Option<PaceFrame> {
        let rate = self.rate().filter(|_| !self.paused)?;
        Some(PaceFrame { low: rate * (-self.slow).exp(), high: rate * self.fast.exp() })
    }

    /// Whole seconds until somebody with so many positions before their own is released.
    pub fn interval(&self, ahead: u64) -> Option<(u64, u64)> {
        self.published().map(|frame| frame.interval(ahead))
    }

    /// Positions a minute, in the window.
    fn rate(&self) -> Option<f64> {
        let ((from, before), (until, after)) = (self.seen.front()?, self.seen.back()?);
        (until - from >= WINDOW_MS_MIN && after > before)
            .then(|| (after - before) as f64 * 60_000.0 / (until - from) as f64)
    }

    fn forget(&mut self) {
        while let Some((next_ms, next)) = self.seen.get(1) {
            let kept_ms = self.open_ms - next_ms;
            if kept_ms < WINDOW_MS
                || (self.cursor - next < WINDOW_PEOPLE && kept_ms < WINDOW_MS_MAX)
            {
                break;
            }
            self.seen.pop_front();
        }
    }

    /// Every probe that came too early or late, or cannot any more, moves a side.
    fn judge(&mut self, now_ms: i64) {
        let (cursor, fast, slow) = (self.cursor, &mut self.fast, &mut self.slow);
        self.probes.retain_mut(|probe| {
            let age_ms = now_ms - probe.made_ms;
            let reached = probe.position < cursor;
            if !probe.not_early && (reached || age_ms >= probe.low_ms) {
                probe.not_early = true;
                learn(fast, age_ms < probe.low_ms, EARLY_SHARE);
            }
            let late = age_ms > probe.high_ms;
            if reached || late {
                learn(slow, late, LATE_SHARE);
            }
            !(reached || late)
        });
    }

    fn probe(&mut self, sight: Sight) {
        if sight.waiting == 0 || sight.now_ms < self.probed_ms.saturating_add(PROBE_MS) {
            return;
        }
        self.probe_at = (self.probe_at + 0.618_033_988_749_895).fract();
        let ahead = (self.probe_at * sight.waiting as f64) as u64;
        if let Some((low, high)) = self.interval(ahead) {
            self.probed_ms = sight.now_ms;
            if self.probes.len() == PROBES_MAX {
                self.probes.pop_front();
            }
            self.probes.push_back(Probe {
                made_ms: sight.now_ms,
                position: self.cursor + ahead,
                low_ms: low as i64 * 1000,
                high_ms: high as i64 * 1000,
                not_early: false,
            });
        }
    }
}

fn learn(side: &mut f64, missed: bool, share: f64) {
    let missed = if missed { 1.0 } else { 0.0 };
    *side = (*side + STEP * (missed - share)).clamp(0.0, SPREAD_MAX);
}
