//! Attempts to pay an order. Each is recorded before the provider is called, its intent is stored
//! before the secret is shown (T2), and an order has one confirmable intent at a time: a second
//! attempt begins only after the first intent is void.

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
    row::args,
    writer::Outcome,
};

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
        self.write(order.clone(), |tx, order| begin(tx, order).boxed()).await
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
        let input = (order.clone(), attempt, intent_id.to_owned(), client_secret.to_owned());
        self.write(input, |tx, (order, attempt, intent, secret)| {
            store(tx, order, *attempt, intent, secret).boxed()
        })
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
    let last = tx
        .row(
            "SELECT attempt, state FROM intents WHERE order_id = $1 \
             ORDER BY attempt DESC LIMIT 1",
            args![id],
        )
        .await?;
    let (last, begun) = match last {
        Some(row) => (row.small::<u32>("attempt")?, row.text("state")? == "begun"),
        None => (0, false),
    };
    let order = Payable {
        id: locked.id,
        event: locked.event,
        created_at: locked.created_at,
        amount: locked.amount,
        currency: locked.currency,
    };
    if begun {
        return Ok(Outcome::Undo(BeginIntent::Attempt { attempt: last, order }));
    }
    let attempt = last + 1;
    tx.run(
        "INSERT INTO intents (order_id, attempt, state, begun_at, updated_at) \
         VALUES ($1, $2, 'begun', $3, $3)",
        args![id, attempt, tx.now()],
    )
    .await?;
    Ok(Outcome::Keep(BeginIntent::Attempt { attempt, order }))
}

async fn store(
    tx: &mut Tx,
    id: &OrderId,
    attempt: u32,
    intent: &str,
    secret: &str,
) -> Result<Outcome<bool>, Error> {
    // The event before the order, as `cancel_event` locks them.
    let event = events::share_of_order(tx, id).await?;
    let Some(order) = orders::lock(tx, id).await? else { return Ok(Outcome::Undo(false)) };
    let row = tx
        .row(
            "SELECT intent_id, state FROM intents WHERE order_id = $1 AND attempt = $2",
            args![id, attempt],
        )
        .await?
        .ok_or(Error::InvalidInput("an attempt that never began"))?;
    if let Some(stored) = row.text_or_null("intent_id")? {
        let shown = stored == intent
            && order.intent.as_deref() == Some(intent)
            && order.progress.state == OrderState::Paying;
        return Ok(Outcome::Undo(shown));
    }
    let step = domain::order::learn(order.progress, Fact::IntentStored);
    // An order made before the event was completed may still be paid.
    let sold = matches!(event, Some(EventStatus::Published | EventStatus::Completed));
    let in_time =
        sold && step.state == OrderState::Paying && order.progress.state == OrderState::New;
    let state = if in_time { "stored" } else { "late" };
    tx.run(
        "UPDATE intents SET intent_id = $3, client_secret = $4, state = $5, updated_at = $6 \
         WHERE order_id = $1 AND attempt = $2",
        args![id, attempt, intent, secret, state, tx.now()],
    )
    .await?;
    if in_time {
        expose(tx, &order, intent).await?;
    } else {
        let cancel = outbox::Queue {
            kind: OutboxKind::Cancel,
            order: id,
            event: &order.event,
            intent: Some(intent),
            amount: None,
        };
        outbox::queue(tx, cancel).await?;
    }
    Ok(Outcome::Keep(in_time))
}

async fn expose(tx: &mut Tx, order: &Locked, intent: &str) -> Result<(), Error> {
    let now = tx.now();
    tx.run(
        "UPDATE orders SET state = 'paying', intent_id = $2, intent_exposed = 1, \
         cancel_sent_at = NULL, next_check_at = $3, updated_at = $4, revision = revision + 1 \
         WHERE id = $1",
        args![&order.id, intent, now.plus_millis(CHECK_FIRST_AFTER_MS), now],
    )
    .await?;
    Ok(())
}

/// Notes what became of an intent, current or not.
pub(crate) async fn note(
    tx: &mut Tx,
    order: &OrderId,
    intent: &str,
    fact: Fact,
) -> Result<(), Error> {
    let state = match fact {
        Fact::Authorised => "authorised",
        Fact::Paid => "paid",
        Fact::Void => "void",
        Fact::Refunded => "refunded",
        _ => return Ok(()),
    };
    // Void and refunded are ends; an authorisation told late takes nothing back.
    tx.run(
        "UPDATE intents SET state = $3, updated_at = $4 \
         WHERE order_id = $1 AND intent_id = $2 AND state <> $3 \
         AND (state IN ('begun', 'stored', 'late', 'authorised') \
              OR (state = 'paid' AND $3 = 'refunded'))",
        args![order, intent, state, tx.now()],
    )
    .await?;
    Ok(())
}
