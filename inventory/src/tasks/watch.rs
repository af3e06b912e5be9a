//! Watches for fail-overs: a server that became a master has a new replication id, and may lack
//! writes that its predecessor acknowledged.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::{Inventory, recovery::Loss};

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut known: Option<BTreeSet<String>> = None;
    let mut ticks = Ticks::every(inventory.core.settings.watch_every, shutdown);
    while ticks.next().await {
        let ids: BTreeSet<String> = match inventory.core.stores.store.replication_ids().await {
            Ok(ids) => ids.into_iter().collect(),
            Err(error) => {
                tracing::debug!(%error, "replication ids cannot be read");
                continue;
            }
        };
        let Some(before) = &known else {
            known = Some(ids);
            continue;
        };
        if ids.is_subset(before) {
            continue;
        }
        tracing::warn!("the store failed over: the inventories known here are laid anew");
        if rebuild_all(&inventory).await {
            known = Some(ids);
        }
    }
}

/// Whether every event known here has a new epoch; the rest is tried again with the next tick.
async fn rebuild_all(inventory: &Inventory) -> bool {
    let works = inventory.partitions();
    let rebuilds = works.iter().map(|work| async move {
        let ours = work.mirror().epoch();
        // Not used yet: its first use compares with the ledger.
        ours == 0 || work.recover(Loss::FailedOver { ours }).await.is_ok()
    });
    join_all(rebuilds).await.into_iter().all(|done| done)
}
