//! Attempts to pay an order. Each is recorded before the provider is called, its intent is stored
//! before the secret is shown (T2), and an order has one confirmable intent at a time: a second
//! attempt begins only after the first intent is void.

use std::collections::{HashMap, HashSet};

use domain::{
    event::EventStatus,
    id::{EventId, OrderId},
    money::{Currency, MinorUnits},
    order::{Fact, OrderState},
    time::Timestamp,
};
use futures_util::FutureExt;

use crate::{
    Ledger, OutboxKind,
    db::{Reads, Tx},
    due::CHECK_FIRST_AFTER_MS,
    error::Error,
    events,
    orders::{self, Locked},
    outbox,
    row::{Arg, args},
    together::Kind,
    values::{insert_rows, of_ids, of_ids_with},
    writer::Outcome,
};

/// The number of an order's first attempt.
const FIRST: u32 = 1;

/// A stored payment intent.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// The provider's identifier.
    pub id: String,
    /// With it the buyer confirms: shown to the order's owner, never logged.
    pub client_secret: String,
    /// From 1 within the order.
    pub attempt: u32,
    /// The secret may have been shown.
    pub exposed: bool,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intent")
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What an intent is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payable {
    pub id: OrderId,
    pub event: EventId,
    pub created_at: Timestamp,
    pub amount: MinorUnits,
    pub currency: Currency,
}

#[derive(Debug)]
pub enum BeginIntent {
    /// Create an intent under this attempt's key. The same attempt again until it is stored.
    Attempt {
        attempt: u32,
        order: Payable,
    },
    /// The order has one: show it again.
    Existing(Intent),
    /// It cannot be paid any more: ended, ending, or (state `New`) past its deadline.
    Closed(OrderState),
    AlreadyPaid,
    Missing,
}

impl Ledger {
    /// Records that an attempt to pay begins, before the provider is called.
    pub async fn begin_intent(&self, order: &OrderId) -> Result<BeginIntent, Error> {
        self.inner.attempts.write(order.clone()).await
    }

    /// Stores the intent of an attempt (T2); from then on it counts as exposed. Storing the same
    /// intent again is fine. `false`: too late, the secret must never be shown; its cancelling is
    /// queued.
    pub async fn store_intent(
        &self,
        order: &OrderId,
        attempt: u32,
        intent_id: &str,
        client_secret: &str,
    ) -> Result<bool, Error> {
        let (id, client_secret) = (intent_id.to_owned(), client_secret.to_owned());
        self.inner
            .intents
            .write(NewIntent { order: order.clone(), attempt, id, client_secret })
            .await
    }

    /// Permits sending the cancel of `intent`, by the same conditional update that makes a later
    /// authorisation wait for the cancel's answer. `false`: do not send, the order is paid or
    /// being paid. May be called again for a repeated send. An intent that is not the order's
    /// current one may always be cancelled.
    pub async fn mark_cancel_sent(&self, order: &OrderId, intent: &str) -> Result<bool, Error> {
        self.write((order.clone(), intent.to_owned()), |tx, (order, intent)| {
            async move {
                let marked = tx
                    .run(
                        "UPDATE orders SET cancel_sent_at = COALESCE(cancel_sent_at, $3) WHERE id = $1 AND intent_id = $2 \
                         AND state IN ('cancelling', 'cancelled', 'expired')",
                        args![order, intent, tx.now()],
                    )
                    .await?;
                if marked == 1 {
                    return Ok(Outcome::Keep(true));
                }
                let current = tx
                    .row(
                        "SELECT id FROM orders WHERE id = $1 AND intent_id = $2",
                        args![order, intent],
                    )
                    .await?;
                Ok(Outcome::Undo(current.is_none()))
            }
            .boxed()
        })
        .await
    }
}

/// The intent of an attempt, to be stored.
pub(crate) struct NewIntent {
    order: OrderId,
    attempt: u32,
    id: String,
    client_secret: String,
}

pub(crate) const BEGIN: Kind<OrderId, BeginIntent> = Kind {
    one: |tx, order| begin(tx, order).boxed(),
    many: |tx, orders| begin_many(tx, orders).boxed(),
};

pub(crate) const STORE: Kind<NewIntent, bool> =
    Kind { one: |tx, new| store(tx, new).boxed(), many: |tx, all| store_many(tx, all).boxed() };

