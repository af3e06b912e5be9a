//! From a hold to an order that waits for its payment, and to its end without one.

use ledger::Evidence;
use serde_json::json;

use crate::support::{Order, Sale, event, text_of};

#[tokio::test]
async fn an_order_tells_what_to_pay_until_when() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"sale": {"pay_seconds": 300}}))).await;
    let buyer = sale.buyer();
    let wish = json!({"seats": ["A-1"], "areas": [{"name": "Standing", "quantity": 2}]});
    let hold = crate::support::Hold::read(buyer.try_hold(&id, wish).await.expect(201));
    let order = buyer.order(&hold).await;

    assert!(order.id.starts_with("ord_"));
    assert_eq!(order.body["status"], "awaiting_payment");
    assert_eq!((&order.body["amount"], &order.body["currency"]), (&json!(10_500), &json!("EUR")));
    assert_eq!(
        order.body["lines"],
        json!([
            {"seat": "A-1", "category": "Stalls", "quantity": 1, "price": 4500},
            {"area": "Standing", "category": "Floor", "quantity": 2, "price": 3000},
        ])
    );
    assert_eq!(order.body["pay_before"], json!(sale.later(300)));
    assert_eq!((&order.body["event_id"], &order.body["hold_id"]), (&json!(id), &json!(hold.id)));
    assert_eq!(buyer.read_order(&order).await, order.body);
    assert!(buyer.tickets(&order).await.is_empty());
    assert_eq!(sale.counts(&id).await, [37, 3, 0, 0]);
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_hold_has_one_order() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let first = buyer.try_order_again(&hold, "once").await;
    assert!(!first.is_replayed());
    let first = first.expect(201);
    let again = buyer.try_order_again(&hold, "once").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), first);
    buyer.try_order(&hold).await.expect_refusal(409, "order_exists");

    let body = json!({"hold_id": hold.id, "email": "other@example.org"});
    let owner = ("Holdfast-Hold", hold.token.as_str());
    let other = buyer.send("POST", "/v1/orders", Some(owner), body, "once").await;
    other.expect_refusal(422, "idempotency_key_reused");
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_order_answered_by_a_process_that_died_is_answered_again() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let first = buyer.try_order_again(&hold, "once").await.expect(201);
    // The inventory is lost and laid anew from the ledger.
    sale.forget_inventory();
    sale.inventory.rebuild(&id.parse().expect("an id")).await.expect("a new inventory");
    let again = buyer.try_order_again(&hold, "once").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), first);
    assert_eq!(sale.counts(&id).await, [39, 1, 0, 0]);
}

#[tokio::test]
async fn an_order_keeps_the_price_at_which_it_was_made() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let path = format!("/v1/events/{id}");
    sale.organizer("PATCH", &path, json!({"prices": {"Stalls": 1}})).await.expect(200);
    assert_eq!(buyer.read_order(&order).await["amount"], 4500);
    assert_eq!(sale.buyer().hold(&id, &["A-2"]).await.body["total"], 1);
}

#[tokio::test]
async fn a_cancelled_order_gives_its_seats_back() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let order = buyer.order(&hold).await;
    assert_eq!(buyer.cancel(&order).await.expect(200)["status"], "cancelled");
    assert_eq!(buyer.cancel(&order).await.expect(200)["status"], "cancelled");
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
    sale.buyer().hold(&id, &["A-1"]).await;
    buyer.try_order(&hold).await.expect_refusal(409, "order_exists");
    sale.assert_ledger_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_order_and_a_release_at_once_one_loses() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    for round in 0..40 {
        let (buyer, rival) = (sale.buyer(), sale.buyer());
        let hold = buyer.hold(&id, &["A-1"]).await;
        let release = async {
            // At once, or as soon as the order is in the ledger; each time a little later.
            let number = hold.id.parse().expect("an id");
            let written = async || sale.ledger.order_by_hold(&number).await.expect("a ledger");
            while round % 2 == 1 && written().await.is_none() {}
            for _ in 0..round * 20 {
                tokio::task::yield_now().await;
            }
            let released = buyer.release(&hold).await;
            let taken = match released.status {
                204 => Some(rival.hold(&id, &["A-1"]).await),
                _ => None,
            };
            (released, taken)
        };
        let (ordered, (released, taken)) = tokio::join!(buyer.try_order(&hold), release);
        match taken {
            Some(rivals) => {
                ordered.expect_refusal(410, "hold_expired");
                assert_eq!(rival.read_hold(&rivals).await.expect(200)["status"], "active");
                assert_eq!(sale.counts(&id).await, [39, 1, 0, 0]);
                // No claim of the loser is in the way.
                let order = rival.order(&rivals).await;
                rival.cancel(&order).await.expect(200);
            }
            None => {
                released.expect_refusal(409, "hold_in_payment");
                let order = Order::read(ordered.expect(201));
                assert_eq!(buyer.read_order(&order).await["status"], "awaiting_payment");
                buyer.cancel(&order).await.expect(200);
            }
        }
        assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
        sale.assert_ledger_is_clean().await;
    }
}

