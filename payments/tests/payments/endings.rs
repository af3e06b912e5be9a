//! Orders that end while something goes wrong. Keeps I3, I4, I5, I6, I9.

use std::time::Duration;

use domain::order::{Fact, OrderState};
use ledger::Evidence;
use reqwest::Method;
use serde_json::json;

use crate::support::{Order, Shop};

async fn ask_to_cancel(shop: &Shop, order: &Order) {
    let evidence = Evidence { source: "buyer", ..Evidence::default() };
    shop.ledger.learn(&order.id, Fact::CancelAsked, evidence).await.expect("learned");
}

/// Captures of all intents: the same number as tickets, or somebody was charged for nothing.
async fn captured(shop: &Shop) -> usize {
    let intents = shop.stripe(Method::GET, "payment_intents", "limit=100").await;
    let intents = intents["data"].as_array().expect("a list");
    intents.iter().filter(|intent| intent["status"] == "succeeded").count()
}

#[tokio::test]
async fn an_abandoned_payment_expires_and_the_seat_is_free_once_stripe_has_cancelled() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    // Stripe is away when the deadline passes: the claim stays.
    shop.misbehave(json!({"answers": {"status": 503, "share": 1.0}})).await;
    shop.advance_seconds(601);
    shop.wait_for_state(&order, OrderState::Cancelling).await;
    assert!(shop.has_claim(&order).await);

    shop.misbehave(json!({"answers": {"share": 0.0}})).await;
    shop.wait_for_state(&order, OrderState::Expired).await;
    assert!(!shop.has_claim(&order).await);
    let id = payment["payment_intent"].as_str().expect("an intent");
    let intent = shop.stripe(Method::GET, &format!("payment_intents/{id}"), "").await;
    assert_eq!(intent["status"], "canceled");
    shop.close().await;
}

#[tokio::test]
async fn a_buyer_who_paid_in_the_last_second_has_the_ticket() {
    let shop = Shop::without_tasks().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    shop.advance_seconds(601);
    // Nobody has heard of the payment when the deadline is learned.
    let evidence = Evidence { source: "sweep", ..Evidence::default() };
    shop.ledger.learn(&order.id, Fact::DeadlinePassed, evidence).await.expect("learned");
    assert_eq!(shop.state(&order).await, OrderState::Cancelling);
    shop.spawn_tasks();
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    shop.close().await;
}

#[tokio::test]
async fn a_capture_whose_answer_is_lost_charges_once() {
    let shop = Shop::open().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    shop.misbehave(json!({"answers": {"status": 0, "share": 0.6, "when": "after"}})).await;
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    shop.misbehave(json!({"answers": {"share": 0.0}})).await;
    assert_eq!(captured(&shop).await, 1);
    shop.close().await;
}

#[tokio::test]
async fn errors_that_stripe_keeps_under_a_key_delay_no_order_for_ever() {
    let shop = Shop::open().await;
    let orders = [shop.order().await, shop.order().await, shop.order().await];
    let mut payments = Vec::new();
    for order in &orders {
        payments.push(shop.payment(order).await);
    }
    for payment in &payments[..2] {
        assert_eq!(shop.confirm(payment, "pm_card_visa").await.status, 200);
    }
    ask_to_cancel(&shop, &orders[2]).await;
    shop.misbehave(json!({"answers": {"status": 500, "share": 0.5, "stored": true}, "seed": 7}))
        .await;
    shop.wait_for_state(&orders[0], OrderState::Ticketed).await;
    shop.wait_for_state(&orders[1], OrderState::Ticketed).await;
    shop.wait_for_state(&orders[2], OrderState::Cancelled).await;
    shop.close().await;
}

