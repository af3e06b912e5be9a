//! The named profiles: who comes how, what is wanted of the server, what the generator must keep.

use std::net::SocketAddr;

use loadtest::{
    journey::Journey,
    open_loop::{Limits, Plan, Profile, Threshold, Wave},
};
use serde::Serialize;

use crate::options::{Named, Options};

/// Buyers acting at once, of the profile that is called so.
const BUYERS: usize = 500;
/// Pairs of seats in an event.
pub const PAIRS_IN_EVENT: usize = 10_000;
/// One thread sends so many people a second in half of its core's time.
const RATE_OF_WORKER: f64 = 5_000.0;
const WARM_UP_SECONDS: f64 = 2.0;

/// One run.
#[derive(Serialize)]
pub struct Run {
    pub profile: String,
    pub plan: Plan,
    pub limits: Limits,
    pub thresholds: Vec<Threshold>,
}

/// How people come, before it is known where to.
struct Crowd {
    waves: Vec<Wave>,
    thresholds: Vec<Threshold>,
    /// Connections that are open before the first comes.
    connections: usize,
    rate: f64,
    lateness_p99_ms: f64,
    seconds: f64,
    warm_up_seconds: f64,
}

impl Run {
    pub fn new(options: &Options, address: SocketAddr) -> Self {
        let crowd = Crowd::of(options);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let needed = (crowd.rate / RATE_OF_WORKER).ceil() as usize;
        let workers = match options.workers {
            Some(workers) => workers as usize,
            None => needed.clamp(1, cores),
        };
        let lateness_p99_ms = options.lateness_p99_ms.unwrap_or(crowd.lateness_p99_ms);
        let plan = Plan {
            address,
            events: Vec::new(),
            pairs_in_event: PAIRS_IN_EVENT,
            places: Vec::new(),
            waves: crowd.waves,
            seconds: crowd.seconds,
            warm_up_seconds: crowd.warm_up_seconds,
            seed: options.seed,
            connections: options.connections.unwrap_or(crowd.connections),
            workers,
        };
        Self {
            profile: format!("{:?}", options.profile),
            plan,
            limits: Limits { lateness_p99_ms, cpu_share: Limits::CPU_SHARE },
            thresholds: crowd.thresholds,
        }
    }

    /// One line before the run.
    pub fn about(&self) -> String {
        let Plan { seconds, warm_up_seconds, workers, connections, seed, address, .. } = &self.plan;
        format!(
            "{} at {address}: {seconds} s, of them {warm_up_seconds} s to warm up; {workers} \
             processes, {connections} connections, seed {seed}.",
            self.profile
        )
    }
}

impl Crowd {
    fn of(options: &Options) -> Self {
        let (seconds, journey) = (f64::from(options.seconds), Journey::from(options.journey));
        let wave = |journey, profile, offset_seconds| Wave { journey, profile, offset_seconds };
        let alone = |profile, rate: f64| Self {
            waves: vec![wave(journey, profile, 0.0)],
            thresholds: Vec::new(),
            connections: (rate / 10.0).clamp(32.0, 1_000.0) as usize,
            rate,
            lateness_p99_ms: 5.0,
            seconds,
            warm_up_seconds: WARM_UP_SECONDS,
        };
        let rate = options.rate;
        match options.profile {
            Named::Constant => alone(Profile::Constant { rate }, rate),
            Named::Ramp => {
                let ramp = alone(Profile::Ramp { from: 0.0, to: rate }, rate);
                Self { warm_up_seconds: 0.0, ..ramp }
            }
            Named::Spike => {
                let people = options.people as usize;
                let spike =
                    Profile::Bursts { people, within_seconds: 1.0, every_seconds: f64::MAX };
                // Who comes first has nobody before: the spike is not warmed up for.
                let connections = people.min(2_000);
                let spike = alone(spike, f64::from(options.people));
                Self { connections, seconds: 1.0, warm_up_seconds: 0.0, ..spike }
            }
            Named::FiveHundredAtOnce => {
                let burst =
                    Profile::Bursts { people: BUYERS, within_seconds: 0.0, every_seconds: 1.0 };
                let waves =
                    vec![wave(Journey::Hold, burst, 0.0), wave(Journey::Availability, burst, 0.5)];
                let thresholds = [("hold", 100.0), ("availability", 200.0)];
                let thresholds = thresholds.map(|(step, p99_ms)| Threshold { step, p99_ms });
                Self {
                    waves,
                    thresholds: thresholds.into(),
                    connections: BUYERS,
                    // One after the other through one processor: the last of them is late by the
                    // time that sending all takes, which counts against the server.
                    lateness_p99_ms: 25.0,
                    ..alone(burst, BUYERS as f64)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn run(arguments: &[&str]) -> Run {
        let options = Options::try_parse_from([&["open_loop"], arguments].concat());
        Run::new(&options.expect("options"), "127.0.0.1:1".parse().expect("an address"))
    }

    #[test]
    fn five_hundred_hold_in_one_instant_and_five_hundred_look_in_another() {
        let run = run(&["five-hundred-at-once", "--seconds", "5"]);
        let arrivals = run.plan.arrivals();
        assert_eq!(arrivals.len(), 5_000);
        assert!(arrivals[..500].iter().all(|one| one.at == arrivals[0].at));
        assert_eq!(run.plan.pairs(), 2_500);
        let wanted: Vec<_> = run.thresholds.iter().map(|one| (one.step, one.p99_ms)).collect();
        assert_eq!(wanted, [("hold", 100.0), ("availability", 200.0)]);
    }

    #[test]
    fn a_spike_is_everybody_in_one_second() {
        let run = run(&["spike", "--people", "4000", "--journey", "order"]);
        let arrivals = run.plan.arrivals();
        assert_eq!(arrivals.len(), 4_000);
        assert!(arrivals.iter().all(|one| one.at.as_secs_f64() <= 1.0));
        assert!(arrivals.iter().all(|one| one.journey == Journey::Order));
    }

    #[test]
    fn a_rate_beyond_one_process_takes_several() {
        assert_eq!(run(&["constant", "--rate", "1000"]).plan.workers, 1);
        assert!(run(&["constant", "--rate", "1000", "--workers", "3"]).plan.workers == 3);
    }
}
