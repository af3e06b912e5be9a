//! Creating, listing and reading events.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{Sale, event, text_of};

#[tokio::test]
async fn a_new_event_is_a_draft_with_its_defaults_filled_in() {
    let sale = Sale::new().await;
    let created = sale.organizer("POST", "/v1/events", event(json!({}))).await.expect(201);

    assert!(text_of(&created, "id").starts_with("evt_"));
    assert_eq!(created["status"], "draft");
    assert_eq!(created["published_at"], Value::Null);
    assert_eq!(created["prices"], json!({"Floor": 3000, "Stalls": 4500}));
    assert_eq!(
        created["sale"],
        json!({
            "opens_at": null, "closes_at": "2035-06-01T19:00:00.000Z", "hold_seconds": 600,
            "extensions": 1, "extension_seconds": 60, "pay_seconds": 600, "max_per_customer": 8,
        })
    );
    assert_eq!(
        created["queue"],
        json!({
            "enabled": false, "opens_at": null, "admit_per_minute": null, "max_inside": null,
            "pass_seconds": 600, "turn_seconds": 120, "max_waiting": null, "invite_only": false,
            "priority_share": 20, "proof_of_work": true,
        })
    );
}

#[tokio::test]
async fn a_draft_is_seen_only_by_its_organiser() {
    let sale = Sale::new().await;
    let id = sale.draft(event(json!({"slug": "a-first-night"}))).await;

    for name in [id.as_str(), "a-first-night"] {
        for part in ["", "/chart", "/availability", "/seats"] {
            let path = format!("/v1/events/{name}{part}");
            sale.get(&path).await.expect_refusal(404, "unknown_event");
            sale.organizer("GET", &path, Value::Null).await.expect(200);
        }
    }
    assert_eq!(sale.get("/v1/events").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_published_event_is_reached_by_id_and_by_slug() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"slug": "a-first-night"}))).await;

    let by_id = sale.get(&format!("/v1/events/{id}")).await.expect(200);
    let by_slug = sale.get("/v1/events/a-first-night").await.expect(200);
    assert_eq!(by_id, by_slug);
    assert_eq!(by_id["status"], "published");
    assert_eq!(by_id["sale"]["opens_at"], by_id["published_at"]);
    assert_eq!(by_id["published_at"], json!(sale.later(0)));
}

#[tokio::test]
async fn what_is_no_event_is_unknown_in_one_way() {
    let sale = Sale::new().await;
    let path = |name: &str| format!("/v1/events/{name}");
    let unknown = sale.get(&path("evt_00000000000000000000000000000")).await;
    let unknown = unknown.expect_refusal(404, "unknown_event");
    let long = "x".repeat(500);
    for name in ["evt_", "evt_x", "no-such-slug", "A", "1", "%00", "%27%3B--", "..", &long] {
        let found = sale.get(&path(name)).await.expect_refusal(404, "unknown_event");
        assert_eq!(found, unknown, "{name}");
    }
}

#[tokio::test]
async fn a_taken_slug_is_refused() {
    let sale = Sale::new().await;
    sale.draft(event(json!({"slug": "taken"}))).await;
    let again = sale.organizer("POST", "/v1/events", event(json!({"slug": "taken"}))).await;
    again.expect_refusal(409, "slug_taken");
}

#[tokio::test]
async fn two_events_of_one_name_get_slugs_of_their_own() {
    let sale = Sale::new().await;
    let mut slugs = Vec::new();
    for _ in 0..2 {
        let created = sale.organizer("POST", "/v1/events", event(json!({}))).await.expect(201);
        slugs.push(text_of(&created, "slug"));
    }
    assert!(slugs.iter().all(|slug| slug.starts_with("an-evening-")), "{slugs:?}");
    assert_ne!(slugs[0], slugs[1]);
}

