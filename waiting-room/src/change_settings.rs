//! Replaces a line's rules; the reason is kept with the change.

use std::sync::Arc;

use domain::event::EventStatus;
use ledger::{events::UpdateQueue, line_acts::NewAct};

use crate::{
    WaitingRoom,
    change_phase::checked_reason,
    error::Refusal,
    show_line,
    views::{SettingsBody, SettingsView},
};

pub async fn change_settings(
    room: &Arc<WaitingRoom>,
    event: &str,
    body: &SettingsBody,
) -> Result<SettingsView, Refusal> {
    let queue = body.queue();
    if let Some(wrong) = queue.out_of_bounds() {
        let (least, most) = (wrong.least, wrong.most);
        let field = wrong.field;
        return Err(Refusal::invalid(format!("{field}: must be from {least} to {most}")));
    }
    let reason = checked_reason(body.reason.as_deref())?;
    let at_work = room.inventory.event(event).await?.ok_or(Refusal::UnknownEvent)?;
    let id = &at_work.event.id;
    let detail = serde_json::to_string(&queue).map_err(|_| Refusal::Internal)?;
    let act = NewAct { kind: "settings".to_owned(), reason, detail: Some(detail) };
    match room.ledger.update_queue(id, queue.clone(), None, Some(act)).await? {
        UpdateQueue::Updated(_) => {}
        UpdateQueue::OtherRevision => return Err(Refusal::RequestInProgress),
        UpdateQueue::Ended => {
            return Err(Refusal::InvalidTransition("the event has ended".to_owned()));
        }
        UpdateQueue::UnknownEvent => return Err(Refusal::UnknownEvent),
    }
    room.inventory.forget(id);
    let at_work = room.inventory.event_by_id(id).await?.ok_or(Refusal::UnknownEvent)?;
    // On every path that costs seats: the store itself asks for passes from now on, or no more.
    if at_work.event.status == EventStatus::Published {
        room.inventory.require_pass(&at_work, queue.enabled).await?;
    }
    room.wake.notify_one();
    show_line::view(room, &at_work).await
}
