//! The buyer ends an unpaid order. The claim goes only with proof that no money can arrive (I4):
//! at once when no payment was begun, else when the payment provider has said so.

use domain::{
    id::OrderId,
    order::{Fact, OrderState},
};
use ledger::Evidence;

use crate::{Engine, error::Refusal, views::order::OrderView};

/// An order that is being cancelled, or is cancelled, answers as it stands. To be called in a
/// detached task.
pub async fn cancel_order(engine: &Engine, id: &OrderId) -> Result<OrderView, Refusal> {
    let evidence = Evidence { source: "buyer", ..Evidence::default() };
    let learned = engine.ledger.learn(id, Fact::CancelAsked, evidence).await?;
    match learned.ok_or(Refusal::UnknownOrder)?.after {
        OrderState::Cancelled | OrderState::Cancelling => {}
        OrderState::Committed | OrderState::Ticketed => return Err(Refusal::AlreadyPaid),
        OrderState::New
        | OrderState::Paying
        | OrderState::Expired
        | OrderState::Refunding
        | OrderState::Refunded => return Err(Refusal::OrderClosed),
    }
    // The seats go back to the map now; where that fails, the outbox does it.
    let _ = engine.inventory.settle_order(id).await;
    let order = engine.ledger.order(id).await?.ok_or(Refusal::UnknownOrder)?;
    Ok(OrderView::of(&order, engine.keys.order_token(id)))
}
