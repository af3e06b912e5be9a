//! From a free seat to a held one and back.

use engine::EngineSettings;
use serde_json::json;

use crate::support::{Hold, Sale, event, text_of};

#[tokio::test]
async fn a_hold_tells_its_seats_prices_and_deadline() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let wish = json!({
        "seats": ["A-1", "A-2"],
        "areas": [{"name": "Standing", "quantity": 2}],
    });
    let held = sale.buyer().try_hold(&id, wish).await.expect(201);
    assert!(text_of(&held, "id").starts_with("hld_"));
    assert_eq!((&held["event_id"], &held["status"]), (&json!(id), &json!("active")));
    assert_eq!(
        held["seats"][0],
        json!({"label": "A-1", "zone": "Hall", "row": "A", "number": "1", "category": "Stalls",
            "price": 4500})
    );
    assert_eq!(held["areas"], json!([{"name": "Standing", "quantity": 2, "price": 3000}]));
    assert_eq!((&held["total"], &held["currency"]), (&json!(15_000), &json!("EUR")));
    assert_eq!(held["expires_at"], json!(sale.later(600)));
    assert_eq!(held["version"], sale.availability(&id).await["version"]);
}

#[tokio::test]
async fn second_buyer_of_a_held_seat_is_refused() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    sale.buyer().hold(&id, &["A-1", "A-2"]).await;
    let before = sale.availability(&id).await;
    let refused = sale.buyer().try_hold(&id, json!({"seats": ["A-3", "A-2"]})).await;
    let refused = refused.expect_refusal(409, "seats_unavailable");
    assert_eq!(refused["seats"], json!(["A-2"]));
    assert!(refused["version"].is_u64());
    assert_eq!(sale.availability(&id).await, before);
}

#[tokio::test]
async fn the_same_key_and_body_is_the_same_hold() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let wish = json!({"seats": ["A-1"]});
    let first = buyer.try_hold_again(&id, wish.clone(), "once").await;
    assert!(!first.is_replayed());
    let first = first.expect(201);
    let again = buyer.try_hold_again(&id, wish.clone(), "once").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), first);

    let other = buyer.try_hold_again(&id, json!({"seats": ["A-2"]}), "once").await;
    other.expect_refusal(422, "idempotency_key_reused");
    // Another buyer's key is another key.
    let wish = json!({"seats": ["A-2"]});
    let others = sale.buyer().try_hold_again(&id, wish, "once").await.expect(201);
    assert_ne!(others["id"], first["id"]);
    assert_eq!(sale.counts(&id).await, [38, 2, 0, 0]);
}

#[tokio::test]
async fn a_refused_hold_is_tried_anew_under_its_key() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let first = sale.buyer();
    let hold = first.hold(&id, &["A-1"]).await;
    let second = sale.buyer();
    let wish = json!({"seats": ["A-1"]});
    let refused = second.try_hold_again(&id, wish.clone(), "mine").await;
    refused.expect_refusal(409, "seats_unavailable");
    first.release(&hold).await.expect(204);
    second.try_hold_again(&id, wish, "mine").await.expect(201);
}

#[tokio::test]
async fn best_available_gives_neighbours() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let wish =
        json!({"best_available": {"quantity": 3, "categories": ["Stalls"], "zones": ["Hall"]}});
    let hold = Hold::read(sale.buyer().try_hold(&id, wish).await.expect(201));
    let seats = hold.seats();
    let numbers: Vec<u32> =
        seats.iter().map(|label| label[2..].parse().expect("a number")).collect();
    assert_eq!(seats.len(), 3);
    assert!(seats.iter().all(|label| label[..1] == seats[0][..1]), "{seats:?}");
    let (least, most) = (numbers.iter().min().unwrap(), numbers.iter().max().unwrap());
    assert_eq!(most - least, 2, "{seats:?}");
}

#[tokio::test]
async fn best_available_tells_a_lack_of_neighbours_from_a_sold_out_house() {
    let sale = Sale::new().await;
    let many = json!({"max_per_customer": 50});
    let id = sale.publish(event(json!({"sale": many}))).await;
    let odd: Vec<String> =
        (0..10).map(|n| format!("{}-{}", ["A", "B"][n / 5], n % 5 * 2 + 1)).collect();
    let odd: Vec<&str> = odd.iter().map(String::as_str).collect();
    sale.buyer().hold(&id, &odd).await;

    let best = |quantity: u32| json!({"best_available": {"quantity": quantity}});
    let refused = sale.buyer().try_hold(&id, best(2)).await;
    refused.expect_refusal(409, "not_enough_adjacent_seats");
    sale.buyer().try_hold(&id, best(11)).await.expect_refusal(409, "sold_out");
    sale.buyer().try_hold(&id, best(1)).await.expect(201);
    assert_eq!(sale.counts(&id).await, [29, 11, 0, 0]);
}

