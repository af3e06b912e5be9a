//! What has to be done elsewhere because of a change here, written in the change's transaction and
//! done at least once. Workers take rows under a lease.
//!
//! The kinds of the inventory (promote, sell, release) of one order are done in this order: a row
//! is not taken while an earlier one of its order waits, and a later one withdraws what nobody has
//! begun.

use domain::{
    id::{EventId, OrderId},
    money::MinorUnits,
    time::Timestamp,
};
use futures_util::FutureExt;
use tracing::Span;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::taking,
    error::Error,
    row::{Arg, Row, args},
    together::Kind,
    trace,
    values::{insert_rows, of_ids, of_ids_with},
    writer::Outcome,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboxKind {
    /// The hold in Redis becomes a claim.
    Promote,
    /// The claim in Redis becomes a sale.
    Sell,
    /// The seats in Redis become free.
    Release,
    Capture,
    Cancel,
    Refund,
}

impl OutboxKind {
    /// Done by the inventory.
    pub const INVENTORY: [Self; 3] = [Self::Promote, Self::Sell, Self::Release];
    /// Done by the payments.
    pub const PAYMENTS: [Self; 3] = [Self::Capture, Self::Cancel, Self::Refund];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Sell => "sell",
            Self::Release => "release",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::INVENTORY.into_iter().chain(Self::PAYMENTS).find(|kind| kind.as_str() == text)
    }

    /// Place in the order of the inventory's kinds; 0: done in any order.
    fn rank(self) -> i64 {
        match self {
            Self::Promote => 1,
            Self::Sell => 2,
            Self::Release => 3,
            Self::Capture | Self::Cancel | Self::Refund => 0,
        }
    }
}

/// Something to do, under lease.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// Names the effect: `capture:<order>`, `cancel:<order>:<intent>`.
    pub id: String,
    pub kind: OutboxKind,
    pub order: OrderId,
    pub event: EventId,
    /// The payment intent it is about, for the kinds of the payments.
    pub intent: Option<String>,
    /// What is captured or refunded.
    pub amount: Option<MinorUnits>,
    /// How often it has been taken, this time included.
    pub attempts: u32,
    pub created_at: Timestamp,
    /// In which it was queued.
    trace: Option<String>,
}

/// Rows of one kind that wait, under lease or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxWaiting {
    pub kind: OutboxKind,
    pub rows: u64,
    /// When the oldest of them was queued.
    pub oldest: Timestamp,
}

impl OutboxRow {
    /// For doing it, in the trace in which it was queued.
    pub fn span(&self) -> Span {
        let span = tracing::debug_span!("outbox", kind = self.kind.as_str(), order = %self.order);
        trace::goes_on(span, self.trace.as_deref())
    }
}

impl Ledger {
    /// Takes up to `limit` rows of `kinds` (at most six) for `lease_ms`, the longest due first.
    pub async fn outbox_lease(
        &self,
        kinds: &[OutboxKind],
        owner: &str,
        limit: u32,
        lease_ms: i64,
    ) -> Result<Vec<OutboxRow>, Error> {
        let mut names = [""; 6];
        for (name, kind) in names.iter_mut().zip(kinds) {
            *name = kind.as_str();
        }
        // A look without a lock, so that an idle worker costs the writer nothing.
        let due = self
            .read()
            .row(
                "SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= $1 \
                 AND lease_until <= $1 AND kind IN ($2, $3, $4, $5, $6, $7) LIMIT 1",
                args![
                    self.inner.clock.now(),
                    names[0],
                    names[1],
                    names[2],
                    names[3],
                    names[4],
                    names[5]
                ],
            )
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        self.write(
            (names, owner.to_owned(), limit, lease_ms),
            |tx, (names, owner, limit, lease_ms)| {
                lease(tx, names, owner, *limit, *lease_ms).boxed()
            },
        )
        .await
    }

