//! Leads lines: one process at a time each, by a lease with a fencing number.
//!
//! Once a second: close what is over, draw what is due, let in as many as can be served. A step is in
//! the ledger before the store shows it. Whoever dies here is replaced when the lease ends; the next
//! one learns from the store's lists what this one knew.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    event::{Event, EventStatus},
    id::EventId,
    queue::Lane,
};
use ledger::lines::{Line as LedgerLine, LinePhase};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::draw;
use crate::{WaitingRoom, admitting::Admitting, error::Refusal, lines::Line, meters};

const EVERY: Duration = Duration::from_secs(1);
/// Renewed each second; after a kill the next controller begins within this and a second.
const LEASE_MS: i64 = 3_000;

/// The lines that this process leads.
#[derive(Default)]
pub struct Leader {
    led: HashMap<EventId, Admitting>,
    /// Lines of which this process's metrics tell. One that is led and fails stays shown.
    shown: HashSet<EventId>,
}

pub(super) async fn run(room: Arc<WaitingRoom>, shutdown: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut leader = Leader::default();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = room.wake.notified() => {}
            _ = ticks.tick() => {}
        }
        leader.step(&room).await;
    }
    leader.give_back(&room).await;
}

impl Leader {
    /// One step of every line that is this process's to lead, or has become so.
    pub async fn step(&mut self, room: &Arc<WaitingRoom>) {
        let lines = match room.ledger.lines_at_work().await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%error, "the lines could not be listed");
                return;
            }
        };
        let is_at_work = |event: &EventId| lines.iter().any(|line| line.event.id == *event);
        self.led.retain(|event, _| is_at_work(event));
        self.shown
            .extract_if(|event| !is_at_work(event))
            .for_each(|event| meters::line_left(&event));
        for at_work in lines {
            let id = at_work.event.id.clone();
            let former = self.led.remove(&id);
            match lead(room, &at_work.event, at_work.line, former).await {
                Ok(Some(admitting)) => {
                    self.shown.insert(id.clone());
                    self.led.insert(id, admitting);
                }
                Ok(None) => {
                    if self.shown.remove(&id) {
                        meters::line_left(&id);
                    }
                }
                // What was wrong was logged where it was met. The next second tries again.
                Err(refusal) => tracing::debug!(event = %id, code = refusal.code(), "no step"),
            }
        }
    }

    /// Leases go back at once, and a store that ends with this process tells the ledger how many
    /// places it has really given out.
    pub async fn give_back(self, room: &Arc<WaitingRoom>) {
        for event in self.led.keys() {
            let _ = room.ledger.release_lease(&lease(event), &room.owner).await;
            if !room.store.is_in_process() {
                continue;
            }
            let line = room.lines.get(event).map(|line| line.clone());
            if let Some(line) = line
                && let Err(refusal) = settle(room, event, &line).await
            {
                tracing::warn!(%event, code = refusal.code(), "the line was not settled");
            }
        }
    }
}

/// One second of one line; `None` when another process leads it.
async fn lead(
    room: &Arc<WaitingRoom>,
    event: &Event,
    stored: Option<LedgerLine>,
    former: Option<Admitting>,
) -> Result<Option<Admitting>, Refusal> {
    let lease = lease(&event.id);
    let Some(fence) = room.ledger.acquire_lease(&lease, &room.owner, LEASE_MS).await? else {
        return Ok(None);
    };
    let Some(at_work) = room.inventory.event_by_id(&event.id).await? else { return Ok(None) };
    let line = room.read_line_now(&at_work).await?;
    // The first reading lays the line.
    let stored = match stored {
        Some(stored) => stored,
        None => room.ledger.line(&event.id).await?.ok_or(Refusal::Internal)?,
    };
    let now = room.clock.now();
    let over = event.status != EventStatus::Published || now >= event.sale_closes_at();
    if over && stored.phase != LinePhase::Closed {
        draw::close(room, event, fence).await?;
    }
    let due = event.queue.opens_at.is_some_and(|opens| now >= opens);
    let stored = match stored.phase {
        LinePhase::Early if due && !over => draw::begin(room, event, fence).await?,
        _ => stored,
    };
    if stored.phase == LinePhase::Drawing {
        draw::hold(room, &at_work, &line, &stored, fence).await?;
        room.follow(&at_work, &line).await?;
    } else if line.state().phase != stored.phase {
        draw::show(room, &line, &stored, fence).await?;
        room.follow(&at_work, &line).await?;
    }
    let mut admitting = match former {
        Some(former) if former.continues(&line.state(), &event.queue) => former,
        _ => Admitting::begin(room, &at_work, &line).await?,
    };
    admitting.step(room, &at_work, &line, fence).await?;
    Ok(Some(admitting))
}

fn lease(event: &EventId) -> String {
    format!("line/{event}")
}

async fn settle(room: &Arc<WaitingRoom>, event: &EventId, line: &Line) -> Result<(), Refusal> {
    let Some(at_work) = room.inventory.event_by_id(event).await? else { return Ok(()) };
    room.follow(&at_work, line).await?;
    let Some(stored) = room.ledger.line(event).await? else { return Ok(()) };
    let state = line.state();
    for lane in Lane::ALL {
        let (reserved, given) = (stored.ceilings[lane.number()], state.joined[lane.number()]);
        room.ledger.settle_ceiling(event, lane, reserved, given).await?;
    }
    Ok(())
}
