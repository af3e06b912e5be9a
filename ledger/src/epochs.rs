//! The number of an event's inventory in Redis. Each inventory laid anew takes the next one, so
//! that scripts and clients can tell an old one from a new.

use domain::id::EventId;
use futures_util::FutureExt;

use crate::{Ledger, db::Reads, error::Error, row::args, writer::Outcome};

impl Ledger {
    /// The next epoch, from 1; durable before it is returned, never given twice.
    pub async fn next_epoch(&self, event: &EventId) -> Result<u64, Error> {
        self.write(event.clone(), |tx, event| {
            async move {
                let row = tx
                    .row(
                        "INSERT INTO epochs (event_id, epoch) VALUES ($1, 1) \
                         ON CONFLICT (event_id) DO UPDATE SET epoch = epochs.epoch + 1 \
                         RETURNING epoch",
                        args![event],
                    )
                    .await?
                    .ok_or(Error::Corrupt("no epoch"))?;
                Ok(Outcome::Keep(row.small("epoch")?))
            }
            .boxed()
        })
        .await
    }

    /// The epoch given last, if any.
    pub async fn last_epoch(&self, event: &EventId) -> Result<Option<u64>, Error> {
        let row =
            self.read().row("SELECT epoch FROM epochs WHERE event_id = $1", args![event]).await?;
        row.map(|row| row.small("epoch")).transpose()
    }
}
