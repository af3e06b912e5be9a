//! Keeps the mirrors of the events in use up with their delta streams, and checks each against a
//! full read now and then.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Ticks;
use crate::{Inventory, meters};

const POLL_EVERY: Duration = Duration::from_millis(100);
/// Polls between two checks: some five seconds.
const POLLS_PER_CHECK: u32 = 50;

pub(super) async fn run(inventory: Inventory, shutdown: CancellationToken) {
    let mut ticks = Ticks::every(POLL_EVERY, shutdown);
    let mut polls = 0;
    while ticks.next().await {
        polls = (polls + 1) % POLLS_PER_CHECK;
        let works = inventory.partitions_in_use();
        works.iter().for_each(|work| work.start_refresh(false, polls == 0));
        let ages = works.iter().map(|work| work.refreshed_ago_ms());
        meters::mirror_age(ages.max().unwrap_or(0));
    }
}
