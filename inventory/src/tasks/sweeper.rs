//! Tidies holds past their deadline and so tells the map about them. Nothing depends on it: the
//! scripts judge deadlines themselves.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::Inventory;

const SWEEP_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(SWEEP_EVERY, shutdown);
    while ticks.next().await {
        let works = inventory.partitions_in_use();
        works.iter().for_each(|work| work.start_refresh(true, false));
    }
}
