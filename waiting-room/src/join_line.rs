//! Gives somebody a place in an event's line, or the one they have.

use std::sync::Arc;

use domain::{
    event::{Event, EventStatus},
    hold::CustomerKey,
    id::EventId,
    queue::Lane,
    time::Timestamp,
};
use lua::{Join, Joined};
use platform::{
    http::{ClientAddress, Device, DeviceKey, PlaceToken, Principal, customer_key},
    tokens::{DeviceBinding, QueueToken, TokenKind},
};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::{
    WaitingRoom, codes, error::Refusal, joining::WaitingJoin, lines::device_needed, meters,
    read_status::ShownTokens, standing, views::JoinView, work,
};

/// A place is signed for so long at most; who joins again has it signed anew.
const PLACE_LIFE_SECONDS_MAX: i64 = 30 * 24 * 60 * 60;

/// Who wants to join, with what.
pub struct Asker {
    pub principal: Principal,
    pub device: Device,
    pub address: ClientAddress,
    /// A place that was given before.
    pub place: PlaceToken,
    pub work: Option<String>,
    pub code: Option<String>,
}

/// `New`: 201. `Known`: 200.
pub enum JoinAnswer {
    New(JoinView),
    Known(JoinView),
}

/// The strongest identity counts: a code, else the account, else the device.
pub async fn join_line(
    room: &Arc<WaitingRoom>,
    event: &str,
    asker: &Asker,
) -> Result<JoinAnswer, Refusal> {
    let at_work = room.event(event).await?;
    let event = &at_work.event;
    let now = room.clock.now();
    let device = asker.device.0.as_ref().ok_or_else(device_needed)?;
    check_open(event, now)?;
    let shown = asker.place.read(&room.keys, &event.id, &asker.device, now)?;
    let shown = shown.filter(|token| !token.has_expired(now));
    let join = match (&shown, &asker.code) {
        // A place says for whom it was given.
        (Some(token), _) => {
            Join { person: token.person, lane: token.lane, place: Some(token.index) }
        }
        (None, Some(code)) => {
            let code = codes::read(&room.keys, &event.id, code)
                .ok_or_else(|| Refusal::invalid("code: it is not a code for this event"))?;
            Join { person: code.person, lane: code.lane, place: None }
        }
        (None, None) if event.queue.invite_only => {
            return Err(Refusal::invalid("code: this line is by invitation"));
        }
        (None, None) => {
            let person = customer_key(&principal(asker, device), &asker.address);
            Join { person, lane: Lane::General, place: None }
        }
    };
    if shown.is_none() && room.settings.proof_of_work && event.queue.proof_of_work {
        let bits = room.work.bits(&asker.address, now);
        work::require(&room.keys, &event.id, device, asker.work.as_deref(), bits, now)?;
    }

    let line = room.read_line(&at_work).await?;
    let (reply, outcome) = oneshot::channel();
    let waiting = WaitingJoin { event: event.id.clone(), join, reply };
    line.joins.try_send(waiting).map_err(|_| Refusal::QueueUnavailable)?;
    let joined = outcome.await.map_err(|_| Refusal::QueueUnavailable)??;
    let (lane, index, is_new) = match joined {
        Joined::New { lane, index } => (lane, index, true),
        Joined::Known { lane, index } => (lane, index, false),
        Joined::Full => {
            meters::joined("full");
            return Err(Refusal::QueueFull);
        }
        Joined::Closed => {
            meters::joined("closed");
            return Err(Refusal::QueueClosed("nobody joins this line any more"));
        }
        Joined::Ceiling => return Err(Refusal::QueueUnavailable),
    };
    if is_new {
        room.work.count(&asker.address, now);
    }
    meters::joined(if is_new { "new" } else { "known" });
    let token = QueueToken {
        event: event.id.clone(),
        id: place_id(&event.id, event.number, lane, index),
        person: join.person,
        lane,
        index,
        device: DeviceBinding::of(device),
        expires_at: place_expires_at(event, now),
    };
    let shown = ShownTokens { place: token.clone(), pass: None };
    let state = line.state();
    let (cursors, facts) = (state.shown_cursors(now), shown.shown(&line, now));
    let standing = standing::standing(&state, cursors, &facts, event.queue.turn_seconds, now);
    let view = JoinView {
        place: room.keys.sign_token(TokenKind::Place, &token, now),
        id: token.id,
        state: standing.state,
        index,
    };
    Ok(if is_new { JoinAnswer::New(view) } else { JoinAnswer::Known(view) })
}

/// From publication until the sale ends.
fn check_open(event: &Event, now: Timestamp) -> Result<(), Refusal> {
    if !event.queue.enabled {
        return Err(Refusal::QueueClosed("this event is sold without a waiting room"));
    }
    if event.status != EventStatus::Published || now >= event.sale_closes_at() {
        return Err(Refusal::QueueClosed("the sale is over"));
    }
    Ok(())
}

/// An owner token is no person.
fn principal(asker: &Asker, device: &DeviceKey) -> Principal {
    match &asker.principal {
        Principal::Account(name) => Principal::Account(name.clone()),
        _ => Principal::Device(device.clone()),
    }
}

fn place_expires_at(event: &Event, now: Timestamp) -> Timestamp {
    event.sale_closes_at().min(now.plus_seconds(PLACE_LIFE_SECONDS_MAX))
}

/// `que_…`: event, lane and index, and a check that makes it no counter to be read off. The same
/// for every copy of the place; later ones of a lane sort later.
fn place_id(event: &EventId, number: u32, lane: Lane, index: u64) -> String {
    let mut bytes = Vec::with_capacity(18);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.push(lane.number() as u8);
    bytes.extend_from_slice(&index.to_be_bytes()[3..]);
    let digest = Sha256::digest(format!("place\0{event}\0{}\0{index}", lane.as_str()));
    bytes.extend_from_slice(&digest[..5]);
    let text = data_encoding::BASE32HEX_NOPAD.encode(&bytes).to_lowercase();
    format!("que_{text}")
}

/// `pas_…`: one a place.
pub fn pass_id(event: &EventId, person: CustomerKey, lane: Lane, index: u64) -> String {
    let mut sha = Sha256::new();
    sha.update(format!("pass\0{event}\0{}\0{index}\0", lane.as_str()));
    sha.update(person.0);
    let text = data_encoding::BASE32HEX_NOPAD.encode(&sha.finalize()[..15]).to_lowercase();
    format!("pas_{text}")
}
