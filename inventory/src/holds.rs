//! Holds of an event and blocks of its organiser, by the script calls that decide about them.

use domain::{
    hold::HoldStatus,
    id::HoldId,
    limits::{HOLD_SECONDS_MAX, SEATS_PER_HOLD_MAX},
    order::{EndReason, OrderState},
    seat::SeatIndex,
};
use ledger::Order;
use lua::{ChangeReply, ExtendReply, HoldChange, HoldRecord, Operation, ReleaseReply};
use tracing::Span;

use crate::{
    BlockAnswer, ChangeAnswer, EventAtWork, ExtendAnswer, HoldAnswer, HoldWish, Inventory,
    ReadAnswer, ReleaseAnswer, SeatWish, Unavailable, claims, combining::Waiting,
};

impl Inventory {
    /// Puts everything wished under one hold, or nothing; answers a repeated request as before.
    /// The hold lives for the event's `hold_seconds`, by the store's clock.
    ///
    /// # Errors
    /// Any part; `inventory` also when too many holds wait already.
    pub async fn hold(
        &self,
        event: &EventAtWork,
        wish: HoldWish,
    ) -> Result<HoldAnswer, Unavailable> {
        // A call carries other buyers' holds too: one that the store would not take at all must not
        // spoil theirs.
        if !is_sound(event, &wish) {
            tracing::error!(event = %event.event.id, "a hold out of bounds");
            return Err(Unavailable::INVENTORY);
        }
        let ttl_ms = event.event.sale.hold_seconds * 1000;
        let (waiting, answer) = Waiting::new(wish, ttl_ms);
        let queue = self.with_handle(event, |handle| handle.queue.clone());
        queue.try_send(waiting).map_err(|_| Unavailable::INVENTORY)?;
        answer.await.unwrap_or(Err(Unavailable::INVENTORY))
    }

    /// A hold as it is now. One that the store has forgotten is told from its order, if it has one.
    pub async fn read_hold(
        &self,
        event: &EventAtWork,
        id: &HoldId,
    ) -> Result<ReadAnswer, Unavailable> {
        let (version, record) = self.record(event, id).await?;
        let ordered = match &record {
            Some(record) => matches!(record.status, HoldStatus::Paying | HoldStatus::Sold),
            None => true,
        };
        if !ordered && let Some(record) = record {
            return Ok(ReadAnswer::Found { version, record });
        }
        let order = self.core.stores.ledger.order_by_hold(id).await;
        let order = order.map_err(|error| Unavailable::database("read an order", error))?;
        Ok(match order.map(|order| record_of(&order)).or(record) {
            Some(record) => ReadAnswer::Found { version, record },
            None => ReadAnswer::Gone,
        })
    }

    /// Adds and removes seats and sets quantities of areas, all or nothing.
    pub async fn change_hold(
        &self,
        event: &EventAtWork,
        id: &HoldId,
        change: HoldChange,
    ) -> Result<ChangeAnswer, Unavailable> {
        let (version, record) = self.record(event, id).await?;
        if record.is_none() {
            return Ok(match self.ordered(id).await? {
                true => ChangeAnswer::InPayment,
                false => ChangeAnswer::Gone,
            });
        }
        let work = self.at_work(event);
        let (store, partition) = (&work.stores.store, &work.partition);
        let script = |epoch| store.change_hold(partition, epoch, &id.key, &change);
        let version_of = |reply: &ChangeReply| match reply {
            ChangeReply::Changed { version, .. } => Some(*version),
            _ => None,
        };
        let (epoch, reply) = work.call("change_hold", script, version_of).await?;
        Ok(match reply {
            ChangeReply::Changed { version, record } => {
                work.note_click(epoch, version, Span::current);
                let mut mirror = work.mirror();
                mirror.learn(epoch, version, &record.seats, false);
                mirror.learn(epoch, version, &change.remove, true);
                ChangeAnswer::Changed { version, record }
            }
            ChangeReply::Replayed { record } => ChangeAnswer::Replayed { version, record },
            ChangeReply::KeyReused => ChangeAnswer::KeyReused,
            ChangeReply::Missing => ChangeAnswer::Gone,
            ChangeReply::Expired => ChangeAnswer::Expired,
            ChangeReply::Released => ChangeAnswer::Released,
            ChangeReply::InPayment => ChangeAnswer::InPayment,
            ChangeReply::NotInHold { seats } => ChangeAnswer::NotInHold(seats),
            ChangeReply::AlreadyInHold => ChangeAnswer::AlreadyInHold,
            ChangeReply::Empty => ChangeAnswer::Empty,
            ChangeReply::Taken { seats } => ChangeAnswer::SeatsTaken { version, seats },
            ChangeReply::AreasShort { areas } => ChangeAnswer::AreasShort { version, areas },
            ChangeReply::CustomerLimit => ChangeAnswer::CustomerLimit,
            ChangeReply::AddressLimit => ChangeAnswer::AddressLimit,
        })
    }

