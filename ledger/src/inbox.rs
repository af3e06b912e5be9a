//! Notifications of the payment provider, kept as they came, before they are acknowledged.
//! Workers take rows under a lease; one that dies lets the lease end, and another takes the row.

use std::collections::HashSet;

use domain::time::Timestamp;
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::taking,
    error::Error,
    row::{Arg, Row, args},
    together::Kind,
    values::{insert_rows, of_ids},
    writer::Outcome,
};

/// A verified notification.
#[derive(Clone)]
pub struct NewInboxRow {
    /// The provider's identifier of the notification: a repetition is the same row.
    pub event_id: String,
    /// What it is about.
    pub object_id: String,
    pub kind: String,
    pub account: Option<String>,
    pub livemode: bool,
    /// The body, byte for byte; empty where nobody has to look at it.
    pub raw: Vec<u8>,
    /// Some worker has to look at it; else it is only kept.
    pub matters: bool,
}

/// A notification under lease.
#[derive(Clone)]
pub struct InboxRow {
    pub event_id: String,
    pub object_id: String,
    pub kind: String,
    pub account: Option<String>,
    pub livemode: bool,
    pub raw: Vec<u8>,
    /// How often it has been taken, this time included.
    pub attempts: u32,
    pub received_at: Timestamp,
}

