//! Joins that arrive together go to the store together.
//!
//! While a call is in flight the next ones gather: alone, a join goes out at once; in a crowd up to
//! 256 share one script call.

use std::sync::{Arc, Weak};

use domain::{id::EventId, queue::Lane, time::Timestamp};
use lua::{Join, Joined, Termed};
use tokio::sync::{mpsc, oneshot};

use crate::{WaitingRoom, error::Refusal, laying::BLOCK_MIN, lines::Line};

const JOINS_PER_CALL: usize = 256;
/// Calls of one round: a line that was lost, or a ceiling that was reached, makes it one more.
const CALLS_MAX: u32 = 6;

/// So many indexes are reserved at once at most: four calls of joins.
const BLOCK_MAX: u64 = 4 * JOINS_PER_CALL as u64;
/// Indexes are reserved for so much time, as joins came lately. A line that is laid anew skips what
/// was reserved and not given out; it has to pass that, and nobody comes in meanwhile.
const BLOCK_MS: u64 = 2_000;

/// When indexes of a lane were reserved last, and how many had been given out.
#[derive(Clone, Copy)]
pub(crate) struct Reserved {
    at: Timestamp,
    given: u64,
}

/// How many indexes to reserve, beyond those that are wanted now.
fn block(last: Option<Reserved>, given: u64, now: Timestamp) -> u64 {
    let Some(last) = last else { return BLOCK_MIN };
    let elapsed_ms = (now.as_millis() - last.at.as_millis()).max(1) as u64;
    let joined = given.saturating_sub(last.given);
    (joined * BLOCK_MS / elapsed_ms).clamp(BLOCK_MIN, BLOCK_MAX)
}

/// A join and who waits for its outcome.
pub(crate) struct WaitingJoin {
    pub event: EventId,
    pub join: Join,
    pub reply: oneshot::Sender<Result<Joined, Refusal>>,
}

/// Ends with the line.
pub(crate) async fn run(
    room: Weak<WaitingRoom>,
    line: Weak<Line>,
    mut inbox: mpsc::Receiver<WaitingJoin>,
) {
    let mut round = Vec::with_capacity(JOINS_PER_CALL);
    while inbox.recv_many(&mut round, JOINS_PER_CALL).await > 0 {
        let (Some(room), Some(line)) = (room.upgrade(), line.upgrade()) else { return };
        let joins: Vec<Join> = round.iter().map(|waiting| waiting.join).collect();
        let event = round[0].event.clone();
        match room.join_together(&event, &line, &joins).await {
            Ok(outcomes) => {
                for (waiting, outcome) in round.drain(..).zip(outcomes) {
                    // Whoever hung up has a place all the same: the next join finds it.
                    let _ = waiting.reply.send(Ok(outcome));
                }
            }
            Err(refusal) => {
                let database = matches!(refusal, Refusal::DatabaseUnavailable);
                for waiting in round.drain(..) {
                    let refusal = match database {
                        true => Refusal::DatabaseUnavailable,
                        false => Refusal::QueueUnavailable,
                    };
                    let _ = waiting.reply.send(Err(refusal));
                }
            }
        }
    }
}

impl WaitingRoom {
    /// Outcomes in the order of the joins.
    async fn join_together(
        self: &Arc<Self>,
        event: &EventId,
        line: &Line,
        joins: &[Join],
    ) -> Result<Vec<Joined>, Refusal> {
        let mut outcomes = vec![Joined::Ceiling; joins.len()];
        let mut open: Vec<usize> = (0..joins.len()).collect();
        for _ in 0..CALLS_MAX {
            let state = line.state();
            let wanted: Vec<Join> = open.iter().map(|at| joins[*at]).collect();
            let reply = match self.store.join_line(&line.partition, state.term, &wanted).await? {
                Termed::Done(reply) => reply,
                Termed::OtherTerm { .. } => {
                    self.follow_id(event, line).await?;
                    continue;
                }
            };
            let mut again = Vec::new();
            for (at, outcome) in open.iter().zip(reply.replies) {
                outcomes[*at] = outcome;
                if outcome == Joined::Ceiling {
                    again.push(*at);
                }
            }
            if again.is_empty() {
                return Ok(outcomes);
            }
            self.raise_ceilings(event, line, state.term, &again, joins, reply.joined).await?;
            open = again;
        }
        tracing::error!(%event, "joins found no place in the line");
        Err(Refusal::QueueUnavailable)
    }

    async fn raise_ceilings(
        &self,
        event: &EventId,
        line: &Line,
        term: u64,
        again: &[usize],
        joins: &[Join],
        joined: [u64; 2],
    ) -> Result<(), Refusal> {
        let mut ceilings = [0; 2];
        for at in again {
            let lane = joins[*at].lane;
            let (number, given) = (lane.number(), joined[lane.number()]);
            if ceilings[number] == 0 {
                let block = self.next_block(line, lane, given) + again.len() as u64;
                ceilings[number] = self.ledger.reserve_ceiling(event, lane, given, block).await?;
            }
        }
        // A line that was laid anew goes on at what it reserved, perhaps below these: an old master
        // that still answers some process gets no more.
        let stored = self.ledger.line(event).await?.ok_or(Refusal::Internal)?;
        if stored.term == term {
            self.store.raise_ceilings(&line.partition, term, ceilings).await?;
        }
        Ok(())
    }

    fn next_block(&self, line: &Line, lane: Lane, given: u64) -> u64 {
        let now = self.clock.now();
        let last = line.reserved()[lane.number()].replace(Reserved { at: now, given });
        block(last, given, now)
    }

    async fn follow_id(self: &Arc<Self>, event: &EventId, line: &Line) -> Result<(), Refusal> {
        let at_work = self.inventory.event_by_id(event).await?.ok_or(Refusal::UnknownEvent)?;
        self.follow(&at_work, line).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_reserved_as_joins_come() {
        let last = Some(Reserved { at: Timestamp(10_000), given: 500 });
        assert_eq!(block(None, 500, Timestamp(10_000)), BLOCK_MIN);
        assert_eq!(block(last, 700, Timestamp(12_000)), 200);
        assert_eq!(block(last, 501, Timestamp(12_000)), BLOCK_MIN);
        assert_eq!(block(last, 900, Timestamp(10_000)), BLOCK_MAX);
        // Another line of the same name, or a clock that fell back.
        assert_eq!(block(last, 10, Timestamp(9_000)), BLOCK_MIN);
    }
}