async fn begin(tx: &mut Tx, id: &OrderId) -> Result<Outcome<BeginIntent>, Error> {
    let Some(locked) = orders::lock(tx, id).await? else {
        return Ok(Outcome::Undo(BeginIntent::Missing));
    };
    match locked.progress.state {
        OrderState::New if locked.pay_before <= tx.now() => {
            return Ok(Outcome::Undo(BeginIntent::Closed(OrderState::New)));
        }
        OrderState::New => {}
        OrderState::Paying => {
            let order = orders::load(tx, id).await?;
            let intent = order
                .and_then(|order| order.intent)
                .ok_or(Error::Corrupt("an order is paying without an intent"))?;
            return Ok(Outcome::Undo(BeginIntent::Existing(intent)));
        }
        OrderState::Committed
        | OrderState::Ticketed
        | OrderState::Refunding
        | OrderState::Refunded => return Ok(Outcome::Undo(BeginIntent::AlreadyPaid)),
        closed @ (OrderState::Cancelling | OrderState::Expired | OrderState::Cancelled) => {
            return Ok(Outcome::Undo(BeginIntent::Closed(closed)));
        }
    }
    let (last, begun) = attempts_of(tx, &[id]).await?.remove(id).unwrap_or_default();
    let order = locked.payable();
    if begun {
        return Ok(Outcome::Undo(BeginIntent::Attempt { attempt: last, order }));
    }
    let attempt = last + 1;
    record(tx, &[&locked], attempt).await?;
    Ok(Outcome::Keep(BeginIntent::Attempt { attempt, order }))
}

/// The plain course: first attempts to pay orders that can be paid.
async fn begin_many(
    tx: &mut Tx,
    orders: &[OrderId],
) -> Result<Outcome<Vec<Option<BeginIntent>>>, Error> {
    let ids: Vec<&OrderId> = orders.iter().collect();
    let locked = orders::lock_many(tx, &ids).await?;
    let tried = attempts_of(tx, &ids).await?;
    let mut fresh: HashMap<&OrderId, &Locked> = locked
        .iter()
        .filter(|order| {
            order.progress.state == OrderState::New
                && tx.now() < order.pay_before
                && !tried.contains_key(&order.id)
        })
        .map(|order| (&order.id, order))
        .collect();
    record(tx, &fresh.values().copied().collect::<Vec<_>>(), FIRST).await?;
    let begun = orders.iter().map(|order| {
        // Of two presses for one order the second is left for later.
        let order = fresh.remove(order)?.payable();
        Some(BeginIntent::Attempt { attempt: FIRST, order })
    });
    Ok(Outcome::Keep(begun.collect()))
}

/// Attempts of orders that have any: how many, and whether the last one waits for its intent.
async fn attempts_of(
    tx: &mut Tx,
    orders: &[&OrderId],
) -> Result<HashMap<OrderId, (u32, bool)>, Error> {
    let mut attempts = HashMap::new();
    for (sql, args) in of_ids(
        "SELECT order_id, attempt, state FROM intents WHERE order_id",
        orders.iter().map(|order| order.as_str()),
        "ORDER BY order_id, attempt",
    ) {
        for row in tx.rows(sql, &args).await? {
            let last = (row.small("attempt")?, row.text("state")? == "begun");
            attempts.insert(row.parsed("order_id")?, last);
        }
    }
    Ok(attempts)
}

async fn record(tx: &mut Tx, orders: &[&Locked], attempt: u32) -> Result<(), Error> {
    let now = tx.now();
    let row = |order: &&'_ Locked| {
        vec![
            Arg::from(order.id.as_str().to_owned()),
            Arg::from(attempt),
            Arg::from("begun"),
            Arg::from(now),
            Arg::from(now),
        ]
    };
    let rows = orders.iter().map(row).collect();
    insert_rows(
        tx,
        "INSERT INTO intents (order_id, attempt, state, begun_at, updated_at)",
        rows,
        "",
    )
    .await?;
    Ok(())
}

async fn store(tx: &mut Tx, new: &NewIntent) -> Result<Outcome<bool>, Error> {
    let id = &new.order;
    // The event before the order, as `cancel_event` locks them.
    let event = events::share_of_order(tx, id).await?;
    let Some(order) = orders::lock(tx, id).await? else { return Ok(Outcome::Undo(false)) };
    let row = tx
        .row(
            "SELECT intent_id FROM intents WHERE order_id = $1 AND attempt = $2",
            args![id, new.attempt],
        )
        .await?
        .ok_or(Error::InvalidInput("an attempt that never began"))?;
    if let Some(stored) = row.text_or_null("intent_id")? {
        let shown = stored == new.id
            && order.intent.as_ref() == Some(&new.id)
            && order.progress.state == OrderState::Paying;
        return Ok(Outcome::Undo(shown));
    }
    let in_time = is_sold(event) && waits_for_intent(&order);
    if in_time {
        keep(tx, &[new], "stored").await?;
        expose(tx, &[new]).await?;
    } else {
        keep(tx, &[new], "late").await?;
        let cancel = outbox::Queue {
            kind: OutboxKind::Cancel,
            order: id,
            event: &order.event,
            intent: Some(&new.id),
            amount: None,
        };
        outbox::queue(tx, cancel).await?;
    }
    Ok(Outcome::Keep(in_time))
}

