//! What a run is to do: who comes when, and where to.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::{journey::Journey, random::Random};

/// People of one journey who come in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wave {
    pub journey: Journey,
    pub profile: Profile,
    /// Later than the run's beginning by so much.
    pub offset_seconds: f64,
}

/// A run, as each of its processes is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// On the loopback.
    pub address: SocketAddr,
    /// Events of `pairs_in_event` pairs of seats each, sold one after the other.
    pub events: Vec<String>,
    pub pairs_in_event: usize,
    /// Signed places in the first event's line; the place's number is its owner's.
    pub places: Vec<String>,
    pub waves: Vec<Wave>,
    pub seconds: f64,
    /// At the beginning, not counted.
    pub warm_up_seconds: f64,
    pub seed: u64,
    /// Opened before the run, by all processes together; more are opened when people have to wait.
    pub connections: usize,
    pub workers: usize,
}

/// Somebody who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// From the beginning of the run.
    pub at: Duration,
    pub journey: Journey,
    /// No two of a run have the same one; those who take seats have the lowest.
    pub number: usize,
}

impl Arrival {
    fn takes_seats(&self) -> bool {
        matches!(self.journey, Journey::Hold | Journey::Order | Journey::Ticket)
    }
}

impl Plan {
    /// Everybody, in order of time.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for (place, wave) in self.waves.iter().enumerate() {
            let mut random = Random::new(self.seed.wrapping_add(place as u64));
            let offset = Duration::from_secs_f64(wave.offset_seconds);
            let times = wave.profile.arrivals(self.seconds - wave.offset_seconds, &mut random);
            let journey = wave.journey;
            arrivals.extend(times.into_iter().map(|at| Arrival {
                at: at + offset,
                journey,
                number: 0,
            }));
        }
        arrivals.sort_by_key(|arrival| arrival.at);
        let (takers, others): (Vec<_>, Vec<_>) =
            arrivals.iter_mut().partition(|arrival| arrival.takes_seats());
        for (number, arrival) in takers.into_iter().chain(others).enumerate() {
            arrival.number = number;
        }
        arrivals
    }

    /// Those whom one of the processes sends.
    pub fn arrivals_of(&self, worker: usize) -> Vec<Arrival> {
        let is_mine = |arrival: &Arrival| arrival.number % self.workers == worker;
        self.arrivals().into_iter().filter(is_mine).collect()
    }

    /// How many people want seats.
    pub fn pairs(&self) -> usize {
        self.arrivals().iter().filter(|arrival| arrival.takes_seats()).count()
    }

    /// The event and the two neighbours that somebody wants: nobody else's, scattered over the hall.
    pub fn seats(&self, number: usize) -> (&str, [usize; 2]) {
        // A prime: no pair comes twice.
        let pair = number % self.pairs_in_event * 7_919 % self.pairs_in_event * 2;
        let event = &self.events[number / self.pairs_in_event % self.events.len()];
        (event, [pair, pair + 1])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn plan() -> Plan {
        let wave = |journey, offset_seconds| Wave {
            journey,
            profile: Profile::Bursts { people: 300, within_seconds: 0.1, every_seconds: 1.0 },
            offset_seconds,
        };
        Plan {
            address: "127.0.0.1:1".parse().expect("an address"),
            events: vec!["a".into(), "b".into()],
            pairs_in_event: 1_000,
            places: Vec::new(),
            waves: vec![wave(Journey::Hold, 0.0), wave(Journey::Availability, 0.5)],
            seconds: 3.0,
            warm_up_seconds: 0.0,
            seed: 7,
            connections: 10,
            workers: 2,
        }
    }

    #[test]
    fn no_two_people_want_the_same_seats() {
        let plan = plan();
        let wanted: HashSet<_> = (0..2_000).map(|number| plan.seats(number)).collect();
        assert_eq!(wanted.len(), 2_000);
        assert!(wanted.iter().all(|(_, seats)| seats[1] < 2_000));
    }

    #[test]
    fn everybody_is_sent_by_exactly_one_process() {
        let plan = plan();
        let mut sent: Vec<_> = (0..2).flat_map(|worker| plan.arrivals_of(worker)).collect();
        sent.sort_by_key(|arrival| arrival.number);
        let mut everybody = plan.arrivals();
        everybody.sort_by_key(|arrival| arrival.number);
        assert_eq!(sent, everybody);
        assert_eq!(sent.len(), 1_800);
        assert_eq!(plan.pairs(), 900);
    }

    #[test]
    fn a_later_wave_comes_between() {
        let arrivals = plan().arrivals();
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
        let journeys: Vec<_> = arrivals.iter().step_by(300).map(|one| one.journey).collect();
        let (hold, look) = (Journey::Hold, Journey::Availability);
        assert_eq!(journeys, [hold, look, hold, look, hold, look]);
        let takers = arrivals.iter().filter(|arrival| arrival.takes_seats());
        assert!(takers.map(|arrival| arrival.number).eq(0..900), "they have the lowest numbers");
    }
}
