//! Laying a line in the store: the first time, and again whenever the store has lost it.
//!
//! Whatever the store forgot, the ledger knows enough: how many places may have been given out, how
//! far people were let in, who has entered. Places are their own backup: who shows one is
//! registered again. Indexes that were reserved and perhaps not given out are skipped.

use std::{sync::Arc, time::Duration};

use domain::{event::Event, id::EventId, queue::Lane, time::Timestamp};
use inventory::EventAtWork;
use ledger::{PassRow, line_steps::Step};
use lua::{BatchMark, LayLine, Laying, LinePlace, PassRecord, Reader, Termed};
use tokio::time::sleep;

use crate::{WaitingRoom, error::Refusal, lines::Line};

/// Indexes reserved with the laying.
pub(crate) const BLOCK_MIN: u64 = 64;
/// Steps of the cursors that a line is laid with: an hour and a half without a pause.
pub(crate) const STEPS_MAX: u32 = 5_000;
/// Passes read from the ledger, and laid, in one call.
const PASSES_PER_CALL: u32 = 5_000;
/// A process that dies while it lays the line holds the others up for so long.
const LEASE_MS: i64 = 2_000;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

impl WaitingRoom {
    /// Lays the line under the next term, unless somebody else just did.
    pub(crate) async fn lay(
        self: &Arc<Self>,
        event: &EventAtWork,
        line: &Line,
    ) -> Result<(), Refusal> {
        let before = line.state().term;
        let _one = line.laying.lock().await;
        if line.state().term != before {
            return Ok(());
        }
        let id = &event.event.id;
        // One process lays, the others read what it laid: each laying skips indexes.
        let lease = lease(id);
        if self.ledger.acquire_lease(&lease, &self.owner, LEASE_MS).await?.is_none() {
            sleep(LOOK_AGAIN_AFTER).await;
            return Ok(());
        }
        let laid = match self.has_later_term(line, before).await {
            Ok(true) => Ok(()),
            Ok(false) => self.lay_next_term(event, line).await,
            Err(refusal) => Err(refusal),
        };
        self.ledger.release_lease(&lease, &self.owner).await?;
        laid
    }

    /// Whether somebody laid the line since this process read it.
    async fn has_later_term(&self, line: &Line, known: u64) -> Result<bool, Refusal> {
        let reader = Reader { term: Some(known), has_draw: true, ..Reader::default() };
        let read = self.store.read_line(&line.partition, &reader).await?;
        Ok(read.is_some_and(|read| read.term > known))
    }

    async fn lay_next_term(
        self: &Arc<Self>,
        event: &EventAtWork,
        line: &Line,
    ) -> Result<(), Refusal> {
        let id = &event.event.id;
        let standing = self.ledger.ensure_line(id, platform::random::bytes()).await?;
        let term = self.ledger.next_term(id).await?;
        // What this reservation begins at was reserved by nobody else: two processes that lay at
        // once never give out the same index.
        let (mut given, mut ceiling) = ([0; 2], [0; 2]);
        for lane in Lane::ALL {
            let number = lane.number();
            ceiling[number] = self.ledger.reserve_ceiling(id, lane, 0, BLOCK_MIN).await?;
            given[number] = ceiling[number] - BLOCK_MIN;
        }
        let steps = self.ledger.steps(id, STEPS_MAX).await?;
        let laying = LayLine {
            term,
            fence: standing.fence,
            phase: standing.phase,
            joined: given,
            ceiling,
            size: standing.sizes.unwrap_or_default(),
            cursors: standing.cursors,
            waiting_max: event.event.queue.max_waiting.unwrap_or(0).into(),
            batches: steps.iter().map(mark).collect(),
            draw: standing.draw,
            passes: Vec::new(),
        };
        match self.store.begin_line(&line.partition, &laying).await? {
            Termed::Done(laid) => {
                tracing::info!(event = %id, term, joined = ?laid.joined, "the line is laid");
            }
            // A later term: another process was faster.
            Termed::OtherTerm { current } => {
                tracing::info!(event = %id, term, current, "the line was laid by another process");
                return Ok(());
            }
        }
        self.lay_passes(&event.event, line, term).await
    }

    /// Read after the laying has begun: whoever enters from now on does it under this term. Nobody
    /// finds the line before the last of them, so that nobody inside is sent away. Whoever is in has a
    /// pass's whole time again: they may have entered without ever getting the answer.
    async fn lay_passes(&self, event: &Event, line: &Line, term: u64) -> Result<(), Refusal> {
        let (id, mut after) = (&event.id, None);
        let lives_until = self.clock.now().plus_seconds(event.queue.pass_seconds);
        loop {
            let rows = self.ledger.passes(id, after, PASSES_PER_CALL).await?;
            let laying = match rows.last() {
                Some(last) if rows.len() == PASSES_PER_CALL as usize => {
                    after = Some((last.lane, last.index));
                    Laying::Goes
                }
                _ => Laying::Ends,
            };
            let records: Vec<_> =
                rows.iter().map(|row| (row.person, record(row, lives_until))).collect();
            match self.store.add_passes(&line.partition, term, &records, laying).await? {
                Termed::Done(_) if laying == Laying::Goes => {
                    self.ledger.acquire_lease(&lease(id), &self.owner, LEASE_MS).await?;
                }
                Termed::Done(_) | Termed::OtherTerm { .. } => return Ok(()),
            }
        }
    }
}

fn lease(event: &EventId) -> String {
    format!("laying/{event}")
}

/// A turn begins when the step was written, whatever the store was told since.
fn mark(step: &Step) -> BatchMark {
    BatchMark { at: step.at, cursors: step.cursors }
}

fn record(row: &PassRow, lives_until: Timestamp) -> PassRecord {
    let place = LinePlace { lane: row.lane, index: row.index };
    match row.end_reason {
        None => PassRecord::Live { expires_at: row.expires_at.max(lives_until), place },
        Some(reason) => PassRecord::Ended { reason, place },
    }
}
