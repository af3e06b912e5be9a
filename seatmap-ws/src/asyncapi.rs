//! The AsyncAPI 3 document of the live map. Its payloads are generated from the types of `frames`.

use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    close,
    frames::{Format, Frame},
};

/// The messages, by the `type` of their JSON form.
const MESSAGES: [(&str, &str); 5] = [
    ("snapshot", "All seats and areas of the subscription"),
    ("delta", "What changed since the version that the client has"),
    ("overview", "Free seats by zone and category"),
    ("heartbeat", "The map lives and is at this version"),
    ("gone", "The event is not on sale any more"),
];

/// The document that `GET /asyncapi.json` gives.
pub fn asyncapi() -> Value {
    let messages: serde_json::Map<_, _> = MESSAGES
        .iter()
        .map(|(name, summary)| {
            let payload = json!({ "$ref": format!("#/components/schemas/{name}_frame") });
            let message = json!({
                "name": name, "summary": summary, "contentType": "application/json",
                "payload": payload,
            });
            ((*name).to_owned(), message)
        })
        .collect();
    let named = |place: &str| -> serde_json::Map<String, Value> {
        let reference = |name: &str| json!({ "$ref": format!("#/{place}/messages/{name}") });
        MESSAGES.iter().map(|(name, _)| ((*name).to_owned(), reference(name))).collect()
    };
    let in_channel = named("channels/live").into_iter().map(|(_, reference)| reference);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Holdfast, live seat map",
            "version": "1",
            "description": "A snapshot or the missing deltas first, then deltas without a gap. \
                The subprotocol holdfast.bin.v1 (also when none is offered) sends the same \
                messages as binary frames; docs/live-map.md has their bytes.",
        },
        "defaultContentType": "application/json",
        "channels": { "live": {
            "address": "/v1/events/{event}/live",
            "parameters": { "event": { "description": "Id or slug of a published event" } },
            "messages": named("components"),
            "bindings": { "ws": { "method": "GET", "query": query(), "headers": headers() } },
        } },
        "operations": { "watch": {
            "action": "send",
            "channel": { "$ref": "#/channels/live" },
            "summary": "The server tells the map; a client has nothing to say",
            "messages": in_channel.collect::<Vec<_>>(),
        } },
        "components": { "messages": messages, "schemas": schemas() },
        "x-close-codes": close_codes(),
    })
}

fn query() -> Value {
    json!({ "type": "object", "properties": {
        "since": {
            "type": "string", "pattern": "^[0-9]+\\.[0-9]+$",
            "description": "<epoch>.<version> that the client has",
        },
        "zones": {
            "type": "string",
            "description": "Comma-separated names of zones or areas; default: everything",
        },
        "overview": {
            "type": "string", "enum": ["0", "1"],
            "description": "1: overview messages; alone, no seats",
        },
    } })
}

fn headers() -> Value {
    let subprotocols: Vec<_> = Format::ALL.map(Format::subprotocol).into();
    json!({ "type": "object", "properties": {
        "Sec-WebSocket-Protocol": { "type": "string", "enum": subprotocols },
    } })
}

fn close_codes() -> Value {
    let code = |code: u16, meaning: &str, reconnect: bool| json!({ "code": code, "meaning": meaning, "reconnect": reconnect });
    json!([
        code(close::DRAINING, "This process ends; the reason is a delay in milliseconds", true),
        code(close::TOO_SLOW, "The client reads too slowly; the reason is a delay", true),
        code(close::SILENT, "Nothing was heard of the client for a minute", true),
        code(close::GONE, "The event is not on sale any more", false),
    ])
}

/// Those of the types, and one for each message.
fn schemas() -> Value {
    let mut named = Vec::new();
    Frame::schemas(&mut named);
    let mut schemas: serde_json::Map<_, _> =
        named.into_iter().map(|(name, schema)| (name, value_of(&schema))).collect();
    let frame = value_of(&Frame::schema());
    let variants = frame["oneOf"].as_array().cloned().unwrap_or_default();
    for ((name, _), variant) in MESSAGES.iter().zip(variants) {
        schemas.insert(format!("{name}_frame"), variant);
    }
    Value::Object(schemas)
}

fn value_of(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).expect("a schema is plain data")
}
