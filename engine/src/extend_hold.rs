//! Moves a hold's deadline, as often as the event's sale allows.

use inventory::ExtendAnswer;
use lua::Operation;

use crate::{
    Engine, error::Refusal, hold_seats::hold_view, owners::OwnedHold, replies::Once,
    views::hold::HoldView,
};

/// Needs neither an open sale nor a pass: what follows from a hold needs only its token.
pub async fn extend_hold(
    engine: &Engine,
    hold: &OwnedHold,
    operation: Operation,
) -> Result<Once<HoldView>, Refusal> {
    let view = |record, version| hold_view(engine, &hold.at_work, record, version);
    match engine.inventory.extend_hold(&hold.at_work, &hold.id, operation).await? {
        ExtendAnswer::Extended { version, record } => Ok(Once::First(view(&record, version))),
        ExtendAnswer::Replayed { version, record } => Ok(Once::Replayed(view(&record, version))),
        ExtendAnswer::KeyReused => Err(Refusal::KeyReused),
        ExtendAnswer::Gone | ExtendAnswer::Expired | ExtendAnswer::Released => {
            Err(Refusal::HoldExpired)
        }
        ExtendAnswer::InPayment => Err(Refusal::HoldInPayment),
        ExtendAnswer::LimitReached => Err(Refusal::ExtensionLimit),
    }
}
