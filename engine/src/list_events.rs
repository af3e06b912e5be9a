//! The published events, page by page.

use domain::event::EventStatus;

use crate::{
    Engine,
    error::Refusal,
    pages::{PageWish, cursor},
    views::event::{EventPage, EventView},
};

/// In the order of their creation.
pub async fn list_events(engine: &Engine, page: PageWish) -> Result<EventPage, Refusal> {
    let (limit, after) = (page.limit, page.after.as_ref());
    // One more than asked for tells whether there is a next page.
    let mut events = engine.ledger.list_events(&[EventStatus::Published], after, limit + 1).await?;
    let more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let next_cursor = events.last().filter(|_| more).map(|last| cursor(&last.id));
    Ok(EventPage { data: events.iter().map(EventView::of).collect(), next_cursor })
}
