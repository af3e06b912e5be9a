//! Seats that the organiser takes off sale.

use serde_json::{Value, json};

use crate::support::{Answer, Sale, event};

async fn change(sale: &Sale, id: &str, body: Value) -> Answer {
    sale.organizer("POST", &format!("/v1/events/{id}/blocks"), body).await
}

#[tokio::test]
async fn a_blocked_seat_is_not_sold_until_it_is_unblocked() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let changed = change(&sale, &id, json!({"block": ["A-1", "A-2"]})).await.expect(200);
    assert!(changed["version"].is_u64());
    assert_eq!(sale.counts(&id).await, [38, 0, 0, 2]);
    let refused = sale.buyer().try_hold(&id, json!({"seats": ["A-1", "A-3"]})).await;
    assert_eq!(refused.expect_refusal(409, "seats_unavailable")["seats"], json!(["A-1"]));

    change(&sale, &id, json!({"block": ["A-2"], "unblock": ["A-1", "B-1"]})).await.expect(200);
    assert_eq!(sale.counts(&id).await, [39, 0, 0, 1]);
    sale.buyer().hold(&id, &["A-1"]).await;
}

#[tokio::test]
async fn a_draft_can_have_blocks() {
    let sale = Sale::new().await;
    let id = sale.draft(event(json!({}))).await;
    change(&sale, &id, json!({"block": ["B-10"]})).await.expect(200);
    sale.organizer("POST", &format!("/v1/events/{id}/publish"), json!({})).await.expect(200);
    assert_eq!(sale.counts(&id).await, [39, 0, 0, 1]);
}

#[tokio::test]
async fn blocks_survive_a_rebuilt_inventory() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    change(&sale, &id, json!({"block": ["A-1"]})).await.expect(200);
    sale.inventory.rebuild(&id.parse().expect("an id")).await.expect("a new inventory");
    assert_eq!(sale.counts(&id).await, [39, 0, 0, 1]);
}

#[tokio::test]
async fn a_taken_seat_refuses_the_whole_change() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    sale.buyer().hold(&id, &["A-2"]).await;
    let before = sale.availability(&id).await;
    let refused = change(&sale, &id, json!({"block": ["A-1", "A-2"]})).await;
    assert_eq!(refused.expect_refusal(409, "seats_unavailable")["seats"], json!(["A-2"]));
    let unknown = change(&sale, &id, json!({"block": ["A-1", "Z-9"]})).await;
    assert_eq!(unknown.expect_refusal(422, "unknown_seat")["seats"], json!(["Z-9"]));
    for body in [
        json!({}),
        json!({"block": ["A-1", "A-1"]}),
        json!({"block": ["A-1"], "unblock": ["A-1"]}),
        json!({"block": "A-1"}),
        json!({"blocks": ["A-1"]}),
    ] {
        change(&sale, &id, body).await.expect_refusal(422, "invalid_request");
    }
    assert_eq!(sale.availability(&id).await, before);
}