#[tokio::test]
async fn when_cancel_and_confirmation_race_each_order_has_one_end() {
    let shop = Shop::open().await;
    let mut orders = Vec::new();
    for _ in 0..24 {
        let order = shop.order().await;
        let payment = shop.payment(&order).await;
        orders.push((order, payment));
    }
    let races = orders.iter().enumerate().map(|(number, (order, payment))| {
        let (shop, delay) = (&shop, Duration::from_millis(number as u64 % 8 * 3));
        async move {
            tokio::join!(shop.confirm(payment, "pm_card_visa"), async {
                tokio::time::sleep(delay).await;
                ask_to_cancel(shop, order).await;
            })
        }
    });
    futures_util::future::join_all(races).await;
    let mut tickets = 0;
    for (order, _) in &orders {
        let end = shop
            .wait_for("an end", async || {
                let state = shop.state(order).await;
                state.is_final().then_some(state)
            })
            .await;
        let valid = shop.valid_tickets(order).await;
        assert_eq!(valid, usize::from(end == OrderState::Ticketed), "{end:?}");
        tickets += valid;
    }
    assert_eq!(captured(&shop).await, tickets);
    shop.close().await;
}

#[tokio::test]
async fn several_processes_capture_once() {
    let shop = Shop::open().await;
    shop.spawn_tasks();
    shop.spawn_tasks();
    let mut orders = Vec::new();
    for _ in 0..30 {
        let order = shop.order().await;
        let payment = shop.payment(&order).await;
        assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
        orders.push(order);
    }
    for order in &orders {
        shop.wait_for_state(order, OrderState::Ticketed).await;
    }
    assert_eq!(captured(&shop).await, orders.len());
    shop.close().await;
}

#[tokio::test]
async fn many_orders_are_polled_by_pages() {
    let shop = Shop::without_tasks().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let mut orders = Vec::new();
    for _ in 0..60 {
        let order = shop.order().await;
        let payment = shop.payment(&order).await;
        assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
        orders.push(order);
    }
    shop.advance_seconds(10);
    shop.spawn_tasks();
    for order in &orders {
        shop.wait_for_state(order, OrderState::Ticketed).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn a_cancel_that_came_while_stripe_was_processing_is_sent_again() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    shop.misbehave(json!({"payments": {"processing_ms": 1500}})).await;
    let confirmed = shop.confirm(&payment, "pm_card_visa").await;
    assert_eq!(confirmed.body["status"], "processing");
    ask_to_cancel(&shop, &order).await;
    shop.wait_for_state(&order, OrderState::Cancelled).await;
    assert_eq!((captured(&shop).await, shop.has_claim(&order).await), (0, false));
    shop.close().await;
}

#[tokio::test]
async fn a_rate_limit_of_stripe_s_delays_and_loses_nothing() {
    let shop = Shop::open().await;
    shop.misbehave(json!({"rate": {"account": 40, "endpoint": 10}})).await;
    let orders: Vec<Order> = futures_util::future::join_all((0..25).map(|_| shop.order())).await;
    let checkouts = orders.iter().map(async |order| {
        let payment = shop.payment(order).await;
        while shop.confirm(&payment, "pm_card_visa").await.status == 429 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    futures_util::future::join_all(checkouts).await;
    for order in &orders {
        shop.wait_for_state(order, OrderState::Ticketed).await;
    }
    shop.misbehave(json!({"rate": {"account": 0, "endpoint": 0}})).await;
    assert_eq!(captured(&shop).await, orders.len());
    shop.close().await;
}

#[tokio::test]
async fn an_authorisation_that_ran_out_before_the_capture_gives_the_seat_back() {
    let shop = Shop::without_tasks().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    shop.confirm(&payment, "pm_card_visa").await;
    let evidence = Evidence { source: "poller", ..Evidence::default() };
    shop.ledger.learn(&order.id, Fact::Authorised, evidence).await.expect("learned");
    // Before anybody sends the capture, the bank takes the reservation back.
    let id = payment["payment_intent"].as_str().expect("an intent");
    shop.stripe(Method::POST, &format!("payment_intents/{id}/cancel"), "").await;
    shop.spawn_tasks();
    let ended = shop.wait_for_state(&order, OrderState::Cancelled).await;
    assert_eq!(ended.end_reason.map(|reason| reason.as_str()), Some("capture_impossible"));
    assert!(!shop.has_claim(&order).await);
    shop.close().await;
}
