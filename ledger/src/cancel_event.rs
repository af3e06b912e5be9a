//! Takes an event off sale for good, and ends its unpaid orders with it, in one transaction.
//!
//! An order whose intent's secret is out may be paid at any moment, so the event stays as long as
//! there is one. What keeps one from coming in between is the lock on the event's row, which
//! `create_order` and `store_intent` share. Locks the event first, then orders, then what is theirs.

use domain::{
    event::{Event, EventStatus},
    id::{EventId, OrderId},
    order::Fact,
};
use futures_util::FutureExt;

use crate::{
    Evidence, Ledger,
    db::{Reads, Tx},
    dialect::locking,
    error::Error,
    events, learn,
    row::args,
    writer::Outcome,
};

#[derive(Debug)]
pub enum CancelEvent {
    /// As it is now.
    Cancelled(Event),
    /// It was before.
    Again(Event),
    /// An order has tickets, or may still be paid, or its money is on the way back.
    HasSoldTickets,
    /// It is completed.
    InvalidTransition,
    Missing,
}

impl Ledger {
    /// Cost: the unpaid orders of the event, each ended as if its buyer had asked.
    pub async fn cancel_event(&self, event: &EventId) -> Result<CancelEvent, Error> {
        self.write(event.clone(), |tx, event| cancel(tx, event).boxed()).await
    }
}

async fn cancel(tx: &mut Tx, id: &EventId) -> Result<Outcome<CancelEvent>, Error> {
    let Some(event) = events::lock(tx, id).await? else {
        return Ok(Outcome::Undo(CancelEvent::Missing));
    };
    if event.status == EventStatus::Cancelled {
        return Ok(Outcome::Undo(CancelEvent::Again(event)));
    }
    if !event.status.may_become(EventStatus::Cancelled) {
        return Ok(Outcome::Undo(CancelEvent::InvalidTransition));
    }
    if has_money(tx, id).await? {
        return Ok(Outcome::Undo(CancelEvent::HasSoldTickets));
    }
    tx.run(
        "UPDATE events SET status = 'cancelled', revision = revision + 1 WHERE id = $1",
        args![id],
    )
    .await?;
    for order in unpaid(tx, id).await? {
        let evidence = Evidence { source: "event_cancelled", ..Evidence::default() };
        learn::learn(tx, &order, Fact::CancelAsked, &evidence).await?;
    }
    let event = Event { status: EventStatus::Cancelled, revision: event.revision + 1, ..event };
    Ok(Outcome::Keep(CancelEvent::Cancelled(event)))
}

/// Whether money of the event has come or may still come.
async fn has_money(tx: &mut Tx, event: &EventId) -> Result<bool, Error> {
    let order = tx
        .row(
            "SELECT id FROM orders WHERE event_id = $1 \
             AND state IN ('paying', 'cancelling', 'committed', 'ticketed', 'refunding') LIMIT 1",
            args![event],
        )
        .await?;
    Ok(order.is_some())
}

/// All are locked before the first is ended: ending one locks what other orders need too.
async fn unpaid(tx: &mut Tx, event: &EventId) -> Result<Vec<OrderId>, Error> {
    let rows = tx
        .rows(
            locking!("SELECT id FROM orders WHERE event_id = $1 AND state = 'new' ORDER BY id"),
            args![event],
        )
        .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}
