//! Helpers that let a test say the situation and the outcome.

mod buyer;
mod server;
mod stores;

pub use buyer::{Buyer, Hold, Order};
pub use server::{ORGANIZER_TOKEN, Server, ServerOptions, free_port, random_text};
pub use stores::{Combination, Stores, redis};

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Asks again until `probe` gives a value; panics with `what` after `seconds`.
pub async fn wait_for<T, F, Fut>(what: &str, seconds: u64, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < end, "waited {seconds} s for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A seating plan in pretix's format: `rows` rows of `seats` seats, labelled `A-1` and so on.
pub fn plan(rows: usize, seats: usize) -> Value {
    let rows: Vec<Value> = (0..rows)
        .map(|row| {
            let name = row_name(row);
            let seats: Vec<Value> = (1..=seats)
                .map(|seat| {
                    json!({
                        "seat_number": seat.to_string(),
                        "seat_guid": format!("{name}-{seat}"),
                        "position": {"x": seat as f64 * 20.0, "y": 0.0},
                        "category": "Stalls",
                    })
                })
                .collect();
            json!({"row_number": name, "position": {"x": 0.0, "y": row as f64 * 25.0}, "seats": seats})
        })
        .collect();
    json!({
        "name": "Test hall",
        "categories": [{"name": "Stalls", "color": "#7f4a91"}],
        "zones": [{"name": "Hall", "position": {"x": 0.0, "y": 0.0}, "rows": rows, "areas": []}],
        "size": {"width": 2000.0, "height": 2000.0},
    })
}

fn row_name(row: usize) -> String {
    let letter = char::from(b'A' + (row % 26) as u8);
    if row < 26 { letter.to_string() } else { format!("{letter}{}", row / 26) }
}

/// An event on a [`plan`]; `change` may add to its body or overwrite parts of it.
pub fn event(rows: usize, seats: usize, change: Value) -> Value {
    let mut body = json!({
        "name": "An evening",
        "starts_at": "2035-06-01T19:00:00.000Z",
        "currency": "EUR",
        "prices": {"Stalls": 4500},
        "seating_plan": plan(rows, seats),
    });
    for (name, value) in change.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}
