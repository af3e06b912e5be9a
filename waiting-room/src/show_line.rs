//! A line and its rules, as its organiser sees them.

use std::sync::Arc;

use domain::event::{Event, EventStatus};
use inventory::EventAtWork;
use ledger::line_acts::Act;

use crate::{
    WaitingRoom,
    error::Refusal,
    views::{ActView, SettingsView},
};

/// Acts that are shown.
const ACTS_MAX: u32 = 100;

/// Drafts too: their rules are set before they are published.
pub async fn show_line(room: &Arc<WaitingRoom>, event: &str) -> Result<SettingsView, Refusal> {
    let at_work = room.inventory.event(event).await?.ok_or(Refusal::UnknownEvent)?;
    view(room, &at_work).await
}

pub(crate) async fn view(
    room: &Arc<WaitingRoom>,
    at_work: &EventAtWork,
) -> Result<SettingsView, Refusal> {
    let event = &at_work.event;
    let acts = room.ledger.acts(&event.id, ACTS_MAX).await?;
    let acts = acts.into_iter().map(act_view).collect();
    let mut shown = of_event(event, acts);
    if event.queue.enabled && event.status == EventStatus::Published {
        let state = room.read_line(at_work).await?.state();
        let stored = room.ledger.line(&event.id).await?;
        let phase = stored.map_or("early", |line| line.phase.as_str());
        phase.clone_into(&mut shown.phase);
        shown.joined = state.joined.iter().sum();
        shown.waiting = state.waiting(0).iter().sum();
        shown.admitted = state.cursors.iter().sum();
        shown.inside = state.inside;
    }
    Ok(shown)
}

fn of_event(event: &Event, acts: Vec<ActView>) -> SettingsView {
    let queue = &event.queue;
    SettingsView {
        enabled: queue.enabled,
        opens_at: queue.opens_at,
        admit_per_minute: queue.admit_per_minute,
        max_inside: queue.max_inside,
        pass_seconds: queue.pass_seconds,
        turn_seconds: queue.turn_seconds,
        max_waiting: queue.max_waiting,
        invite_only: queue.invite_only,
        priority_share: queue.priority_share,
        proof_of_work: queue.proof_of_work,
        phase: "early".to_owned(),
        joined: 0,
        waiting: 0,
        admitted: 0,
        inside: 0,
        acts,
    }
}

fn act_view(act: Act) -> ActView {
    ActView {
        at: act.at,
        act: act.kind,
        reason: act.reason,
        detail: act.detail.and_then(|text| serde_json::from_str(&text).ok()),
    }
}