    /// The effect has happened.
    pub async fn outbox_done(&self, id: &str) -> Result<(), Error> {
        self.inner.outbox_done.write(id.to_owned()).await
    }

    /// The same for many rows at once.
    pub async fn outbox_done_all(&self, ids: &[String]) -> Result<(), Error> {
        self.write(ids.to_vec(), |tx, ids| {
            async move {
                done(tx, ids).await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }

    /// Gives the row back, to be taken again after `after_ms`.
    pub async fn outbox_retry(&self, id: &str, error: &str, after_ms: i64) -> Result<(), Error> {
        self.write((id.to_owned(), error.to_owned(), after_ms), |tx, (id, error, after_ms)| {
            async move {
                tx.run(
                    "UPDATE outbox SET lease_until = 0, next_at = $2, error = $3 \
                     WHERE id = $1 AND state = 'waiting'",
                    args![id, tx.now().plus_millis(*after_ms), error],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }

    /// Rows that wait, by kind; kinds of which none waits are absent.
    pub async fn outbox_waiting(&self) -> Result<Vec<OutboxWaiting>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT kind, COUNT(*) AS rows, MIN(created_at) AS oldest FROM outbox \
                 WHERE state = 'waiting' GROUP BY kind",
                &[],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let (rows, oldest) = (row.small("rows")?, row.time("oldest")?);
                Ok(OutboxWaiting { kind: kind_of(row)?, rows, oldest })
            })
            .collect()
    }
}

pub(crate) const DONE: Kind<String, ()> = Kind {
    one: |tx, id| {
        async move {
            done(tx, std::slice::from_ref(id)).await?;
            Ok(Outcome::Keep(()))
        }
        .boxed()
    },
    many: |tx, ids| {
        async move {
            done(tx, ids).await?;
            Ok(Outcome::Keep(vec![Some(()); ids.len()]))
        }
        .boxed()
    },
};

async fn done(tx: &mut Tx, ids: &[String]) -> Result<(), Error> {
    for (sql, args) in of_ids(
        "UPDATE outbox SET state = 'done', lease_until = 0, error = NULL \
         WHERE state = 'waiting' AND id",
        ids.iter().map(String::as_str),
        "",
    ) {
        tx.run(sql, &args).await?;
    }
    // A later row of the order may have waited for this one.
    tx.queued.outbox = true;
    Ok(())
}

async fn lease(
    tx: &mut Tx,
    names: &[&'static str; 6],
    owner: &str,
    limit: u32,
    lease_ms: i64,
) -> Result<Outcome<Vec<OutboxRow>>, Error> {
    let now = tx.now();
    let rows = tx
        .rows(
            taking!(
                "SELECT id FROM outbox WHERE state = 'waiting' AND next_at <= $1 \
                 AND lease_until <= $1 AND kind IN ($2, $3, $4, $5, $6, $7) \
                 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier \
                     WHERE earlier.order_id = outbox.order_id AND earlier.state = 'waiting' \
                     AND earlier.rank BETWEEN 1 AND outbox.rank - 1) \
                 ORDER BY next_at LIMIT $8",
                "UPDATE outbox SET lease_owner = $9, lease_until = $10, attempts = attempts + 1 \
                 WHERE id IN (SELECT id FROM picked) \
                 AND state = 'waiting' AND next_at <= $1 AND lease_until <= $1 \
                 RETURNING id, kind, order_id, event_id, intent, amount, attempts, created_at, \
                 trace"
            ),
            args![
                now,
                names[0],
                names[1],
                names[2],
                names[3],
                names[4],
                names[5],
                limit,
                owner,
                now.plus_millis(lease_ms)
            ],
        )
        .await?;
    let mut taken = rows.iter().map(row_of).collect::<Result<Vec<_>, Error>>()?;
    taken.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(Outcome::Keep(taken))
}

/// What to queue.
pub(crate) struct Queue<'a> {
    pub kind: OutboxKind,
    pub order: &'a OrderId,
    pub event: &'a EventId,
    pub intent: Option<&'a str>,
    pub amount: Option<MinorUnits>,
}

pub(crate) fn id_of(kind: OutboxKind, order: &OrderId, intent: Option<&str>) -> String {
    match intent {
        Some(intent) if kind != OutboxKind::Capture => {
            format!("{}:{order}:{intent}", kind.as_str())
        }
        _ => format!("{}:{order}", kind.as_str()),
    }
}

/// Queues an effect once; one that was withdrawn or done is to be done again.
pub(crate) async fn queue(tx: &mut Tx, what: Queue<'_>) -> Result<(), Error> {
    let (now, trace) = (tx.now(), trace::current());
    queue_all(tx, &[(what, trace.as_deref())], now).await
}

/// The same for many, each with the trace it belongs to; due at `due`.
pub(crate) async fn queue_all(
    tx: &mut Tx,
    what: &[(Queue<'_>, Option<&str>)],
    due: Timestamp,
) -> Result<(), Error> {
    let now = tx.now();
    let rows: Vec<Vec<Arg<'_>>> = what
        .iter()
        .map(|(what, trace)| {
            vec![
                Arg::from(id_of(what.kind, what.order, what.intent)),
                Arg::from(what.kind.as_str()),
                Arg::from(what.kind.rank()),
                Arg::from(what.order),
                Arg::from(what.event),
                Arg::from(what.intent),
                Arg::from(what.amount),
                Arg::from("waiting"),
                Arg::from(due),
                Arg::from(now),
                Arg::from(*trace),
            ]
        })
        .collect();
    insert_rows(
        tx,
        "INSERT INTO outbox (id, kind, rank, order_id, event_id, intent, amount, state, next_at, \
         created_at, trace)",
        rows,
        "ON CONFLICT (id) DO UPDATE SET state = 'waiting', attempts = 0, lease_until = 0, \
         next_at = excluded.next_at, trace = excluded.trace \
         WHERE outbox.state IN ('done', 'withdrawn')",
    )
    .await?;
    tx.queued.outbox |= !what.is_empty() && due <= now;
    Ok(())
}

/// Takes back what is queued under `id` and has not happened.
pub(crate) async fn withdraw(tx: &mut Tx, id: String) -> Result<(), Error> {
    tx.run("UPDATE outbox SET state = 'withdrawn' WHERE id = $1 AND state = 'waiting'", args![id])
        .await?;
    Ok(())
}

/// Takes back the inventory's earlier steps of orders that no worker has begun.
pub(crate) async fn withdraw_earlier(
    tx: &mut Tx,
    orders: &[&OrderId],
    than: OutboxKind,
) -> Result<(), Error> {
    for (sql, args) in of_ids_with(
        [Arg::from(than.rank() - 1), Arg::from(tx.now())],
        "UPDATE outbox SET state = 'withdrawn' WHERE state = 'waiting' \
         AND rank BETWEEN 1 AND $1 AND lease_until <= $2 AND order_id",
        orders.iter().map(|order| order.as_str()),
        "",
    ) {
        tx.run(sql, &args).await?;
    }
    Ok(())
}

fn kind_of(row: &Row) -> Result<OutboxKind, Error> {
    OutboxKind::parse(&row.text("kind")?).ok_or(Error::Corrupt("a kind of the outbox"))
}

fn row_of(row: &Row) -> Result<OutboxRow, Error> {
    Ok(OutboxRow {
        id: row.text("id")?,
        kind: kind_of(row)?,
        order: row.parsed("order_id")?,
        event: row.parsed("event_id")?,
        intent: row.text_or_null("intent")?,
        amount: row.int_or_null("amount")?,
        attempts: row.small("attempts")?,
        trace: row.text_or_null("trace")?,
        created_at: row.time("created_at")?,
    })
}
