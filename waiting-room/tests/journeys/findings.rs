//! What is counted and checked over all journeys.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use domain::queue::{
    Place,
    draw::{Draw, Order},
};

/// Who was told a place, and how often it let somebody in.
#[derive(Default)]
struct PlaceFacts {
    person: usize,
    entered: u32,
}

/// A published interval that somebody was shown, picked at a random moment of their wait.
#[derive(Clone, Copy)]
pub struct Told {
    pub at_ms: i64,
    pub place: Place,
    pub low: u64,
    pub high: u64,
}

/// Of what must never happen, so many are told.
const EXAMPLES: u64 = 4;

/// Facts of one sale while it runs.
#[derive(Default)]
pub struct Findings {
    pub counts: BTreeMap<&'static str, u64>,
    /// What must never happen, with examples of each.
    pub broken: BTreeMap<&'static str, (u64, String)>,
    places: HashMap<Place, PlaceFacts>,
    /// When the ledger's cursors were seen to stand where.
    releases: Vec<(i64, [u64; 3])>,
    order: Option<Order>,
    told: Vec<Told>,
}

impl Findings {
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn broke(&mut self, rule: &'static str, example: impl fmt::Display) {
        let (times, kept) = self.broken.entry(rule).or_default();
        *times += 1;
        if *times <= EXAMPLES {
            *kept = format!("{kept} [{example}]");
        }
    }

    /// A place was acknowledged to a person, and to nobody else ever.
    pub fn acknowledged(&mut self, place: Place, person: usize) {
        let facts = self.places.entry(place).or_insert_with(|| PlaceFacts { person, entered: 0 });
        let other = facts.person;
        if other != person {
            self.broke("one index, two people", format!("{place:?}: {other} and {person}"));
        }
    }

    /// 201 with a pass.
    pub fn entered(&mut self, place: Place, person: usize) {
        let facts = self.places.entry(place).or_default();
        facts.entered += 1;
        let times = facts.entered;
        if times > 1 {
            self.broke("a place let in twice", format!("{place:?} of {person}"));
        }
    }

    pub fn places_entered(&self) -> u64 {
        self.places.values().filter(|facts| facts.entered > 0).count() as u64
    }

    /// What the ledger says now.
    pub fn ledger(&mut self, at_ms: i64, cursors: [u64; 3], draw: Option<&str>) {
        if self.order.is_none()
            && let Some(text) = draw
        {
            let draw: Draw = serde_json::from_str(text).expect("a draw");
            self.order = Some(draw.order());
        }
        let before = self.releases.last().map_or([0; 3], |(_, cursors)| *cursors);
        if cursors.iter().zip(&before).any(|(now, before)| now < before) {
            self.broke("the ledger's cursor went back", format!("{before:?} to {cursors:?}"));
        }
        if cursors != before {
            self.releases.push((at_ms, cursors));
        }
    }

    /// The ledger's cursors as they were seen last.
    pub fn cursors(&self) -> [u64; 3] {
        self.releases.last().map_or([0; 3], |(_, cursors)| *cursors)
    }

    pub fn position(&self, place: Place) -> Option<u64> {
        self.order.as_ref().map(|order| order.position(place))
    }

    pub fn told(&mut self, told: Told) {
        self.told.push(told);
    }

    /// Of the intervals told: how many there are, came too early, came too late.
    pub fn intervals(&self) -> [u64; 3] {
        let mut sums = [0; 3];
        let Some(order) = &self.order else { return sums };
        for told in &self.told {
            let position = order.position(told.place);
            let lane = told.place.lane.number();
            let at = self.releases.partition_point(|(_, cursors)| cursors[lane] <= position);
            let Some((released_ms, _)) = self.releases.get(at) else { continue };
            let waited = (released_ms - told.at_ms) as f64 / 1_000.0;
            sums[0] += 1;
            sums[1] += u64::from(waited < told.low as f64);
            sums[2] += u64::from(waited > told.high as f64);
        }
        sums
    }
}

/// Facts of all sales.
#[derive(Default)]
pub struct Table {
    pub counts: BTreeMap<&'static str, u64>,
    pub broken: BTreeMap<&'static str, (u64, String)>,
    pub intervals: [u64; 3],
}

impl Table {
    pub fn add(&mut self, findings: &Findings, seed: u64) {
        for (what, times) in &findings.counts {
            *self.counts.entry(what).or_default() += times;
        }
        for (rule, (times, example)) in &findings.broken {
            let (sum, kept) = self.broken.entry(rule).or_default();
            *sum += times;
            if kept.is_empty() {
                *kept = format!("{example} (seed {seed})");
            }
        }
        for (sum, part) in self.intervals.iter_mut().zip(findings.intervals()) {
            *sum += part;
        }
    }

    /// The share of the published intervals that held.
    pub fn intervals_held(&self) -> f64 {
        let [told, early, late] = self.intervals;
        1.0 - (early + late) as f64 / (told as f64).max(1.0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.counts {
            writeln!(f, "{what:<44} {times:>12}")?;
        }
        let [told, early, late] = self.intervals;
        writeln!(f, "{:<44} {told:>12}", "intervals checked, one a person")?;
        writeln!(f, "{:<44} {:>11.1}%", "intervals that held", self.intervals_held() * 100.0)?;
        writeln!(f, "{:<44} {early:>12}", "turns before their interval")?;
        writeln!(f, "{:<44} {late:>12}", "turns after their interval")?;
        for (rule, (times, example)) in &self.broken {
            writeln!(f, "BROKEN {rule:<37} {times:>12}  {example}")?;
        }
        Ok(())
    }
}
