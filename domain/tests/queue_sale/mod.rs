//! A simulated sale for tests: people who join, miss their turn, click late, stay and leave, from a
//! seed.

mod random;

use std::{cmp::Reverse, collections::BinaryHeap};

use domain::queue::{
    Way,
    admission::{Controller, Release, Settings, Situation},
};

pub use random::Random;

/// In 0..1.
fn unit(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

fn exponential(random: &mut Random, mean: f64) -> f64 {
    -mean * (1.0 - unit(random)).ln()
}

/// How people behave.
#[derive(Clone)]
pub struct Crowd {
    pub show_share: f64,
    pub click_seconds: f64,
    /// How long they stay inside.
    pub stay_seconds: f64,
    /// Of those who missed their turn, how many are seen again.
    pub return_share: f64,
    /// Seats that everybody takes on entering.
    pub seats_each: u64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            show_share: 0.7,
            click_seconds: 12.0,
            stay_seconds: 240.0,
            return_share: 0.0,
            seats_each: 2,
        }
    }
}

pub struct Sale {
    pub random: Random,
    pub crowd: Crowd,
    pub settings: Settings,
    pub controller: Controller,
    /// What the next step is told, besides what the sale itself counts.
    pub situation: Situation,
    pub joined: [u64; 3],
    pub cursors: [u64; 3],
    pub inside: u64,
    pub batches: Vec<(i64, [u64; 3])>,
    pub entered: Vec<(Way, u64, i64)>,
    clicks: BinaryHeap<Reverse<(i64, usize, u64)>>,
    leaving: BinaryHeap<Reverse<i64>>,
    returning: BinaryHeap<Reverse<i64>>,
}

impl Sale {
    pub fn new(seed: u64, crowd: Crowd) -> Self {
        let settings = Settings::default();
        Self {
            random: Random::new(seed),
            crowd,
            controller: Controller::new(settings.clone()),
            settings,
            situation: Situation { now_ms: 1_000_000, ..Situation::default() },
            joined: [0; 3],
            cursors: [0; 3],
            inside: 0,
            batches: Vec::new(),
            entered: Vec::new(),
            clicks: BinaryHeap::new(),
            leaving: BinaryHeap::new(),
            returning: BinaryHeap::new(),
        }
    }

    /// One second passes; then the controller is asked and obeyed.
    pub fn step(&mut self) -> Release {
        self.pass_second();
        let situation = self.observed();
        let release = self.controller.next(&situation);
        self.release(release);
        release
    }

    /// One second passes; the controller learns who entered.
    pub fn pass_second(&mut self) {
        self.situation.now_ms += 1000;
        let now_ms = self.situation.now_ms;
        while self.leaving.peek().is_some_and(|at| at.0 <= now_ms) {
            self.leaving.pop();
            self.inside -= 1;
        }
        while let Some(Reverse((at, way, number))) = self.clicks.peek().copied()
            && at <= now_ms
        {
            self.clicks.pop();
            let way = Way::from_number(way as u64).unwrap();
            self.entered.push((way, number, at));
            self.controller.observe_entered(way, number, at);
            self.inside += 1;
            let stay_ms = exponential(&mut self.random, self.crowd.stay_seconds * 1000.0);
            self.leaving.push(Reverse(at + stay_ms as i64 + 1));
            if let Some(free) = &mut self.situation.free_seats {
                *free = free.saturating_sub(self.crowd.seats_each);
            }
        }
        while self.returning.peek().is_some_and(|at| at.0 <= now_ms) {
            self.returning.pop();
            self.joined[2] += 1;
        }
    }

    /// What a controller is told now.
    pub fn observed(&self) -> Situation {
        Situation {
            waiting: [0, 1, 2].map(|way| self.joined[way] - self.cursors[way]),
            inside: self.inside,
            seats_per_buyer: self.crowd.seats_each as f64,
            ..self.situation.clone()
        }
    }

    /// The release happens: people show up or not.
    pub fn release(&mut self, release: Release) {
        let now_ms = self.situation.now_ms;
        for way in 0..3 {
            for number in self.cursors[way]..self.cursors[way] + release.lanes[way] {
                assert!(number < self.joined[way], "released past the end of way {way}");
                let click_ms =
                    exponential(&mut self.random, self.crowd.click_seconds * 1000.0) as i64;
                let shows = unit(&mut self.random) < self.crowd.show_share;
                if shows && click_ms < self.settings.turn_ms {
                    self.clicks.push(Reverse((now_ms + 1 + click_ms, way, number)));
                } else if unit(&mut self.random) < self.crowd.return_share {
                    self.returning.push(Reverse(now_ms + self.settings.turn_ms + 20_000));
                }
            }
            self.cursors[way] += release.lanes[way];
        }
        if release.lanes != [0; 3] {
            self.batches.push((now_ms, self.cursors));
            self.controller.observe_batch(now_ms, self.cursors);
        }
    }
}
