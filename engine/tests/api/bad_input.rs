//! Requests that cannot be: each is refused with its code, and nothing changes.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{ORGANIZER_TOKEN, Sale, event, hall};

#[tokio::test]
async fn a_hold_that_cannot_be_is_refused_and_changes_nothing() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let before = sale.availability(&id).await;
    let many: Vec<String> = (0..1000).map(|n| format!("A-{n}")).collect();
    let best = |wish: Value| json!({"best_available": wish});
    let area = |wish: Value| json!({"areas": [wish]});
    let table = [
        (json!({}), "invalid_request"),
        (json!([]), "invalid_request"),
        (json!(null), "invalid_request"),
        (json!("A-1"), "invalid_request"),
        (json!({"seats": []}), "invalid_request"),
        (json!({"seats": null, "areas": []}), "invalid_request"),
        (json!({"seats": "A-1"}), "invalid_request"),
        (json!({"seats": [1]}), "invalid_request"),
        (json!({"seats": [null]}), "invalid_request"),
        (json!({"seats": ["A-1", "A-1"]}), "invalid_request"),
        (json!({"seats": many}), "invalid_request"),
        (json!({"seats": ["A-1"], "best_available": {"quantity": 1}}), "invalid_request"),
        (json!({"seats": ["A-1"], "price": 0}), "invalid_request"),
        (json!({"seats": ["A-1"], "event_id": "evt_1"}), "invalid_request"),
        (json!({"seats": ["A-1"], "expires_at": "2099-01-01T00:00:00Z"}), "invalid_request"),
        (json!({"seats": ["A-1", "Z-1"]}), "unknown_seat"),
        (json!({"seats": ["a-1"]}), "unknown_seat"),
        (json!({"seats": [""]}), "unknown_seat"),
        (json!({"seats": ["A-1\u{0}"]}), "unknown_seat"),
        (best(json!({})), "invalid_request"),
        (best(json!({"quantity": 0})), "invalid_request"),
        (best(json!({"quantity": -1})), "invalid_request"),
        (best(json!({"quantity": 1.5})), "invalid_request"),
        (best(json!({"quantity": "2"})), "invalid_request"),
        (best(json!({"quantity": 51})), "invalid_request"),
        (best(json!({"quantity": 4_294_967_297_i64})), "invalid_request"),
        (best(json!({"quantity": 1e300})), "invalid_request"),
        (best(json!({"quantity": 1, "accessible": 2})), "invalid_request"),
        (best(json!({"quantity": 1, "categories": []})), "invalid_request"),
        (best(json!({"quantity": 1, "categories": ["Balcony"]})), "invalid_request"),
        (best(json!({"quantity": 1, "zones": ["Balcony"]})), "invalid_request"),
        (best(json!({"quantity": 1, "seats": ["A-1"]})), "invalid_request"),
        (area(json!({"name": "Standing"})), "invalid_request"),
        (area(json!({"name": "Standing", "quantity": 0})), "invalid_request"),
        (area(json!({"name": "Standing", "quantity": -1})), "invalid_request"),
        (area(json!({"name": "Standing", "quantity": 0.5})), "invalid_request"),
        (
            area(json!({"name": "Standing", "quantity": 9_007_199_254_740_993_i64})),
            "invalid_request",
        ),
        (area(json!({"name": "Standing", "quantity": 1, "price": 0})), "invalid_request"),
        (area(json!({"name": "Balcony", "quantity": 1})), "unknown_area"),
        (
            json!({"areas": [{"name": "Standing", "quantity": 1}, {"name": "Standing", "quantity": 1}]}),
            "invalid_request",
        ),
    ];
    for (body, code) in table {
        let refusal = sale.buyer().try_hold(&id, body.clone()).await.expect_refusal(422, code);
        assert!(code != "unknown_seat" || refusal["seats"].is_array(), "{body}");
    }
    let limit = json!({"seats": ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7", "A-8", "A-9"]});
    sale.buyer().try_hold(&id, limit).await.expect_refusal(409, "customer_limit_reached");
    let missing = json!({"seats": ["A-1"]});
    sale.buyer().try_hold("evt_none", missing).await.expect_refusal(404, "unknown_event");
    assert_eq!(sale.availability(&id).await, before);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_in_its_own_way() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let before = sale.availability(&id).await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!(r#"{{"seats": ["{}"]}}"#, "x".repeat(70_000));
    let json = "application/json";
    let table: [(&str, &str, u16, &str); 10] = [
        (json, "", 400, "malformed_json"),
        (json, "{", 400, "malformed_json"),
        (json, r#"{"seats": ["A-1"], "seats": ["A-2"]}"#, 400, "malformed_json"),
        (json, r#"{"seats": ["\ud800"]}"#, 400, "malformed_json"),
        (json, "\u{feff}{\"seats\": [\"A-1\"]}", 400, "malformed_json"),
        (json, &deep, 400, "malformed_json"),
        (json, &large, 413, "body_too_large"),
        ("", r#"{"seats": ["A-1"]}"#, 415, "unsupported_media_type"),
        ("text/plain", r#"{"seats": ["A-1"]}"#, 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "seats=A-1", 415, "unsupported_media_type"),
    ];
    for (media_type, body, status, code) in table {
        let mut request = Request::builder()
            .method("POST")
            .uri(format!("/v1/events/{id}/holds"))
            .header("Idempotency-Key", "a key of twenty-two characters or more");
        if !media_type.is_empty() {
            request = request.header("Content-Type", media_type);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        sale.send(request).await.expect_refusal(status, code);
    }
    assert_eq!(sale.availability(&id).await, before);
}

#[tokio::test]
async fn an_event_that_cannot_be_is_refused_with_the_name_of_the_field() {
    let sale = Sale::new().await;
    let mut unpriced = hall(1, 1);
    unpriced["zones"][0]["rows"][0]["seats"][0]["category"] = json!("Balcony");
    let mut twice = hall(1, 2);
    twice["zones"][0]["rows"][0]["seats"][1]["seat_guid"] = json!("A-1");
    let table = [
        (json!({"name": null}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "  "}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"name": "a\u{0}b"}), "name"),
        (json!({"description": "x".repeat(10_001)}), "description"),
        (json!({"slug": "Not A Slug"}), "slug"),
        (json!({"slug": "x".repeat(65)}), "slug"),
        (json!({"starts_at": "2020-01-01T00:00:00Z"}), "starts_at"),
        (json!({"starts_at": null}), "starts_at"),
        (json!({"currency": null}), "currency"),
        (json!({"prices": {"Stalls": 1}}), "prices"),
        (json!({"prices": {"Stalls": -1, "Floor": 1}}), "prices"),
        (json!({"prices": {"Stalls": 10_000_000_001_i64, "Floor": 1}}), "prices"),
        (json!({"seating_plan": null, "areas": null}), ""),
        (json!({"seating_plan": unpriced}), ""),
        (json!({"seating_plan": twice}), ""),
        (json!({"seating_plan": {}}), ""),
        (json!({"areas": [{"name": "Standing", "capacity": 0, "category": "Floor"}]}), ""),
        (json!({"areas": [{"name": "Standing", "capacity": 150_000, "category": "Floor"}]}), ""),
        (json!({"seat_flags": {"Z-1": ["accessible"]}}), "seat_flags"),
        (json!({"seat_flags": {"A-1": ["best"]}}), ""),
        (json!({"sale": {"hold_seconds": 0}}), "sale.hold_seconds"),
        (json!({"sale": {"hold_seconds": 1801}}), "sale.hold_seconds"),
        (json!({"sale": {"extensions": 11}}), "sale.extensions"),
        (json!({"sale": {"extension_seconds": 0}}), "sale.extension_seconds"),
        (json!({"sale": {"pay_seconds": 29}}), "sale.pay_seconds"),
        (json!({"sale": {"pay_seconds": 1801}}), "sale.pay_seconds"),
        (json!({"sale": {"max_per_customer": 0}}), "sale.max_per_customer"),
        (json!({"sale": {"max_per_customer": 51}}), "sale.max_per_customer"),
        (json!({"sale": {"opens_at": "2035-06-01T19:00:00Z"}}), "sale.opens_at"),
        (json!({"sale": {"closes_at": "2036-06-01T19:00:00Z"}}), "sale.closes_at"),
        (json!({"sale": {"max_per_costumer": 1}}), ""),
        (json!({"queue": {"admit_per_minute": 0}}), "queue.admit_per_minute"),
        (json!({"queue": {"admit_per_minute": 1_000_001}}), "queue.admit_per_minute"),
        (json!({"queue": {"max_inside": 0}}), "queue.max_inside"),
        (json!({"queue": {"max_inside": 1_000_001}}), "queue.max_inside"),
        (json!({"queue": {"pass_seconds": 0}}), "queue.pass_seconds"),
        (json!({"queue": {"pass_seconds": 86_401}}), "queue.pass_seconds"),
        (json!({"queue": {"turn_seconds": 0}}), "queue.turn_seconds"),
        (json!({"queue": {"turn_seconds": 86_401}}), "queue.turn_seconds"),
        (json!({"queue": {"max_waiting": 0}}), "queue.max_waiting"),
        (json!({"queue": {"max_waiting": 10_000_001}}), "queue.max_waiting"),
        (json!({"queue": {"priority_share": 51}}), "queue.priority_share"),
        (json!({"queue": {"invite_only": "yes"}}), ""),
        (json!({"queue": {"seats_per_buyer": 2}}), ""),
        (json!({"status": "published"}), ""),
    ];
    for (change, field) in table {
        let body = event(change.clone());
        let refusal = sale.organizer("POST", "/v1/events", body).await;
        let refusal = refusal.expect_refusal(422, "invalid_request");
        let detail = refusal["detail"].as_str().expect("a detail");
        assert!(detail.contains(field), "{change} {detail}");
    }
    for (field, value) in [
        ("currency", json!("eur")),
        ("starts_at", json!("tomorrow")),
        // Beyond the year 9999 in UTC.
        ("starts_at", json!("9999-12-31T23:59:59-01:00")),
        ("prices", json!({"Stalls": 1.5})),
    ] {
        let body = event(json!({field: value}));
        let refusal = sale.organizer("POST", "/v1/events", body).await;
        refusal.expect_refusal(422, "invalid_request");
    }
    let drafts = sale.ledger.list_events(&[domain::event::EventStatus::Draft], None, 100).await;
    assert!(drafts.expect("a list").is_empty());
}

#[tokio::test]
async fn every_mutation_needs_an_idempotency_key() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let order = buyer.order(&hold).await;
    let bearer = format!("Bearer {ORGANIZER_TOKEN}");
    let owners = [
        ("Authorization", bearer.as_str()),
        ("Holdfast-Device", buyer.device.as_str()),
        ("Holdfast-Hold", hold.token.as_str()),
        ("Holdfast-Order", order.token.as_str()),
    ];
    let mutations = [
        ("POST", "/v1/events".to_owned()),
        ("PATCH", format!("/v1/events/{id}")),
        ("POST", format!("/v1/events/{id}/publish")),
        ("POST", format!("/v1/events/{id}/cancel")),
        ("POST", format!("/v1/events/{id}/blocks")),
        ("POST", format!("/v1/events/{id}/holds")),
        ("PATCH", format!("/v1/holds/{}", hold.id)),
        ("POST", format!("/v1/holds/{}/extend", hold.id)),
        ("DELETE", format!("/v1/holds/{}", hold.id)),
        ("POST", "/v1/orders".to_owned()),
        ("POST", format!("/v1/orders/{}/cancel", order.id)),
    ];
    let long = "x".repeat(256);
    for (method, path) in mutations {
        for key in [None, Some(""), Some("a\tb"), Some(long.as_str())] {
            let mut headers = owners.to_vec();
            headers.extend(key.map(|key| ("Idempotency-Key", key)));
            let refused = sale.call(method, &path, &headers, Some(json!({}))).await;
            refused.expect_refusal(400, "idempotency_key_required");
        }
    }
    // Of nobody, it must be one that nobody guesses.
    let path = format!("/v1/events/{id}/holds");
    let wish = || Some(json!({"seats": ["B-1"]}));
    let refused = sale.call("POST", &path, &[("Idempotency-Key", "short")], wish()).await;
    refused.expect_refusal(400, "idempotency_key_required");
    let key = [("Idempotency-Key", "a key of twenty-two characters or more")];
    sale.call("POST", &path, &key, wish()).await.expect(201);
}
