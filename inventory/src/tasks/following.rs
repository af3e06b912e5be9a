//! Keeps the mirrors of the events in use up with their delta streams, and checks each against a
//! full read now and then.

use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::{Inventory, meters};

const POLL_EVERY: Duration = Duration::from_millis(75);
/// Polls between two checks: some five seconds.
const POLLS_PER_CHECK: u32 = 66;

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(POLL_EVERY, shutdown);
    let mut polls = 0;
    while ticks.next().await {
        polls = (polls + 1) % POLLS_PER_CHECK;
        let works = inventory.partitions_in_use();
        let follow = works.iter().map(|work| async move {
            // What failed was logged where it failed; the next poll tries again.
            let _ = if polls == 0 { work.refresh_checked().await } else { work.poll().await };
        });
        join_all(follow).await;
        let ages = works.iter().map(|work| work.refreshed_ago_ms());
        meters::mirror_age(ages.max().unwrap_or(0));
    }
}
