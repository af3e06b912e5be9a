//! Lines: what of a waiting room must outlive Redis. One row an event, begun when its queue is first
//! used: the secret of the draw, which places may be given out, how far people were let in, the draw.
//!
//! Relies on the CHECKs of the table: nothing is released before the draw, nor beyond the places
//! that were reserved. Never tells the secret in a log or a debug text, and never knows who stands
//! where: that is in Redis, and the people let in are [`crate::passes`].

pub use domain::queue::LinePhase;
use domain::{event::Event, id::EventId, time::Timestamp};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    dialect::{Sql, locking},
    error::Error,
    events,
    line_draws::{ClosedEntries, NamedRound, closed_of, named_of},
    row::{Row, args},
    writer::Outcome,
};

/// The durable part of an event's line.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    pub event: EventId,
    /// Number of the line's laying in Redis; 0: never laid.
    pub term: u64,
    pub phase: LinePhase,
    /// What the draw is formed from; committed to before, published after it.
    pub secret: [u8; 32],
    /// By lane: places with an index below may be given out.
    pub ceilings: [u64; 2],
    /// Positions released: general, priority, grace.
    pub cursors: [u64; 3],
    /// The highest fencing number that moved this line.
    pub fence: u64,
    /// What is published of the draw, as JSON text.
    pub draw: Option<String>,
    /// Places drawn, by lane; there from the closing of the entries on.
    pub sizes: Option<[u64; 2]>,
    /// What was in the draw when the entries were closed.
    pub closed: Option<ClosedEntries>,
    /// The round that goes into the draw, where a beacon is to.
    pub named: Option<NamedRound>,
    /// When the draw was stored.
    pub opened_at: Option<Timestamp>,
    /// Grows with every change.
    pub revision: i64,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("event", &self.event)
            .field("term", &self.term)
            .field("phase", &self.phase)
            .field("ceilings", &self.ceilings)
            .field("cursors", &self.cursors)
            .field("fence", &self.fence)
            .field("sizes", &self.sizes)
            .field("named", &self.named)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// A published event with its queue on.
#[derive(Clone, Debug)]
pub struct LineAtWork {
    pub event: Event,
    /// Absent until the line is first used.
    pub line: Option<Line>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT event_id, term, phase, secret, fence, ceiling_general, ceiling_priority, \
             cursor_general, cursor_priority, cursor_grace, size_general, size_priority, draw, \
             opened_at, revision, closed_at, closed_general, closed_priority, root_general, \
             root_priority, beacon_source, beacon_round, beacon_at FROM lines ",
            $rest
        )
    };
}

impl Ledger {
    /// The event's line; begun with this secret when there is none yet, so that of many that begin
    /// it at once all go on with one secret.
    pub async fn ensure_line(&self, event: &EventId, secret: [u8; 32]) -> Result<Line, Error> {
        self.write((event.clone(), secret), |tx, (event, secret)| {
            async move {
                tx.run(
                    "INSERT INTO lines (event_id, secret) VALUES ($1, $2) \
                     ON CONFLICT (event_id) DO NOTHING",
                    args![event, secret.as_slice()],
                )
                .await?;
                Ok(Outcome::Keep(standing(tx, event).await?))
            }
            .boxed()
        })
        .await
    }

    pub async fn line(&self, event: &EventId) -> Result<Option<Line>, Error> {
        find(&mut self.read(), select!("WHERE event_id = $1"), event).await
    }

    /// Every published event whose queue is on, in the order of creation.
    pub async fn lines_at_work(&self) -> Result<Vec<LineAtWork>, Error> {
        let events = events::queued(&mut self.read()).await?;
        let rows = self
            .read()
            .rows(
                select!(
                    "WHERE event_id IN (SELECT id FROM events \
                     WHERE queue_enabled = 1 AND status = 'published')"
                ),
                &[],
            )
            .await?;
        let mut lines = rows.iter().map(line_of).collect::<Result<Vec<_>, Error>>()?;
        lines.sort_unstable_by(|a, b| a.event.cmp(&b.event));
        let line = |event: &EventId| {
            let place = lines.binary_search_by(|line| line.event.cmp(event)).ok()?;
            Some(lines[place].clone())
        };
        Ok(events.into_iter().map(|event| LineAtWork { line: line(&event.id), event }).collect())
    }

    /// The number of the line's next laying in Redis, from 1; durable before it is returned, never
    /// given twice.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the event has no line, as for all that changes a line.
    pub async fn next_term(&self, event: &EventId) -> Result<u64, Error> {
        self.write(event.clone(), |tx, event| {
            async move {
                let row = tx
                    .row(
                        "UPDATE lines SET term = term + 1, revision = revision + 1 \
                         WHERE event_id = $1 RETURNING term",
                        args![event],
                    )
                    .await?
                    .ok_or(NO_LINE)?;
                Ok(Outcome::Keep(row.small("term")?))
            }
            .boxed()
        })
        .await
    }
}

pub(crate) const NO_LINE: Error = Error::Corrupt("an event without a line");

/// The row, taken until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, event: &EventId) -> Result<Line, Error> {
    let sql = locking!(
        "SELECT event_id, term, phase, secret, fence, ceiling_general, ceiling_priority, \
         cursor_general, cursor_priority, cursor_grace, size_general, size_priority, draw, \
         opened_at, revision, closed_at, closed_general, closed_priority, root_general, \
         root_priority, beacon_source, beacon_round, beacon_at FROM lines WHERE event_id = $1"
    );
    find(tx, sql, event).await?.ok_or(NO_LINE)
}

/// The row as the transaction sees it.
pub(crate) async fn standing(tx: &mut Tx, event: &EventId) -> Result<Line, Error> {
    find(tx, select!("WHERE event_id = $1"), event).await?.ok_or(NO_LINE)
}

async fn find(
    source: &mut impl Reads,
    sql: impl Into<Sql>,
    event: &EventId,
) -> Result<Option<Line>, Error> {
    source.row(sql, args![event]).await?.map(|row| line_of(&row)).transpose()
}

/// The cursors in a row that has them.
pub(crate) fn cursors_of(row: &Row) -> Result<[u64; 3], Error> {
    Ok([row.small("cursor_general")?, row.small("cursor_priority")?, row.small("cursor_grace")?])
}

fn line_of(row: &Row) -> Result<Line, Error> {
    let drawn = (row.small_or_null("size_general")?, row.small_or_null("size_priority")?);
    let drawn = drawn.0.zip(drawn.1).map(|(general, priority)| [general, priority]);
    let closed = closed_of(row)?;
    Ok(Line {
        event: row.parsed("event_id")?,
        term: row.small("term")?,
        phase: LinePhase::parse(&row.text("phase")?).ok_or(Error::Corrupt("a line's phase"))?,
        secret: row
            .bytes("secret")?
            .try_into()
            .map_err(|_| Error::Corrupt("a line's secret is not 32 bytes"))?,
        ceilings: [row.small("ceiling_general")?, row.small("ceiling_priority")?],
        cursors: cursors_of(row)?,
        fence: row.small("fence")?,
        draw: row.text_or_null("draw")?,
        sizes: drawn.or(closed.as_ref().map(|closed| closed.sizes)),
        closed,
        named: named_of(row)?,
        opened_at: row.time_or_null("opened_at")?,
        revision: row.int("revision")?,
    })
}
