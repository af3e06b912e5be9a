//! Log lines as an operator's tools read them: one JSON object each.

use std::collections::BTreeSet;

use serde_json::Value;

use super::visitors::{Bought, REQUEST_ID};

pub struct Lines(Vec<Value>);

impl Lines {
    /// Every line must be an object with what each line has, but for the last words of a process that
    /// could not open its stores in time and was started again.
    pub fn read(logs: &[(String, String)]) -> Self {
        let mut lines = Vec::new();
        for (role, text) in logs {
            for line in text.lines().filter(|line| !line.starts_with("holdfast: ")) {
                let line: Value = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{role}: {error} in the line {line}"));
                for name in ["timestamp", "level", "target"] {
                    assert!(line[name].is_string(), "{role}: no {name} in the line {line}");
                }
                lines.push(line);
            }
        }
        Self(lines)
    }

    pub fn levels(&self) -> BTreeSet<String> {
        self.0.iter().filter_map(|line| Some(line["level"].as_str()?.to_owned())).collect()
    }

    /// Whether a line has all these fields, of its own or of its request.
    fn has(&self, wanted: &[(&str, &str)]) -> bool {
        self.0.iter().any(|line| {
            wanted.iter().all(|(name, value)| line[name] == *value || line["span"][name] == *value)
        })
    }
}

/// Whoever looks for a request, an event, a hold or an order finds its lines by a field.
pub fn assert_ids_are_fields(lines: &Lines, event: &str, order: &Bought) {
    let request = ("request_id", REQUEST_ID);
    for wanted in [
        &[request, ("event", event), ("route", "/v1/events/{event}/holds")][..],
        &[request, ("hold", &order.hold), ("route", "/v1/holds/{hold}/extend")],
        &[request, ("order", &order.id), ("route", "/v1/orders/{order}/payment")],
        &[request, ("order", &order.id), ("route", "/v1/orders/{order}/tickets")],
        &[("order", &order.id), ("target", "payments::learning")],
    ] {
        assert!(lines.has(wanted), "no line with {wanted:?}");
    }
}
