//! Trades a place whose turn has come for a pass.
//!
//! The ledger writes each entry once a place, before the store counts it: whatever the store forgets,
//! nobody is admitted twice. A crash between the two leaves an entry without a live pass; entering
//! again finds it and goes on.

use std::sync::Arc;

use domain::{queue::Way, time::Timestamp};
use inventory::EventAtWork;
use ledger::passes::InsertPass;
use lua::{Entered, GraceWish, Laying, PassRecord, Termed, Way as EnterBy};
use platform::tokens::{QueueToken, TokenKind};

use crate::{
    WaitingRoom,
    error::Refusal,
    join_line::pass_id,
    lines::Line,
    meters,
    read_status::{ShownTokens, Tokens},
    standing::{PlaceState, Standing, TurnOf, standing},
    views::EnterView,
};

/// Script calls until a line that keeps getting lost is given up on.
const CALLS_MAX: u32 = 4;

/// `New`: 201. `Renewed`: 200.
pub enum EnterAnswer {
    New(EnterView),
    Renewed(EnterView),
}

pub async fn enter_line(
    room: &Arc<WaitingRoom>,
    event: &str,
    tokens: &Tokens,
) -> Result<EnterAnswer, Refusal> {
    let at_work = room.event(event).await?;
    let now = room.clock.now();
    let shown = tokens.read(room, &at_work.event, now)?;
    let line = room.read_line(&at_work).await?;
    let mut standing = stand(&line, &shown, &at_work, now);
    if matches!(standing.state, PlaceState::Waiting | PlaceState::Early) {
        // Perhaps the turn came a moment ago.
        room.follow(&at_work, &line).await?;
        standing = stand(&line, &shown, &at_work, now);
    }
    match standing {
        Standing { way: Some(turn), .. } => enter(room, &at_work, &line, &shown, turn).await,
        Standing { state: PlaceState::Waiting | PlaceState::Early, .. } => {
            meters::entered("early");
            Err(Refusal::NotYourTurn("wait until the state is your_turn"))
        }
        _ => renew(room, &at_work, &line, &shown).await,
    }
}

/// Without regard to the pass: whether the turn has come is asked of the place.
fn stand(line: &Line, shown: &ShownTokens, event: &EventAtWork, now: Timestamp) -> Standing {
    let mut facts = shown.shown(line, now);
    facts.has_pass = false;
    facts.is_done = false;
    let state = line.state();
    standing(&state, state.cursors, &facts, event.event.queue.turn_seconds, now)
}

async fn enter(
    room: &Arc<WaitingRoom>,
    event: &EventAtWork,
    line: &Line,
    shown: &ShownTokens,
    turn: TurnOf,
) -> Result<EnterAnswer, Refusal> {
    let place = &shown.place;
    let id = &event.event.id;
    let pass_ms = event.event.queue.pass_seconds * 1_000;
    let now = room.clock.now();
    let inserted = room
        .ledger
        .insert_pass(id, place.person, place.lane, place.index, now.plus_millis(pass_ms))
        .await?;
    let is_first = match inserted {
        InsertPass::Inserted(_) => true,
        InsertPass::Known(row) if row.end_reason.is_none() => false,
        InsertPass::Known(_) => return Err(Refusal::PassExpired),
        InsertPass::OtherPerson => {
            meters::entered("other_person");
            // Else joining again would find the same place.
            let term = line.state().term;
            room.store.leave_line(&line.partition, term, place.person).await?;
            return Err(Refusal::NotYourTurn("this place was given anew; join again"));
        }
    };
    let way = match turn.way {
        Way::General => EnterBy::General { position: turn.position },
        Way::Priority => EnterBy::Priority { position: turn.position },
        Way::Grace => EnterBy::Grace { number: turn.position },
    };
    for _ in 0..CALLS_MAX {
        let term = line.state().term;
        let place_number = shown.line_place();
        let entered = room
            .store
            .enter_line(&line.partition, term, place.person, way, place_number, pass_ms)
            .await?;
        match entered {
            // Which of many is the first the ledger says; the store may have forgotten it.
            Termed::Done(Entered::New { expires_at } | Entered::Renewed { expires_at }) => {
                let entered = match is_first {
                    true => Entered::New { expires_at },
                    false => Entered::Renewed { expires_at },
                };
                return answer(room, event, shown, entered).await;
            }
            // The ledger knows that they are inside.
            Termed::Done(Entered::NotYet)
                if !is_first && restore(room, line, shown, pass_ms).await? => {}
            Termed::Done(entered) => {
                if let Entered::Ended { reason } = entered {
                    room.ledger.end_pass(id, place.person, place.lane, place.index, reason).await?;
                }
                return answer(room, event, shown, entered).await;
            }
            Termed::OtherTerm { .. } => room.follow(event, line).await?,
        }
    }
    Err(Refusal::QueueUnavailable)
}

