//! Answers in the product's shape.

use domain::time::{Clock, Timestamp};
use platform::SystemClock;
use serde::Serialize;

use crate::holds::{HOLD_SECONDS, Record};

const CURRENCY: &str = "EUR";
const CATEGORY: &str = "All";
/// Seats of a row, as the halls of the benchmarks have them.
const SEATS_IN_ROW: i64 = 40;

#[derive(Serialize)]
pub struct HeldSeat {
    label: String,
    zone: &'static str,
    row: String,
    number: String,
    category: &'static str,
    price: i64,
}

#[derive(Serialize)]
pub struct Hold {
    id: String,
    event_id: String,
    status: &'static str,
    seats: Vec<HeldSeat>,
    areas: [(); 0],
    total: i64,
    currency: &'static str,
    expires_at: Timestamp,
    version: u64,
    token: String,
}

#[derive(Serialize)]
pub struct Line {
    seat: String,
    category: &'static str,
    quantity: u32,
    price: i64,
}

#[derive(Serialize)]
pub struct Order {
    id: String,
    event_id: String,
    hold_id: String,
    status: &'static str,
    amount: i64,
    currency: &'static str,
    lines: Vec<Line>,
    pay_before: Timestamp,
    created_at: Timestamp,
    token: String,
}

/// RFC 9457.
#[derive(Serialize)]
pub struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    pub code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seats: Vec<String>,
}

pub fn hold(id: String, record: Record, price: i64) -> Hold {
    let seat = |seat: &i64| HeldSeat {
        label: seat.to_string(),
        zone: "Hall",
        row: (seat / SEATS_IN_ROW).to_string(),
        number: (seat % SEATS_IN_ROW).to_string(),
        category: CATEGORY,
        price,
    };
    Hold {
        id,
        event_id: record.event,
        status: "active",
        total: price * record.seats.len() as i64,
        seats: record.seats.iter().map(seat).collect(),
        areas: [],
        currency: CURRENCY,
        expires_at: SystemClock.now().plus_seconds(HOLD_SECONDS),
        version: 0,
        token: record.token,
    }
}

pub fn order(id: String, hold_id: &str, token: String, record: Record, amount: i64) -> Order {
    let price = amount / record.seats.len().max(1) as i64;
    let line = |seat: &i64| Line { seat: seat.to_string(), category: CATEGORY, quantity: 1, price };
    let now = SystemClock.now();
    Order {
        id,
        hold_id: hold_id.to_owned(),
        status: "awaiting_payment",
        amount,
        currency: CURRENCY,
        lines: record.seats.iter().map(line).collect(),
        event_id: record.event,
        pay_before: now.plus_seconds(HOLD_SECONDS),
        created_at: now,
        token,
    }
}

pub fn problem(status: u16, code: &'static str, seats: &[i64]) -> Problem {
    let seats = seats.iter().map(i64::to_string).collect();
    Problem { r#type: "about:blank", title: code, status, detail: code, code, seats }
}
