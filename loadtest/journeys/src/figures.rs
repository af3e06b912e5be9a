//! From goose's measurements to the rows of the report.
//!
//! goose keeps one histogram a request name. So that refusals stay out of the latencies of what was
//! accepted, and each code has a histogram of its own, the verdict travels in the name.

use std::collections::BTreeMap;

use goose::metrics::{GooseMetrics, GooseRequestMetricTimingData};
use serde::{Deserialize, Serialize};

const REFUSED: &str = " refused:";
const FAILED: &str = " failed:";

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// As the contract foresees for this request: `409 seats_unavailable`.
    Refused(String),
    /// Anything else.
    Failed(String),
}

impl Verdict {
    /// The name under which goose keeps it.
    pub fn name(&self, request: &str) -> String {
        match self {
            Self::Accepted => request.to_owned(),
            Self::Refused(code) => format!("{request}{REFUSED}{code}"),
            Self::Failed(code) => format!("{request}{FAILED}{code}"),
        }
    }

    /// The request and the verdict that [`Verdict::name`] made the name of.
    pub fn of_name(name: &str) -> (&str, Self) {
        if let Some((request, code)) = name.split_once(REFUSED) {
            return (request, Self::Refused(code.to_owned()));
        }
        match name.split_once(FAILED) {
            Some((request, code)) => (request, Self::Failed(code.to_owned())),
            None => (name, Self::Accepted),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// One request and its whole answer.
    Rest,
    /// Something on a socket.
    Socket,
    /// What a person waited for, over several requests.
    Wait,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Rest, Self::Socket, Self::Wait];

    /// The method under which goose keeps it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::Socket => "SOCKET",
            Self::Wait => "WAIT",
        }
    }
}

/// Latencies in microseconds, each at most 0.8 % off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    pub count: u64,
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
    pub max: u64,
}

impl Times {
    fn of(data: &GooseRequestMetricTimingData) -> Self {
        Self {
            count: data.counter as u64,
            p50: data.percentile_us(0.5),
            p95: data.percentile_us(0.95),
            p99: data.percentile_us(0.99),
            max: data.maximum_time_us,
        }
    }
}

/// One request of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub kind: Kind,
    pub name: String,
    pub accepted: Times,
    /// Foreseen refusals, by status and code.
    pub refused: BTreeMap<String, Times>,
    pub errors: BTreeMap<String, u64>,
}

impl Row {
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            accepted: Times::default(),
            refused: BTreeMap::new(),
            errors: BTreeMap::new(),
        }
    }

    pub fn refused_count(&self) -> u64 {
        self.refused.values().map(|times| times.count).sum()
    }

    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }

    fn take(&mut self, verdict: Verdict, times: Times) {
        match verdict {
            Verdict::Accepted => self.accepted = times,
            Verdict::Refused(code) => {
                self.refused.insert(code, times);
            }
            Verdict::Failed(code) => *self.errors.entry(code).or_default() += times.count,
        }
    }
}

/// By kind and name.
pub fn rows(metrics: &GooseMetrics) -> Vec<Row> {
    let mut rows: BTreeMap<(Kind, String), Row> = BTreeMap::new();
    for request in metrics.requests.values() {
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.label() == request.method_label())
        else {
            continue;
        };
        let (name, verdict) = Verdict::of_name(&request.path);
        let row = rows.entry((kind, name.to_owned())).or_insert_with(|| Row::new(kind, name));
        row.take(verdict, Times::of(&request.raw_data));
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_survives_its_name() {
        for verdict in [
            Verdict::Accepted,
            Verdict::Refused("409 seats_unavailable".to_owned()),
            Verdict::Failed("500 internal".to_owned()),
        ] {
            let name = verdict.name("hold named seats");
            assert_eq!(Verdict::of_name(&name), ("hold named seats", verdict));
        }
    }

    #[test]
    fn a_refusal_stays_out_of_the_accepted_latencies() {
        let mut row = Row::new(Kind::Rest, "hold");
        row.take(Verdict::Accepted, Times { count: 5, p99: 900, ..Times::default() });
        row.take(Verdict::Refused("409 sold_out".into()), Times { count: 3, ..Times::default() });
        row.take(Verdict::Failed("500".into()), Times { count: 2, ..Times::default() });
        assert_eq!((row.accepted.count, row.accepted.p99), (5, 900));
        assert_eq!((row.refused_count(), row.error_count()), (3, 2));
    }
}
