//! Events and the rules of their lines.

use std::collections::BTreeMap;

use domain::{
    event::{Event, Queue, Sale},
    id::EventId,
    time::Timestamp,
};
use ledger::{InsertEvent, Ledger, NewEvent};
use platform::random;
use serde_json::{Value, json};

/// A line that lets one person in a minute: for a while nobody's turn comes.
pub fn slow() -> Queue {
    Queue { enabled: true, admit_per_minute: Some(1), ..Queue::default() }
}

/// A line in which a turn comes soon, also by the clock of a real Redis.
pub fn brisk() -> Queue {
    Queue { enabled: true, admit_per_minute: Some(6_000), ..Queue::default() }
}

/// A draft of an event in a hall of 40 seats with 2,000 places to stand, all free of charge, a week
/// from `now`.
pub async fn draft(ledger: &Ledger, queue: Queue, now: Timestamp) -> Event {
    let id = EventId::new(now, random::bytes());
    let new = NewEvent {
        slug: format!("evening-{}", &random::token()[..8].to_lowercase().replace('_', "-")),
        id,
        name: "An evening".to_owned(),
        description: None,
        starts_at: now.plus_seconds(7 * 86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: BTreeMap::from([("Stalls".to_owned(), 0), ("Floor".to_owned(), 0)]),
        sale: Sale::default(),
        queue,
        chart: chart().to_string(),
        areas: vec![(0, 2_000)],
        answer: None,
    };
    match ledger.insert_event(new).await.expect("the ledger answers") {
        InsertEvent::Inserted(event) => event,
        other => panic!("no event: {other:?}"),
    }
}

fn chart() -> Value {
    let seat = |row: usize, seat: usize| {
        json!({
            "seat_guid": format!("{row}-{seat}"), "seat_number": seat.to_string(),
            "position": {"x": seat * 20, "y": 0}, "category": "Stalls",
        })
    };
    let row = |row: usize| {
        let seats: Vec<_> = (1..=10).map(|number| seat(row, number)).collect();
        json!({"row_number": row.to_string(), "position": {"x": 0, "y": row * 20}, "seats": seats})
    };
    let rows: Vec<_> = (1..=4).map(row).collect();
    json!({
        "seating_plan": {
            "name": "Hall", "categories": [{"name": "Stalls"}],
            "zones": [{"name": "Hall", "position": {"x": 0, "y": 0}, "rows": rows}],
        },
        "areas": [{"name": "Standing", "capacity": 2_000, "category": "Floor"}],
    })
}

/// A text of an answer.
#[track_caller]
pub fn text_of(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no text {name} in {body}")).to_owned()
}
