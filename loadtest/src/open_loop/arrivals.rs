//! When people come.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// How a crowd comes. Rates are people a second, and average: the gaps are a Poisson process's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    Constant {
        rate: f64,
    },
    /// From one rate to another, evenly over the run.
    Ramp {
        from: f64,
        to: f64,
    },
    /// So many people each `every_seconds`, somewhere within `within_seconds`; 0: in one instant.
    Bursts {
        people: usize,
        within_seconds: f64,
        every_seconds: f64,
    },
}

impl Profile {
    /// From the beginning of a run that lasts `seconds`, in order.
    pub fn arrivals(&self, seconds: f64, random: &mut Random) -> Vec<Duration> {
        let times = match *self {
            Self::Constant { rate } => ramp(rate, rate, seconds, random),
            Self::Ramp { from, to } => ramp(from, to, seconds, random),
            Self::Bursts { people, within_seconds, every_seconds } => {
                let bursts = (seconds / every_seconds).ceil() as usize;
                let begin = |burst: usize| burst as f64 * every_seconds;
                let bursts = (0..bursts).map(begin).filter(|begin| *begin < seconds);
                bursts
                    .flat_map(|begin| vec![begin; people])
                    .map(|begin| begin + random.share() * within_seconds)
                    .collect()
            }
        };
        let mut times: Vec<Duration> = times.into_iter().map(Duration::from_secs_f64).collect();
        times.sort_unstable();
        times
    }
}

/// The arrivals of a process whose rate changes evenly. Until time t there come `from * t + slope *
/// t² / 2` people on average; a process of rate 1, read on that scale, is the one that is wanted.
fn ramp(from: f64, to: f64, seconds: f64, random: &mut Random) -> Vec<f64> {
    let slope = (to - from) / seconds;
    let mut people = 0.0;
    let mut times = Vec::new();
    loop {
        people += random.gap();
        let root = (from * from + 2.0 * slope * people).max(0.0).sqrt();
        // The form of the quadratic's solution that is also good for a slope of none.
        let time = 2.0 * people / (from + root);
        // A falling rate that has come to nothing brings nobody any more.
        if !time.is_finite() || time >= seconds || root == 0.0 {
            return times;
        }
        times.push(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(times: &[Duration], from: f64, to: f64) -> usize {
        times.iter().filter(|time| (from..to).contains(&time.as_secs_f64())).count()
    }

    #[test]
    fn a_constant_crowd_comes_at_its_rate_with_the_gaps_of_chance() {
        let times = Profile::Constant { rate: 1_000.0 }.arrivals(60.0, &mut Random::new(1));
        assert!((59_000..61_000).contains(&times.len()), "{}", times.len());
        let gaps: Vec<f64> =
            times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        // Of exponential gaps, a share of 1/e is above the mean.
        let above = gaps.iter().filter(|gap| **gap > 0.001).count() as f64 / gaps.len() as f64;
        assert!((0.35..0.39).contains(&above), "{above}");
    }

    #[test]
    fn a_ramp_brings_more_people_later() {
        let times = Profile::Ramp { from: 0.0, to: 2_000.0 }.arrivals(10.0, &mut Random::new(2));
        assert!((9_700..10_300).contains(&times.len()), "{}", times.len());
        // A quarter of all in the first half.
        assert!((2_300..2_700).contains(&within(&times, 0.0, 5.0)));
        let falling = Profile::Ramp { from: 2_000.0, to: 0.0 }.arrivals(10.0, &mut Random::new(2));
        assert!((7_200..7_800).contains(&within(&falling, 0.0, 5.0)));
    }

    #[test]
    fn a_burst_brings_everybody_within_its_time() {
        let everybody = |within_seconds| {
            let burst = Profile::Bursts { people: 500, within_seconds, every_seconds: 2.0 };
            burst.arrivals(6.0, &mut Random::new(3))
        };
        let instant = everybody(0.0);
        assert_eq!(instant.len(), 1_500);
        assert!(instant.iter().all(|time| [0, 2_000, 4_000].contains(&time.as_millis())));
        let spread = everybody(1.0);
        assert_eq!(within(&spread, 2.0, 3.0 + 1e-6), 500);
        assert!(spread.is_sorted());
    }

    #[test]
    fn the_same_seed_brings_the_same_people() {
        let of = |seed| Profile::Constant { rate: 50.0 }.arrivals(5.0, &mut Random::new(seed));
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }
}
