//! The events that are sold.

use domain::time::Clock as _;
use platform::SystemClock;
use serde_json::{Value, json};

use super::sale;

/// A small theatre: stalls of 8 rows with 12 seats, a balcony of 3 rows with 12, two prices; the
/// first two seats of stalls row H are for wheelchairs. `change` may add to it or overwrite parts.
pub fn theatre(change: Value) -> Value {
    let zone = |name: &str, category: &str, rows: usize, top: i32| {
        let mut zone = sale::plan(rows, 12)["zones"][0].clone();
        zone["name"] = json!(name);
        zone["position"] = json!({"x": 0.0, "y": top});
        for row in zone["rows"].as_array_mut().expect("rows") {
            for seat in row["seats"].as_array_mut().expect("seats") {
                let guid = format!("{name}-{}", seat["seat_guid"].as_str().expect("a label"));
                seat["seat_guid"] = json!(guid);
                seat["category"] = json!(category);
            }
        }
        zone
    };
    let mut event = sale::event(1, 1, json!({}));
    event["name"] = json!("The Winter’s Tale");
    event["description"] = json!("An evening in the theatre.");
    event["prices"] = json!({"Stalls": 4500, "Balcony": 3000});
    event["seating_plan"] = json!({
        "name": "Small theatre",
        "categories": [
            {"name": "Stalls", "color": "#7f4a91"},
            {"name": "Balcony", "color": "#2f7d5b"},
        ],
        "zones": [zone("Stalls", "Stalls", 8, 0), zone("Balcony", "Balcony", 3, 260)],
        "size": {"width": 400.0, "height": 400.0},
    });
    event["seat_flags"] = json!({"Stalls-H-1": ["accessible"], "Stalls-H-2": ["companion"]});
    overwrite(event, change)
}

/// Standing places only.
pub fn club(change: Value) -> Value {
    let mut event = sale::event(1, 1, json!({}));
    let body = event.as_object_mut().expect("an object");
    body.remove("seating_plan");
    event["name"] = json!("Club night");
    event["prices"] = json!({"Standing": 1800, "Gallery": 2600});
    event["areas"] = json!([
        {"name": "Dance floor", "capacity": 200, "category": "Standing"},
        {"name": "Gallery", "capacity": 40, "category": "Gallery"},
    ]);
    overwrite(event, change)
}

/// The event with a waiting room before it, which opens when the organiser says so.
pub fn with_line(mut event: Value) -> Value {
    event["queue"] = json!({
        "enabled": true, "opens_at": "2034-06-01T19:00:00.000Z", "admit_per_minute": 600,
    });
    event
}

/// The event with a waiting room before it, which opens by itself.
pub fn with_line_in(mut event: Value, seconds: i64) -> Value {
    event = with_line(event);
    event["queue"]["opens_at"] = json!(SystemClock.now().plus_seconds(seconds));
    event
}

fn overwrite(mut event: Value, change: Value) -> Value {
    for (name, value) in change.as_object().expect("an object") {
        event[name] = value.clone();
    }
    event
}
