//! An event's seats at work: who may try for which seat, and what everybody sees.
//!
//! For `engine` (holds, availability) and `payments` (what an order's end means for its seats).
//! Relies on `lua` for every decision about a seat, on `ledger` for the truth about claims, and on
//! `domain` for the chart and the search. Never decides from memory: the mirror proposes, the script
//! disposes (DESIGN: deciders). Knows neither HTTP nor labels.
//!
//! What is long and rare (a recovery, a refresh, telling claims) is boxed, so that the crates above do
//! not compile it anew; see `lua`'s store.

mod answers;
mod catalogue;
mod claims;
mod clicks;
mod combining;
mod error;
mod following;
mod healing;
mod holds;
mod meters;
mod mirror;
mod partition;
mod passes;
mod proposing;
mod recovery;
mod refreshing;
mod shared;
mod tasks;

use std::{sync::Arc, time::Duration};

use domain::time::Clock;
use ledger::Ledger;
use lua::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use answers::{
    BestAvailable, BlockAnswer, ChangeAnswer, ExtendAnswer, HoldAnswer, HoldWish, ReadAnswer,
    ReleaseAnswer, SeatWish, View,
};
pub use catalogue::EventAtWork;
pub use claims::Settled;
pub use error::{Part, Unavailable};
pub use following::{Changes, FollowedSeats, Following};

/// What a test may want otherwise.
#[derive(Clone, Debug)]
pub struct InventorySettings {
    /// Off: nothing tidies expired holds in the background. Their seats are free all the same; only
    /// the map tells it later.
    pub sweep: bool,
    /// Off: outbox rows wait until somebody calls [`Inventory::settle_order`].
    pub outbox: bool,
    /// How often the ledger's claims are compared with the store's.
    pub heal_every: Duration,
    /// How often the store is asked whether a fail-over happened.
    pub watch_every: Duration,
}

impl Default for InventorySettings {
    fn default() -> Self {
        Self {
            sweep: true,
            outbox: true,
            heal_every: Duration::from_secs(30),
            watch_every: Duration::from_secs(1),
        }
    }
}

/// The inventories of all events, as this process works on them. Cheap to clone.
#[derive(Clone)]
pub struct Inventory {
    core: Arc<Core>,
}

struct Core {
    stores: Arc<Stores>,
    settings: InventorySettings,
    catalogue: catalogue::Catalogue,
    partitions: partition::Partitions,
}

/// Everything outside this process.
struct Stores {
    store: Store,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    /// Names this process in leases.
    owner: String,
}

impl Inventory {
    /// Touches neither store: each event's inventory is adopted, or laid if there is none, at its
    /// first use. Must be called within a tokio runtime from which it is used.
    ///
    /// # Panics
    /// When the system has no randomness for the process's name.
    pub fn new(
        store: Store,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        settings: InventorySettings,
    ) -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system has randomness");
        let owner = format!("inventory-{:016x}", u64::from_be_bytes(random));
        let core = Core {
            stores: Arc::new(Stores { store, ledger, clock, owner }),
            settings,
            catalogue: catalogue::Catalogue::default(),
            partitions: partition::Partitions::default(),
        };
        Self { core: Arc::new(core) }
    }

    /// Starts the work in the background: following the events in use, sweeping, the outbox, healing,
    /// the watch for fail-overs. All of it may run in many processes at once. Ends with `shutdown`.
    pub fn spawn_tasks(&self, shutdown: CancellationToken, tasks: &TaskTracker) {
        tasks::spawn(self, shutdown, tasks);
    }
}

impl std::fmt::Debug for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inventory")
    }
}
