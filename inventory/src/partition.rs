//! One partition of an event's inventory as this process works on it: its mirror, its queue, and
//! the way every script call goes (epoch in, loss noticed, recovery, once more).

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use dashmap::DashMap;
use domain::{id::EventId, time::Timestamp};
use lua::{Partition, Reply};
use tokio::sync::mpsc;

use crate::{
    EventAtWork, Inventory, Stores, Unavailable,
    clicks::Clicks,
    combining::{self, Waiting},
    healing::Stuck,
    mirror::Mirror,
    recovery::Loss,
    shared::Shared,
};

/// An event nobody has asked about for so long is no longer followed; its mirror catches up at the
/// next use.
const IN_USE_MS: i64 = 60_000;
/// Holds waiting in one process for one partition; more are refused at once.
pub(crate) const WAITING_HOLDS_MAX: usize = 16_384;
/// How long the background leaves a store alone that has failed.
const FAILED_LATELY_MS: i64 = 1_000;
/// Script calls of one operation before it gives up on an inventory that keeps getting lost.
const EPOCHS_TRIED_MAX: u32 = 4;

/// By event; one partition each.
pub(crate) type Partitions = DashMap<EventId, Handle>;

/// The only owner of the queue's sending end: when it goes, the actor ends.
pub(crate) struct Handle {
    pub(crate) work: Arc<PartitionAtWork>,
    pub(crate) queue: mpsc::Sender<Waiting>,
}

pub(crate) struct PartitionAtWork {
    pub(crate) stores: Arc<Stores>,
    pub(crate) partition: Partition,
    pub(crate) seats: u32,
    /// As the chart was sent; the ledger knows the present ones.
    pub(crate) capacities: Vec<u32>,
    mirror: Mutex<Mirror>,
    pub(crate) clicks: Clicks,
    used_at: AtomicI64,
    refreshed_at: AtomicI64,
    failed_at: AtomicI64,
    /// Replication ids of the store's masters from before the known epoch was read or laid.
    pub(crate) laid_on: Mutex<Vec<String>>,
    /// What the last comparison with the ledger found.
    pub(crate) stuck: Mutex<Vec<Stuck>>,
    pub(crate) refreshing: Shared<Result<(), Unavailable>>,
    pub(crate) wants_sweep: AtomicBool,
    pub(crate) wants_check: AtomicBool,
    pub(crate) wants_rebuild: AtomicBool,
    pub(crate) recovering: Shared<Result<(), Unavailable>>,
}

impl Inventory {
    /// The partition of an event; its actor starts with the first use.
    pub(crate) fn at_work(&self, event: &EventAtWork) -> Arc<PartitionAtWork> {
        self.with_handle(event, |handle| handle.work.clone())
    }

    pub(crate) fn with_handle<T>(&self, event: &EventAtWork, take: impl Fn(&Handle) -> T) -> T {
        if let Some(handle) = self.core.partitions.get(&event.event.id) {
            handle.work.touch();
            return take(&handle);
        }
        let start = || Handle::start(self.core.stores.clone(), event);
        take(&self.core.partitions.entry(event.event.id.clone()).or_insert_with(start))
    }

    pub(crate) fn partitions(&self) -> Vec<Arc<PartitionAtWork>> {
        self.core.partitions.iter().map(|handle| handle.work.clone()).collect()
    }

    /// Those that somebody has used lately.
    pub(crate) fn partitions_in_use(&self) -> Vec<Arc<PartitionAtWork>> {
        self.partitions().into_iter().filter(|work| work.in_use()).collect()
    }
}

impl Handle {
    fn start(stores: Arc<Stores>, event: &EventAtWork) -> Self {
        let work = Arc::new(PartitionAtWork {
            used_at: AtomicI64::new(stores.clock.now().as_millis()),
            refreshed_at: AtomicI64::new(stores.clock.now().as_millis()),
            failed_at: AtomicI64::new(0),
            laid_on: Mutex::default(),
            stuck: Mutex::default(),
            stores,
            partition: event.partition.clone(),
            seats: event.chart.seat_count(),
            capacities: event.chart.areas.iter().map(|area| area.capacity).collect(),
            mirror: Mutex::new(Mirror::new(&event.seats)),
            clicks: Clicks::default(),
            refreshing: Shared::default(),
            wants_sweep: AtomicBool::new(false),
            wants_check: AtomicBool::new(false),
            wants_rebuild: AtomicBool::new(false),
            recovering: Shared::default(),
        });
        let (queue, inbox) = mpsc::channel(WAITING_HOLDS_MAX);
        tokio::spawn(combining::run(work.clone(), inbox));
        Self { work, queue }
    }
}

impl PartitionAtWork {
    pub(crate) fn mirror(&self) -> MutexGuard<'_, Mirror> {
        self.mirror.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.used_at.store(self.stores.clock.now().as_millis(), Ordering::Relaxed);
    }

    fn in_use(&self) -> bool {
        let idle = self.stores.clock.now().as_millis() - self.used_at.load(Ordering::Relaxed);
        idle.abs() < IN_USE_MS
    }

    pub(crate) fn note_refreshed(&self, began: Timestamp) {
        self.refreshed_at.store(began.as_millis(), Ordering::Relaxed);
    }

    pub(crate) fn note_failed(&self) {
        self.failed_at.store(self.stores.clock.now().as_millis(), Ordering::Relaxed);
    }

    /// So lately that another try in the background would only fill the log.
    pub(crate) fn failed_lately(&self) -> bool {
        let ago = self.stores.clock.now().as_millis() - self.failed_at.load(Ordering::Relaxed);
        ago.abs() < FAILED_LATELY_MS
    }

    pub(crate) fn refreshed_ago_ms(&self) -> i64 {
        self.stores.clock.now().as_millis() - self.refreshed_at.load(Ordering::Relaxed)
    }

    /// Runs one script under the epoch this process knows, whatever it takes: an inventory that is
    /// new to it is adopted, a lost one is rebuilt, and the script runs again, which is safe
    /// because every script is idempotent by key.
    pub(crate) async fn call<T, F, R>(
        self: &Arc<Self>,
        doing: &'static str,
        script: F,
        version: impl Fn(&T) -> Option<u64>,
    ) -> Result<(u64, T), Unavailable>
    where
        F: Fn(u64) -> R,
        R: Future<Output = Result<Reply<T>, lua::Error>>,
    {
        for _ in 0..EPOCHS_TRIED_MAX {
            let (epoch, seen) = self.mirror().seen();
            if epoch == 0 {
                self.recover(Loss::Unknown).await?;
                continue;
            }
            let reply = script(epoch).await.map_err(|error| Unavailable::redis(doing, error))?;
            match reply {
                Reply::OtherEpoch { current } => {
                    tracing::info!(event = %self.partition.event, doing, epoch, current, "another epoch");
                    self.recover(Loss::OtherEpoch { ours: epoch }).await?;
                }
                Reply::Done(done) => match version(&done) {
                    Some(version) if version < seen => {
                        self.log_went_back(seen, version);
                        self.recover(Loss::WentBack { ours: epoch }).await?;
                    }
                    Some(version) => {
                        self.mirror().note_seen(epoch, version);
                        return Ok((epoch, done));
                    }
                    None => return Ok((epoch, done)),
                },
            }
        }
        tracing::error!(event = %self.partition.event, doing, "the inventory keeps getting lost");
        Err(Unavailable::INVENTORY)
    }

    pub(crate) fn log_went_back(&self, seen: u64, version: u64) {
        tracing::warn!(
            event = %self.partition.event,
            seen,
            version,
            "the store lost acknowledged writes",
        );
    }
}
