//! Gives up a place, or what has become of it: a pass ends and makes room.

use std::sync::Arc;

use ledger::passes::PassEnd;
use lua::Termed;

use crate::{WaitingRoom, error::Refusal, read_status::Tokens};

const CALLS_MAX: u32 = 4;

/// Again: the same answer.
pub async fn leave_line(
    room: &Arc<WaitingRoom>,
    event: &str,
    tokens: &Tokens,
) -> Result<(), Refusal> {
    let at_work = room.event(event).await?;
    let shown = tokens.read(room, &at_work.event, room.clock.now())?;
    let line = room.read_line(&at_work).await?;
    let place = &shown.place;
    let id = &at_work.event.id;
    // First what lasts: a line laid anew must not let them in again.
    room.ledger.end_pass(id, place.person, place.lane, place.index, PassEnd::Left).await?;
    for _ in 0..CALLS_MAX {
        let term = line.state().term;
        match room.store.leave_line(&line.partition, term, place.person).await? {
            Termed::Done(_) => return Ok(()),
            Termed::OtherTerm { .. } => room.follow(&at_work, &line).await?,
        }
    }
    Err(Refusal::QueueUnavailable)
}
