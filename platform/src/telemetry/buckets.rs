//! Upper bounds of the histograms' buckets. What is not named here is a time of at most seconds.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

/// Seconds, from a script call to a slow payment.
const SECONDS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];
/// Seconds that somebody waits who is told by a notification. A minute is promised.
const SECONDS_OF_WAITING: [f64; 12] =
    [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Things that went together: up to the most that may.
const COUNTS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Gives every histogram its buckets.
pub(super) fn set(builder: PrometheusBuilder) -> Result<PrometheusBuilder, BuildError> {
    let of = |name: &str| Matcher::Full(name.to_owned());
    builder
        .set_buckets(&SECONDS)?
        .set_buckets_for_metric(of("holdfast_payments_event_seconds"), &SECONDS_OF_WAITING)?
        .set_buckets_for_metric(of("holdfast_hold_call_holds"), &COUNTS[..7])?
        .set_buckets_for_metric(of("holdfast_ledger_group_operations"), &COUNTS)
}
