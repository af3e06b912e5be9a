//! Who owns what: a hold or an order is handed out only to whoever shows its token.
//!
//! An [`OwnedHold`] is made nowhere else, so that an operation that takes one cannot run without
//! the check. A wrong token, a missing one, an unknown id and a malformed id are one refusal.

use std::sync::Arc;

use domain::id::{HoldId, OrderId};
use inventory::EventAtWork;
use ledger::Order;
use platform::http::{HoldToken, OrderToken};

use crate::{Engine, error::Refusal};

/// A hold that the caller owns; it may have ended.
pub struct OwnedHold {
    pub id: HoldId,
    pub at_work: Arc<EventAtWork>,
}

impl Engine {
    /// The hold with its event, when the token is its own.
    pub(crate) async fn owned_hold(
        &self,
        id: &str,
        token: &HoldToken,
    ) -> Result<OwnedHold, Refusal> {
        let id: HoldId = id.parse().map_err(|_| Refusal::UnknownHold)?;
        if !token.owns(&self.keys, &id) {
            return Err(Refusal::UnknownHold);
        }
        let at_work = self.inventory.event_by_number(id.event).await?;
        Ok(OwnedHold { id, at_work: at_work.ok_or(Refusal::UnknownHold)? })
    }

    /// The order, when the token is its own.
    pub(crate) async fn owned_order(&self, id: &str, token: &OrderToken) -> Result<Order, Refusal> {
        let id: OrderId = id.parse().map_err(|_| Refusal::UnknownOrder)?;
        if !token.owns(&self.keys, &id) {
            return Err(Refusal::UnknownOrder);
        }
        self.ledger.order(&id).await?.ok_or(Refusal::UnknownOrder)
    }
}
