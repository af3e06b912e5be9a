//! Work in the background. Every task may run in many processes at once, may be cut at any step and
//! may do its work twice.

mod following;
mod healer;
mod outbox;
mod sweeper;
mod watch;

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Inventory, meters};

pub(crate) fn spawn(inventory: &Inventory, shutdown: CancellationToken, tasks: &TaskTracker) {
    meters::register_rare();
    let settings = &inventory.core.settings;
    let start = || (inventory.clone(), shutdown.clone());
    let (work, stop) = start();
    tasks.spawn(following::run(work, stop));
    let (work, stop) = start();
    tasks.spawn(healer::run(work, stop));
    let (work, stop) = start();
    tasks.spawn(watch::run(work, stop));
    if settings.sweep {
        let (work, stop) = start();
        tasks.spawn(sweeper::run(work, stop));
    }
    if settings.outbox {
        let (work, stop) = start();
        tasks.spawn(outbox::run(work, stop));
    }
}

/// Ticks every `period` until shutdown; ticks that come late are skipped.
struct Ticks {
    interval: tokio::time::Interval,
    shutdown: CancellationToken,
}

impl Ticks {
    fn every(period: Duration, shutdown: CancellationToken) -> Self {
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { interval, shutdown }
    }

    /// False when it is time to end.
    async fn next(&mut self) -> bool {
        tokio::select! {
            () = self.shutdown.cancelled() => false,
            _ = self.interval.tick() => true,
        }
    }
}
