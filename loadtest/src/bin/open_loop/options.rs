//! What the run is told on its command line.

use std::{env, net::SocketAddr};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use loadtest::journey::Journey;

/// Measure how long people wait who come as they please; on this machine only
#[derive(Parser)]
#[command(name = "open_loop")]
pub struct Options {
    /// How people come
    #[arg(value_enum)]
    pub profile: Named,
    /// How far each goes; `five-hundred-at-once` has its own
    #[arg(long, value_enum, default_value = "hold")]
    pub journey: Goal,
    /// People a second: of `constant`, and at the end of `ramp`
    #[arg(long, default_value_t = 1_000.0, value_parser = rate)]
    pub rate: f64,
    /// People of `spike`
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub people: u32,
    /// Seconds during which people come
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(3..=3_600))]
    pub seconds: u32,
    /// The same seed, the same arrivals
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Processes of the generator; none: as many as the rate needs
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: Option<u32>,
    /// Connections opened beforehand; none: as many as the profile needs
    #[arg(long)]
    pub connections: Option<usize>,
    /// The run is void when it sends later than this, 99 of 100; none: the profile's own bound
    #[arg(long)]
    pub lateness_p99_ms: Option<f64>,
    /// A running server on the loopback (http://127.0.0.1:8080), with HOLDFAST_RATE_LIMIT_PER_MINUTE=0;
    /// none: start one
    #[arg(long, value_parser = loopback)]
    pub address: Option<SocketAddr>,
    /// The organizer's token of that server; none: HOLDFAST_ORGANIZER_TOKEN
    #[arg(long, requires = "address")]
    pub organizer_token: Option<String>,
    /// Start it without Redis and Postgres, everything in one process
    #[arg(long, conflicts_with = "address")]
    pub in_process: bool,
    /// HOLDFAST_STRIPE_RATE of the server that is started; 0 is off
    #[arg(long, default_value = "0")]
    pub stripe_rate: String,
    /// Print everything as JSON, histograms included
    #[arg(long)]
    pub json: bool,
}

/// A named way of coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Named {
    /// 500 people hold in one instant, and 500 read the availability in one, every second
    FiveHundredAtOnce,
    /// Everybody in one second
    Spike,
    /// At one rate
    Constant,
    /// From nobody to the rate
    Ramp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Goal {
    /// Two adjacent named seats
    Hold,
    /// The same, and the order
    Order,
    /// Hold, order, payment in the sandbox, webhook, tickets
    Ticket,
    /// Ask in the waiting room how far one's turn is
    Status,
    /// Ask how much is left
    Availability,
}

impl From<Goal> for Journey {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Hold => Self::Hold,
            Goal::Order => Self::Order,
            Goal::Ticket => Self::Ticket,
            Goal::Status => Self::Status,
            Goal::Availability => Self::Availability,
        }
    }
}

impl Options {
    /// Of the server at `--address`.
    pub fn organizer_token(&self) -> Result<String> {
        match &self.organizer_token {
            Some(token) => Ok(token.clone()),
            None => env::var("HOLDFAST_ORGANIZER_TOKEN")
                .context("--address needs --organizer-token or HOLDFAST_ORGANIZER_TOKEN"),
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=100_000.0).contains(&rate) { Ok(rate) } else { Err("0.1 to 100000".to_owned()) }
}

/// An address anywhere else is refused before anything is sent; names are not looked up.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let address: SocketAddr =
        bare.parse().map_err(|_| "an address as in http://127.0.0.1:8080".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("not on the loopback: load goes to this machine only".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_taken_and_everything_else_is_refused() {
        for text in ["http://127.0.0.1:8080", "127.0.0.7:81", "http://[::1]:8080/"] {
            assert!(loopback(text).is_ok(), "{text}");
        }
        for text in [
            "http://192.0.2.1:8080",
            "0.0.0.0:8080",
            "http://example.org:80",
            "http://127.0.0.1.example.org:80",
            "https://127.0.0.1:8080",
            "http://127.0.0.1@192.0.2.1:80",
            "",
        ] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_without_rate_or_time_is_refused() {
        let parse = |arguments: &[&str]| Options::try_parse_from(arguments);
        assert!(parse(&["open_loop", "constant", "--journey", "ticket"]).is_ok());
        assert!(parse(&["open_loop", "five-hundred-at-once"]).is_ok());
        assert!(parse(&["open_loop", "constant", "--rate", "0"]).is_err());
        assert!(parse(&["open_loop", "constant", "--seconds", "0"]).is_err());
        assert!(parse(&["open_loop"]).is_err());
    }
}
