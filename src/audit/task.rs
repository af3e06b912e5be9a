//! Audits once a minute, in one process of all, and shows operators what was found.
//!
//! Reads only, besides its lease. Whoever audits by hand changes nothing here: what one event's
//! audit finds says nothing of the others.

use std::{sync::Arc, time::Duration};

use domain::time::Clock;
use ledger::Ledger;
use metrics::gauge;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{Report, Seats, audit, report::Outcome};

const EVERY: Duration = Duration::from_secs(60);
/// Renewed each minute; after a kill another process audits within this and a minute.
const LEASE_MS: i64 = 150_000;
const LEASE: &str = "audit";
/// One that takes longer is given up, before the lease ends.
const AUDIT_WITHIN: Duration = Duration::from_secs(120);
/// A large sale is audited less often: at most this share of the time goes into it.
const SHARE_OF_TIME: u32 = 10;
/// Minutes without an audit at most, below what `AuditMissing` waits for.
const REST_MAX: u32 = 5;

/// Until `ending`. Dropped at any step it leaves nothing but a lease that runs out.
pub async fn run(
    ledger: Ledger,
    seats: Arc<Seats>,
    clock: Arc<dyn Clock>,
    ending: CancellationToken,
) {
    let owner = platform::random::token();
    tokio::select! {
        () = ending.cancelled() => {}
        () = audit_each_minute(&ledger, &seats, &*clock, &owner) => {}
    }
    // At once, so that the next one need not wait.
    let _ = ledger.release_lease(LEASE, &owner).await;
}

async fn audit_each_minute(ledger: &Ledger, seats: &Seats, clock: &dyn Clock, owner: &str) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut shown = None;
    let mut rest = 0;
    loop {
        ticks.tick().await;
        match ledger.acquire_lease(LEASE, owner, LEASE_MS).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                // Another process knows better by now.
                if let Some(report) = shown.take() {
                    show(&report, |_| 0);
                }
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "the audit could not be made");
                continue;
            }
        }
        if rest > 0 {
            rest -= 1;
            continue;
        }
        let began = Instant::now();
        match timeout(AUDIT_WITHIN, audit(ledger, seats, None, clock)).await {
            Ok(Ok(report)) => {
                show(&report, |violations| violations);
                log_violations(&report);
                gauge!("holdfast_audit_completed_timestamp_seconds")
                    .set(clock.now().as_millis() as f64 / 1_000.0);
                shown = Some(report);
            }
            Ok(Err(error)) => {
                tracing::warn!(error = format!("{error:#}"), "the audit could not be made");
            }
            Err(_) => tracing::warn!("the audit could not be made: it takes too long"),
        }
        rest = minutes_of_rest(began.elapsed());
    }
}

/// After an audit that took so long.
fn minutes_of_rest(took: Duration) -> u32 {
    let minutes = (took * SHARE_OF_TIME).as_secs() / EVERY.as_secs();
    u32::try_from(minutes).unwrap_or(REST_MAX).min(REST_MAX)
}

/// One series an invariant, also while it holds; what was not checked has none.
fn show(report: &Report, value: impl Fn(usize) -> usize) {
    for check in report.checks.iter().filter(|check| check.outcome != Outcome::NotChecked) {
        gauge!("holdfast_audit_violations", "invariant" => check.invariant.clone())
            .set(value(check.violations.len()) as f64);
    }
}

fn log_violations(report: &Report) {
    for check in report.checks.iter().filter(|check| check.outcome == Outcome::Violated) {
        tracing::error!(
            invariant = check.invariant,
            violations = check.violations.len(),
            "an invariant is violated; a person has to look"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_audit_is_followed_by_a_long_rest_and_never_by_too_long_a_one() {
        let rests = [0, 5, 6, 13, 119].map(|took| minutes_of_rest(Duration::from_secs(took)));
        assert_eq!(rests, [0, 0, 1, 2, REST_MAX]);
    }
}