/// The turn is over, or the line closed: whoever has a live pass keeps it; others get another turn.
async fn renew(
    room: &Arc<WaitingRoom>,
    event: &EventAtWork,
    line: &Line,
    shown: &ShownTokens,
) -> Result<EnterAnswer, Refusal> {
    let place = &shown.place;
    let pass_ms = event.event.queue.pass_seconds * 1_000;
    for _ in 0..CALLS_MAX {
        let term = line.state().term;
        let renewed = room.store.renew_pass(&line.partition, term, place.person, pass_ms).await?;
        match renewed {
            Termed::Done(Entered::NotYet) if restore(room, line, shown, pass_ms).await? => {}
            Termed::Done(Entered::NotYet) => {
                line.note_missed(GraceWish { person: place.person, place: shown.line_place() });
                meters::entered("missed");
                return Err(match line.state().phase {
                    lua::LinePhase::Closed => Refusal::QueueClosed("the line is closed"),
                    _ => Refusal::NotYourTurn("the turn was missed; another one comes soon"),
                });
            }
            Termed::Done(entered) => return answer(room, event, shown, entered).await,
            Termed::OtherTerm { .. } => room.follow(event, line).await?,
        }
    }
    Err(Refusal::QueueUnavailable)
}

/// Whether the ledger knows a live pass that the store has forgotten; it is laid again then, and is to
/// be asked for again.
async fn restore(
    room: &Arc<WaitingRoom>,
    line: &Line,
    shown: &ShownTokens,
    pass_ms: i64,
) -> Result<bool, Refusal> {
    let (place, now) = (&shown.place, room.clock.now());
    let known = room.ledger.pass(&line.partition.event, place.lane, place.index).await?;
    let lives = known.is_some_and(|row| {
        row.person == place.person && row.end_reason.is_none() && row.expires_at > now
    });
    if !lives {
        return Ok(false);
    }
    let expires_at = now.plus_millis(pass_ms);
    let record = PassRecord::Live { expires_at, place: shown.line_place() };
    let passes = [(place.person, record)];
    let term = line.state().term;
    // Whatever it answers, asking again tells more: the pass is there, it has ended, or the line was
    // laid anew.
    room.store.add_passes(&line.partition, term, &passes, Laying::Goes).await?;
    Ok(true)
}

async fn answer(
    room: &Arc<WaitingRoom>,
    event: &EventAtWork,
    shown: &ShownTokens,
    entered: Entered,
) -> Result<EnterAnswer, Refusal> {
    let (expires_at, is_new) = match entered {
        Entered::New { expires_at } => (expires_at, true),
        Entered::Renewed { expires_at } => (expires_at, false),
        Entered::Ended { .. } => return Err(Refusal::PassExpired),
        Entered::NotYet => {
            meters::entered("early");
            return Err(Refusal::NotYourTurn("wait until the state is your_turn"));
        }
    };
    let place = &shown.place;
    let id = &event.event.id;
    if !is_new {
        room.ledger.renew_pass(id, place.person, place.lane, place.index, expires_at).await?;
    }
    meters::entered(if is_new { "new" } else { "renewed" });
    // Tokens know whole seconds.
    let expires_at = Timestamp(expires_at.as_millis().div_euclid(1_000) * 1_000);
    let pass = QueueToken {
        event: id.clone(),
        id: pass_id(id, place.person, place.lane, place.index),
        person: place.person,
        lane: place.lane,
        index: place.index,
        device: place.device,
        expires_at,
    };
    let pass = room.keys.sign_token(TokenKind::Pass, &pass, room.clock.now());
    let view = EnterView { pass, expires_at };
    Ok(if is_new { EnterAnswer::New(view) } else { EnterAnswer::Renewed(view) })
}
