//! Takes an event off sale for good.

use ledger::CancelEvent;

use crate::{Engine, error::Refusal, views::event::EventView};

/// Refused while tickets are sold or an order may still be paid. All other orders end with the
/// event, in one transaction; the outbox tells the inventory. Cancelling what is cancelled answers
/// the same. To be called in a detached task.
pub async fn cancel_event(engine: &Engine, event: &str) -> Result<EventView, Refusal> {
    let id = engine.event_row(event).await?.id;
    let cancelled = engine.ledger.cancel_event(&id).await?;
    engine.inventory.forget(&id);
    match cancelled {
        CancelEvent::Cancelled(event) | CancelEvent::Again(event) => Ok(EventView::of(&event)),
        CancelEvent::HasSoldTickets => Err(Refusal::HasSoldTickets),
        CancelEvent::InvalidTransition => Err(Refusal::InvalidTransition),
        CancelEvent::Missing => Err(Refusal::UnknownEvent),
    }
}
