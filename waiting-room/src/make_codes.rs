//! Makes codes for a lane.

use std::sync::Arc;

use domain::queue::Lane;
use platform::http::IdempotencyKey;

use crate::{
    WaitingRoom,
    codes::{self, CODES_MAX},
    error::Refusal,
    views::{CodesBody, CodesView},
};

/// Nothing is stored: the codes are a function of the idempotency key, so that asking again gives
/// the same ones.
pub async fn make_codes(
    room: &Arc<WaitingRoom>,
    event: &str,
    key: &IdempotencyKey,
    body: &CodesBody,
) -> Result<CodesView, Refusal> {
    let lane = Lane::parse(&body.lane)
        .ok_or_else(|| Refusal::invalid("lane: must be general or priority"))?;
    if !(1..=CODES_MAX).contains(&body.count) {
        return Err(Refusal::invalid(format!("count: must be from 1 to {CODES_MAX}")));
    }
    let at_work = room.inventory.event(event).await?.ok_or(Refusal::UnknownEvent)?;
    let seed = key.digest("POST /v1/events/{event}/queue/codes");
    let code = |number| codes::make(&room.keys, &at_work.event.id, lane, &seed, number);
    Ok(CodesView { data: (0..body.count).map(code).collect() })
}
