//! Takes free seats off sale and puts blocked ones back.

use inventory::BlockAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Engine,
    error::Refusal,
    events::Viewer,
    wish::{check_distinct, resolve_seats},
};

/// Labels; each at most once in both lists together.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = BlockChange)]
#[serde(deny_unknown_fields)]
pub struct BlockBody {
    #[serde(default)]
    pub block: Vec<String>,
    #[serde(default)]
    pub unblock: Vec<String>,
}

impl BlockBody {
    /// All that the body alone tells.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.block.is_empty() && self.unblock.is_empty() {
            return Err(Refusal::invalid("body: needs block or unblock"));
        }
        let labels = self.block.iter().chain(&self.unblock);
        check_distinct("block, unblock", labels.map(String::as_str))
    }
}

/// What the change led to.
#[derive(Serialize, ToSchema)]
#[schema(as = BlocksChanged)]
pub struct BlocksChanged {
    /// The inventory's version that shows it.
    pub version: u64,
}

/// All or nothing: a held or sold seat refuses the whole. Blocking what is blocked and freeing what
/// is free changes nothing.
pub async fn change_blocks(
    engine: &Engine,
    event: &str,
    body: &BlockBody,
) -> Result<BlocksChanged, Refusal> {
    let at_work = engine.event(event, Viewer::Organizer).await?;
    let block = resolve_seats(&at_work.chart, &body.block)?;
    let unblock = resolve_seats(&at_work.chart, &body.unblock)?;
    match engine.inventory.block(&at_work, &block, &unblock).await? {
        BlockAnswer::Changed { version } => Ok(BlocksChanged { version }),
        BlockAnswer::SeatsTaken { version, seats } => {
            Err(Refusal::seats_unavailable(&at_work.chart, &seats, version))
        }
    }
}