    /// Moves the deadline by the event's `extension_seconds`, at most `extensions` times a hold.
    pub async fn extend_hold(
        &self,
        event: &EventAtWork,
        id: &HoldId,
        operation: Operation,
    ) -> Result<ExtendAnswer, Unavailable> {
        let (version, record) = self.record(event, id).await?;
        if record.is_none() {
            return Ok(match self.ordered(id).await? {
                true => ExtendAnswer::InPayment,
                false => ExtendAnswer::Gone,
            });
        }
        let sale = &event.event.sale;
        let work = self.at_work(event);
        let (store, partition) = (&work.stores.store, &work.partition);
        let (extension_ms, extensions_max) = (sale.extension_seconds * 1000, sale.extensions);
        let script = |epoch| {
            store.extend_hold(partition, epoch, &id.key, extension_ms, extensions_max, &operation)
        };
        let version_of = |reply: &ExtendReply| match reply {
            ExtendReply::Extended { version, .. } => Some(*version),
            _ => None,
        };
        let (_, reply) = work.call("extend_hold", script, version_of).await?;
        Ok(match reply {
            ExtendReply::Extended { version, record } => ExtendAnswer::Extended { version, record },
            ExtendReply::Replayed { record } => ExtendAnswer::Replayed { version, record },
            ExtendReply::KeyReused => ExtendAnswer::KeyReused,
            ExtendReply::Missing => ExtendAnswer::Gone,
            ExtendReply::Expired => ExtendAnswer::Expired,
            ExtendReply::Released => ExtendAnswer::Released,
            ExtendReply::InPayment => ExtendAnswer::InPayment,
            ExtendReply::LimitReached => ExtendAnswer::LimitReached,
        })
    }

    /// Gives everything back. Again, or after its end: the same.
    pub async fn release_hold(
        &self,
        event: &EventAtWork,
        id: &HoldId,
    ) -> Result<ReleaseAnswer, Unavailable> {
        let (_, Some(record)) = self.record(event, id).await? else {
            return Ok(match self.ordered(id).await? {
                true => ReleaseAnswer::InPayment,
                false => ReleaseAnswer::AlreadyEnded,
            });
        };
        let work = self.at_work(event);
        let (store, partition) = (&work.stores.store, &work.partition);
        let script = |epoch| store.release_hold(partition, epoch, &id.key);
        let version_of = |reply: &ReleaseReply| match reply {
            ReleaseReply::Released { version } => Some(*version),
            _ => None,
        };
        let (epoch, reply) = work.call("release_hold", script, version_of).await?;
        Ok(match reply {
            ReleaseReply::Released { version } => {
                work.note_click(epoch, version, Span::current);
                work.mirror().learn(epoch, version, &record.seats, true);
                ReleaseAnswer::Released { version }
            }
            ReleaseReply::AlreadyEnded | ReleaseReply::Missing => ReleaseAnswer::AlreadyEnded,
            ReleaseReply::InPayment => ReleaseAnswer::InPayment,
        })
    }

