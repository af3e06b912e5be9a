//! The figures of a run as a file: what a run is compared with later. Written by the tool only.

use std::{fs, path::Path, process::Command, thread::available_parallelism};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    figures::{Kind, Row},
    options::Options,
};

/// With fewer answers a percentile says little about a change.
const COUNT_MIN: u64 = 100;

/// A run's circumstances and figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub commit: String,
    pub cores: usize,
    pub users: u32,
    pub seats: u32,
    pub run_seconds: u64,
    /// `HOLDFAST_STRIPE_RATE`, where the run started its server.
    pub stripe_rate: Option<String>,
    pub rows: Vec<Row>,
}

/// One request beside the baseline's: how many times its latency.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub kind: Kind,
    pub name: String,
    pub p50: f64,
    pub p99: f64,
    /// Both have answers enough, and both ratios are above the bound.
    pub is_slower: bool,
}

impl Run {
    pub fn new(options: &Options, rows: Vec<Row>) -> Self {
        Self {
            commit: commit().unwrap_or_else(|| "unknown".to_owned()),
            cores: available_parallelism().map_or(1, usize::from),
            users: options.users,
            seats: options.seats,
            run_seconds: options.run_seconds(),
            stripe_rate: options.host.is_none().then(|| options.stripe_rate.clone()),
            rows,
        }
    }

    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} is not there", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is broken", path.display()))
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    pub fn row(&self, kind: Kind, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == kind && row.name == name)
    }

    /// Each request that both runs know. `slower` is the ratio from which it is called so; the
    /// median has to agree with the tail, which alone is noise on a busy machine.
    pub fn compare(&self, baseline: &Self, slower: f64) -> Vec<Comparison> {
        let known = self.rows.iter().filter(|row| row.accepted.count > 0);
        known
            .filter_map(|row| {
                let (now, then) = (row.accepted, baseline.row(row.kind, &row.name)?.accepted);
                let ratio = |now: u64, then: u64| now as f64 / then.max(1) as f64;
                let (p50, p99) = (ratio(now.p50, then.p50), ratio(now.p99, then.p99));
                let enough = now.count.min(then.count) >= COUNT_MIN;
                let is_slower = enough && p50 > slower && p99 > slower;
                let name = row.name.clone();
                (then.count > 0).then_some(Comparison { kind: row.kind, name, p50, p99, is_slower })
            })
            .collect()
    }

    /// Whether the two were made in the same circumstances; else ratios say little.
    pub fn is_comparable(&self, baseline: &Self) -> bool {
        (self.cores, self.users, self.seats, &self.stripe_rate)
            == (baseline.cores, baseline.users, baseline.seats, &baseline.stripe_rate)
    }
}

/// The checked-out commit, short, with a mark when files differ from it.
fn commit() -> Option<String> {
    let arguments = ["describe", "--always", "--dirty", "--exclude", "*"];
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Times;

    fn run(count: u64, p50: u64, p99: u64) -> Run {
        let mut row = Row::new(Kind::Rest, "order");
        row.accepted = Times { count, p50, p95: p50, p99, max: p99 };
        Run { rows: vec![row], ..Run::default() }
    }

    #[test]
    fn slower_is_what_is_slower_in_the_middle_and_in_the_tail() {
        let slower = |now: Run| now.compare(&run(500, 1_000, 9_000), 1.5)[0].is_slower;
        assert!(slower(run(500, 2_000, 20_000)));
        assert!(!slower(run(500, 1_100, 20_000)), "only the tail");
        assert!(!slower(run(500, 2_000, 9_000)), "only the middle");
        assert!(!slower(run(20, 2_000, 20_000)), "too few answers");
    }

    #[test]
    fn what_only_one_run_knows_is_not_compared() {
        assert!(run(500, 1, 1).compare(&Run::default(), 1.5).is_empty());
        assert!(run(500, 1, 1).compare(&run(0, 0, 0), 1.5).is_empty());
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("load.json");
        let run = run(500, 1_000, 9_000);
        run.write(&path).expect("written");
        assert_eq!(Run::read(&path).expect("read"), run);
    }
}
