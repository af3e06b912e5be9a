//! Events whose start has passed are completed. Their orders and tickets go on.

use domain::id::EventId;
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::taking,
    error::Error,
    row::args,
    writer::Outcome,
};

impl Ledger {
    /// Completes published events that have started by the ledger's clock; those that this call
    /// completed. May run in several processes at once: each event is completed by one of them.
    pub async fn complete_started_events(&self) -> Result<Vec<EventId>, Error> {
        let started = self
            .read()
            .row(
                "SELECT id FROM events WHERE status = 'published' AND starts_at <= $1 LIMIT 1",
                args![self.inner.clock.now()],
            )
            .await?;
        if started.is_none() {
            return Ok(Vec::new());
        }
        self.write((), |tx, ()| complete(tx).boxed()).await
    }
}

/// An event that another transaction has locked is left for the next time.
async fn complete(tx: &mut Tx) -> Result<Outcome<Vec<EventId>>, Error> {
    let rows = tx
        .rows(
            taking!(
                "SELECT id FROM events WHERE status = 'published' AND starts_at <= $1 ORDER BY id",
                "UPDATE events SET status = 'completed', revision = revision + 1 \
                 WHERE id IN (SELECT id FROM picked) \
                 AND status = 'published' AND starts_at <= $1 RETURNING id"
            ),
            args![tx.now()],
        )
        .await?;
    let completed = rows.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
    Ok(Outcome::Keep(completed))
}
