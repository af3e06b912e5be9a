//! Watches for fail-overs: a server that became a master has a new replication id, and may lack
//! writes that its predecessor acknowledged.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::{Inventory, recovery::Loss};

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(inventory.core.settings.watch_every, shutdown);
    while ticks.next().await {
        let masters = match inventory.core.stores.store.replication_ids().await {
            Ok(masters) => masters,
            Err(error) => {
                tracing::debug!(%error, "replication ids cannot be read");
                continue;
            }
        };
        let works = inventory.partitions().into_iter();
        let recoveries = works.filter(|work| work.was_laid_elsewhere(&masters)).map(async |work| {
            let ours = work.mirror().epoch();
            // What failed was logged where it failed; the next tick tries again.
            let _ = work.recover(Loss::FailedOver { ours }).await;
        });
        join_all(recoveries).await;
    }
}
