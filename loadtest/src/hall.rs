//! A hall of plain rows, published as an event of its own: seats are labelled by their number, from
//! 0, row by row.

use std::net::SocketAddr;

use anyhow::Result;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::generator::{self, Call};

pub const SEATS_IN_ROW: usize = 40;
/// Of each seat, in cents.
pub const PRICE: u32 = 4_500;

/// What is on sale.
pub struct Hall {
    pub slug: String,
    pub seats: usize,
    /// With a waiting room that admits as few as there can be.
    pub has_queue: bool,
}

impl Hall {
    /// Without a waiting room; as many seats as fill whole rows.
    pub fn new(slug: impl Into<String>, seats: usize) -> Self {
        let seats = seats.next_multiple_of(SEATS_IN_ROW);
        Self { slug: slug.into(), seats, has_queue: false }
    }

    /// Creates the event at `address` and publishes it; gives its slug.
    pub async fn publish(&self, address: SocketAddr, token: &str) -> Result<String> {
        let create = self.organizer(token, "/v1/events".into(), self.event().to_string());
        generator::ask(Method::POST, address, StatusCode::CREATED, create).await?;
        let path = format!("/v1/events/{}/publish", self.slug);
        let publish = self.organizer(token, path, "{}".into());
        generator::ask(Method::POST, address, StatusCode::OK, publish).await?;
        Ok(self.slug.clone())
    }

    /// A call that only the organizer may make.
    pub fn organizer(&self, token: &str, path: String, body: String) -> Call {
        let headers = vec![
            ("authorization", format!("Bearer {token}")),
            ("idempotency-key", format!("{} of the load {path}", self.slug)),
        ];
        Call { path, headers, body }
    }

    fn event(&self) -> Value {
        let seat = |row: usize, seat: usize| {
            json!({
                "seat_number": seat.to_string(),
                "seat_guid": (row * SEATS_IN_ROW + seat).to_string(),
                "position": {"x": seat as f64 * 20.0, "y": 0.0}, "category": "All",
            })
        };
        let row = |row: usize| {
            let seats: Vec<Value> = (0..SEATS_IN_ROW).map(|number| seat(row, number)).collect();
            json!({"row_number": row.to_string(), "position": {"x": 0.0, "y": row as f64 * 25.0},
                   "seats": seats})
        };
        let rows: Vec<Value> = (0..self.seats / SEATS_IN_ROW).map(row).collect();
        let mut event = json!({
            "slug": self.slug, "name": self.slug, "starts_at": "2035-01-01T00:00:00Z",
            "currency": "EUR", "prices": {"All": PRICE},
            "sale": {"hold_seconds": 1_800, "pay_seconds": 1_800},
            "seating_plan": {
                "name": "Hall", "categories": [{"name": "All", "color": "#888888"}],
                "zones": [{"name": "Hall", "position": {"x": 0.0, "y": 0.0}, "rows": rows}],
                "size": {"width": 1_000.0, "height": 40_000.0},
            },
        });
        if self.has_queue {
            event["queue"] = json!({"enabled": true, "admit_per_minute": 1});
        }
        event
    }
}
