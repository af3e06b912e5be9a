//! Total 0: from hold to ticket without a payment.

use serde_json::json;

use crate::support::{Order, Sale, event};

fn free() -> serde_json::Value {
    event(json!({"prices": {"Stalls": 0, "Floor": 0}}))
}

#[tokio::test]
async fn a_free_order_is_confirmed_at_once_with_its_tickets() {
    let sale = Sale::new().await;
    let id = sale.publish(free()).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1", "A-2"]).await;
    let order = buyer.order(&hold).await;

    assert_eq!((&order.body["status"], &order.body["amount"]), (&json!("confirmed"), &json!(0)));
    assert_eq!(sale.counts(&id).await, [38, 0, 2, 0]);
    assert_eq!(buyer.read_order(&order).await["status"], "confirmed");
    assert_eq!(buyer.read_hold(&hold).await.expect(200)["status"], "sold");
    let tickets = buyer.tickets(&order).await;
    assert_eq!(tickets.len(), 2);
    assert!(tickets.iter().all(|ticket| ticket["status"] == "valid"));
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn each_place_of_an_area_has_its_ticket() {
    let sale = Sale::new().await;
    let id = sale.publish(free()).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold_places(&id, 3).await).await;
    let tickets = buyer.tickets(&order).await;
    assert_eq!(tickets.len(), 3);
    for ticket in tickets {
        assert_eq!((&ticket["area"], ticket.get("seat")), (&json!("Standing"), None));
    }
    assert_eq!(sale.counts(&id).await, [37, 0, 3, 0]);
}

#[tokio::test]
async fn a_free_order_is_one_order_however_often_it_is_asked_for() {
    let sale = Sale::new().await;
    let id = sale.publish(free()).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let first = buyer.try_order_again(&hold, "once").await.expect(201);
    let again = buyer.try_order_again(&hold, "once").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), first);
    assert_eq!(buyer.tickets(&Order::read(first)).await.len(), 1);
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_confirmed_order_cannot_be_cancelled() {
    let sale = Sale::new().await;
    let id = sale.publish(free()).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    buyer.cancel(&order).await.expect_refusal(409, "already_paid");
    assert_eq!(sale.counts(&id).await, [39, 0, 1, 0]);
}

#[tokio::test]
async fn bought_seats_count_for_the_customer_s_limit() {
    let sale = Sale::new().await;
    let mut body = free();
    body["sale"] = json!({"max_per_customer": 2});
    let id = sale.publish(body).await;
    let buyer = sale.buyer();
    buyer.order(&buyer.hold(&id, &["A-1", "A-2"]).await).await;
    let refused = buyer.try_hold(&id, json!({"seats": ["A-3"]})).await;
    refused.expect_refusal(409, "customer_limit_reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_at_once_empties_the_hall_and_no_seat_twice() {
    let sale = std::sync::Arc::new(Sale::new().await);
    let id = sale.publish(free()).await;
    let mut buyers = Vec::new();
    for _ in 0..60 {
        let (sale, id) = (sale.clone(), id.clone());
        buyers.push(tokio::spawn(async move {
            let buyer = sale.buyer();
            let wish = json!({"best_available": {"quantity": 1}});
            let answer = buyer.try_hold(&id, wish).await;
            if answer.status != 201 {
                answer.expect_refusal(409, "sold_out");
                return None;
            }
            let hold = crate::support::Hold::read(answer.body);
            let order = buyer.order(&hold).await;
            assert_eq!(order.body["status"], "confirmed");
            hold.seats().pop()
        }));
    }
    let mut seats = Vec::new();
    for buyer in buyers {
        seats.extend(buyer.await.expect("the buyer's task ends"));
    }
    seats.sort();
    seats.dedup();
    assert_eq!(seats.len(), 20);
    assert_eq!(sale.counts(&id).await, [20, 0, 20, 0]);
    sale.assert_ledger_is_clean().await;
}
