//! How many are let in this second: the admission controller.
//!
//! Everything it knows comes from two lists that outlive it, the batches released and the people
//! who entered, so the next controller goes on where the last one stopped. It steers people who
//! *arrive*, not people released: what has arrived plus what is still expected of the batches out
//! there (each judged by its own age) is kept on the line that the target draws. So absent people
//! are made up for once their absence shows and not sooner, and an error of the estimate corrects
//! itself. What cannot be released now, for want of people, room or seats, is not owed later.
//!
//! Never reads a clock, never moves a cursor itself, never counts on a mark it was not handed.

mod batches;
mod curve;
mod shares;

use self::{
    batches::{Batches, Pending},
    curve::{Curve, Estimate, Prior},
    shares::Shares,
};
use crate::queue::lane::Way;

/// A share below this is taken for this: at worst some three people are released for one wanted.
const SHOW_SHARE_MIN: f64 = 0.3;

/// A controller that was not asked for longer than this owes nothing for the rest of the time.
const STEP_MS_MAX: i64 = 2_000;

/// How far the arrivals may be from their line before it is drawn anew.
const DEBT_SECONDS_MAX: f64 = 15.0;

/// A room is not to be exceeded: the people expected in it are counted with this many standard
/// deviations on top.
const DEVIATIONS: f64 = 4.0;

/// What an event sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `turn_seconds`: who has not entered this long after the release has missed the turn.
    pub turn_ms: i64,
    /// Of the releases, while people with priority wait.
    pub priority_share: f64,
    /// Of the releases, while people who missed their turn wait.
    pub grace_share: f64,
    /// One of those at least this often, as long as they are at most every second one released.
    pub grace_every_ms: i64,
    /// How many are expected to enter when their turn comes, before any was seen.
    pub prior_show_share: f64,
    /// How long they are expected to take for it, on average.
    pub prior_click_ms: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            turn_ms: 120_000,
            priority_share: 0.2,
            grace_share: 0.1,
            grace_every_ms: 60_000,
            prior_show_share: 0.85,
            prior_click_ms: 10_000.0,
        }
    }
}

/// What is so at the moment of a step. The marks up to `now_ms` have been observed before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situation {
    /// By the clock of the marks.
    pub now_ms: i64,
    /// Not released yet, by [`Way::number`].
    pub waiting: [u64; 3],
    /// People with a live pass.
    pub inside: u64,
    /// Seats that nobody holds; `None` does not limit.
    pub free_seats: Option<u64>,
    /// How many seats a buyer takes on average; below 1 counts as 1.
    pub seats_per_buyer: f64,
    /// Arrivals wanted a minute; `None` does not limit.
    pub rate_per_minute: Option<u32>,
    /// People inside at once; `None` does not limit.
    pub max_inside: Option<u32>,
    /// Buyers a minute that can be paid for; `None` does not limit.
    pub payments_per_minute: Option<f64>,
    pub paused: bool,
}

/// What bound a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Everybody was released.
    Line,
    Rate,
    Payments,
    /// `max_inside`.
    Inside,
    Seats,
    Paused,
}

impl Limit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Rate => "rate",
            Self::Payments => "payments",
            Self::Inside => "inside",
            Self::Seats => "seats",
            Self::Paused => "paused",
        }
    }
}

/// How far each cursor moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// By [`Way::number`].
    pub lanes: [u64; 3],
    pub limited_by: Limit,
}

/// The controller of one line. Cost of a step: the batches of one turn.
#[derive(Clone, Debug)]
pub struct Controller {
    settings: Settings,
    curve: Curve,
    batches: Batches,
    shares: Shares,
    estimate: Estimate,
    pending: Pending,
    last_ms: Option<i64>,
    /// How many should have arrived or be expected; compared with how many have or are.
    line: Option<f64>,
}

impl Controller {
    /// For a line whose lists reach back to its opening. Changed settings need a new controller.
    pub fn new(settings: Settings) -> Self {
        Self::starting_at(settings, [0; 3])
    }

    /// For a line whose lists begin when the cursors stood here: people released before are not
    /// waited for.
    pub fn starting_at(settings: Settings, cursors: [u64; 3]) -> Self {
        let prior =
            Prior { show_share: settings.prior_show_share, click_ms: settings.prior_click_ms };
        let curve = Curve::new(settings.turn_ms, prior);
        Self {
            estimate: curve.estimate(0),
            batches: Batches::new(settings.turn_ms, cursors),
            curve,
            shares: Shares::new(),
            pending: Pending::default(),
            last_ms: None,
            line: None,
            settings,
        }
    }

    /// A batch was released: the cursors (by [`Way::number`]) after it. In order of time.
    pub fn observe_batch(&mut self, at_ms: i64, cursors: [u64; 3]) {
        self.batches.release(at_ms, cursors, &mut self.curve);
    }

