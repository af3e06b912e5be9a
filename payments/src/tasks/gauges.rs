//! How much waits: shown to operators, decides nothing.

use std::time::Duration;

use super::{Round, Worker};
use crate::Payments;

pub(crate) struct Gauges(pub Payments);

impl Worker for Gauges {
    const NAME: &'static str = "gauges";
    const IDLE: Duration = Duration::from_secs(5);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let (waiting, quarantined) = self.0.ledger.inbox_counts().await?;
        metrics::gauge!("holdfast_payments_inbox_waiting").set(waiting as f64);
        metrics::gauge!("holdfast_payments_inbox_quarantined").set(quarantined as f64);
        let counts = self.0.ledger.outbox_counts().await?;
        for kind in ledger::OutboxKind::PAYMENTS {
            let waiting = counts.iter().find(|(found, _)| *found == kind).map_or(0, |row| row.1);
            metrics::gauge!("holdfast_payments_outbox_waiting", "kind" => kind.as_str())
                .set(waiting as f64);
        }
        Ok(Round::Idle)
    }
}
