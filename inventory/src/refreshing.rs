//! Keeping a mirror up with its event: following the delta stream, sweeping what is due, checking
//! against a full read, healing what differs.
//!
//! One refresh runs at a time; whoever needs a fresh mirror waits for one that began after they
//! asked, together with everybody else who asked meanwhile.

use std::sync::{Arc, atomic::Ordering};

use futures_util::future::BoxFuture;
use lua::Snapshot;

use crate::{
    EventAtWork, Inventory, Unavailable, View, meters, mirror::Followed,
    partition::PartitionAtWork, recovery::Loss,
};

/// Holds swept by one script call (a call of 64 holds blocks a shard some 160 µs).
const SWEPT_PER_CALL_MAX: u32 = 256;
/// Deltas of one read; more of them are read in the next.
const DELTAS_PER_READ_MAX: u32 = 500;
/// Reads of one refresh before a full read is the shorter way.
const READS_MAX: u32 = 8;

impl Inventory {
    /// All seats and areas, read after this call began: what anybody was told before is in it. A
    /// hold past its deadline is not.
    pub async fn view(&self, event: &EventAtWork) -> Result<View, Unavailable> {
        let work = self.at_work(event);
        work.refresh_swept().await?;
        Ok(work.mirror().view())
    }
}

impl PartitionAtWork {
    /// Sweeps what is due and reads all deltas, beginning after this call.
    pub(crate) fn refresh_swept(self: &Arc<Self>) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            self.wants_sweep.store(true, Ordering::SeqCst);
            let work = self.clone();
            let run = move || work.clone().refresh_once();
            self.refreshing.run_after(run).await.unwrap_or(Err(Unavailable::INVENTORY))
        })
    }

    /// Starts a refresh in the background, unless one runs or the last has failed just now. A sweep
    /// or a check that is wished goes with it, or with the next one.
    pub(crate) fn start_refresh(self: &Arc<Self>, sweeps: bool, checks: bool) {
        self.wants_sweep.fetch_or(sweeps, Ordering::SeqCst);
        self.wants_check.fetch_or(checks, Ordering::SeqCst);
        if self.failed_lately() {
            return;
        }
        let work = self.clone();
        self.refreshing.start(move || work.clone().refresh_once());
    }

    async fn refresh_once(self: Arc<Self>) -> Result<(), Unavailable> {
        let sweeps = self.wants_sweep.swap(false, Ordering::SeqCst);
        let checks = self.wants_check.swap(false, Ordering::SeqCst);
        let began = self.stores.clock.now();
        let done = self.refresh_in_steps(sweeps, checks).await;
        if done.is_ok() {
            self.note_refreshed(began);
        } else {
            self.note_failed();
            // Somebody who waits for the next run may have been the one who wished it.
            self.wants_sweep.fetch_or(sweeps, Ordering::SeqCst);
            self.wants_check.fetch_or(checks, Ordering::SeqCst);
        }
        done
    }

    async fn refresh_in_steps(
        self: &Arc<Self>,
        sweeps: bool,
        checks: bool,
    ) -> Result<(), Unavailable> {
        if sweeps {
            self.sweep().await?;
        }
        self.follow(None).await?;
        if checks {
            self.check().await?;
        }
        Ok(())
    }

    async fn sweep(self: &Arc<Self>) -> Result<(), Unavailable> {
        let (store, partition) = (&self.stores.store, &self.partition);
        loop {
            let sweep = |epoch| store.sweep_expired(partition, epoch, SWEPT_PER_CALL_MAX);
            let (_, swept) = self.call("sweep_expired", sweep, |swept| Some(swept.version)).await?;
            meters::swept(swept.expired);
            if !swept.more {
                return Ok(());
            }
        }
    }

    /// Applies the stream's deltas: all there are, or those up to the version of a full read that
    /// is to be compared.
    async fn follow(self: &Arc<Self>, up_to: Option<u64>) -> Result<(), Unavailable> {
        for _ in 0..READS_MAX {
            let (epoch, version) = self.mirror().position();
            if epoch == 0 {
                self.recover(Loss::Unknown).await?;
                continue;
            }
            if up_to.is_some_and(|up_to| version >= up_to) {
                return Ok(());
            }
            let (store, partition) = (&self.stores.store, &self.partition);
            let after = Some((epoch, version));
            let deltas = store.read_deltas(partition, after, DELTAS_PER_READ_MAX).await;
            let deltas = deltas.map_err(|error| Unavailable::redis("read_deltas", error))?;
            if deltas.gap || deltas.epoch != epoch {
                return self.reload().await;
            }
            let read = deltas.deltas.len();
            let wanted = |version: u64| up_to.is_none_or(|up_to| version <= up_to);
            for delta in deltas.deltas.iter().filter(|delta| wanted(delta.version)) {
                let followed = self.mirror().follow(epoch, delta);
                if followed == Followed::Gap {
                    return self.reload().await;
                }
            }
            if read < DELTAS_PER_READ_MAX as usize {
                return Ok(());
            }
        }
        self.reload().await
    }

    /// Replaces everything by a full read.
    async fn reload(self: &Arc<Self>) -> Result<(), Unavailable> {
        let (ours, seen) = self.mirror().seen();
        match self.read_snapshot().await? {
            Some(snapshot) if self.trusts(&snapshot, ours, seen) => {
                self.mirror().load(&snapshot);
                Ok(())
            }
            Some(snapshot) if snapshot.epoch == ours => {
                self.log_went_back(seen, snapshot.version);
                self.recover(Loss::WentBack { ours }).await
            }
            _ => self.recover(Loss::OtherEpoch { ours }).await,
        }
    }

    fn trusts(&self, snapshot: &Snapshot, ours: u64, seen: u64) -> bool {
        snapshot.epoch == ours && snapshot.version >= seen
    }

    /// Compares with a full read at the same version; what differs is counted and replaced.
    async fn check(self: &Arc<Self>) -> Result<(), Unavailable> {
        let (ours, seen) = self.mirror().seen();
        let snapshot = match self.read_snapshot().await? {
            Some(snapshot) if self.trusts(&snapshot, ours, seen) => snapshot,
            _ => return self.reload().await,
        };
        self.follow(Some(snapshot.version)).await?;
        let mut mirror = self.mirror();
        // None: a gap made the mirror reload meanwhile.
        let mismatches = mirror.mismatches(&snapshot).unwrap_or(0);
        if mismatches > 0 {
            tracing::error!(event = %self.partition.event, mismatches, "the mirror differed");
            meters::mirror_mismatches(mismatches);
            mirror.distrust();
            mirror.load(&snapshot);
        }
        Ok(())
    }
}
