//! Takes an event off sale for good.

use domain::{event::EventStatus, order::Fact};
use ledger::Evidence;

use crate::{Engine, error::Refusal, views::event::EventView};

/// Refused while tickets are sold. Unpaid orders are asked to end with the event; cancelling what
/// is cancelled answers the same. To be called in a detached task.
pub async fn cancel_event(engine: &Engine, event: &str) -> Result<EventView, Refusal> {
    let event = engine.event_row(event).await?;
    if event.status == EventStatus::Cancelled {
        return Ok(EventView::of(&event));
    }
    if !event.status.may_become(EventStatus::Cancelled) {
        return Err(Refusal::InvalidTransition);
    }
    if engine.ledger.has_sold_tickets(&event.id).await? {
        return Err(Refusal::HasSoldTickets);
    }
    let event = engine
        .change_event_row(&event.id, |event| {
            if !event.status.may_become(EventStatus::Cancelled) {
                return Err(Refusal::InvalidTransition);
            }
            event.status = EventStatus::Cancelled;
            Ok(())
        })
        .await?;
    // From here on no order is made; those that were are asked to end.
    for claim in engine.ledger.claims(&event.id).await? {
        if !claim.sold {
            let evidence = Evidence { source: "event_cancelled", ..Evidence::default() };
            engine.ledger.learn(&claim.order, Fact::CancelAsked, evidence).await?;
        }
    }
    Ok(EventView::of(&event))
}
