//! Notifications of the payment provider, kept as they came, before they are acknowledged.
//! Workers take rows under a lease; one that dies lets the lease end, and another takes the row.

use domain::time::Timestamp;
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::taking,
    error::Error,
    row::{Row, args},
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
    /// The body, byte for byte.
    pub raw: Vec<u8>,
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
        self.write(row, |tx, row| {
            async move {
                let now = tx.now();
                let inserted = tx
                    .run(
                        "INSERT INTO inbox (event_id, object_id, kind, account, livemode, raw, \
                         state, next_at, received_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7) \
                         ON CONFLICT (event_id) DO NOTHING",
                        args![
                            &row.event_id,
                            &row.object_id,
                            &row.kind,
                            row.account.as_deref(),
                            row.livemode,
                            row.raw.as_slice(),
                            now
                        ],
                    )
                    .await?;
                tx.queued.inbox |= inserted == 1;
                Ok(Outcome::Keep(inserted == 1))
            }
            .boxed()
        })
        .await
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
        self.end_inbox_row(event_id, "done", None).await
    }

    /// Never again by itself: a person has to look. The reason names no personal data.
    pub async fn inbox_quarantine(&self, event_id: &str, reason: &str) -> Result<(), Error> {
        self.end_inbox_row(event_id, "quarantined", Some(reason.to_owned())).await
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

    async fn end_inbox_row(
        &self,
        event_id: &str,
        state: &'static str,
        error: Option<String>,
    ) -> Result<(), Error> {
        self.write((event_id.to_owned(), state, error), |tx, (event_id, state, error)| {
            async move {
                tx.run(
                    "UPDATE inbox SET state = $2, lease_until = 0, error = $3 WHERE event_id = $1",
                    args![event_id, *state, error.as_deref()],
                )
                .await?;
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }
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
