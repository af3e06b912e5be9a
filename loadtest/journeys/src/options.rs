//! What the run is told on its command line.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use crate::{baseline::Run, server::ORGANIZER_TOKEN};

/// Walk a crowd through a sale on this machine, audit the sale, write a report
#[derive(Parser)]
#[command(name = "load")]
pub struct Options {
    /// A running server, by its loopback address (http://127.0.0.1:8080); none: start one
    #[arg(long)]
    pub host: Option<String>,
    /// The four roles in four processes, on a private Redis Cluster and Postgres
    #[arg(long, conflicts_with = "host")]
    pub apart: bool,
    /// The organizer's token of that server; none: HOLDFAST_ORGANIZER_TOKEN
    #[arg(long, requires = "host")]
    pub organizer_token: Option<String>,
    /// The program to start; none: `holdfast` beside this one
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// Seconds that the crowd is there
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3_600))]
    pub run_time: u64,
    /// Five minutes, whatever --run-time says
    #[arg(long)]
    pub long: bool,
    /// People at once
    #[arg(long, default_value_t = 70, value_parser = clap::value_parser!(u32).range(7..=10_000))]
    pub users: u32,
    /// Seats on sale
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(500..=50_000))]
    pub seats: u32,
    /// How many people the waiting room admits a minute
    #[arg(long, default_value_t = 6_000)]
    pub admit_per_minute: u32,
    /// HOLDFAST_STRIPE_RATE of the server that is started; 0 is off
    #[arg(long, default_value = "0")]
    pub stripe_rate: String,
    /// Most milliseconds of a hold, 99 of 100
    #[arg(long, default_value_t = 100)]
    pub hold_p99_ms: u64,
    /// Most milliseconds of the availability, 99 of 100
    #[arg(long, default_value_t = 200)]
    pub availability_p99_ms: u64,
    /// Most milliseconds from a payment to its tickets, 99 of 100
    #[arg(long, default_value_t = 15_000)]
    pub confirmed_p99_ms: u64,
    /// A former run's figures to compare with
    #[arg(long)]
    pub baseline: Option<PathBuf>,
    /// How many times the baseline's latency is called slower
    #[arg(long, default_value_t = 1.5)]
    pub slower: f64,
    /// Fail the run when something is slower than in the baseline
    #[arg(long)]
    pub strict: bool,
    /// Keep this run's figures as a baseline
    #[arg(long)]
    pub write_baseline: Option<PathBuf>,
    /// Where the report goes
    #[arg(long, default_value = "target/load")]
    pub output: PathBuf,
}

const LONG_SECONDS: u64 = 300;

impl Options {
    pub fn run_seconds(&self) -> u64 {
        if self.long { LONG_SECONDS } else { self.run_time }
    }

    /// Of the server at `--host`, or of the one that is started.
    pub fn organizer_token(&self) -> Result<String> {
        match (&self.host, &self.organizer_token) {
            (None, _) => Ok(ORGANIZER_TOKEN.to_owned()),
            (Some(_), Some(token)) => Ok(token.clone()),
            (Some(_), None) => env::var("HOLDFAST_ORGANIZER_TOKEN")
                .context("--host needs --organizer-token or HOLDFAST_ORGANIZER_TOKEN"),
        }
    }

    /// The baseline's figures; a path that is not there is none, so that the first run can be made.
    pub fn baseline(&self) -> Result<Option<Run>> {
        self.baseline.as_deref().filter(|path| path.exists()).map(Run::read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_a_minute_or_five_when_asked() {
        let of = |arguments: &[&str]| Options::try_parse_from(arguments).map(|it| it.run_seconds());
        assert_eq!(of(&["load"]).ok(), Some(60));
        assert_eq!(of(&["load", "--run-time", "20"]).ok(), Some(20));
        assert_eq!(of(&["load", "--long"]).ok(), Some(300));
        assert!(of(&["load", "--run-time", "1"]).is_err());
    }
}
