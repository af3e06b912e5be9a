//! Opens, pauses, resumes, drains or closes a line; the reason is kept.

use std::{sync::Arc, time::Duration};

use ledger::{line_acts::NewAct, line_steps::SetPhase, lines::LinePhase};
use tokio::time::{Instant, sleep};

use crate::{
    WaitingRoom,
    error::Refusal,
    show_line,
    views::{ReasonBody, SettingsView},
};

const REASON_LENGTH_MAX: usize = 500;
/// Whoever leads the line takes the step within a second; a large draw may take longer, and is
/// answered as it stands.
const STEP_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What an organiser does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Holds the draw, now.
    Open,
    /// Nobody is admitted; people join.
    Pause,
    Resume,
    /// Nobody joins any more; who waits is admitted.
    Drain,
    /// Nobody joins, nobody is admitted. Passes live on.
    Close,
}

impl Act {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::Close => "close",
        }
    }

    /// From which phases to which.
    fn step(self) -> (&'static [LinePhase], LinePhase) {
        use LinePhase::{Closed, Draining, Drawing, Early, Open, Paused};
        match self {
            Self::Open => (&[Early], Drawing),
            Self::Pause => (&[Open, Draining], Paused),
            Self::Resume => (&[Paused, Draining], Open),
            Self::Drain => (&[Open, Paused], Draining),
            Self::Close => (&[Early, Drawing, Open, Paused, Draining], Closed),
        }
    }

    /// What it comes to.
    fn aim(self) -> LinePhase {
        match self {
            Self::Open => LinePhase::Open,
            other => other.step().1,
        }
    }
}

pub async fn change_phase(
    room: &Arc<WaitingRoom>,
    event: &str,
    act: Act,
    body: &ReasonBody,
) -> Result<SettingsView, Refusal> {
    let reason = checked_reason(body.reason.as_deref())?;
    let at_work = room.event(event).await?;
    if !at_work.event.queue.enabled {
        return Err(Refusal::InvalidTransition("the event has no waiting room".to_owned()));
    }
    let id = &at_work.event.id;
    let line = room.read_line(&at_work).await?;
    let (from, to) = act.step();
    let kept = NewAct { kind: act.as_str().to_owned(), reason, detail: None };
    match room.ledger.set_phase(id, None, from, to, kept).await? {
        SetPhase::Set(_) => {}
        // Again: the same.
        SetPhase::Wrong { phase } if phase == act.aim() || phase == to => {}
        SetPhase::Wrong { phase } => {
            let (act, phase) = (act.as_str(), phase.as_str());
            return Err(Refusal::InvalidTransition(format!("{act}: the line is {phase}")));
        }
        SetPhase::Fenced { .. } => return Err(Refusal::RequestInProgress),
    }
    room.wake.notify_one();
    let until = Instant::now() + STEP_WITHIN;
    while line.state().phase != act.aim() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
        room.follow(&at_work, &line).await?;
    }
    show_line::view(room, &at_work).await
}

pub(crate) fn checked_reason(reason: Option<&str>) -> Result<String, Refusal> {
    let reason = reason.unwrap_or_default().trim();
    if reason.chars().count() > REASON_LENGTH_MAX {
        return Err(Refusal::invalid(format!("reason: at most {REASON_LENGTH_MAX} characters")));
    }
    Ok(reason.to_owned())
}
