//! The stores that the settings name, opened.

use std::{fs::File, sync::Arc};

use anyhow::{Context, Result};
use domain::time::Clock;
use inventory::{Inventory, InventorySettings};
use ledger::Ledger;
use lua::Store;
use platform::{Settings, failpoint};

/// Inventory and ledger of a process.
pub struct Stores {
    pub seats: Store,
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
}

impl Stores {
    /// Opens both, with the schema up to date.
    pub async fn connect(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let ledger = ledger(settings, clock.clone()).await?;
        ledger.migrate().await.context("the database's schema cannot be brought up to date")?;
        let seats = seats(settings, clock.clone()).await?;
        Ok(Self { seats, ledger, clock })
    }

    /// Two processes with an in-process store would each sell the whole house to their own buyers:
    /// the data directory belongs to one of them while the file lives.
    pub fn lock_data_dir(&self, settings: &Settings) -> Result<Option<File>> {
        if !self.seats.is_in_process() {
            return Ok(None);
        }
        let path = settings.data_dir.join("lock");
        let file = File::options().create(true).append(true).open(&path)?;
        file.try_lock().with_context(|| {
            format!(
                "another process sells from {}; several share a Redis (HOLDFAST_REDIS_URL)",
                settings.data_dir.display()
            )
        })?;
        Ok(Some(file))
    }

    pub fn inventory(&self) -> Inventory {
        let settings =
            InventorySettings { sweep: !failpoint::is_chosen("no_sweep"), ..Default::default() };
        Inventory::new(self.seats.clone(), self.ledger.clone(), self.clock.clone(), settings)
    }
}

/// The ledger alone, its schema as it is.
pub async fn ledger(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Ledger> {
    Ledger::connect(settings.database_url.expose(), &settings.data_dir, clock)
        .await
        .context("the ledger (HOLDFAST_DATABASE_URL) cannot be opened")
}

/// The inventory's store alone.
pub async fn seats(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Store> {
    Store::connect(settings.redis_url.expose(), clock)
        .await
        .context("the inventory's store (HOLDFAST_REDIS_URL) cannot be opened")
}
