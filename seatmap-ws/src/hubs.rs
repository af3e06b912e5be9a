//! The hubs of the events that somebody watches.

use std::sync::Arc;

use dashmap::DashMap;
use domain::id::EventId;
use inventory::{EventAtWork, Unavailable};
use tokio::sync::OnceCell;

use crate::{SeatmapWs, hub::Hub};

#[derive(Default)]
pub(crate) struct Hubs {
    /// The cell is filled by the first socket, while others wait for it.
    by_event: DashMap<EventId, Arc<OnceCell<Arc<Hub>>>>,
}

impl Hubs {
    pub(crate) fn all(&self) -> Vec<Arc<Hub>> {
        self.by_event.iter().filter_map(|cell| cell.get().cloned()).collect()
    }
}

impl SeatmapWs {
    /// The hub of an event; started when there is none.
    pub(crate) async fn hub(
        self: &Arc<Self>,
        event: &Arc<EventAtWork>,
    ) -> Result<Arc<Hub>, Unavailable> {
        let cell = self.hubs.by_event.entry(event.event.id.clone()).or_default().clone();
        let hub = cell.get_or_try_init(|| self.start_hub(event)).await;
        if hub.is_err() {
            self.forget(&event.event.id, &cell);
        }
        hub.cloned()
    }

    async fn start_hub(
        self: &Arc<Self>,
        event: &Arc<EventAtWork>,
    ) -> Result<Arc<Hub>, Unavailable> {
        let (meters, timing) = (self.meters.clone(), self.settings.timing);
        let hub = Hub::start(&self.inventory, event, meters, timing).await?;
        for shard in hub.shards() {
            let (shard, hub) = (shard.clone(), hub.clone());
            self.tasks.spawn(async move { shard.run(&hub).await });
        }
        let (maps, running) = (self.clone(), hub.clone());
        self.tasks.spawn(async move {
            running.run(maps.ending.clone()).await;
            maps.forget_retired();
        });
        Ok(hub)
    }

    /// A hub that is over makes room for a new one.
    pub(crate) fn forget_retired(&self) {
        let is_over =
            |cell: &Arc<OnceCell<Arc<Hub>>>| cell.get().is_some_and(|hub| hub.is_retired());
        self.hubs.by_event.retain(|_, cell| !is_over(cell));
    }

    fn forget(&self, id: &EventId, failed: &Arc<OnceCell<Arc<Hub>>>) {
        self.hubs
            .by_event
            .remove_if(id, |_, cell| Arc::ptr_eq(cell, failed) && !cell.initialized());
    }
}
