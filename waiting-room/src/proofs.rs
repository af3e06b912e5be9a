//! The draw as published, and the evidence for one place.

use std::sync::Arc;

use dashmap::DashMap;
use domain::{
    id::EventId,
    queue::{
        Lane,
        draw::{Hex, Proof, Tree, commitment},
    },
    time::Timestamp,
};
use ledger::{ClosedEntries, NamedRound};
use serde::Serialize;
use tokio::sync::OnceCell;
use utoipa::ToSchema;

use crate::{
    WaitingRoom, error::Refusal, read_status::Tokens, state::Drawn, tasks::draw::read_tree,
};

/// Trees of draws, made when somebody first asks for a proof: a hash for 256 entries each.
pub(crate) type Trees = DashMap<(EventId, Lane), Arc<OnceCell<Tree>>>;

/// What is promised before the draw.
#[derive(Serialize, ToSchema)]
pub struct CommitmentView {
    /// SHA-256 of the secret, as the rules say, in hexadecimal.
    pub commitment: String,
    /// While the draw is being held: what it will be held of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedView>,
}

/// Entries that were closed, and the beacon's round that was named then.
#[derive(Serialize, ToSchema)]
pub struct ClosedView {
    #[schema(value_type = String)]
    pub at: Timestamp,
    pub size: u64,
    pub root: String,
    pub lanes: ClosedLanesView,
    pub beacon: Option<NamedRoundView>,
}

#[derive(Serialize, ToSchema)]
pub struct ClosedLanesView {
    pub priority: ClosedLaneView,
}

#[derive(Serialize, ToSchema)]
pub struct ClosedLaneView {
    pub size: u64,
    pub root: String,
}

/// A round that did not exist when it was named.
#[derive(Serialize, ToSchema)]
pub struct NamedRoundView {
    pub source: String,
    pub round: u64,
    /// When it appears.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

pub enum DrawAnswer {
    Before(CommitmentView),
    After(Arc<Drawn>),
}

/// What anybody may know of the draw.
pub async fn read_draw(room: &Arc<WaitingRoom>, event: &str) -> Result<DrawAnswer, Refusal> {
    let at_work = room.event(event).await?;
    if !at_work.event.queue.enabled {
        return Err(Refusal::NotInDraw("this event has no waiting room"));
    }
    let line = room.read_line(&at_work).await?;
    if let Some(drawn) = line.state().drawn.clone() {
        return Ok(DrawAnswer::After(drawn));
    }
    let id = &at_work.event.id;
    let stored = room.ledger.line(id).await?.ok_or(Refusal::QueueUnavailable)?;
    let commitment = Hex(commitment(id, &stored.secret)).to_string();
    let closed = stored.closed.map(|closed| closed_view(closed, stored.named));
    Ok(DrawAnswer::Before(CommitmentView { commitment, closed }))
}

fn closed_view(closed: ClosedEntries, named: Option<NamedRound>) -> ClosedView {
    let lane = |lane: Lane| {
        let number = lane.number();
        ClosedLaneView { size: closed.sizes[number], root: Hex(closed.roots[number]).to_string() }
    };
    let ClosedLaneView { size, root } = lane(Lane::General);
    ClosedView {
        at: closed.at,
        size,
        root,
        lanes: ClosedLanesView { priority: lane(Lane::Priority) },
        beacon: named.map(|NamedRound { source, round, at }| NamedRoundView { source, round, at }),
    }
}

/// That the place that came along was in the draw, and where it stands.
pub async fn prove_draw(
    room: &Arc<WaitingRoom>,
    event: &str,
    tokens: &Tokens,
) -> Result<Proof, Refusal> {
    let at_work = room.event(event).await?;
    let shown = tokens.read(room, &at_work.event, room.clock.now())?;
    let line = room.read_line(&at_work).await?;
    let drawn = line.state().drawn.clone();
    let drawn = drawn.ok_or(Refusal::NotInDraw("the draw has not been held"))?;
    let (lane, index) = (shown.place.lane, shown.place.index);
    let size = drawn.draw.lane(lane).size;
    if index >= size {
        return Err(Refusal::NotInDraw("this place was joined after the draw"));
    }
    let id = at_work.event.id.clone();
    let cell = room.trees.entry((id, lane)).or_default().clone();
    let tree = cell.get_or_try_init(|| read_tree(room, &line, lane, size)).await?;
    let block = tree.block(index);
    let count = block.end - block.start;
    let mut entries = room.store.read_entries(&line.partition, lane, block.start, count).await?;
    entries.resize(count as usize * 12, 0);
    let proof = drawn.draw.prove(tree, index, &entries);
    proof.ok_or_else(|| {
        tracing::error!(event = %at_work.event.id, "entries differ from those that were drawn");
        Refusal::QueueUnavailable
    })
}