impl std::fmt::Debug for InboxRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxRow")
            .field("event_id", &self.event_id)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Keeps a notification, durably once this returns; `false`: it was there already.
    pub async fn inbox_insert(&self, row: NewInboxRow) -> Result<bool, Error> {
        self.inner.inbox.write(row).await
    }

    /// Takes up to `limit` waiting rows for `lease_ms`, the longest due first.
    pub async fn inbox_lease(
        &self,
        owner: &str,
        limit: u32,
        lease_ms: i64,
    ) -> Result<Vec<InboxRow>, Error> {
        // A look without a lock, so that an idle worker costs the writer nothing.
        let due = self
            .read()
            .row(
                "SELECT event_id FROM inbox \
                 WHERE state = 'waiting' AND next_at <= $1 AND lease_until <= $1 LIMIT 1",
                args![self.inner.clock.now()],
            )
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        self.write((owner.to_owned(), limit, lease_ms), |tx, (owner, limit, lease_ms)| {
            lease(tx, owner, *limit, *lease_ms).boxed()
        })
        .await
    }

    pub async fn inbox_done(&self, event_id: &str) -> Result<(), Error> {
        self.inner.inbox_done.write(event_id.to_owned()).await
    }

    /// Never again by itself: a person has to look. The reason names no personal data.
    pub async fn inbox_quarantine(&self, event_id: &str, reason: &str) -> Result<(), Error> {
        self.write((event_id.to_owned(), reason.to_owned()), |tx, (event_id, reason)| {
            async move {
                tx.run(
                    "UPDATE inbox SET state = 'quarantined', lease_until = 0, error = $2 \
                     WHERE event_id = $1",
                    args![event_id, reason],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }

    /// Gives the row back, to be taken again after `after_ms`.
    pub async fn inbox_retry(
        &self,
        event_id: &str,
        error: &str,
        after_ms: i64,
    ) -> Result<(), Error> {
        let input = (event_id.to_owned(), error.to_owned(), after_ms);
        self.write(input, |tx, (event_id, error, after_ms)| {
            async move {
                tx.run(
                    "UPDATE inbox SET lease_until = 0, next_at = $2, error = $3 \
                     WHERE event_id = $1 AND state = 'waiting'",
                    args![event_id, tx.now().plus_millis(*after_ms), error],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }

    /// Rows that wait, and rows in quarantine.
    pub async fn inbox_counts(&self) -> Result<(u64, u64), Error> {
        let rows = self
            .read()
            .rows(
                "SELECT state, COUNT(*) AS rows FROM inbox \
                 WHERE state IN ('waiting', 'quarantined') GROUP BY state",
                &[],
            )
            .await?;
        let mut counts = (0, 0);
        for row in rows {
            let count = row.small("rows")?;
            if row.text("state")? == "waiting" { counts.0 = count } else { counts.1 = count }
        }
        Ok(counts)
    }

    /// When the oldest row that waits was received.
    pub async fn inbox_oldest(&self) -> Result<Option<Timestamp>, Error> {
        let row = self
            .read()
            .row("SELECT MIN(received_at) AS oldest FROM inbox WHERE state = 'waiting'", &[])
            .await?;
        row.map_or(Ok(None), |row| row.time_or_null("oldest"))
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
        "UPDATE inbox SET state = 'done', lease_until = 0, error = NULL WHERE event_id",
        ids.iter().map(String::as_str),
        "",
    ) {
        tx.run(sql, &args).await?;
    }
    Ok(())
}

pub(crate) const INSERT: Kind<NewInboxRow, bool> = Kind {
    one: |tx, row| {
        async move {
            let inserted = insert(tx, std::slice::from_ref(row)).await?;
            Ok(Outcome::Keep(!inserted.is_empty()))
        }
        .boxed()
    },
    many: |tx, rows| {
        async move {
            let mut inserted = insert(tx, rows).await?;
            // The same twice among them: the first one was kept.
            let answers = rows.iter().map(|row| Some(inserted.remove(&row.event_id))).collect();
            Ok(Outcome::Keep(answers))
        }
        .boxed()
    },
};

/// Which of them were not there.
async fn insert(tx: &mut Tx, new: &[NewInboxRow]) -> Result<HashSet<String>, Error> {
    let now = tx.now();
    let mut new: Vec<&NewInboxRow> = new.iter().collect();
    // In the order in which every transaction takes them.
    new.sort_unstable_by(|one, other| one.event_id.cmp(&other.event_id));
    let rows: Vec<Vec<Arg<'_>>> = new
        .iter()
        .map(|row| {
            vec![
                Arg::from(&row.event_id),
                Arg::from(&row.object_id),
                Arg::from(&row.kind),
                Arg::from(row.account.as_deref()),
                Arg::from(row.livemode),
                Arg::from(row.raw.as_slice()),
                Arg::from(if row.matters { "waiting" } else { "done" }),
                Arg::from(now),
                Arg::from(now),
            ]
        })
        .collect();
    let inserted = insert_rows(
        tx,
        "INSERT INTO inbox (event_id, object_id, kind, account, livemode, raw, state, next_at, \
         received_at)",
        rows,
        "ON CONFLICT (event_id) DO NOTHING RETURNING event_id",
    )
    .await?;
    let inserted =
        inserted.iter().map(|row| row.text("event_id")).collect::<Result<HashSet<_>, _>>()?;
    tx.queued.inbox |=
        new.iter().any(|row| row.matters && inserted.contains(row.event_id.as_str()));
    Ok(inserted)
}

async fn lease(
    tx: &mut Tx,
    owner: &str,
    limit: u32,
    lease_ms: i64,
) -> Result<Outcome<Vec<InboxRow>>, Error> {
    let now = tx.now();
    let rows = tx
        .rows(
            taking!(
                "SELECT event_id FROM inbox \
                 WHERE state = 'waiting' AND next_at <= $1 AND lease_until <= $1 \
                 ORDER BY next_at LIMIT $2",
                "UPDATE inbox SET lease_owner = $3, lease_until = $4, attempts = attempts + 1 \
                 WHERE event_id IN (SELECT event_id FROM picked) \
                 AND state = 'waiting' AND next_at <= $1 AND lease_until <= $1 \
                 RETURNING event_id, object_id, kind, account, livemode, raw, attempts, received_at"
            ),
            args![now, limit, owner, now.plus_millis(lease_ms)],
        )
        .await?;
    let mut taken = rows.iter().map(row_of).collect::<Result<Vec<_>, Error>>()?;
    taken.sort_by(|a, b| (a.received_at, &a.event_id).cmp(&(b.received_at, &b.event_id)));
    Ok(Outcome::Keep(taken))
}

fn row_of(row: &Row) -> Result<InboxRow, Error> {
    Ok(InboxRow {
        event_id: row.text("event_id")?,
        object_id: row.text("object_id")?,
        kind: row.text("kind")?,
        account: row.text_or_null("account")?,
        livemode: row.flag("livemode")?,
        raw: row.bytes("raw")?,
        attempts: row.small("attempts")?,
        received_at: row.time("received_at")?,
    })
}
