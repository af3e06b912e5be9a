//! Whether new holds of an event need a pass: the ledger's event says so, the store's flag does it.
//!
//! The flag stands in the head of the seats, so that the script that decides about a hold sees both
//! at one moment. It is laid with every rebuild; whoever switches the queue lays it at once, and
//! healing lays it where that was lost.

use std::sync::Arc;

use crate::{EventAtWork, Inventory, Unavailable, partition::PartitionAtWork};

impl Inventory {
    /// Lets new holds need a pass from now on, or not any more; for whoever has changed the event
    /// in the ledger. Holds that are made already go on.
    ///
    /// # Errors
    /// Any part; healing lays what the ledger says then.
    pub async fn require_pass(
        &self,
        event: &EventAtWork,
        required: bool,
    ) -> Result<(), Unavailable> {
        self.at_work(event).require_pass(required).await
    }
}

impl PartitionAtWork {
    pub(crate) async fn require_pass(self: &Arc<Self>, required: bool) -> Result<(), Unavailable> {
        let (store, partition) = (&self.stores.store, &self.partition);
        let script = |epoch| store.require_pass(partition, epoch, required);
        self.call("require_pass", script, |()| None).await?;
        Ok(())
    }

    /// What the ledger says.
    pub(crate) async fn pass_is_required(&self) -> Result<bool, Unavailable> {
        let event = self.stores.ledger.event(&self.partition.event).await;
        let event = event.map_err(|error| Unavailable::database("read an event", error))?;
        Ok(event.is_some_and(|event| event.queue.enabled))
    }

    /// Lays the flag where it differs from the ledger's.
    pub(crate) async fn heal_pass_flag(self: &Arc<Self>, stands: bool) -> Result<(), Unavailable> {
        let required = self.pass_is_required().await?;
        if required != stands {
            tracing::warn!(event = %self.partition.event, required, "the pass flag is laid again");
            self.require_pass(required).await?;
        }
        Ok(())
    }
}
