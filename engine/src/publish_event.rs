//! Puts a draft on sale. Its inventory is laid before the answer, so that a hold that follows finds
//! every seat.

use domain::event::{Event, EventStatus};

use crate::{Engine, error::Refusal, event_rules, events::Viewer, views::event::EventView};

/// Publishing what is published answers the same. To be called in a detached task.
pub async fn publish_event(engine: &Engine, event: &str) -> Result<EventView, Refusal> {
    let event = engine.event_row(event).await?;
    if event.status == EventStatus::Published {
        return Ok(EventView::of(&event));
    }
    check(engine, &event)?;
    // A first look lays what is not there. A crash from here on leaves a draft with an inventory.
    let at_work = engine.event(event.id.as_str(), Viewer::Organizer).await?;
    engine.inventory.view(&at_work).await?;
    let event = engine
        .change_event_row(&event.id, |event| {
            check(engine, event)?;
            event.status = EventStatus::Published;
            event.published_at = Some(engine.clock.now());
            Ok(())
        })
        .await?;
    Ok(EventView::of(&event))
}

fn check(engine: &Engine, event: &Event) -> Result<(), Refusal> {
    if !event.status.may_become(EventStatus::Published) {
        return Err(Refusal::InvalidTransition);
    }
    event_rules::check_start(event.starts_at, engine.clock.now())
}