    /// Somebody entered: in order of time. `number`: the position in the lane, or the grace number.
    /// A mark that comes before the batch that released it waits for that.
    pub fn observe_entered(&mut self, way: Way, number: u64, at_ms: i64) {
        self.batches.enter(way, number, at_ms, &mut self.curve);
    }

    /// The cursors after the last batch observed; a release is counted from here.
    pub fn cursors(&self) -> [u64; 3] {
        self.batches.cursors()
    }

    /// The share of those released who enter, as it is believed now.
    pub fn show_share(&self) -> f64 {
        self.estimate.show_share().clamp(SHOW_SHARE_MIN, 1.0)
    }

    /// How many people released are expected to enter still.
    pub fn arrivals_expected(&self) -> f64 {
        self.pending.expected
    }

    /// How many to release now. Asked once a second; its answer counts when it comes back as a
    /// batch observed, so a release that was lost is simply made again.
    pub fn next(&mut self, situation: &Situation) -> Release {
        let now_ms = situation.now_ms;
        let elapsed_ms = self.last_ms.map_or(1000, |last| (now_ms - last).clamp(0, STEP_MS_MAX));
        self.last_ms = Some(now_ms);
        self.batches.live_until(now_ms, &mut self.curve);
        self.estimate = self.curve.estimate(now_ms);
        self.pending = self.batches.pending(now_ms, &self.estimate);

        let (people, limited_by) = self.people(situation, elapsed_ms);
        if limited_by != Limit::Rate && limited_by != Limit::Payments {
            self.line = Some(self.arriving() + people as f64 * self.show_share());
        }
        let lanes = self.shares.split(people, situation.waiting, elapsed_ms, &self.settings);
        Release { lanes, limited_by }
    }

    /// The smallest of all limits.
    fn people(&mut self, situation: &Situation, elapsed_ms: i64) -> (u64, Limit) {
        if situation.paused {
            return (0, Limit::Paused);
        }
        let waiting = situation.waiting.iter().sum();
        let mut least = (waiting, Limit::Line);
        let mut limit = |people: u64, by: Limit| {
            if people < least.0 {
                least = (people, by);
            }
        };
        if let Some(max_inside) = situation.max_inside {
            limit(self.room(u64::from(max_inside), situation, waiting), Limit::Inside);
        }
        if let Some(free) = situation.free_seats {
            let buyers = (free as f64 / situation.seats_per_buyer.max(1.0)).ceil() as u64;
            limit(self.room(buyers, situation, waiting), Limit::Seats);
        }
        let rate = situation.rate_per_minute.map(f64::from);
        let payments = situation.payments_per_minute.map(|quota| quota.max(0.0));
        let target = match (rate, payments) {
            (Some(rate), Some(payments)) if payments < rate => Some((payments, Limit::Payments)),
            (Some(rate), _) => Some((rate, Limit::Rate)),
            (None, Some(payments)) => Some((payments, Limit::Payments)),
            (None, None) => None,
        };
        if let Some((per_minute, by)) = target {
            limit(self.on_target(per_minute / 60.0, elapsed_ms), by);
        }
        least
    }

    fn arriving(&self) -> f64 {
        self.batches.entered() as f64 + self.pending.expected
    }

    /// How many releases bring what has arrived and is expected up to the target's line.
    fn on_target(&mut self, per_second: f64, elapsed_ms: i64) -> u64 {
        let step = per_second * elapsed_ms as f64 / 1000.0;
        let arriving = self.arriving();
        let debt_max = per_second * DEBT_SECONDS_MAX + 1.0;
        let line =
            (self.line.unwrap_or(arriving) + step).clamp(arriving - debt_max, arriving + debt_max);
        self.line = Some(line);
        let show_share = self.show_share();
        let wanted = (line - arriving) / show_share;
        wanted.clamp(0.0, 2.0 * step / show_share + 1.0) as u64
    }

    /// How many can be released so that a room of `size` people is not exceeded: at least those
    /// who fit even if everybody comes, at most those who fit by all but a rare chance.
    fn room(&self, size: u64, situation: &Situation, waiting: u64) -> u64 {
        let certain = size.saturating_sub(situation.inside + self.pending.people).min(waiting);
        let (mut fits, mut exceeds) = (certain, waiting + 1);
        let show_share = self.show_share();
        let error = self.estimate.show_share_error();
        while exceeds - fits > 1 {
            let people = fits + (exceeds - fits) / 2;
            let released = people as f64;
            let uncertain = (released + self.pending.expected / show_share) * error;
            let variance = self.pending.variance
                + released * show_share * (1.0 - show_share)
                + uncertain * uncertain;
            let arriving = self.pending.expected + released * show_share;
            let inside = situation.inside as f64 + arriving + DEVIATIONS * variance.sqrt();
            if inside <= size as f64 { fits = people } else { exceeds = people }
        }
        fits
    }
}
