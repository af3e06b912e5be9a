//! What moves a line: cursors forward, phases, the draw. Each step is one conditional change, and a
//! step that organisers ask for keeps its reason in the same transaction.
//!
//! Controllers carry the fencing number of their lease ([`Ledger::acquire_lease`]): the line
//! remembers the highest, and a controller with a lower one has been replaced and changes nothing.

use domain::{id::EventId, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    line_acts::{self, NewAct},
    lines::{self, Line, LinePhase, cursors_of},
    row::{Row, args, count},
    writer::Outcome,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveCursors {
    /// Where they stand now: each where it was asked to go, or further if it was there already.
    Moved([u64; 3]),
    /// A later controller is at work.
    Fenced { fence: u64 },
}

/// How far people were released at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Timestamp,
    /// General, priority, grace.
    pub cursors: [u64; 3],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetPhase {
    Set(Box<Line>),
    /// The line is in none of the phases from which this was to begin.
    Wrong {
        phase: LinePhase,
    },
    /// A later controller is at work.
    Fenced {
        fence: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreDraw {
    Stored(Box<Line>),
    /// There is a draw, and it stays: this one.
    Already(String),
    /// The line is past its opening without a draw: closed.
    Wrong {
        phase: LinePhase,
    },
    /// A later controller is at work.
    Fenced {
        fence: u64,
    },
}

impl Ledger {
    /// Moves the cursors (general, priority, grace) to where they are asked to be, only forward.
    /// Called before the move is shown to anybody: what the ledger has not released is not released.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`crate::Rule::Check`] for a cursor beyond the reserved places, and
    /// for any before the draw.
    pub async fn move_cursors(
        &self,
        event: &EventId,
        fence: u64,
        cursors: [u64; 3],
    ) -> Result<MoveCursors, Error> {
        let cursors = [count(cursors[0])?, count(cursors[1])?, count(cursors[2])?];
        self.write((event.clone(), count(fence)?, cursors), |tx, (event, fence, cursors)| {
            move_forward(tx, event, *fence, *cursors).boxed()
        })
        .await
    }

    /// The last steps of the cursors, the oldest first.
    pub async fn steps(&self, event: &EventId, limit: u32) -> Result<Vec<Step>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT at, cursor_general, cursor_priority, cursor_grace FROM line_steps \
                 WHERE event_id = $1 ORDER BY number DESC LIMIT $2",
                args![event, limit],
            )
            .await?;
        let step = |row: &Row| Ok(Step { at: row.time("at")?, cursors: cursors_of(row)? });
        rows.iter().rev().map(step).collect()
    }

    /// Goes into a phase from any of `from`, and keeps the act with its reason. `fence`: of the
    /// controller that goes by itself; organisers have none.
    pub async fn set_phase(
        &self,
        event: &EventId,
        fence: Option<u64>,
        from: &[LinePhase],
        to: LinePhase,
        act: NewAct,
    ) -> Result<SetPhase, Error> {
        let input = (event.clone(), fence, from.to_vec(), to, act);
        self.write(input, |tx, (event, fence, from, to, act)| {
            async move {
                let line = lines::lock(tx, event).await?;
                if let Some(fence) = outrun(&line, *fence) {
                    return Ok(Outcome::Undo(SetPhase::Fenced { fence }));
                }
                if !from.contains(&line.phase) {
                    return Ok(Outcome::Undo(SetPhase::Wrong { phase: line.phase }));
                }
                tx.run(
                    "UPDATE lines SET phase = $2, fence = $3, revision = revision + 1 \
                     WHERE event_id = $1",
                    args![event, to.as_str(), count(fence.unwrap_or(line.fence))?],
                )
                .await?;
                line_acts::insert(tx, event, act).await?;
                Ok(Outcome::Keep(SetPhase::Set(Box::new(lines::standing(tx, event).await?))))
            }
            .boxed()
        })
        .await
    }

    /// Stores the draw, once for ever, and opens the line. `sizes`: the places drawn, by lane;
    /// `draw`: what is published of it, as JSON text.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`crate::Rule::Check`] for sizes beyond the reserved places.
    pub async fn store_draw(
        &self,
        event: &EventId,
        fence: u64,
        sizes: [u64; 2],
        draw: &str,
    ) -> Result<StoreDraw, Error> {
        let sizes = [count(sizes[0])?, count(sizes[1])?];
        let input = (event.clone(), fence, sizes, draw.to_owned());
        self.write(input, |tx, (event, fence, sizes, draw)| {
            async move {
                let line = lines::lock(tx, event).await?;
                if let Some(draw) = line.draw {
                    return Ok(Outcome::Undo(StoreDraw::Already(draw)));
                }
                if let Some(fence) = outrun(&line, Some(*fence)) {
                    return Ok(Outcome::Undo(StoreDraw::Fenced { fence }));
                }
                if !matches!(line.phase, LinePhase::Early | LinePhase::Drawing) {
                    return Ok(Outcome::Undo(StoreDraw::Wrong { phase: line.phase }));
                }
                tx.run(
                    "UPDATE lines SET phase = 'open', fence = $2, size_general = $3, \
                     size_priority = $4, draw = $5, opened_at = $6, revision = revision + 1 \
                     WHERE event_id = $1",
                    args![event, count(*fence)?, sizes[0], sizes[1], draw, tx.now()],
                )
                .await?;
                Ok(Outcome::Keep(StoreDraw::Stored(Box::new(lines::standing(tx, event).await?))))
            }
            .boxed()
        })
        .await
    }
}

/// The fence of the controller that replaced this one.
pub(crate) fn outrun(line: &Line, fence: Option<u64>) -> Option<u64> {
    fence.filter(|fence| *fence < line.fence).map(|_| line.fence)
}

async fn move_forward(
    tx: &mut Tx,
    event: &EventId,
    fence: i64,
    cursors: [i64; 3],
) -> Result<Outcome<MoveCursors>, Error> {
    let [general, priority, grace] = cursors;
    let moved = tx
        .row(
            "UPDATE lines SET fence = $2, revision = revision + 1, \
             cursor_general = CASE WHEN cursor_general < $3 THEN $3 ELSE cursor_general END, \
             cursor_priority = CASE WHEN cursor_priority < $4 THEN $4 ELSE cursor_priority END, \
             cursor_grace = CASE WHEN cursor_grace < $5 THEN $5 ELSE cursor_grace END \
             WHERE event_id = $1 AND fence <= $2 \
             RETURNING cursor_general, cursor_priority, cursor_grace, revision",
            args![event, fence, general, priority, grace],
        )
        .await?;
    match moved {
        Some(row) => {
            let cursors = cursors_of(&row)?;
            let [general, priority, grace] =
                [count(cursors[0])?, count(cursors[1])?, count(cursors[2])?];
            tx.run(
                "INSERT INTO line_steps (event_id, number, at, cursor_general, cursor_priority, \
                 cursor_grace) VALUES ($1, $2, $3, $4, $5, $6)",
                args![event, row.int("revision")?, tx.now(), general, priority, grace],
            )
            .await?;
            Ok(Outcome::Keep(MoveCursors::Moved(cursors)))
        }
        None => {
            let fence = lines::standing(tx, event).await?.fence;
            Ok(Outcome::Undo(MoveCursors::Fenced { fence }))
        }
    }
}
