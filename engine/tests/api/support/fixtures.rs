//! Bodies of requests.

use serde_json::{Value, json};

/// A pretix plan: `rows` rows of `seats` seats, labelled `A-1` and so on, all in category Stalls.
pub fn hall(rows: usize, seats: usize) -> Value {
    let rows: Vec<Value> = (0..rows).map(|row| plan_row(row, seats)).collect();
    json!({
        "name": "Test hall",
        "categories": [{"name": "Stalls", "color": "#7f4a91"}],
        "zones": [{"name": "Hall", "position": {"x": 0.0, "y": 0.0}, "rows": rows, "areas": []}],
        "size": {"width": 2000.0, "height": 2000.0},
    })
}

fn plan_row(row: usize, seats: usize) -> Value {
    let name = char::from(b'A' + row as u8);
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
    json!({
        "row_number": name.to_string(),
        "position": {"x": 0.0, "y": row as f64 * 25.0},
        "seats": seats,
    })
}

/// An event in a hall of two rows of ten, with a standing area of 20; `change` adds to its body or
/// overwrites parts of it, and null removes one.
pub fn event(change: Value) -> Value {
    let mut body = json!({
        "name": "An evening",
        "starts_at": "2035-06-01T19:00:00.000Z",
        "currency": "EUR",
        "prices": {"Stalls": 4500, "Floor": 3000},
        "seating_plan": hall(2, 10),
        "areas": [{"name": "Standing", "capacity": 20, "category": "Floor"}],
    });
    let members = body.as_object_mut().expect("an object");
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => members.remove(name),
            _ => members.insert(name.clone(), value.clone()),
        };
    }
    body
}

/// A text of an answer.
#[track_caller]
pub fn text_of(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no text {name} in {body}")).to_owned()
}
