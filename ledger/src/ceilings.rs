//! How many places of a lane may be given out. Places are handed out in Redis, which may forget; the
//! ceiling, reserved here in blocks, is what keeps an index from being given twice.

use domain::{id::EventId, queue::Lane};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::Reads,
    error::Error,
    lines::NO_LINE,
    row::{args, count},
    writer::Outcome,
};

const RESERVE_GENERAL: &str = "\
    UPDATE lines SET revision = revision + 1, ceiling_general = $3 + \
        CASE WHEN ceiling_general < $2 THEN $2 ELSE ceiling_general END \
    WHERE event_id = $1 RETURNING ceiling_general AS ceiling";

const RESERVE_PRIORITY: &str = "\
    UPDATE lines SET revision = revision + 1, ceiling_priority = $3 + \
        CASE WHEN ceiling_priority < $2 THEN $2 ELSE ceiling_priority END \
    WHERE event_id = $1 RETURNING ceiling_priority AS ceiling";

const SETTLE_GENERAL: &str = "\
    UPDATE lines SET revision = revision + 1, ceiling_general = $3 \
    WHERE event_id = $1 AND ceiling_general = $2 AND $3 <= $2 \
    AND $3 >= cursor_general AND $3 >= COALESCE(size_general, closed_general, 0)";

const SETTLE_PRIORITY: &str = "\
    UPDATE lines SET revision = revision + 1, ceiling_priority = $3 \
    WHERE event_id = $1 AND ceiling_priority = $2 AND $3 <= $2 \
    AND $3 >= cursor_priority AND $3 >= COALESCE(size_priority, closed_priority, 0)";

impl Ledger {
    /// Allows `block` more places to be given out, counted from the ceiling or from `at_least`,
    /// whichever is higher; the new ceiling. Durable before it is returned: whoever goes on at the
    /// ceiling after a crash gives no place a second time.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the event has no line.
    pub async fn reserve_ceiling(
        &self,
        event: &EventId,
        lane: Lane,
        at_least: u64,
        block: u64,
    ) -> Result<u64, Error> {
        let sql = match lane {
            Lane::General => RESERVE_GENERAL,
            Lane::Priority => RESERVE_PRIORITY,
        };
        let input = (event.clone(), sql, count(at_least)?, count(block)?);
        self.write(input, |tx, (event, sql, at_least, block)| {
            async move {
                let row = tx.row(*sql, args![event, *at_least, *block]).await?.ok_or(NO_LINE)?;
                Ok(Outcome::Keep(row.small("ceiling")?))
            }
            .boxed()
        })
        .await
    }

    /// Lowers a ceiling to the places that were given out, at the clean end of a process that alone
    /// gave them out. Only if the ceiling still is `reserved`, and never below what was drawn or
    /// released; whether it was lowered.
    pub async fn settle_ceiling(
        &self,
        event: &EventId,
        lane: Lane,
        reserved: u64,
        given_out: u64,
    ) -> Result<bool, Error> {
        let sql = match lane {
            Lane::General => SETTLE_GENERAL,
            Lane::Priority => SETTLE_PRIORITY,
        };
        let input = (event.clone(), sql, count(reserved)?, count(given_out)?);
        self.write(input, |tx, (event, sql, reserved, given_out)| {
            async move {
                let changed = tx.run(*sql, args![event, *reserved, *given_out]).await?;
                Ok(Outcome::Keep(changed == 1))
            }
            .boxed()
        })
        .await
    }
}
