//! Who may do what: every route of the role.

use serde_json::{Value, json};

use crate::support::{ORGANIZER_TOKEN, World, slow};

/// How a route is guarded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    Everybody,
    /// A place and its device.
    Place,
    Organizer,
}

/// Every route of the document, with its guard.
const ROUTES: [(&str, &str, Guard); 15] = [
    ("POST", "", Guard::Everybody),
    ("GET", "", Guard::Place),
    ("DELETE", "", Guard::Place),
    ("POST", "/enter", Guard::Place),
    ("GET", "/stream", Guard::Everybody),
    ("GET", "/draw", Guard::Everybody),
    ("GET", "/draw/proof", Guard::Place),
    ("GET", "/settings", Guard::Organizer),
    ("PUT", "/settings", Guard::Organizer),
    ("POST", "/codes", Guard::Organizer),
    ("POST", "/open", Guard::Organizer),
    ("POST", "/pause", Guard::Organizer),
    ("POST", "/resume", Guard::Organizer),
    ("POST", "/drain", Guard::Organizer),
    ("POST", "/close", Guard::Organizer),
];

/// A body that would do, so that only the token is missing.
fn body(method: &str, rest: &str) -> Option<Value> {
    match (method, rest) {
        ("GET" | "DELETE", _) => None,
        (_, "/settings") => Some(json!({"enabled": false})),
        (_, "/codes") => Some(json!({"lane": "priority", "count": 1})),
        _ => Some(json!({})),
    }
}

#[test]
fn the_table_names_every_route_of_the_document() {
    let document = serde_json::to_value(waiting_room::openapi()).expect("JSON");
    let mut documented = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            documented.push((method.to_uppercase(), path.clone()));
        }
    }
    let path = |rest: &str| format!("/v1/events/{{event}}/queue{rest}");
    let mut named: Vec<_> =
        ROUTES.iter().map(|(method, rest, _)| (method.to_string(), path(rest))).collect();
    documented.sort();
    named.sort();
    assert_eq!(documented, named);
}

#[tokio::test]
async fn only_the_organiser_manages_lines() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    let before = world.node.settings().await;
    for (method, rest, _) in ROUTES.iter().filter(|route| route.2 == Guard::Organizer) {
        for token in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic b3JnYW5pc2Vy", &place.token] {
            let headers = [
                ("Authorization", token),
                ("Idempotency-Key", "a key of twenty-two characters or more"),
                ("Holdfast-Place", place.token.as_str()),
            ];
            let refused = ada.call(method, rest, &headers, body(method, rest)).await;
            refused.expect_refusal(401, "token_invalid");
        }
        ada.call(method, rest, &[], body(method, rest)).await.expect_refusal(401, "token_invalid");
    }
    assert_eq!(world.node.settings().await, before);
}

#[tokio::test]
async fn the_organiser_s_changes_need_an_idempotency_key() {
    let world = World::new(slow()).await;
    let bearer = format!("Bearer {ORGANIZER_TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    for (method, rest, guard) in ROUTES {
        if guard == Guard::Organizer && method != "GET" {
            let path = world.node.path(rest);
            let refused = world.node.call(method, &path, &headers, body(method, rest)).await;
            refused.expect_refusal(400, "idempotency_key_required");
        }
    }
    assert_eq!(world.node.settings().await["acts"], json!([]));
}

#[tokio::test]
async fn who_waits_needs_no_idempotency_key_and_everybody_may_look() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    for (method, rest, guard) in ROUTES {
        if rest == "/stream" || guard == Guard::Organizer {
            continue;
        }
        let headers = match guard {
            Guard::Place => vec![("Holdfast-Place", place.token.as_str())],
            _ => vec![],
        };
        let answer = ada.call(method, rest, &headers, body(method, rest)).await;
        assert!(![400, 401, 404, 405].contains(&answer.status), "{method} {rest} {}", answer.body);
    }
}

#[tokio::test]
async fn the_organiser_of_no_event_is_told_so() {
    let world = World::new(slow()).await;
    let bearer = format!("Bearer {ORGANIZER_TOKEN}");
    for (method, rest, _) in ROUTES.iter().filter(|route| route.2 == Guard::Organizer) {
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "x")];
        let path = format!("/v1/events/nothing/queue{rest}");
        let answer = world.node.call(method, &path, &headers, body(method, rest)).await;
        answer.expect_refusal(404, "unknown_event");
    }
}

#[tokio::test]
async fn other_methods_and_odd_paths_lead_nowhere() {
    let world = World::new(slow()).await;
    for (method, rest) in
        [("PATCH", ""), ("DELETE", "/settings"), ("GET", "/enter"), ("GET", "/open")]
    {
        let path = world.node.path(rest);
        let refused = world.node.call(method, &path, &[], None).await;
        refused.expect_refusal(405, "method_not_allowed");
    }
    for rest in ["/", "/draw/", "/proof", "/admin"] {
        world.node.get(rest).await.expect_refusal(404, "unknown_route");
    }
}
