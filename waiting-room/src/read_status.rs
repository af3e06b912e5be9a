//! Says where somebody stands: from what this process knows, without asking any store.

use std::sync::Arc;

use axum::http::HeaderMap;
use domain::{
    event::{Event, EventStatus},
    queue::{Lane, pace::PaceFrame},
    time::Timestamp,
};
use lua::{GraceWish, LinePhase, LinePlace};
use platform::{
    http::{Device, FromMemory, PassToken, PlaceToken, Problem},
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
            entered_until: line.entered_until(place.person, self.line_place().number()),
        }
    }

    pub fn line_place(&self) -> LinePlace {
        LinePlace { lane: self.place.lane, index: self.place.index }
    }
}

impl Tokens {
    /// 422 `invalid_request` for a device key that is none.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            place: PlaceToken::from_headers(headers),
            pass: PassToken::from_headers(headers),
            device: Device::from_headers(headers)?,
        })
    }

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

pub async fn read_status(
    room: &Arc<WaitingRoom>,
    event: &str,
    tokens: &Tokens,
) -> Result<StatusView, Refusal> {
    let at_work = room.event(event).await?;
    let shown = tokens.read(room, &at_work.event, room.clock.now())?;
    let line = room.read_line(&at_work).await?;
    Ok(stand(room, &at_work.event, &line, &shown))
}

/// What a process that follows the line says at once. Cost: two signatures, a subtraction, and the
/// permutation.
impl FromMemory for WaitingRoom {
    fn route(&self) -> &'static str {
        "/v1/events/{event}/queue"
    }

    fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Vec<u8>> {
        let event = path.strip_prefix("/v1/events/")?.strip_suffix("/queue")?;
        let at_work = self.inventory.event_in_memory(event)?;
        let is_public = at_work.event.status != EventStatus::Draft;
        let line = self.line_in_memory(&at_work.event.id).filter(|_| is_public)?;
        let tokens = Tokens::from_headers(headers).ok()?;
        let shown = tokens.read(self, &at_work.event, self.clock.now()).ok()?;
        serde_json::to_vec(&stand(self, &at_work.event, &line, &shown)).ok()
    }
}

/// Where they stand; whoever has missed a turn and is seen here gets another one soon.
fn stand(room: &WaitingRoom, event: &Event, line: &Line, shown: &ShownTokens) -> StatusView {
    let (state, now) = (line.state(), room.clock.now());
    let (cursors, facts) = (state.shown_cursors(now), shown.shown(line, now));
    let standing = standing(&state, cursors, &facts, event.queue.turn_seconds, now);
    let waits_in_grace = facts.graced.is_some_and(|number| number >= state.cursors[2]);
    if standing.state == PlaceState::Missed && !waits_in_grace {
        line.note_missed(GraceWish { person: shown.place.person, place: shown.line_place() });
    }
    status(&state, &standing, &shown.place, event, line.is_stale(&state, now), now)
}

fn status(
    line: &LineState,
    standing: &Standing,
    place: &QueueToken,
    event: &Event,
    stale: bool,
    now: Timestamp,
) -> StatusView {
    let ahead = standing.position.map(|position| position - 1);
    let moves = matches!(line.phase, LinePhase::Open | LinePhase::Draining) && !stale;
    let eta = ahead.filter(|_| moves).and_then(|ahead| eta(line, place.lane, ahead));
    StatusView {
        state: standing.state,
        position: standing.position,
        ahead,
        eta_seconds: eta,
        poll_after_ms: jittered(poll_ms(standing, eta, event, now), place.index, now),
        stale,
    }
}

/// Between which times four of five people in this position get their turn.
pub fn eta(line: &LineState, lane: Lane, ahead: u64) -> Option<EtaView> {
    let (low, high) = line.notes.pace[lane.number()]?;
    let (low, high) = PaceFrame { low, high }.interval(ahead);
    Some(EtaView { low, high })
}

/// Further away, less often.
fn poll_ms(standing: &Standing, eta: Option<EtaView>, event: &Event, now: Timestamp) -> u64 {
    let wait_ms = match standing.state {
        PlaceState::Waiting => eta.map_or(POLL_MS_AT_TURN * POLL_SHARE, |eta| eta.low * 1_000),
        PlaceState::Early => event.queue.opens_at.map_or(POLL_MS_AT_TURN * POLL_SHARE, |at| {
            u64::try_from(at.as_millis() - now.as_millis()).unwrap_or(0)
        }),
        _ => POLL_MS_AT_TURN * POLL_SHARE,
    };
    (wait_ms / POLL_SHARE).clamp(POLL_MS_MIN, POLL_MS_MAX)
}

/// Up to two fifths more, differently for each place and moment: whoever came together does not come
/// back together.
fn jittered(poll_ms: u64, index: u64, now: Timestamp) -> u64 {
    // Fibonacci hashing: the upper bits of a product with the golden ratio are spread evenly.
    let spread = (index ^ now.as_millis() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    poll_ms + poll_ms * 2 / 5 * spread / 255
}