#[tokio::test]
async fn an_expired_order_cannot_be_cancelled() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    sale.advance(600);
    let evidence = Evidence { source: "sweep", ..Evidence::default() };
    let fact = domain::order::Fact::DeadlinePassed;
    sale.ledger.learn(&order.id.parse().expect("an id"), fact, evidence).await.expect("learned");
    assert_eq!(buyer.read_order(&order).await["status"], "expired");
    buyer.cancel(&order).await.expect_refusal(409, "order_closed");
}

#[tokio::test]
async fn a_customer_orders_no_more_than_the_limit_also_by_e_mail() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"sale": {"max_per_customer": 2}}))).await;
    let order = |email: &'static str, seats: [&'static str; 2]| {
        let (sale, id) = (&sale, &id);
        async move {
            let buyer = sale.buyer();
            let hold = buyer.hold(id, &seats).await;
            let body = json!({"hold_id": hold.id, "email": email});
            let owner = ("Holdfast-Hold", hold.token.as_str());
            buyer.send("POST", "/v1/orders", Some(owner), body, "order").await
        }
    };
    order("ada@example.org", ["A-1", "A-2"]).await.expect(201);
    let refused = order("ADA@example.org", ["A-3", "A-4"]).await;
    refused.expect_refusal(409, "customer_limit_reached");
    order("bob@example.org", ["A-5", "A-6"]).await.expect(201);
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_seat_that_the_ledger_gave_to_another_is_refused() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let first = sale.buyer();
    first.order(&first.hold(&id, &["A-1"]).await).await;
    // The store forgets everything; the next buyer gets a hold before the claim is back.
    sale.forget_inventory();
    let second = sale.buyer();
    let answer = second.try_hold(&id, json!({"seats": ["A-1"]})).await;
    // The loss is noticed by the call itself: the claim stands again before anybody gets the seat.
    answer.expect_refusal(409, "seats_unavailable");
    assert_eq!(sale.counts(&id).await, [39, 1, 0, 0]);
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_order_needs_a_body_that_can_be_one() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let owner = Some(("Holdfast-Hold", hold.token.as_str()));
    let (hold_id, email) = (json!(hold.id), json!("ada@example.org"));
    let long = format!("{}@example.org", "a".repeat(255));
    for body in [
        json!({}),
        json!({"hold_id": hold_id}),
        json!({"email": email}),
        json!({"hold_id": hold_id, "email": "ada"}),
        json!({"hold_id": hold_id, "email": ""}),
        json!({"hold_id": hold_id, "email": 7}),
        json!({"hold_id": hold_id, "email": long}),
        json!({"hold_id": hold_id, "email": "ada@example.org\r\nBcc: all@example.org"}),
        json!({"hold_id": hold_id, "email": email, "name": ""}),
        json!({"hold_id": hold_id, "email": email, "name": "x".repeat(201)}),
        json!({"hold_id": hold_id, "email": email, "name": "a\u{0}b"}),
        json!({"hold_id": hold_id, "email": email, "promo_code": "HALF"}),
        json!({"hold_id": hold_id, "email": email, "amount": 1}),
        json!({"hold_id": hold_id, "email": email, "currency": "USD"}),
        json!({"hold_id": hold_id, "email": email, "status": "confirmed"}),
    ] {
        let refused = buyer.send("POST", "/v1/orders", owner, body, "order").await;
        refused.expect_refusal(422, "invalid_request");
    }
    assert_eq!(buyer.read_hold(&hold).await.expect(200)["status"], "active");
    let body =
        json!({"hold_id": hold_id, "email": email, "name": "Ada Lovelace", "promo_code": null});
    let order = buyer.send("POST", "/v1/orders", owner, body, "order").await.expect(201);
    assert_eq!(text_of(&order, "status"), "awaiting_payment");
}
