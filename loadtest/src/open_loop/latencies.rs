//! A histogram of times in microseconds, three digits exact, that can be added to others.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Two minutes: longer than anybody is waited for.
const MICROS_MAX: u64 = 120_000_000;
const DIGITS: u8 = 3;

/// As text: pairs of a time and how often it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, MICROS_MAX, DIGITS).expect("the bounds are good"))
    }
}

impl Latencies {
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(MICROS_MAX));
    }

    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds that `percent` of all do not exceed; 0 of none.
    pub fn millis_at(&self, percent: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.value_at_percentile(percent) as f64 / 1e3
    }
}

impl From<Latencies> for Vec<(u64, u64)> {
    fn from(latencies: Latencies) -> Self {
        let recorded = latencies.0.iter_recorded();
        recorded.map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
    }
}

impl From<Vec<(u64, u64)>> for Latencies {
    fn from(pairs: Vec<(u64, u64)>) -> Self {
        let mut latencies = Self::default();
        for (micros, count) in pairs {
            latencies.0.saturating_record_n(micros, count);
        }
        latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_several_are_those_of_all_their_times() {
        let mut sum = Latencies::default();
        for first in [1, 501] {
            let mut some = Latencies::default();
            (first..first + 500).for_each(|ms| some.record(Duration::from_millis(ms)));
            let text = serde_json::to_string(&some).expect("plain numbers");
            sum.add(&serde_json::from_str(&text).expect("what was just written"));
        }
        assert_eq!(sum.count(), 1_000);
        for (percent, millis) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1_000.0)] {
            let found = sum.millis_at(percent);
            assert!((found - millis).abs() / millis < 0.002, "{found} at {percent} %");
        }
    }

    #[test]
    fn what_is_beyond_all_bounds_is_counted_at_the_bound() {
        let mut one = Latencies::default();
        one.record(Duration::from_secs(100_000));
        assert_eq!(one.count(), 1);
        assert!(one.millis_at(100.0) >= 119_000.0);
        assert_eq!(Latencies::default().millis_at(99.0), 0.0);
    }
}
