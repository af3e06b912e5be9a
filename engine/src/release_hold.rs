//! Gives a hold's seats back at once.

use inventory::ReleaseAnswer;

use crate::{Engine, error::Refusal, owners::OwnedHold};

/// Releasing what has ended already is the same success.
pub async fn release_hold(engine: &Engine, hold: &OwnedHold) -> Result<(), Refusal> {
    match engine.inventory.release_hold(&hold.at_work, &hold.id).await? {
        ReleaseAnswer::Released { .. } | ReleaseAnswer::AlreadyEnded => Ok(()),
        ReleaseAnswer::InPayment => Err(Refusal::HoldInPayment),
    }
}
