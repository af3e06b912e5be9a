//! The names of this crate's metrics, in one place.

use std::sync::LazyLock;

use ledger::{OutboxKind, OutboxWaiting};
use metrics::{Counter, counter, gauge, histogram};

use crate::{HoldAnswer, Unavailable};

/// Looked up once: nothing is counted as often.
static HELD: LazyLock<Counter> =
    LazyLock::new(|| counter!("holdfast_holds_total", "outcome" => "held"));

/// Holds that went in one script call.
pub(crate) fn call_started(holds: usize) {
    histogram!("holdfast_hold_call_holds").record(holds as f64);
}

pub(crate) fn hold_answered(answer: &Result<HoldAnswer, Unavailable>) {
    let outcome = match answer {
        Ok(HoldAnswer::Held { .. }) => return HELD.increment(1),
        Ok(HoldAnswer::Replayed { .. }) => "replayed",
        Ok(HoldAnswer::KeyReused) => "key_reused",
        Ok(HoldAnswer::SeatsTaken { .. }) => "seats_taken",
        Ok(HoldAnswer::AreasShort { .. }) => "areas_short",
        Ok(HoldAnswer::NotEnoughAdjacent { .. }) => "not_enough_adjacent",
        Ok(HoldAnswer::SoldOut { .. }) => "sold_out",
        Ok(HoldAnswer::CustomerLimit) => "customer_limit",
        Ok(HoldAnswer::AddressLimit) => "address_limit",
        Ok(HoldAnswer::PassRequired) => "pass_required",
        Ok(HoldAnswer::PassExpired) => "pass_expired",
        Err(_) => "unavailable",
    };
    counter!("holdfast_holds_total", "outcome" => outcome).increment(1);
}

/// Best-available wishes whose candidates all went to others.
pub(crate) fn candidates_lost(wishes: usize) {
    counter!("holdfast_candidates_lost_total").increment(wishes as u64);
}

/// Holds past their deadline that a sweep has tidied.
pub(crate) fn swept(holds: u32) {
    counter!("holdfast_holds_swept_total").increment(u64::from(holds));
}

/// Seats and areas in which a mirror differed from a full read at the same version.
pub(crate) fn mirror_mismatches(count: usize) {
    counter!("holdfast_mirror_mismatches_total").increment(count as u64);
}

/// How long ago the oldest mirror in use was known to be fresh.
pub(crate) fn mirror_age(millis: i64) {
    gauge!("holdfast_mirror_age_seconds").set(millis as f64 / 1000.0);
}

pub(crate) fn rebuilt() {
    counter!("holdfast_inventory_rebuilds_total").increment(1);
}

/// Claims of the ledger that the store had lost, and seats it had kept for no claim.
pub(crate) fn healed(count: usize) {
    counter!("holdfast_inventory_healed_total").increment(count as u64);
}

/// Rows of the outbox that could not be done this time.
pub(crate) fn outbox_retried(rows: usize) {
    counter!("holdfast_inventory_outbox_retries_total").increment(rows as u64);
}

/// What the ledger has queued of the inventory's kinds.
pub(crate) fn outbox_waiting(waiting: &[OutboxWaiting]) {
    for kind in OutboxKind::INVENTORY {
        let rows = waiting.iter().find(|found| found.kind == kind).map_or(0, |found| found.rows);
        gauge!("holdfast_inventory_outbox_waiting", "kind" => kind.as_str()).set(rows as f64);
    }
}

/// Rare ones are there from the start: a series that begins is no increase.
pub(crate) fn register_rare() {
    mirror_mismatches(0);
    healed(0);
}
