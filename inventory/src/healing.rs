//! The store's claims beside the ledger's. What the ledger has and the store lacks is told again;
//! what that does not mend goes with a rebuild, once two looks in a row have found it.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, PoisonError},
};

use domain::seat::{AreaIndex, SeatIndex};
use futures_util::future::BoxFuture;
use ledger::{AreaClaims, ClaimCounts, StoredClaim};
use lua::{CellState, Snapshot};

use crate::{
    Unavailable,
    claims::{self, Phase},
    meters,
    partition::PartitionAtWork,
    recovery::Loss,
};

impl PartitionAtWork {
    /// One comparison; what failed is logged and tried again with the next. Boxed, because a
    /// recovery may start one and one may start a recovery.
    pub(crate) fn heal(self: &Arc<Self>) -> BoxFuture<'static, ()> {
        let work = self.clone();
        Box::pin(async move {
            let event = &work.partition.event;
            let ours = work.mirror().epoch();
            // Not used yet, or being recovered: that lays all claims anyway.
            if ours == 0 {
                return;
            }
            match work.heal_once(ours).await {
                Ok(0) => {}
                Ok(healed) => {
                    meters::healed(healed);
                    tracing::error!(%event, healed, "claims healed");
                }
                Err(error) => tracing::warn!(%event, %error, "claims not compared"),
            }
        })
    }

    async fn heal_once(self: &Arc<Self>, ours: u64) -> Result<usize, Unavailable> {
        let failed = |error| Unavailable::database("read claims", error);
        let (ledger, event) = (&self.stores.ledger, &self.partition.event);
        let counts = ledger.claim_counts(event).await.map_err(failed)?;
        let Some(snapshot) = self.read_snapshot().await?.filter(|read| read.epoch == ours) else {
            return Ok(0);
        };
        self.heal_pass_flag(snapshot.requires_pass).await?;
        if agrees(&counts, &snapshot) {
            self.swap_stuck(Vec::new());
            return Ok(0);
        }
        let stored = ledger.claims(event).await.map_err(failed)?;
        let healed = self.tell_missing(&missing(&stored, &snapshot)).await?;
        // An order that moves on between the reads looks like a difference, too: only what two
        // looks in a row have found the same is believed.
        let stuck = stuck(&counts, &stored, &snapshot);
        let before = self.swap_stuck(stuck.clone());
        let stuck = stuck.iter().filter(|what| before.contains(what)).count();
        if stuck > 0 {
            self.recover(Loss::Drifted { ours }).await?;
            self.swap_stuck(Vec::new());
        }
        Ok(healed + stuck)
    }

    /// How many of them were news to the store. Those that the outbox is still to tell are left to
    /// it.
    async fn tell_missing(
        self: &Arc<Self>,
        missing: &[&StoredClaim],
    ) -> Result<usize, Unavailable> {
        let failed = |error| Unavailable::database("read claims", error);
        let ledger = &self.stores.ledger;
        let mut healed = 0;
        for claim in missing {
            let order = ledger.order(&claim.order).await.map_err(failed)?;
            let Some(order) = order.filter(|order| order.inventory_settled) else { continue };
            let phase = Phase::of(order.state);
            healed += self.tell_claims(phase, &[claims::of_order(&order)]).await?;
            // It may have moved on, and that may have been told already.
            let now = ledger.order(&claim.order).await.map_err(failed)?;
            if let Some(now) = now.filter(|now| Phase::of(now.state) != phase) {
                self.tell_claims(Phase::of(now.state), &[claims::of_order(&now)]).await?;
            }
        }
        Ok(healed)
    }

    fn swap_stuck(&self, now: Vec<Stuck>) -> Vec<Stuck> {
        mem::replace(&mut self.stuck.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// A difference that telling claims again may not mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// Claimed or sold in the store, by no claim of the ledger.
    Seat(SeatIndex),
    /// A claim of this number, which the store does not show on its seats.
    Claim(u64),
    /// Live and sold places of the ledger, held and sold ones of the store.
    Area { area: AreaIndex, ledger: (u32, u32), store: (u32, u32) },
}

fn agrees(counts: &ClaimCounts, snapshot: &Snapshot) -> bool {
    let seats = |state| snapshot.states.iter().filter(|other| **other == state).count() as u32;
    counts.areas.iter().all(|area| differing_area(area, snapshot).is_none())
        && seats(CellState::Claimed) == counts.live_seats
        && seats(CellState::Sold) == counts.sold_seats
}

/// Held places of the store are those of holds and claims together.
fn differing_area(ours: &AreaClaims, snapshot: &Snapshot) -> Option<Stuck> {
    let theirs = snapshot.areas.get(usize::from(ours.area))?;
    let agrees = ours.sold == theirs.sold && ours.live <= theirs.held;
    let (ledger, store) = ((ours.live, ours.sold), (theirs.held, theirs.sold));
    (!agrees).then_some(Stuck::Area { area: ours.area, ledger, store })
}

fn is_shown(claim: &StoredClaim, snapshot: &Snapshot) -> bool {
    let expected = if claim.sold { CellState::Sold } else { CellState::Claimed };
    claim.seats.iter().all(|seat| snapshot.states.get(*seat as usize) == Some(&expected))
}

/// Claims that the store does not show on every seat.
fn missing<'a>(stored: &'a [StoredClaim], snapshot: &Snapshot) -> Vec<&'a StoredClaim> {
    stored.iter().filter(|claim| !is_shown(claim, snapshot)).collect()
}

fn stuck(counts: &ClaimCounts, stored: &[StoredClaim], snapshot: &Snapshot) -> Vec<Stuck> {
    let claimed: HashSet<SeatIndex> =
        stored.iter().flat_map(|claim| claim.seats.iter().copied()).collect();
    let taken = |state: &CellState| matches!(state, CellState::Claimed | CellState::Sold);
    let seats = snapshot.states.iter().enumerate().filter(|(_, state)| taken(state));
    let seats = seats.map(|(seat, _)| seat as SeatIndex).filter(|seat| !claimed.contains(seat));
    let claims = missing(stored, snapshot);
    let areas = counts.areas.iter().filter_map(|ours| differing_area(ours, snapshot));
    seats
        .map(Stuck::Seat)
        .chain(claims.into_iter().map(|claim| Stuck::Claim(claim.claim_number)))
        .chain(areas)
        .collect()
}
