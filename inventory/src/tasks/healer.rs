//! Compares the claims in the store with those of the ledger, and lays what is missing. The outbox
//! should leave nothing to do here: whatever is found is counted.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::Inventory;

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(inventory.core.settings.heal_every, shutdown);
    while ticks.next().await {
        let works = inventory.partitions_in_use();
        join_all(works.iter().map(|work| work.heal())).await;
    }
}
