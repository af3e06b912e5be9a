//! The ledger's claims, told to the store: a claim that lives is promoted, one that is sold is
//! committed, one that was released is freed.
//!
//! What is told follows from the order's state in the ledger, not from the row of the outbox that
//! caused it: rows may be done twice, late and beside each other, and the last word is always the
//! ledger's (I7, I11).
//!
//! One thing the store knows first: that the owner gave the hold back before its claim was promoted.
//! That was answered, so the order gives way and is ended in the ledger like any given up.

use std::{collections::HashMap, sync::Arc};

use domain::{
    id::OrderId,
    order::{EndReason, Fact, OrderState},
};
use futures_util::{FutureExt, future::BoxFuture};
use ledger::{Evidence, Order, OutboxKind, StoredClaim};
use lua::{Claim, ClaimReply};

use crate::{Inventory, Unavailable, partition::PartitionAtWork};

/// Claims of one script call.
pub(crate) const CLAIMS_PER_CALL_MAX: usize = 64;
/// How often an order may move on while its claim is told.
const MOVES_MAX: u32 = 4;

/// An order as it stood when the store was told of it.
pub(crate) type Told = (OrderId, Result<Order, Unavailable>);

/// What the store has to know of a claim, in the order in which it can only move on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Live,
    Sold,
    Released,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Live, Self::Sold, Self::Released];

    pub(crate) fn of(state: OrderState) -> Self {
        match state {
            OrderState::New | OrderState::Paying | OrderState::Cancelling => Self::Live,
            OrderState::Committed | OrderState::Ticketed => Self::Sold,
            OrderState::Expired
            | OrderState::Cancelled
            | OrderState::Refunding
            | OrderState::Refunded => Self::Released,
        }
    }

    fn of_kind(kind: OutboxKind) -> Option<Self> {
        match kind {
            OutboxKind::Promote => Some(Self::Live),
            OutboxKind::Sell => Some(Self::Sold),
            OutboxKind::Release => Some(Self::Released),
            OutboxKind::Capture | OutboxKind::Cancel | OutboxKind::Refund => None,
        }
    }
}

/// How an order stands whose seats are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// The buyer gave the order up, or gave its hold back before the claim was promoted: the order
    /// is cancelled, or being cancelled where a payment was begun.
    GivenUp,
}

impl Settled {
    fn of(order: &Order) -> Self {
        let cancelled = matches!(order.state, OrderState::Cancelled | OrderState::Cancelling);
        let by_buyer = order.end_reason == Some(EndReason::Buyer);
        if cancelled && by_buyer { Self::GivenUp } else { Self::Done }
    }
}

impl Inventory {
    /// Tells the store at once what the ledger has decided about an order's seats, and marks the
    /// rows of the outbox that ask for it as done. Safe beside the worker, and again: whoever of
    /// them finds that the hold was given back ends the order, and both answer alike.
    ///
    /// # Errors
    /// Any part; the rows stay, and the worker goes on with them.
    pub async fn settle_order(&self, order: &OrderId) -> Result<Settled, Unavailable> {
        match self.read_orders(&[order]).await?.pop() {
            Some(order) if order.inventory_settled => Ok(Settled::of(&order)),
            Some(order) => self.settle(order).await,
            None => Ok(Settled::Done),
        }
    }

    /// The same for an order that was made just now.
    pub async fn settle(&self, order: Order) -> Result<Settled, Unavailable> {
        let id = order.id.clone();
        let told = self.tell(vec![order]).await;
        match told.into_iter().next() {
            Some((_, Ok(order))) => {
                self.mark_done(&id, Phase::of(order.state)).await?;
                Ok(Settled::of(&order))
            }
            Some((_, Err(error))) => Err(error),
            None => Ok(Settled::Done),
        }
    }

