//! The draw as published, and the evidence for one place.

use std::sync::Arc;

use dashmap::DashMap;
use domain::{
    id::EventId,
    queue::{
        Lane,
        draw::{Hex, Proof, Tree, commitment},
    },
};
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
    Ok(DrawAnswer::Before(CommitmentView { commitment }))
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
