//! What was measured, of one process or of all together.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::Latencies;
use crate::journey::Outcome;

/// One step of the journeys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StepFigures {
    /// Only of what was accepted.
    pub accepted: Latencies,
    pub refused: BTreeMap<String, u64>,
    pub failed: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Figures {
    pub steps: BTreeMap<String, StepFigures>,
    /// Between when people were meant to act and when their first request was sent.
    pub lateness: Latencies,
    /// Who came.
    pub people: u64,
    pub connections: u64,
    /// Of each process: the share of one core that it used, of its one thread.
    pub cpu_shares: Vec<f64>,
}

impl Figures {
    pub fn note(&mut self, step: &str, outcome: Outcome) {
        if !self.steps.contains_key(step) {
            self.steps.insert(step.to_owned(), StepFigures::default());
        }
        let Some(figures) = self.steps.get_mut(step) else { return };
        match outcome {
            Outcome::Accepted(took) => figures.accepted.record(took),
            Outcome::Refused(code) => *figures.refused.entry(code).or_default() += 1,
            Outcome::Failed(what) => *figures.failed.entry(what).or_default() += 1,
        }
    }

    pub fn note_sent(&mut self, late: Duration) {
        self.people += 1;
        self.lateness.record(late);
    }

    pub fn add(&mut self, other: Self) {
        for (name, step) in other.steps {
            let sum = self.steps.entry(name).or_default();
            sum.accepted.add(&step.accepted);
            for (code, count) in step.refused {
                *sum.refused.entry(code).or_default() += count;
            }
            for (what, count) in step.failed {
                *sum.failed.entry(what).or_default() += count;
            }
        }
        self.lateness.add(&other.lateness);
        self.people += other.people;
        self.connections += other.connections;
        self.cpu_shares.extend(other.cpu_shares);
    }

    /// What failed, and how often.
    pub fn failures(&self) -> Vec<(String, u64)> {
        let of_step = |(name, step): (&String, &StepFigures)| {
            let name = name.clone();
            let failed = step.failed.clone().into_iter();
            failed.map(move |(what, count)| (format!("{name}: {what}"), count))
        };
        self.steps.iter().flat_map(of_step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_and_failures_are_counted_and_never_timed() {
        let mut one = Figures::default();
        one.note("hold", Outcome::Accepted(Duration::from_millis(3)));
        one.note("hold", Outcome::Refused("409 seats_unavailable".into()));
        one.note("hold", Outcome::Failed("500 internal".into()));
        let mut sum = one.clone();
        sum.add(one);
        let hold = &sum.steps["hold"];
        assert_eq!(hold.accepted.count(), 2);
        assert_eq!(hold.refused["409 seats_unavailable"], 2);
        assert_eq!(sum.failures(), [("hold: 500 internal".to_owned(), 2)]);
    }
}