    /// Tells the store about many orders with few calls; each as it stood when told last.
    pub(crate) fn tell(&self, orders: Vec<Order>) -> BoxFuture<'_, Vec<Told>> {
        self.tell_by_event(orders).boxed()
    }

    async fn tell_by_event(&self, orders: Vec<Order>) -> Vec<Told> {
        let mut told = Vec::with_capacity(orders.len());
        let mut by_event: HashMap<_, Vec<Order>> = HashMap::new();
        for order in orders {
            by_event.entry(order.event.clone()).or_default().push(order);
        }
        for (event, orders) in by_event {
            let done = match self.event_by_id(&event).await {
                Ok(Some(event)) => self.tell_event(&self.at_work(&event), &orders).await,
                Ok(None) => Err(Unavailable::DATABASE),
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => told.extend(self.confirm(orders).await),
                Err(error) => {
                    told.extend(orders.into_iter().map(|order| (order.id, Err(error))));
                }
            }
        }
        told
    }

    async fn tell_event(
        &self,
        work: &Arc<PartitionAtWork>,
        orders: &[Order],
    ) -> Result<(), Unavailable> {
        for phase in Phase::ALL {
            let of_phase = orders.iter().filter(|order| Phase::of(order.state) == phase);
            let of_phase: Vec<&Order> = of_phase.collect();
            let claims: Vec<Claim> = of_phase.iter().copied().map(of_order).collect();
            let replies = work.tell_each(phase, &claims).await?;
            for (order, reply) in of_phase.into_iter().zip(replies) {
                if reply == ClaimReply::HoldReleased {
                    self.give_up(order).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends an order whose hold was given back. One that is paid by now stays: its sale is told by
    /// [`Self::confirm`], and overrules.
    async fn give_up(&self, order: &Order) -> Result<(), Unavailable> {
        let evidence = Evidence { source: "buyer", ..Evidence::default() };
        let learned = self.core.stores.ledger.learn(&order.id, Fact::CancelAsked, evidence).await;
        let learned = learned.map_err(|error| Unavailable::database("end an order", error))?;
        if let Some(learned) = learned.filter(|learned| learned.applied) {
            let (id, state) = (&order.id, learned.after.as_str());
            tracing::info!(order = %id, event = %order.event, state, "its hold was given back");
        }
        Ok(())
    }

    /// Orders may have moved on while their claims were told, and that may have been told before:
    /// then what was told last is not the last word.
    async fn confirm(&self, told: Vec<Order>) -> Vec<Told> {
        let ids: Vec<&OrderId> = told.iter().map(|order| &order.id).collect();
        let now = match self.read_orders(&ids).await {
            Ok(now) => now,
            Err(error) => return told.into_iter().map(|order| (order.id, Err(error))).collect(),
        };
        let mut now: HashMap<OrderId, Order> =
            now.into_iter().map(|order| (order.id.clone(), order)).collect();
        let mut confirmed = Vec::with_capacity(told.len());
        for order in told {
            let id = order.id.clone();
            let order = match now.remove(&id) {
                Some(now) if Phase::of(now.state) != Phase::of(order.state) => {
                    self.tell_moved(now).await
                }
                Some(now) => Ok(now),
                None => Ok(order),
            };
            confirmed.push((id, order));
        }
        confirmed
    }

    /// Tells what an order has moved on to, until it stays.
    async fn tell_moved(&self, mut order: Order) -> Result<Order, Unavailable> {
        for _ in 0..MOVES_MAX {
            let event = self.event_by_id(&order.event).await?.ok_or(Unavailable::DATABASE)?;
            let phase = Phase::of(order.state);
            self.at_work(&event).tell_claims(phase, &[of_order(&order)]).await?;
            match self.read_orders(&[&order.id]).await?.pop() {
                Some(now) if Phase::of(now.state) != phase => order = now,
                Some(now) => return Ok(now),
                None => break,
            }
        }
        Ok(order)
    }

    /// Whoever has told a phase has told those before it.
    async fn mark_done(&self, order: &OrderId, told: Phase) -> Result<(), Unavailable> {
        let kinds = OutboxKind::INVENTORY.into_iter();
        let kinds = kinds.filter(|kind| Phase::of_kind(*kind).is_some_and(|phase| phase <= told));
        let ids: Vec<String> = kinds.map(|kind| format!("{}:{order}", kind.as_str())).collect();
        let done = self.core.stores.ledger.outbox_done_all(&ids).await;
        done.map_err(|error| Unavailable::database("finish outbox rows", error))
    }

    /// Those that are known, in no order.
    pub(crate) async fn read_orders(&self, ids: &[&OrderId]) -> Result<Vec<Order>, Unavailable> {
        let orders = self.core.stores.ledger.orders(ids).await;
        orders.map_err(|error| Unavailable::database("read orders", error))
    }
}

impl PartitionAtWork {
    /// How many claims were news to the store.
    pub(crate) async fn tell_claims(
        self: &Arc<Self>,
        phase: Phase,
        claims: &[Claim],
    ) -> Result<usize, Unavailable> {
        let replies = self.tell_each(phase, claims).await?;
        Ok(replies.iter().filter(|reply| matches!(reply, ClaimReply::Changed)).count())
    }

    /// One call for every [`CLAIMS_PER_CALL_MAX`] claims; a reply for each of them.
    async fn tell_each(
        self: &Arc<Self>,
        phase: Phase,
        claims: &[Claim],
    ) -> Result<Vec<ClaimReply>, Unavailable> {
        let (store, partition) = (&self.stores.store, &self.partition);
        let mut all = Vec::with_capacity(claims.len());
        for claims in claims.chunks(CLAIMS_PER_CALL_MAX) {
            let replies = match phase {
                Phase::Live => {
                    let script = |epoch| store.promote_holds(partition, epoch, claims);
                    self.call("promote_holds", script, |_| None).await?.1
                }
                Phase::Sold => {
                    let script = |epoch| store.commit_claims(partition, epoch, claims);
                    self.call("commit_claims", script, |_| None).await?.1
                }
                Phase::Released => {
                    let script = |epoch| store.release_claims(partition, epoch, claims);
                    self.call("release_claims", script, |_| None).await?.1
                }
            };
            all.extend(replies);
        }
        Ok(all)
    }
}

/// An order's claim as the store knows it.
pub(crate) fn of_order(order: &Order) -> Claim {
    Claim {
        key: order.hold.key,
        created: order.hold.created,
        claim_number: order.claim_number,
        customer: order.customer,
        seats: order.seats(),
        areas: order.areas(),
    }
}

/// A claim of a rebuild.
pub(crate) fn of_stored(claim: &StoredClaim) -> Claim {
    Claim {
        key: claim.key,
        created: claim.created,
        claim_number: claim.claim_number,
        customer: claim.customer,
        seats: claim.seats.clone(),
        areas: claim.areas.clone(),
    }
}
