//! What bad input gets on the shipped binary: its code and status, nothing changed, nothing leaked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Buyer, Combination, Server, ServerOptions, Stores, event, plan};

async fn server_with_event(change: Value) -> (Server, String) {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(2, 10, change)).await;
    (server, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_hold_gets_its_code_and_changes_nothing() {
    let areas = json!([{"name": "Floor", "capacity": 5, "category": "Stalls"}]);
    let (server, id) = server_with_event(json!({"areas": areas})).await;
    let before = server.availability(&id).await;
    let many: Vec<String> = (1..=9).map(|seat| format!("A-{seat}")).collect();
    let table = [
        (json!({"seats": ["A-1"], "price": 1}), 422, "invalid_request"),
        (json!({"seats": ["Z-1"]}), 422, "unknown_seat"),
        (json!({"seats": ["A-1", "A-1"]}), 422, "invalid_request"),
        (json!({"seats": []}), 422, "invalid_request"),
        (json!({}), 422, "invalid_request"),
        (json!([]), 422, "invalid_request"),
        (json!({"seats": "A-1"}), 422, "invalid_request"),
        (json!({"seats": [7]}), 422, "invalid_request"),
        (json!({"seats": many}), 409, "customer_limit_reached"),
        (json!({"best_available": {"quantity": 0}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": -1}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": 1.5}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": "2"}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": 4_000_000_000u64}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": 1e30}}), 422, "invalid_request"),
        (json!({"best_available": {"quantity": 1}, "seats": ["A-1"]}), 422, "invalid_request"),
        (json!({"areas": [{"name": "Pit", "quantity": 1}]}), 422, "unknown_area"),
        (json!({"areas": [{"name": "Floor", "quantity": 0}]}), 422, "invalid_request"),
        (json!({"areas": [{"name": "Floor", "quantity": 6}]}), 409, "sold_out"),
    ];
    let buyer = Buyer::new(&server);
    for (wish, status, code) in table {
        let answer = buyer.try_hold(&id, wish.clone()).await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (status, Some(code)),
            "{wish}: {}",
            answer.body
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{wish}");
    }
    assert_eq!(server.availability(&id).await, before, "a refusal changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_by_its_fault() {
    let (server, id) = server_with_event(json!({})).await;
    let url = format!("{}/v1/events/{id}/holds", server.base);
    let send = |kind: &'static str, body: Vec<u8>| {
        server
            .http
            .post(&url)
            .header("Idempotency-Key", "a-key-that-nobody-else-uses")
            .header("Content-Type", kind)
            .body(body)
            .send()
    };
    let json = "application/json";
    let table = [
        (json, br#"{"seats": ["A-1""#.to_vec(), 400, "malformed_json"),
        (json, b"\xff\xfe".to_vec(), 400, "malformed_json"),
        (json, "[".repeat(10_000).into_bytes(), 400, "malformed_json"),
        ("text/plain", br#"{"seats": ["A-1"]}"#.to_vec(), 415, "unsupported_media_type"),
        (json, vec![b' '; 70_000], 413, "body_too_large"),
    ];
    for (kind, body, status, code) in table {
        let answer = send(kind, body).await.expect("an answer");
        assert_eq!(answer.status(), status, "{code}");
        let body: Value = answer.json().await.expect("a problem");
        assert_eq!(body["code"], code);
    }
    let no_key = server.http.post(&url).json(&json!({"seats": ["A-1"]})).send().await;
    let no_key: Value = no_key.expect("an answer").json().await.expect("a problem");
    assert_eq!(
        (&no_key["status"], &no_key["code"]),
        (&json!(400), &json!("idempotency_key_required"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_s_looks_like_what_does_not_exist() {
    let (server, id) = server_with_event(json!({})).await;
    let (owner, other) = (Buyer::new(&server), Buyer::new(&server));
    let hold = owner.hold(&id, &["A-1"]).await;
    let rival = other.hold(&id, &["A-2"]).await;
    let order = owner.order(&hold).await;

    let hold_path = format!("/v1/holds/{}", hold.id);
    let order_path = format!("/v1/orders/{}", order.id);
    for token in ["", "wrong", &rival.token] {
        for (method, path, header, code) in [
            (Method::GET, &hold_path, "Holdfast-Hold", "unknown_hold"),
            (Method::DELETE, &hold_path, "Holdfast-Hold", "unknown_hold"),
            (Method::GET, &order_path, "Holdfast-Order", "unknown_order"),
        ] {
            let headers = [(header, token), ("Idempotency-Key", "a-key-that-nobody-else-uses")];
            let answer = other.call(method, path, &headers, None).await.expect("an answer");
            answer.expect_refusal(404, code);
        }
    }
    let foreign = json!({"hold_id": hold.id, "email": "thief@example.org"});
    other
        .post("/v1/orders", &[("Holdfast-Hold", &rival.token)], foreign)
        .await
        .expect_refusal(404, "unknown_hold");
    owner.try_order(&hold).await.expect_refusal(409, "order_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_refused_with_the_field_named() {
    let (server, _) = server_with_event(json!({})).await;
    let mut repeated = plan(1, 2);
    repeated["zones"][0]["rows"][0]["seats"][1]["seat_guid"] = json!("A-1");
    let table = [
        (json!({"prices": {}}), "prices"),
        (json!({"prices": {"Stalls": -1}}), "prices"),
        (json!({"prices": {"Stalls": 1.5}}), "prices"),
        (json!({"currency": "euro"}), "currency"),
        (json!({"starts_at": "2001-01-01T00:00:00Z"}), "starts_at"),
        (json!({"starts_at": "soon"}), "starts_at"),
        (json!({"sale": {"hold_seconds": 0}}), "hold_seconds"),
        (json!({"sale": {"max_per_customer": 51}}), "max_per_customer"),
        (json!({"seating_plan": repeated}), "A-1"),
        (json!({"areas": [{"name": "Field", "capacity": 200_000, "category": "Stalls"}]}), "seats"),
        (json!({"colour": "red"}), "colour"),
    ];
    for (change, named) in table {
        let body = event(1, 2, change.clone());
        let refusal = server.organizer("POST", "/v1/events", body, 422).await;
        assert_eq!(refusal["code"], "invalid_request", "{change}");
        let detail = refusal["detail"].as_str().expect("a detail");
        assert!(detail.contains(named), "{change}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_the_organiser_may_not_organise() {
    let (server, id) = server_with_event(json!({})).await;
    for path in [
        "/v1/events".to_owned(),
        format!("/v1/events/{id}/publish"),
        format!("/v1/events/{id}/cancel"),
    ] {
        for token in [None, Some("wrong")] {
            let mut request = server
                .http
                .post(format!("{}{path}", server.base))
                .header("Idempotency-Key", "a-key-that-nobody-else-uses")
                .json(&json!({}));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{path}");
            let body: Value = answer.json().await.expect("a problem");
            assert_eq!(body["code"], "token_invalid");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_same_answer() {
    let (server, id) = server_with_event(json!({})).await;
    let buyer = Buyer::new(&server);
    let path = format!("/v1/events/{id}/holds");
    let headers = [("Idempotency-Key", "one-and-the-same")];
    let wish = json!({"seats": ["A-1", "A-2"]});
    let ask = |wish: Value| buyer.call(Method::POST, &path, &headers, Some(wish));
    let first = ask(wish.clone()).await.expect("an answer").expect(201);
    let again = ask(wish).await.expect("an answer");
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), first);
    ask(json!({"seats": ["A-3"]}))
        .await
        .expect("an answer")
        .expect_refusal(422, "idempotency_key_reused");
}
