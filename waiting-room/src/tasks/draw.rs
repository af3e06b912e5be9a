//! The steps of a line's life that are taken once: close the entries, hold the draw, open.
//!
//! Each may be cut anywhere and is taken up again by whoever leads the line then: the ledger's phase
//! says how far it came.

use std::sync::Arc;

use domain::{
    event::Event,
    queue::{
        Lane,
        draw::{ClosedLane, Draw, Tree, TreeBuilder},
    },
};
use inventory::EventAtWork;
use ledger::{
    line_acts::NewAct,
    line_steps::{SetPhase, StoreDraw},
    lines::{Line as LedgerLine, LinePhase},
};
use lua::{Controlled, LineField};

use crate::{WaitingRoom, beacon, error::Refusal, lines::Line};

/// Entries read in one call: 1.2 MB.
const ENTRIES_PER_READ: u64 = 100_000;

/// The time has come.
pub(super) async fn begin(
    room: &WaitingRoom,
    event: &Event,
    fence: u64,
) -> Result<LedgerLine, Refusal> {
    let act = act("open", "opens_at has come");
    let from = [LinePhase::Early];
    let to = LinePhase::Drawing;
    match room.ledger.set_phase(&event.id, Some(fence), &from, to, act).await? {
        SetPhase::Set(line) => Ok(*line),
        SetPhase::Wrong { .. } | SetPhase::Fenced { .. } => Err(Refusal::RequestInProgress),
    }
}

/// The sale is over.
pub(super) async fn close(room: &WaitingRoom, event: &Event, fence: u64) -> Result<(), Refusal> {
    let from = LinePhase::ALL;
    let to = LinePhase::Closed;
    let act = act("close", "the sale is over");
    room.ledger.set_phase(&event.id, Some(fence), &from, to, act).await?;
    Ok(())
}

/// Closes the entries, forms the seed, keeps the draw, and shows it: one write, however many entries.
pub(super) async fn hold(
    room: &Arc<WaitingRoom>,
    event: &EventAtWork,
    line: &Line,
    stored: &LedgerLine,
    fence: u64,
) -> Result<(), Refusal> {
    let term = line.state().term;
    let closed = room.store.close_entries(&line.partition, term, fence).await?;
    let Controlled::Done(sizes) = closed else { return Err(Refusal::RequestInProgress) };
    let mut lanes = Vec::with_capacity(Lane::ALL.len());
    for lane in Lane::ALL {
        lanes.push(ClosedLane::from(&read_tree(room, line, lane, sizes[lane.number()]).await?));
    }
    let beacon = match &room.settings.draw_beacon {
        Some(url) => beacon::fetch(url).await,
        None => None,
    };
    let id = &event.event.id;
    let draw = Draw::hold(id.clone(), stored.secret, lanes[0], lanes[1], beacon);
    let text = serde_json::to_string(&draw).map_err(|_| Refusal::Internal)?;
    let text = match room.ledger.store_draw(id, fence, sizes, &text).await? {
        StoreDraw::Stored(_) => text,
        StoreDraw::Already(text) => text,
        StoreDraw::Wrong { .. } | StoreDraw::Fenced { .. } => {
            return Err(Refusal::RequestInProgress);
        }
    };
    tracing::info!(event = %id, entries = ?sizes, "the draw was held");
    let fields = [(LineField::Draw, text), (LineField::Phase, LinePhase::Open.as_str().to_owned())];
    set(room, line, fence, &fields).await
}

/// Makes the store show the ledger's phase, and the draw if there is one.
pub(super) async fn show(
    room: &WaitingRoom,
    line: &Line,
    stored: &LedgerLine,
    fence: u64,
) -> Result<(), Refusal> {
    let mut fields = vec![(LineField::Phase, stored.phase.as_str().to_owned())];
    if let Some(draw) = &stored.draw {
        fields.push((LineField::Draw, draw.clone()));
    }
    set(room, line, fence, &fields).await
}

pub(crate) async fn set(
    room: &WaitingRoom,
    line: &Line,
    fence: u64,
    fields: &[(LineField, String)],
) -> Result<(), Refusal> {
    let term = line.state().term;
    match room.store.set_line(&line.partition, term, fence, fields).await? {
        Controlled::Done(()) => Ok(()),
        Controlled::OtherTerm { .. } | Controlled::Fenced { .. } => Err(Refusal::RequestInProgress),
    }
}

/// The tree over a lane's first `size` entries.
pub(crate) async fn read_tree(
    room: &WaitingRoom,
    line: &Line,
    lane: Lane,
    size: u64,
) -> Result<Tree, Refusal> {
    let mut builder = TreeBuilder::new(lane);
    while builder.size() < size {
        let count = ENTRIES_PER_READ.min(size - builder.size());
        let from = builder.size();
        let mut entries = room.store.read_entries(&line.partition, lane, from, count).await?;
        // Where the store forgot: nobody.
        entries.resize(count as usize * 12, 0);
        // A hash an entry is a second and more for millions: not on a thread that answers.
        builder = tokio::task::spawn_blocking(move || {
            builder.extend(&entries);
            builder
        })
        .await
        .map_err(|_| Refusal::Internal)?;
    }
    Ok(builder.finish())
}

fn act(kind: &str, reason: &str) -> NewAct {
    NewAct { kind: kind.to_owned(), reason: reason.to_owned(), detail: None }
}
