//! Lost inventory: noticed by every script call, repaired under one lock.
//!
//! A higher epoch than ours was laid by somebody else: it is adopted. A missing or lower one, a
//! version that went back, or a fail-over mean that acknowledged writes may be gone: a new epoch is
//! laid over whatever survived, with the ledger's claims on top (I11). The epoch is the fence: who
//! comes late with a lower one changes nothing. Two locks make sure that only one does the work:
//! one run per process, one lease in the ledger between processes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use domain::{id::EventId, seat::SeatIndex};
use futures_util::future::BoxFuture;
use ledger::StoredClaim;
use lua::{Claim, Rebuild, Reply, Snapshot};

use crate::{Inventory, Unavailable, claims, meters, partition::PartitionAtWork};

/// Longer than a rebuild takes; after it another process may try.
const LEASE_MS: i64 = 15_000;
/// How long callers wait for another process's rebuild before they are told to come again.
const OTHERS_REBUILD_POLLS: u32 = 20;
const OTHERS_REBUILD_POLL: Duration = Duration::from_millis(100);
/// Epochs drawn until one is above the store's; more than one only after the ledger was restored.
const EPOCHS_DRAWN_MAX: u32 = 1_000;

/// How a process came to believe that the inventory it knows is not there any more. `ours` is the
/// epoch it knew; 0 is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// The first use in this process.
    Unknown,
    OtherEpoch {
        ours: u64,
    },
    /// The store forgot acknowledged writes.
    WentBack {
        ours: u64,
    },
    /// The store's history changed under the same epoch.
    FailedOver {
        ours: u64,
    },
    /// The store keeps what no claim of the ledger explains.
    Drifted {
        ours: u64,
    },
}

impl Loss {
    fn ours(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::OtherEpoch { ours }
            | Self::WentBack { ours }
            | Self::FailedOver { ours }
            | Self::Drifted { ours } => ours,
        }
    }
}

impl Inventory {
    /// Lays the event's inventory anew over what is there: for an operator, and after a change of
    /// capacities. Live holds survive where no claim is in their way.
    pub fn rebuild<'a>(&'a self, event: &'a EventId) -> BoxFuture<'a, Result<(), Unavailable>> {
        Box::pin(async move {
            let event = self.event_by_id(event).await?.ok_or(Unavailable::INVENTORY)?;
            let work = self.at_work(&event);
            work.wants_rebuild.store(true, Ordering::SeqCst);
            let run = {
                let work = work.clone();
                move || work.clone().recover_once(Loss::Unknown)
            };
            work.recovering.run_after(run).await.unwrap_or(Err(Unavailable::INVENTORY))
        })
    }
}

