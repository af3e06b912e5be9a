//! Joins that arrive together go to the store together.
//!
//! While a call is in flight the next ones gather: alone, a join goes out at once; in a crowd up to
//! 256 share one script call.

use std::sync::{Arc, Weak};

use domain::id::EventId;
use lua::{Join, Joined, Termed};
use tokio::sync::{mpsc, oneshot};

use crate::{WaitingRoom, error::Refusal, laying::block, lines::Line};

const JOINS_PER_CALL: usize = 256;
/// Calls of one round: a line that was lost, or a ceiling that was reached, makes it one more.
const CALLS_MAX: u32 = 6;

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
                let block = block(given) + again.len() as u64;
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

    async fn follow_id(self: &Arc<Self>, event: &EventId, line: &Line) -> Result<(), Refusal> {
        let at_work = self.inventory.event_by_id(event).await?.ok_or(Refusal::UnknownEvent)?;
        self.follow(&at_work, line).await
    }
}
