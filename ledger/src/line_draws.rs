//! The steps between a line's closing and its draw: the entries as they were closed, then the round
//! of a public beacon that will go into the draw, named before it exists.
//!
//! Each is written once and stays, so that a draw that was cut is held again from the same entries
//! with the same round: whoever runs the sale cannot throw away an outcome and try another.
//! [`Ledger::store_draw`] is the last step.

use domain::{id::EventId, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger,
    error::Error,
    line_steps::outrun,
    lines::{self, Line, LinePhase},
    row::{Row, args, count},
    writer::Outcome,
};

/// What was in the draw when the line was closed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedEntries {
    pub at: Timestamp,
    /// Entries by lane.
    pub sizes: [u64; 2],
    /// Roots of the trees over them, by lane.
    pub roots: [[u8; 32]; 2],
}

/// A round of a public beacon that did not exist when it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRound {
    pub source: String,
    pub round: u64,
    /// When the beacon gives it out.
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrawStep<T> {
    /// What stands now: by this call, or by one before it.
    Stands(T),
    /// The line is not being drawn.
    Wrong { phase: LinePhase },
    /// A later controller is at work.
    Fenced { fence: u64 },
}

impl Ledger {
    /// Keeps what was in the draw when the entries were closed: by lane their number and the root
    /// over them. The first to say it is right for ever.
    pub async fn close_entries(
        &self,
        event: &EventId,
        fence: u64,
        sizes: [u64; 2],
        roots: [[u8; 32]; 2],
    ) -> Result<DrawStep<ClosedEntries>, Error> {
        let sizes = [count(sizes[0])?, count(sizes[1])?];
        self.write((event.clone(), fence, sizes, roots), |tx, (event, fence, sizes, roots)| {
            async move {
                let line = lines::lock(tx, event).await?;
                if let Some(closed) = line.closed {
                    return Ok(Outcome::Undo(DrawStep::Stands(closed)));
                }
                if let Some(refused) = refused(&line, *fence) {
                    return Ok(Outcome::Undo(refused));
                }
                tx.run(
                    "UPDATE lines SET closed_at = $2, closed_general = $3, closed_priority = $4, \
                     root_general = $5, root_priority = $6, revision = revision + 1 \
                     WHERE event_id = $1",
                    args![
                        event,
                        tx.now(),
                        sizes[0],
                        sizes[1],
                        roots[0].as_slice(),
                        roots[1].as_slice()
                    ],
                )
                .await?;
                let closed = lines::standing(tx, event).await?.closed;
                Ok(Outcome::Keep(DrawStep::Stands(closed.ok_or(NOT_KEPT)?)))
            }
            .boxed()
        })
        .await
    }

    /// Names the round that will go into the draw, once the entries are closed. The first that is
    /// named stays.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the entries are not closed.
    pub async fn name_round(
        &self,
        event: &EventId,
        fence: u64,
        named: NamedRound,
    ) -> Result<DrawStep<NamedRound>, Error> {
        let round = count(named.round)?;
        self.write((event.clone(), fence, named, round), |tx, (event, fence, named, round)| {
            async move {
                let line = lines::lock(tx, event).await?;
                if let Some(named) = line.named {
                    return Ok(Outcome::Undo(DrawStep::Stands(named)));
                }
                if let Some(refused) = refused(&line, *fence) {
                    return Ok(Outcome::Undo(refused));
                }
                if line.closed.is_none() {
                    return Err(Error::InvalidInput("a round for entries that are not closed"));
                }
                tx.run(
                    "UPDATE lines SET beacon_source = $2, beacon_round = $3, beacon_at = $4, \
                     revision = revision + 1 WHERE event_id = $1",
                    args![event, &named.source, *round, named.at],
                )
                .await?;
                let named = lines::standing(tx, event).await?.named;
                Ok(Outcome::Keep(DrawStep::Stands(named.ok_or(NOT_KEPT)?)))
            }
            .boxed()
        })
        .await
    }
}

const NOT_KEPT: Error = Error::Corrupt("a step of a draw that was not kept");

fn refused<T>(line: &Line, fence: u64) -> Option<DrawStep<T>> {
    if let Some(fence) = outrun(line, Some(fence)) {
        return Some(DrawStep::Fenced { fence });
    }
    let phase = line.phase;
    (phase != LinePhase::Drawing).then_some(DrawStep::Wrong { phase })
}

pub(crate) fn closed_of(row: &Row) -> Result<Option<ClosedEntries>, Error> {
    let Some(at) = row.time_or_null("closed_at")? else { return Ok(None) };
    let root = |column| {
        let bytes = row.bytes(column)?;
        bytes.try_into().map_err(|_| Error::Corrupt("a root that is not 32 bytes"))
    };
    Ok(Some(ClosedEntries {
        at,
        sizes: [row.small("closed_general")?, row.small("closed_priority")?],
        roots: [root("root_general")?, root("root_priority")?],
    }))
}

pub(crate) fn named_of(row: &Row) -> Result<Option<NamedRound>, Error> {
    let Some(source) = row.text_or_null("beacon_source")? else { return Ok(None) };
    Ok(Some(NamedRound { source, round: row.small("beacon_round")?, at: row.time("beacon_at")? }))
}