    /// Takes seats off sale and puts others on it, all or nothing. The store decides; the ledger
    /// remembers it before this returns, so that a rebuild knows. A crash between the two undoes
    /// at worst a change that nobody was told of.
    pub async fn block(
        &self,
        event: &EventAtWork,
        block: &[SeatIndex],
        unblock: &[SeatIndex],
    ) -> Result<BlockAnswer, Unavailable> {
        let work = self.at_work(event);
        let (store, partition) = (&work.stores.store, &work.partition);
        let script = |epoch| store.block_seats(partition, epoch, block, unblock);
        let (epoch, blocked) =
            work.call("block_seats", script, |blocked| Some(blocked.version)).await?;
        let version = blocked.version;
        if !blocked.refused.is_empty() {
            return Ok(BlockAnswer::SeatsTaken { version, seats: blocked.refused });
        }
        work.note_click(epoch, version, Span::current);
        {
            let mut mirror = work.mirror();
            mirror.learn(epoch, version, block, false);
            mirror.learn(epoch, version, unblock, true);
        }
        let kept = work.stores.ledger.change_blocks(&event.event.id, block, unblock).await;
        kept.map_err(|error| Unavailable::database("keep blocks", error))?;
        Ok(BlockAnswer::Changed { version })
    }

    /// The record of exactly this hold, with the version known when it was read. Another hold of
    /// the same key, made later, is not it.
    async fn record(
        &self,
        event: &EventAtWork,
        id: &HoldId,
    ) -> Result<(u64, Option<HoldRecord>), Unavailable> {
        let work = self.at_work(event);
        let (store, partition) = (&work.stores.store, &work.partition);
        let script = |epoch| store.read_hold(partition, epoch, &id.key);
        let (_, record) = work.call("read_hold", script, |_| None).await?;
        let (_, version) = work.mirror().seen();
        Ok((version, record.filter(|record| record.created == id.created)))
    }

    async fn ordered(&self, id: &HoldId) -> Result<bool, Unavailable> {
        let order = self.core.stores.ledger.order_by_hold(id).await;
        let order = order.map_err(|error| Unavailable::database("read an order", error))?;
        Ok(order.is_some())
    }
}

/// Whether the caller has kept to the bounds of [`HoldWish`].
fn is_sound(event: &EventAtWork, wish: &HoldWish) -> bool {
    let seats = match &wish.wish {
        SeatWish::None => 0,
        SeatWish::Seats(seats) if seats.iter().any(|seat| *seat >= event.chart.seat_count()) => {
            return false;
        }
        SeatWish::Seats(seats) => seats.len() as u64,
        SeatWish::BestAvailable(best) => u64::from(best.quantity),
    };
    let places: u64 = wish.areas.iter().map(|area| u64::from(area.quantity)).sum();
    let ttl = 1..=HOLD_SECONDS_MAX;
    (1..=u64::from(SEATS_PER_HOLD_MAX)).contains(&(seats + places))
        && ttl.contains(&event.event.sale.hold_seconds)
}

/// A hold as its order tells it.
fn record_of(order: &Order) -> HoldRecord {
    let claim = claims::of_order(order);
    let status = match order.state {
        OrderState::New | OrderState::Paying | OrderState::Cancelling => HoldStatus::Paying,
        OrderState::Committed | OrderState::Ticketed => HoldStatus::Sold,
        OrderState::Expired => HoldStatus::Expired,
        OrderState::Cancelled | OrderState::Refunding | OrderState::Refunded => {
            match order.end_reason {
                Some(EndReason::Deadline) => HoldStatus::Expired,
                _ => HoldStatus::Released,
            }
        }
    };
    HoldRecord {
        key: claim.key,
        created: claim.created,
        expires_at: order.pay_before,
        status,
        extensions: 0,
        claim_number: Some(claim.claim_number),
        customer: claim.customer,
        seats: claim.seats,
        areas: claim.areas,
    }
}
