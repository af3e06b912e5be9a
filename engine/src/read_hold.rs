//! Reads a hold as it is now.

use inventory::ReadAnswer;

use crate::{
    Engine, error::Refusal, hold_seats::hold_view, owners::OwnedHold, views::hold::HoldView,
};

/// An ended hold is still told, with its status, until the inventory forgets it.
pub async fn read_hold(engine: &Engine, hold: &OwnedHold) -> Result<HoldView, Refusal> {
    match engine.inventory.read_hold(&hold.at_work, &hold.id).await? {
        ReadAnswer::Found { version, record } => {
            Ok(hold_view(engine, &hold.at_work, &record, version))
        }
        ReadAnswer::Gone => Err(Refusal::UnknownHold),
    }
}