#[tokio::test]
async fn a_repeated_creation_is_one_event() {
    let sale = Sale::new().await;
    let create = || sale.organizer_again("POST", "/v1/events", event(json!({})), "one-event");
    let first = create().await;
    assert!(!first.is_replayed());
    let first = first.expect(201);
    sale.clock.advance_millis(5_000);
    let again = create().await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), first);

    let other = event(json!({"name": "Another evening"}));
    let other = sale.organizer_again("POST", "/v1/events", other, "one-event").await;
    other.expect_refusal(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refused_creation_is_tried_anew_under_its_key() {
    let sale = Sale::new().await;
    let create = |price: i64| {
        let body = event(json!({"prices": {"Stalls": price, "Floor": 1}}));
        sale.organizer_again("POST", "/v1/events", body, "one-event")
    };
    create(-1).await.expect_refusal(422, "invalid_request");
    create(1).await.expect(201);
}

#[tokio::test]
async fn published_events_come_page_by_page_in_the_order_of_their_creation() {
    let sale = Sale::new().await;
    let mut published = Vec::new();
    for number in 0..5 {
        sale.clock.advance_millis(1);
        let body = event(json!({"slug": format!("night-{number}")}));
        if number == 2 {
            sale.draft(body).await;
        } else {
            published.push(sale.publish(body).await);
        }
    }

    let mut found = Vec::new();
    let mut path = "/v1/events?limit=2".to_owned();
    loop {
        let page = sale.get(&path).await.expect(200);
        let data = page["data"].as_array().expect("a list");
        assert!(data.len() <= 2);
        found.extend(data.iter().map(|event| text_of(event, "id")));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/events?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, published);
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let sale = Sale::new().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "cursor=",
        "cursor=%00",
        "cursor=zzz",
        "page=2",
    ] {
        let answer = sale.get(&format!("/v1/events?{query}")).await;
        answer.expect_refusal(422, "invalid_request");
    }
}

#[tokio::test]
async fn a_chart_comes_with_a_strong_etag_and_is_not_sent_twice() {
    let sale = Sale::new().await;
    let flags = json!({"A-1": ["accessible"], "A-2": ["companion"]});
    let id = sale.publish(event(json!({"seat_flags": flags}))).await;
    let path = format!("/v1/events/{id}/chart");

    let chart = sale.get(&path).await;
    let etag = chart.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "{etag}");
    let chart = chart.expect(200);
    let seats = chart["zones"][0]["rows"][0]["seats"].as_array().expect("a list");
    assert_eq!(seats.len(), 10);
    assert_eq!(seats[0]["index"], 0);
    assert_eq!((&seats[0]["label"], &seats[0]["number"]), (&json!("A-1"), &json!("1")));
    assert_eq!(seats[0]["category"], "Stalls");
    assert_eq!(seats[0]["flags"], json!(["accessible"]));
    assert_eq!(chart["zones"][0]["rows"][1]["seats"][0]["index"], 10);
    assert_eq!(
        chart["areas"],
        json!([{"index": 0, "name": "Standing", "capacity": 20, "category": "Floor"}])
    );

    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = sale.call("GET", &path, &[("If-None-Match", &known)], None).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{known}");
        assert_eq!(again.header("etag"), etag);
    }
    sale.call("GET", &path, &[("If-None-Match", "\"other\"")], None).await.expect(200);
}

#[tokio::test]
async fn a_chart_is_compressed_for_those_who_take_it_under_a_tag_of_its_own() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let path = format!("/v1/events/{id}/chart");
    let plain = sale.get(&path).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.header("vary").contains("accept-encoding"));

    for codings in ["gzip, deflate, br", "br, *", "GZIP;q=0.5"] {
        let packed = sale.call("GET", &path, &[("Accept-Encoding", codings)], None).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"), "{codings}");
        assert_eq!(packed.header("content-type"), "application/json");
        assert!(packed.header("vary").contains("accept-encoding"));
        assert!(packed.bytes.len() < plain.bytes.len() / 2);
        let mut text = Vec::new();
        GzDecoder::new(packed.bytes.as_slice()).read_to_end(&mut text).expect("gzip");
        assert_eq!(text, plain.bytes);

        let etag = packed.header("etag");
        assert_ne!(etag, plain.header("etag"));
        let known = [("Accept-Encoding", codings), ("If-None-Match", etag)];
        let again = sale.call("GET", &path, &known, None).await;
        assert_eq!((again.status, again.header("etag"), again.bytes.len()), (304, etag, 0));
        let other = [("Accept-Encoding", "identity"), ("If-None-Match", etag)];
        assert_eq!(sale.call("GET", &path, &other, None).await.status, 200);
    }
    for codings in ["identity", "gzip;q=0, *", "*;q=0", "br", "gzip;q=nonsense"] {
        let answer = sale.call("GET", &path, &[("Accept-Encoding", codings)], None).await;
        assert_eq!(answer.header("etag"), plain.header("etag"), "{codings}");
        assert_eq!(answer.bytes, plain.bytes);
    }
}
