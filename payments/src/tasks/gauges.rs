//! How much waits, and for how long: shown to operators, decides nothing.

use std::time::Duration;

use domain::time::Timestamp;
use metrics::gauge;

use super::{Round, Worker};
use crate::Payments;

pub(crate) struct Gauges(pub Payments);

impl Worker for Gauges {
    const NAME: &'static str = "gauges";
    const IDLE: Duration = Duration::from_secs(5);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let (waiting, quarantined) = self.0.ledger.inbox_counts().await?;
        gauge!("holdfast_payments_inbox_waiting").set(waiting as f64);
        gauge!("holdfast_payments_inbox_quarantined").set(quarantined as f64);
        let oldest = self.0.ledger.inbox_oldest().await?;
        gauge!("holdfast_payments_inbox_oldest_age_seconds").set(self.age_seconds(oldest));
        let outbox = self.0.ledger.outbox_waiting().await?;
        for kind in ledger::OutboxKind::PAYMENTS {
            let found = outbox.iter().find(|found| found.kind == kind);
            gauge!("holdfast_payments_outbox_waiting", "kind" => kind.as_str())
                .set(found.map_or(0, |found| found.rows) as f64);
            gauge!("holdfast_payments_outbox_oldest_age_seconds", "kind" => kind.as_str())
                .set(self.age_seconds(found.map(|found| found.oldest)));
        }
        Ok(Round::Idle)
    }
}

impl Gauges {
    /// 0 while nothing waits.
    fn age_seconds(&self, oldest: Option<Timestamp>) -> f64 {
        oldest.map_or(0.0, |oldest| self.0.seconds_since(oldest))
    }
}
