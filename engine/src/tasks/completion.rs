//! Completes events that have started. Of several processes that look at once the ledger lets one
//! complete each event; the others see it within the second for which they keep an event.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Engine;

const EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(engine: Arc<Engine>, shutdown: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => complete(&engine).await,
        }
    }
}

async fn complete(engine: &Engine) {
    match engine.ledger.complete_started_events().await {
        Ok(completed) => {
            for event in completed {
                engine.inventory.forget(&event);
                tracing::info!(%event, "the event has started and is completed");
            }
        }
        Err(error) => tracing::warn!(%error, "started events were not completed"),
    }
}