impl PartitionAtWork {
    /// Returns when this process knows a newer epoch than the lost one. Who calls while a recovery
    /// runs gets its outcome.
    pub(crate) fn recover(self: &Arc<Self>, loss: Loss) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let work = self.clone();
            let run = move || work.clone().recover_once(loss);
            self.recovering.join(run).await.unwrap_or(Err(Unavailable::INVENTORY))
        })
    }

    async fn recover_once(self: Arc<Self>, loss: Loss) -> Result<(), Unavailable> {
        let asked = self.wants_rebuild.swap(false, Ordering::SeqCst);
        if !asked && self.mirror().epoch() != loss.ours() {
            return Ok(());
        }
        let done = self.recover_on_masters(loss, asked).await;
        if done.is_err() {
            // Whoever asked may be waiting for the next run.
            self.wants_rebuild.fetch_or(asked, Ordering::SeqCst);
        }
        done
    }

    async fn recover_on_masters(
        self: &Arc<Self>,
        loss: Loss,
        asked: bool,
    ) -> Result<(), Unavailable> {
        // Read first: a fail-over from here on shows an id that is not among these.
        let masters = self.stores.store.replication_ids().await;
        let masters =
            masters.map_err(|error| Unavailable::redis("read the replication ids", error))?;
        if asked {
            self.rebuild_as_asked().await?;
        } else {
            self.adopt_or_rebuild(loss).await?;
        }
        *self.laid_on.lock().unwrap_or_else(PoisonError::into_inner) = masters;
        Ok(())
    }

    /// Whether the store has a master that the known epoch was neither read from nor laid on.
    pub(crate) fn was_laid_elsewhere(&self, masters: &[String]) -> bool {
        let laid_on = self.laid_on.lock().unwrap_or_else(PoisonError::into_inner);
        self.mirror().epoch() != 0 && masters.iter().any(|master| !laid_on.contains(master))
    }

    async fn adopt_or_rebuild(self: &Arc<Self>, loss: Loss) -> Result<(), Unavailable> {
        let ours = loss.ours();
        let survivor = self.read_snapshot().await?;
        if let Some(snapshot) = &survivor
            && snapshot.epoch > ours
            && self.may_adopt(loss, snapshot.epoch).await?
        {
            let epoch = snapshot.epoch;
            tracing::info!(event = %self.partition.event, ours, epoch, "inventory adopted");
            self.mirror().load(snapshot);
            // What was there before this process knew it may lack claims.
            if matches!(loss, Loss::Unknown | Loss::FailedOver { .. }) {
                tokio::spawn(self.heal());
            }
            return Ok(());
        }
        let floor = survivor.map_or(ours, |snapshot| snapshot.epoch.max(ours));
        let event = &self.partition.event;
        match loss {
            // The first use of a fresh event, or of the in-process store after a start.
            Loss::Unknown => tracing::info!(%event, floor, "inventory is laid"),
            _ => tracing::warn!(%event, ?loss, floor, "inventory is laid anew"),
        }
        self.rebuild_above(floor).await
    }

    /// Who has not seen the inventory yet asks the ledger: a store that was put back to an old copy
    /// shows an epoch below the last one given.
    async fn may_adopt(&self, loss: Loss, epoch: u64) -> Result<bool, Unavailable> {
        match loss {
            Loss::Unknown => {
                let last = self.stores.ledger.last_epoch(&self.partition.event).await;
                let last = last.map_err(|e| Unavailable::database("read the last epoch", e))?;
                Ok(last.is_none_or(|last| last <= epoch))
            }
            _ => Ok(true),
        }
    }

    /// Whatever is there, and whoever else rebuilds: theirs may know less of the ledger.
    async fn rebuild_as_asked(&self) -> Result<(), Unavailable> {
        for _ in 0..OTHERS_REBUILD_POLLS {
            let survivor = self.read_snapshot().await?;
            let floor = survivor.map_or(0, |snapshot| snapshot.epoch).max(self.mirror().epoch());
            if let Some(done) = self.with_lease(self.rebuild_once(floor)).await? {
                return done;
            }
            tokio::time::sleep(OTHERS_REBUILD_POLL).await;
        }
        Err(Unavailable::INVENTORY)
    }

    async fn rebuild_above(&self, floor: u64) -> Result<(), Unavailable> {
        let rebuild = async {
            // Somebody may have been faster with the lease.
            if self.adopt_above(floor).await? { Ok(()) } else { self.rebuild_once(floor).await }
        };
        match self.with_lease(rebuild).await? {
            Some(done) => done,
            None => self.wait_for_other(floor).await,
        }
    }

    /// None: another process has the lease, and nothing was done.
    async fn with_lease<T>(&self, work: impl Future<Output = T>) -> Result<Option<T>, Unavailable> {
        let failed = |error| Unavailable::database("lease the rebuild", error);
        let lease = format!("rebuild/{}", self.partition.event);
        let (ledger, owner) = (&self.stores.ledger, &self.stores.owner);
        if ledger.acquire_lease(&lease, owner, LEASE_MS).await.map_err(failed)?.is_none() {
            return Ok(None);
        }
        let done = work.await;
        if let Err(error) = ledger.release_lease(&lease, owner).await {
            tracing::warn!(%error, "a lease is left to run out");
        }
        Ok(Some(done))
    }

    async fn wait_for_other(&self, floor: u64) -> Result<(), Unavailable> {
        for _ in 0..OTHERS_REBUILD_POLLS {
            tokio::time::sleep(OTHERS_REBUILD_POLL).await;
            if self.adopt_above(floor).await? {
                return Ok(());
            }
        }
        Err(Unavailable::INVENTORY)
    }

    async fn adopt_above(&self, floor: u64) -> Result<bool, Unavailable> {
        match self.read_snapshot().await? {
            Some(snapshot) if snapshot.epoch > floor => {
                self.mirror().load(&snapshot);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn rebuild_once(&self, floor: u64) -> Result<(), Unavailable> {
        let epoch = self.draw_epoch(floor).await?;
        let laid = self.read_truth().await?;
        let rebuild = Rebuild {
            epoch,
            seats: self.seats,
            capacities: laid.capacities.clone(),
            blocked: laid.blocked.clone(),
            claims: laid
                .claims
                .iter()
                .map(|claim| (claims::of_stored(claim), claim.sold))
                .collect(),
            require_pass: laid.pass_is_required,
        };
        let failed = |error| Unavailable::redis("rebuild", error);
        match self.stores.store.rebuild(&self.partition, &rebuild).await.map_err(failed)? {
            Reply::Done(rebuilt) => {
                meters::rebuilt();
                tracing::info!(
                    event = %self.partition.event,
                    epoch,
                    claims = laid.claims.len(),
                    holds_kept = rebuilt.holds_kept,
                    holds_displaced = rebuilt.holds_displaced,
                    "inventory rebuilt",
                );
                self.lay_latecomers(epoch, laid).await?;
            }
            Reply::OtherEpoch { current } => {
                tracing::info!(event = %self.partition.event, epoch, current, "rebuilt by another");
            }
        }
        if self.adopt_above(floor).await? { Ok(()) } else { Err(Unavailable::INVENTORY) }
    }

    async fn draw_epoch(&self, floor: u64) -> Result<u64, Unavailable> {
        let failed = |error| Unavailable::database("draw an epoch", error);
        for _ in 0..EPOCHS_DRAWN_MAX {
            let epoch = self.stores.ledger.next_epoch(&self.partition.event).await;
            let epoch = epoch.map_err(failed)?;
            if epoch > floor {
                return Ok(epoch);
            }
        }
        tracing::error!(event = %self.partition.event, floor, "no epoch above the store's");
        Err(Unavailable::INVENTORY)
    }

    /// Claims, blocks and the pass flag that changed between the reading of the ledger and the rebuild: their own
    /// script call may have gone to the old epoch and be overwritten by what was read before.
    /// After the rebuild every such call meets the new epoch, so one look is enough.
    async fn lay_latecomers(&self, epoch: u64, laid: Truth) -> Result<(), Unavailable> {
        let now = self.read_truth().await?;
        let (store, partition) = (&self.stores.store, &self.partition);
        let failed = |error| Unavailable::redis("rebuild", error);
        let before = by_number(&laid.claims);
        let after = by_number(&now.claims);
        let changed = |sold: bool| -> Vec<Claim> {
            let late = now.claims.iter().filter(|claim| {
                claim.sold == sold && before.get(&claim.claim_number) != Some(&sold)
            });
            late.map(claims::of_stored).collect()
        };
        let gone = laid.claims.iter().filter(|claim| !after.contains_key(&claim.claim_number));
        let gone: Vec<Claim> = gone.map(claims::of_stored).collect();
        for claims in gone.chunks(claims::CLAIMS_PER_CALL_MAX) {
            store.release_claims(partition, epoch, claims).await.map_err(failed)?;
        }
        for claims in changed(false).chunks(claims::CLAIMS_PER_CALL_MAX) {
            store.promote_holds(partition, epoch, claims).await.map_err(failed)?;
        }
        for claims in changed(true).chunks(claims::CLAIMS_PER_CALL_MAX) {
            store.commit_claims(partition, epoch, claims).await.map_err(failed)?;
        }
        let block = missing_from(&now.blocked, &laid.blocked);
        let unblock = missing_from(&laid.blocked, &now.blocked);
        if !(block.is_empty() && unblock.is_empty()) {
            store.block_seats(partition, epoch, &block, &unblock).await.map_err(failed)?;
        }
        if now.pass_is_required != laid.pass_is_required {
            let required = now.pass_is_required;
            store.require_pass(partition, epoch, required).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn read_truth(&self) -> Result<Truth, Unavailable> {
        let failed = |error| Unavailable::database("read claims and blocks", error);
        let (ledger, event) = (&self.stores.ledger, &self.partition.event);
        let claims = ledger.claims(event).await.map_err(failed)?;
        let blocked = ledger.blocks(event).await.map_err(failed)?;
        let mut capacities = self.capacities.clone();
        for (area, capacity) in ledger.area_capacities(event).await.map_err(failed)? {
            if let Some(known) = capacities.get_mut(usize::from(area)) {
                *known = capacity;
            }
        }
        let pass_is_required = self.pass_is_required().await?;
        Ok(Truth { claims, blocked, capacities, pass_is_required })
    }

    pub(crate) async fn read_snapshot(&self) -> Result<Option<Snapshot>, Unavailable> {
        let snapshot = self.stores.store.read_snapshot(&self.partition).await;
        snapshot.map_err(|error| Unavailable::redis("read the snapshot", error))
    }
}

/// What the ledger knows of an event's seats, and of who may take them.
struct Truth {
    claims: Vec<StoredClaim>,
    blocked: Vec<SeatIndex>,
    capacities: Vec<u32>,
    pass_is_required: bool,
}

/// Claim number to whether it is sold; nothing else of a claim changes.
fn by_number(claims: &[StoredClaim]) -> HashMap<u64, bool> {
    claims.iter().map(|claim| (claim.claim_number, claim.sold)).collect()
}

fn missing_from(seats: &[SeatIndex], others: &[SeatIndex]) -> Vec<SeatIndex> {
    let others: HashSet<_> = others.iter().collect();
    seats.iter().filter(|seat| !others.contains(seat)).copied().collect()
}
