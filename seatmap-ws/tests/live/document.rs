//! The AsyncAPI document says what the frames are.

use std::collections::BTreeSet;

use seatmap_ws::{Delta, Frame, Gone, GoneReason, Heartbeat, Overview, Snapshot, States, asyncapi};
use serde_json::{Value, json};

fn frames() -> Vec<Frame> {
    let (areas, epoch, version) = (vec![(0, 4)], 1, 2);
    vec![
        Frame::Snapshot(Snapshot {
            partition: 0,
            epoch,
            version,
            states: States(vec![1; 8]),
            ranges: Some(vec![(0, 8)]),
            areas: areas.clone(),
        }),
        Frame::Delta(Delta {
            partition: 0,
            epoch,
            from: 1,
            version,
            changes: vec![(3, 1)],
            areas: areas.clone(),
        }),
        Frame::Overview(Overview {
            partition: 0,
            epoch,
            version,
            complete: true,
            free: vec![(0, 1, 2)],
            areas,
        }),
        Frame::Heartbeat(Heartbeat { epoch, version }),
        Frame::Gone(Gone { reason: GoneReason::Cancelled }),
    ]
}

/// What `$ref` and `allOf` stand for, flat: the properties, and those that are required.
fn shape(document: &Value, schema: &Value) -> (Vec<(String, Value)>, BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        return shape(document, document.pointer(pointer).expect("the schema is there"));
    }
    let (mut properties, mut required) = (Vec::new(), BTreeSet::new());
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, needed) = shape(document, part);
        properties.extend(more);
        required.extend(needed);
    }
    let own = schema["properties"].as_object().into_iter().flatten();
    properties.extend(own.map(|(name, schema)| (name.clone(), schema.clone())));
    let own = schema["required"].as_array().into_iter().flatten();
    required.extend(own.map(|name| name.as_str().expect("a name").to_owned()));
    (properties, required)
}

#[test]
fn each_frame_has_the_fields_that_the_document_names() {
    let document = asyncapi();
    for frame in frames() {
        let told = serde_json::to_value(&frame).expect("JSON");
        let name = told["type"].as_str().expect("a type");
        let message = &document["components"]["messages"][name];
        let (properties, required) = shape(&document, &message["payload"]);
        let documented: BTreeSet<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
        let sent: BTreeSet<&str> =
            told.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(documented, sent, "{name}");
        let optional: Vec<&str> =
            documented.iter().copied().filter(|field| !required.contains(*field)).collect();
        let expected: &[&str] = if name == "snapshot" { &["ranges"] } else { &[] };
        assert_eq!(optional, expected, "{name}");
        let (_, kind) = properties.iter().find(|(field, _)| field == "type").expect("a type");
        assert_eq!(kind["enum"], json!([name]));
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = asyncapi();
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("a local reference");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|value| check(document, value));
            }
            Value::Array(values) => values.iter().for_each(|value| check(document, value)),
            _ => {}
        }
    }
    check(&document, &document);
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["channels"]["live"]["address"], "/v1/events/{event}/live");
}