/// The plain course: intents of first attempts, in time.
async fn store_many(tx: &mut Tx, all: &[NewIntent]) -> Result<Outcome<Vec<Option<bool>>>, Error> {
    let ids: Vec<&OrderId> = all.iter().map(|new| &new.order).collect();
    for event in orders::events_of(tx, &ids).await? {
        if !is_sold(events::share(tx, &event).await?) {
            return Ok(Outcome::Undo(Vec::new()));
        }
    }
    let locked = orders::lock_many(tx, &ids).await?;
    let attempts = attempts_of(tx, &ids).await?;
    let mut waiting: HashSet<&OrderId> = locked
        .iter()
        .filter(|order| waits_for_intent(order) && attempts.get(&order.id) == Some(&(FIRST, true)))
        .map(|order| &order.id)
        .collect();
    // Of two intents for one order the second is left for later.
    let is_plain = |new: &NewIntent| new.attempt == FIRST && waiting.remove(&new.order);
    let plain: Vec<bool> = all.iter().map(is_plain).collect();
    let new: Vec<&NewIntent> =
        all.iter().zip(&plain).filter(|(_, plain)| **plain).map(|(new, _)| new).collect();
    keep(tx, &new, "stored").await?;
    expose(tx, &new).await?;
    Ok(Outcome::Keep(plain.into_iter().map(|plain| plain.then_some(true)).collect()))
}

/// An order made before the event was completed may still be paid.
fn is_sold(event: Option<EventStatus>) -> bool {
    matches!(event, Some(EventStatus::Published | EventStatus::Completed))
}

fn waits_for_intent(order: &Locked) -> bool {
    let step = domain::order::learn(order.progress, Fact::IntentStored);
    order.progress.state == OrderState::New && step.state == OrderState::Paying
}

/// Fills in what the provider gave for attempts that were recorded.
async fn keep(tx: &mut Tx, all: &[&NewIntent], state: &'static str) -> Result<(), Error> {
    let now = tx.now();
    let rows = all
        .iter()
        .map(|new| {
            vec![
                Arg::from(&new.order),
                Arg::from(new.attempt),
                Arg::from(&new.id),
                Arg::from(&new.client_secret),
                Arg::from(state),
                Arg::from(now),
                Arg::from(now),
            ]
        })
        .collect();
    insert_rows(
        tx,
        "INSERT INTO intents (order_id, attempt, intent_id, client_secret, state, begun_at, \
         updated_at)",
        rows,
        "ON CONFLICT (order_id, attempt) DO UPDATE SET intent_id = excluded.intent_id, \
         client_secret = excluded.client_secret, state = excluded.state, \
         updated_at = excluded.updated_at",
    )
    .await?;
    Ok(())
}

/// What was kept for these orders becomes their current intent.
async fn expose(tx: &mut Tx, all: &[&NewIntent]) -> Result<(), Error> {
    let now = tx.now();
    for (sql, args) in of_ids_with(
        [Arg::from(now.plus_millis(CHECK_FIRST_AFTER_MS)), Arg::from(now)],
        "UPDATE orders SET state = 'paying', intent_exposed = 1, cancel_sent_at = NULL, \
         next_check_at = $1, updated_at = $2, revision = revision + 1, \
         intent_id = (SELECT intents.intent_id FROM intents WHERE intents.order_id = orders.id \
                      ORDER BY attempt DESC LIMIT 1) \
         WHERE id",
        all.iter().map(|new| new.order.as_str()),
        "",
    ) {
        tx.run(sql, &args).await?;
    }
    Ok(())
}

/// Void and refunded are ends; an authorisation told late takes nothing back.
macro_rules! noting {
    ($which:literal) => {
        concat!(
            "UPDATE intents SET state = $1, updated_at = $2 WHERE state <> $1 \
             AND (state IN ('begun', 'stored', 'late', 'authorised') \
                  OR (state = 'paid' AND $1 = 'refunded')) AND ",
            $which
        )
    };
}

/// Notes what became of an intent, current or not.
pub(crate) async fn note(
    tx: &mut Tx,
    order: &OrderId,
    intent: &str,
    fact: Fact,
) -> Result<(), Error> {
    let Some(state) = noted(fact) else { return Ok(()) };
    tx.run(noting!("order_id = $3 AND intent_id = $4"), args![state, tx.now(), order, intent])
        .await?;
    Ok(())
}

/// The same for the current intents of many orders.
pub(crate) async fn note_all(
    tx: &mut Tx,
    intents: impl Iterator<Item = &str>,
    fact: Fact,
) -> Result<(), Error> {
    let Some(state) = noted(fact) else { return Ok(()) };
    let leading = [Arg::from(state), Arg::from(tx.now())];
    for (sql, args) in of_ids_with(leading, noting!("intent_id"), intents, "") {
        tx.run(sql, &args).await?;
    }
    Ok(())
}

fn noted(fact: Fact) -> Option<&'static str> {
    match fact {
        Fact::Authorised => Some("authorised"),
        Fact::Paid => Some("paid"),
        Fact::Void => Some("void"),
        Fact::Refunded => Some("refunded"),
        _ => None,
    }
}
