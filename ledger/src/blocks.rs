//! Seats that are not for sale. Redis refuses to block a taken seat; this table only remembers, so
//! that a rebuilt inventory has them.

use domain::{id::EventId, seat::SeatIndex};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::Reads,
    error::Error,
    row::{Arg, args},
    values::insert_rows,
    writer::Outcome,
};

struct Change {
    event: EventId,
    block: Vec<SeatIndex>,
    unblock: Vec<SeatIndex>,
}

impl Ledger {
    /// All blocked seats, ascending.
    pub async fn blocks(&self, event: &EventId) -> Result<Vec<SeatIndex>, Error> {
        let rows = self
            .read()
            .rows("SELECT seat FROM blocks WHERE event_id = $1 ORDER BY seat", args![event])
            .await?;
        rows.iter().map(|row| row.small("seat")).collect()
    }

    /// Blocks and unblocks; doing either twice is fine.
    pub async fn change_blocks(
        &self,
        event: &EventId,
        block: &[SeatIndex],
        unblock: &[SeatIndex],
    ) -> Result<(), Error> {
        let sorted = |seats: &[SeatIndex]| {
            let mut seats = seats.to_vec();
            seats.sort_unstable();
            seats.dedup();
            seats
        };
        let change =
            Change { event: event.clone(), block: sorted(block), unblock: sorted(unblock) };
        self.write(change, |tx, change| {
            async move {
                let rows = change
                    .block
                    .iter()
                    .map(|seat| vec![Arg::from(&change.event), Arg::from(*seat)]);
                let rows: Vec<Vec<_>> = rows.collect();
                insert_rows(
                    tx,
                    "INSERT INTO blocks (event_id, seat)",
                    rows,
                    "ON CONFLICT DO NOTHING",
                )
                .await?;
                for seat in &change.unblock {
                    tx.run(
                        "DELETE FROM blocks WHERE event_id = $1 AND seat = $2",
                        args![&change.event, *seat],
                    )
                    .await?;
                }
                Ok(Outcome::Keep(()))
            }
            .boxed()
        })
        .await
    }
}
