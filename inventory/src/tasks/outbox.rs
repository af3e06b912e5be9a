//! Does the outbox's rows of the inventory: claims to promote, to sell, to release. Also ends the
//! orders whose hold turns out to be given back.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::id::OrderId;
use ledger::{OutboxKind, OutboxRow};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Ticks;
use crate::{Inventory, Unavailable, meters};

/// How often operators are told what waits.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How soon rows of other processes are found; this process's own wake the worker at once.
const POLL_EVERY: Duration = Duration::from_millis(500);
const ROWS_PER_LEASE_MAX: u32 = 128;
/// Longer than a rebuild.
const LEASE_MS: i64 = 20_000;
const RETRY_MS_MIN: i64 = 200;
const RETRY_MS_MAX: i64 = 5_000;

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    // Beside the work, which ticks only when it has caught up.
    tokio::join!(work(&inventory, shutdown.clone()), measure(&inventory, shutdown));
}

async fn measure(inventory: &Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(MEASURE_EVERY, shutdown);
    while ticks.next().await {
        match inventory.core.stores.ledger.outbox_waiting().await {
            Ok(waiting) => meters::outbox_waiting(&waiting),
            Err(error) => tracing::debug!(%error, "the outbox cannot be counted"),
        }
    }
}

async fn work(inventory: &Inventory, shutdown: CancellationToken) {
    let mut queued = inventory.core.stores.ledger.outbox_notify();
    let mut ticks = Ticks::every(POLL_EVERY, shutdown.clone());
    loop {
        while inventory.work_outbox().await {
            if shutdown.is_cancelled() {
                return;
            }
        }
        tokio::select! {
            goes_on = ticks.next() => if !goes_on { return },
            changed = queued.changed() => if changed.is_err() { return },
        }
    }
}

impl Inventory {
    /// One lease of rows; whether there may be more that can be done at once.
    async fn work_outbox(&self) -> bool {
        let (ledger, owner) = (&self.core.stores.ledger, &self.core.stores.owner);
        let leased =
            ledger.outbox_lease(&OutboxKind::INVENTORY, owner, ROWS_PER_LEASE_MAX, LEASE_MS).await;
        let rows = match leased {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                return false;
            }
        };
        if rows.is_empty() {
            return false;
        }
        // Done together, in the trace of the first; those of the others refer to it.
        let span = rows[0].span();
        for row in &rows[1..] {
            row.span().follows_from(&span);
        }
        let outcomes = self.outcomes(&rows).instrument(span).await;
        let told = |row: &OutboxRow| outcomes.get(&row.order).copied();
        let (done, failed): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| matches!(told(row), Some(Ok(_))));
        let ids: Vec<String> = done.iter().map(|row| row.id.clone()).collect();
        if let Err(error) = ledger.outbox_done_all(&ids).await {
            // Their lease runs out, and doing them again is harmless.
            tracing::warn!(%error, "outbox rows cannot be finished");
            return false;
        }
        meters::outbox_retried(failed.len());
        for row in &failed {
            let part = told(row).and_then(Result::err).unwrap_or(Unavailable::DATABASE).part;
            let after = RETRY_MS_MIN << row.attempts.min(10);
            let after = after.min(RETRY_MS_MAX);
            if let Err(error) = ledger.outbox_retry(&row.id, part.as_str(), after).await {
                tracing::warn!(%error, "an outbox row cannot be given back");
            }
        }
        !done.is_empty()
    }

    /// What became of each order that some row is about.
    async fn outcomes(&self, rows: &[OutboxRow]) -> HashMap<OrderId, Result<(), Unavailable>> {
        let ids: HashSet<&OrderId> = rows.iter().map(|row| &row.order).collect();
        let ids: Vec<&OrderId> = ids.into_iter().collect();
        let mut outcomes: HashMap<OrderId, Result<(), Unavailable>> =
            ids.iter().map(|id| ((*id).clone(), Err(Unavailable::DATABASE))).collect();
        let Ok(orders) = self.read_orders(&ids).await else { return outcomes };
        let known: HashSet<&OrderId> = orders.iter().map(|order| &order.id).collect();
        for unknown in ids.iter().filter(|id| !known.contains(*id)) {
            tracing::error!(order = %unknown, "an outbox row without an order");
        }
        let told = self.tell(orders).await;
        outcomes.extend(told.into_iter().map(|(order, told)| (order, told.map(drop))));
        outcomes
    }
}