#[tokio::test]
async fn an_area_holds_no_more_than_its_capacity() {
    let sale = Sale::new().await;
    let many = json!({"max_per_customer": 50});
    let id = sale.publish(event(json!({"sale": many}))).await;
    sale.buyer().hold_places(&id, 19).await;
    let wish = json!({"areas": [{"name": "Standing", "quantity": 2}], "seats": ["A-1"]});
    sale.buyer().try_hold(&id, wish).await.expect_refusal(409, "sold_out");
    assert_eq!(sale.counts(&id).await, [21, 19, 0, 0]);
    sale.buyer().hold_places(&id, 1).await;
}

#[tokio::test]
async fn a_customer_holds_no_more_than_the_limit_over_all_holds() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"sale": {"max_per_customer": 3}}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1", "A-2"]).await;
    let refused = buyer.try_hold(&id, json!({"seats": ["A-3", "A-4"]})).await;
    refused.expect_refusal(409, "customer_limit_reached");
    let refused = buyer.change(&hold, json!({"add": ["A-3", "A-4"]})).await;
    refused.expect_refusal(409, "customer_limit_reached");
    buyer.hold_places(&id, 1).await;
    // The order of checks: seats before the limit, the limit before the stock.
    let wish = json!({"seats": ["A-1", "B-1", "B-2", "Z-1"]});
    buyer.try_hold(&id, wish).await.expect_refusal(422, "unknown_seat");
    let wish = json!({"seats": ["A-1", "B-1", "B-2", "B-3"]});
    sale.buyer().try_hold(&id, wish).await.expect_refusal(409, "customer_limit_reached");
}

#[tokio::test]
async fn one_address_holds_no_more_than_its_cap() {
    let sale = Sale::with(EngineSettings { held_seats_per_address: 3 }).await;
    let id = sale.publish(event(json!({}))).await;
    sale.buyer().hold(&id, &["A-1", "A-2"]).await;
    let refused = sale.buyer().try_hold(&id, json!({"seats": ["A-3", "A-4"]})).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.expect_refusal(429, "rate_limited");
    sale.buyer().hold(&id, &["A-3"]).await;

    let unlimited = Sale::with(EngineSettings { held_seats_per_address: 0 }).await;
    let id = unlimited.publish(event(json!({}))).await;
    for seats in [["A-1", "A-2"], ["A-3", "A-4"]] {
        unlimited.buyer().hold(&id, &seats).await;
    }
}

#[tokio::test]
async fn the_sale_has_a_beginning_and_an_end() {
    let sale = Sale::new().await;
    let window = json!({"opens_at": sale.later(60), "closes_at": sale.later(120)});
    let id = sale.publish(event(json!({"sale": window}))).await;
    let buyer = sale.buyer();
    let wish = json!({"seats": ["A-1"]});
    buyer.try_hold(&id, wish.clone()).await.expect_refusal(403, "sale_not_open");
    // Before the seats are looked at, and after the body is.
    let unknown = json!({"seats": ["Z-1"]});
    buyer.try_hold(&id, unknown).await.expect_refusal(403, "sale_not_open");
    buyer.try_hold(&id, json!({})).await.expect_refusal(422, "invalid_request");

    sale.advance(60);
    let hold = Hold::read(buyer.try_hold(&id, wish.clone()).await.expect(201));
    sale.advance(60);
    sale.buyer().try_hold(&id, wish).await.expect_refusal(403, "sale_closed");
    buyer.change(&hold, json!({"add": ["A-2"]})).await.expect_refusal(403, "sale_closed");
    // What follows from a hold needs no open sale.
    buyer.extend(&hold).await.expect(200);
    buyer.order(&hold).await;
}

#[tokio::test]
async fn with_the_queue_on_a_hold_needs_a_pass() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"queue": {"enabled": true}}))).await;
    let path = format!("/v1/events/{id}/holds");
    let buyer = sale.buyer();
    let wish = json!({"seats": ["A-1"]});
    buyer.try_hold(&id, wish.clone()).await.expect_refusal(401, "pass_required");
    let forged = [("Holdfast-Pass", "eyJhbGciOiJub25lIn0.e30."), ("Idempotency-Key", "k")];
    let forged = [forged[0], forged[1], ("Holdfast-Device", buyer.device.as_str())];
    let refused = sale.call("POST", &path, &forged, Some(wish)).await;
    refused.expect_refusal(401, "token_invalid");
    // Before the seats are looked at.
    buyer.try_hold(&id, json!({"seats": ["Z-1"]})).await.expect_refusal(401, "pass_required");
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
}

