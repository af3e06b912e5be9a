//! What was done to a line, when and why: opened, paused, closed, its rules changed. Only ever added
//! to, so that anybody who asks later why a line stood still is told.

use domain::{id::EventId, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    row::{Row, args},
    writer::Outcome,
};

/// An act to be kept; its number and time are the ledger's to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAct {
    /// Which: `open`, `pause`, `settings`, ….
    pub kind: String,
    /// In the words of whoever did it.
    pub reason: String,
    /// What changed, as JSON text.
    pub detail: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Grows from act to act; counted over all events, so that one event's numbers have gaps.
    pub number: u64,
    pub at: Timestamp,
    pub kind: String,
    pub reason: String,
    pub detail: Option<String>,
}

impl Ledger {
    /// Keeps an act that changed no phase. The event need not have a line yet.
    pub async fn record_act(&self, event: &EventId, act: NewAct) -> Result<Act, Error> {
        self.write((event.clone(), act), |tx, (event, act)| {
            async move { Ok(Outcome::Keep(insert(tx, event, act).await?)) }.boxed()
        })
        .await
    }

    /// The last acts, the latest first.
    pub async fn acts(&self, event: &EventId, limit: u32) -> Result<Vec<Act>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT number, at, kind, reason, detail FROM line_acts \
                 WHERE event_id = $1 ORDER BY number DESC LIMIT $2",
                args![event, limit],
            )
            .await?;
        rows.iter().map(act_of).collect()
    }
}

pub(crate) async fn insert(tx: &mut Tx, event: &EventId, act: &NewAct) -> Result<Act, Error> {
    let number = tx
        .row("UPDATE counters SET value = value + 1 WHERE name = 'line_act' RETURNING value", &[])
        .await?
        .ok_or(Error::Corrupt("no counter of acts"))?
        .int("value")?;
    let row = tx
        .row(
            "INSERT INTO line_acts (event_id, number, at, kind, reason, detail) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING number, at, kind, reason, detail",
            args![event, number, tx.now(), &act.kind, &act.reason, act.detail.as_deref()],
        )
        .await?
        .ok_or(Error::Corrupt("no act"))?;
    act_of(&row)
}

fn act_of(row: &Row) -> Result<Act, Error> {
    Ok(Act {
        number: row.small("number")?,
        at: row.time("at")?,
        kind: row.text("kind")?,
        reason: row.text("reason")?,
        detail: row.text_or_null("detail")?,
    })
}
