//! Says where somebody stands: from what this process knows, without asking any store.

use std::sync::Arc;

use domain::{
    event::Event,
    queue::{Lane, pace::PaceFrame},
    time::Timestamp,
};
use lua::{GraceWish, LinePhase, LinePlace};
use platform::{
    http::{Device, PassToken, PlaceToken},
    tokens::QueueToken,
};

use crate::{
    WaitingRoom,
    error::Refusal,
    lines::Line,
    standing::{PlaceState, Shown, Standing, standing},
    state::LineState,
    views::{EtaView, StatusView},
};

/// Nobody is asked to come back sooner.
const POLL_MS_MIN: u64 = 1_000;
/// Nor later, however far away they are.
const POLL_MS_MAX: u64 = 60_000;
/// Of the time to wait, so much passes between two questions.
const POLL_SHARE: u64 = 20;
/// While the turn lasts, and inside.
const POLL_MS_AT_TURN: u64 = 5_000;

/// What came along.
pub struct Tokens {
    pub place: PlaceToken,
    pub pass: PassToken,
    pub device: Device,
}

/// Genuine ones.
pub struct ShownTokens {
    pub place: QueueToken,
    pub pass: Option<QueueToken>,
}

impl ShownTokens {
    pub(crate) fn shown(&self, line: &Line, now: Timestamp) -> Shown {
        let place = &self.place;
        let pass_is_over = self.pass.as_ref().is_some_and(|pass| pass.has_expired(now));
        Shown {
            lane: place.lane,
            index: place.index,
            has_pass: self.pass.is_some(),
            is_done: pass_is_over
                || line.ended.contains(&(place.person, self.line_place().number())),
            graced: line.graced.get(&place.person).map(|number| *number),
        }
    }

    pub fn line_place(&self) -> LinePlace {
        LinePlace { lane: self.place.lane, index: self.place.index }
    }
}

impl Tokens {
    /// A place is needed; a pass only tells more.
    pub fn read(
        &self,
        room: &WaitingRoom,
        event: &Event,
        now: Timestamp,
    ) -> Result<ShownTokens, Refusal> {
        let place = self.place.read(&room.keys, &event.id, &self.device, now)?;
        let place = place.filter(|place| !place.has_expired(now)).ok_or(Refusal::TokenInvalid)?;
        let pass = self.pass.read(&room.keys, &event.id, &self.device, now)?;
        // The pass of another place is no pass of this one.
        let same = |pass: &QueueToken| (pass.lane, pass.index) == (place.lane, place.index);
        let pass = pass.filter(same);
        Ok(ShownTokens { place, pass })
    }
}

/// Cost: two signatures, a subtraction, and the permutation.
pub async fn read_status(
    room: &Arc<WaitingRoom>,
    event: &str,
    tokens: &Tokens,
) -> Result<StatusView, Refusal> {
    let at_work = room.event(event).await?;
    let event = &at_work.event;
    let now = room.clock.now();
    let shown = tokens.read(room, event, now)?;
    let line = room.read_line(&at_work).await?;
    let state = line.state();
    let (cursors, facts) = (state.shown_cursors(now), shown.shown(&line, now));
    let standing = standing(&state, cursors, &facts, event.queue.turn_seconds, now);
    if standing.state == PlaceState::Missed {
        // Whoever is seen again gets another turn soon.
        let wish = GraceWish { person: shown.place.person, place: shown.line_place() };
        let waits = shown.shown(&line, now).graced;
        if waits.is_none_or(|number| number < state.cursors[2]) {
            line.note_missed(wish);
        }
    }
    Ok(status(&state, &standing, shown.place.lane, event, line.is_stale(&state, now), now))
}

fn status(
    line: &LineState,
    standing: &Standing,
    lane: Lane,
    event: &Event,
    stale: bool,
    now: Timestamp,
) -> StatusView {
    let ahead = standing.position.map(|position| position - 1);
    let moves = matches!(line.phase, LinePhase::Open | LinePhase::Draining) && !stale;
    let eta = ahead.filter(|_| moves).and_then(|ahead| eta(line, lane, ahead));
    StatusView {
        state: standing.state,
        position: standing.position,
        ahead,
        eta_seconds: eta,
        poll_after_ms: poll_after_ms(standing, eta, event, now),
        stale,
    }
}

/// Between which times four of five people in this position get their turn.
pub fn eta(line: &LineState, lane: Lane, ahead: u64) -> Option<EtaView> {
    let (low, high) = line.notes.pace[lane.number()]?;
    let (low, high) = PaceFrame { low, high }.interval(ahead);
    Some(EtaView { low, high })
}

/// Further away, less often; and not all at the same moment.
fn poll_after_ms(standing: &Standing, eta: Option<EtaView>, event: &Event, now: Timestamp) -> u64 {
    let wait_ms = match standing.state {
        PlaceState::Waiting => eta.map_or(POLL_MS_AT_TURN * POLL_SHARE, |eta| eta.low * 1_000),
        PlaceState::Early => event.queue.opens_at.map_or(POLL_MS_AT_TURN * POLL_SHARE, |at| {
            u64::try_from(at.as_millis() - now.as_millis()).unwrap_or(0)
        }),
        _ => POLL_MS_AT_TURN * POLL_SHARE,
    };
    let base = (wait_ms / POLL_SHARE).clamp(POLL_MS_MIN, POLL_MS_MAX);
    let [random] = platform::random::bytes::<1>();
    // From four to six fifths of it.
    base * 4 / 5 + base * 2 / 5 * u64::from(random) / 255
}