#[tokio::test]
async fn a_hold_is_changed_all_or_nothing() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1", "A-2"]).await;
    let change = json!({
        "add": ["A-3"], "remove": ["A-1"], "areas": [{"name": "Standing", "quantity": 2}],
    });
    let changed = buyer.change_again(&hold, change.clone(), "change").await.expect(200);
    assert_eq!(Hold::read(changed.clone()).seats(), ["A-2", "A-3"]);
    assert_eq!(changed["total"], 15_000);
    assert_eq!(changed["expires_at"], hold.body["expires_at"]);
    let again = buyer.change_again(&hold, change, "change").await;
    assert!(again.is_replayed());
    again.expect(200);
    let other = buyer.change_again(&hold, json!({"add": ["A-4"]}), "change").await;
    other.expect_refusal(422, "idempotency_key_reused");

    sale.buyer().hold(&id, &["B-1"]).await;
    let refused = buyer.change(&hold, json!({"add": ["B-1", "B-2"], "remove": ["A-2"]})).await;
    assert_eq!(refused.expect_refusal(409, "seats_unavailable")["seats"], json!(["B-1"]));
    for (change, code) in [
        (json!({}), "invalid_request"),
        (json!({"add": ["A-2"]}), "invalid_request"),
        (json!({"remove": ["B-9"]}), "invalid_request"),
        (json!({"add": ["B-2", "B-2"]}), "invalid_request"),
        (json!({"add": ["B-2"], "remove": ["B-2"]}), "invalid_request"),
        (
            json!({"remove": ["A-2", "A-3"], "areas": [{"name": "Standing", "quantity": 0}]}),
            "invalid_request",
        ),
        (json!({"add": ["Z-1"]}), "unknown_seat"),
        (json!({"areas": [{"name": "Balcony", "quantity": 1}]}), "unknown_area"),
    ] {
        buyer.change(&hold, change).await.expect_refusal(422, code);
    }
    assert_eq!(Hold::read(buyer.read_hold(&hold).await.expect(200)).seats(), ["A-2", "A-3"]);
    assert_eq!(sale.counts(&id).await, [35, 5, 0, 0]);
}

#[tokio::test]
async fn a_hold_is_extended_as_often_as_the_sale_allows() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let extended = buyer.extend_again(&hold, "more").await.expect(200);
    assert_eq!(extended["expires_at"], json!(sale.later(660)));
    let again = buyer.extend_again(&hold, "more").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(200)["expires_at"], extended["expires_at"]);
    buyer.extend(&hold).await.expect_refusal(409, "extension_limit");
}

#[tokio::test]
async fn a_released_hold_gives_its_seats_back_and_stays_ended() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    buyer.release(&hold).await.expect(204);
    buyer.release(&hold).await.expect(204);
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
    assert_eq!(buyer.read_hold(&hold).await.expect(200)["status"], "released");
    buyer.change(&hold, json!({"add": ["A-2"]})).await.expect_refusal(410, "hold_expired");
    buyer.extend(&hold).await.expect_refusal(410, "hold_expired");
    buyer.try_order(&hold).await.expect_refusal(410, "hold_expired");
}

#[tokio::test]
async fn an_expired_hold_is_over_at_its_deadline() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"sale": {"hold_seconds": 10}}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    sale.advance(10);
    assert_eq!(buyer.read_hold(&hold).await.expect(200)["status"], "expired");
    buyer.change(&hold, json!({"add": ["A-2"]})).await.expect_refusal(410, "hold_expired");
    buyer.extend(&hold).await.expect_refusal(410, "hold_expired");
    buyer.try_order(&hold).await.expect_refusal(410, "hold_expired");
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
    sale.buyer().hold(&id, &["A-1"]).await;
    buyer.release(&hold).await.expect(204);
    assert_eq!(sale.counts(&id).await, [39, 1, 0, 0]);
}

#[tokio::test]
async fn a_hold_in_payment_cannot_be_touched() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let order = buyer.order(&hold).await;
    buyer.change(&hold, json!({"add": ["A-2"]})).await.expect_refusal(409, "hold_in_payment");
    buyer.extend(&hold).await.expect_refusal(409, "hold_in_payment");
    buyer.release(&hold).await.expect_refusal(409, "hold_in_payment");
    let paying = buyer.read_hold(&hold).await.expect(200);
    assert_eq!(paying["status"], "paying");
    assert_eq!(paying["expires_at"], order.body["pay_before"]);
    assert_eq!(sale.counts(&id).await, [39, 1, 0, 0]);
}
