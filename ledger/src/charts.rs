//! The source of an event's chart: JSON text, written once with the event, never changed.

use domain::id::EventId;

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    row::args,
};

impl Ledger {
    /// The text given at creation; megabytes for a large hall.
    pub async fn chart_source(&self, event: &EventId) -> Result<Option<String>, Error> {
        let row =
            self.read().row("SELECT source FROM charts WHERE event_id = $1", args![event]).await?;
        row.map(|row| row.text("source")).transpose()
    }
}

pub(crate) async fn insert(tx: &mut Tx, event: &EventId, source: &str) -> Result<(), Error> {
    tx.run("INSERT INTO charts (event_id, source) VALUES ($1, $2)", args![event, source]).await?;
    Ok(())
}
