//! Stripe's notifications, genuine and otherwise. Keeps I2, I7.

use domain::{order::OrderState, time::Clock};
use payments::signature;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Order, Shop, WEBHOOK_SECRET};

/// Three buyers: one pays, one pays after a decline, one leaves.
async fn three_buyers_end_right(control: Value) {
    let shop = Shop::open().await;
    shop.misbehave(control).await;
    let (pays, declined, leaves) = (shop.order().await, shop.order().await, shop.order().await);
    let payment = shop.payment(&pays).await;
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    let payment = shop.payment(&declined).await;
    assert_eq!(shop.confirm(&payment, "pm_card_visa_chargeDeclined").await.status, 402);
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    shop.payment(&leaves).await;
    for order in [&pays, &declined] {
        shop.wait_for_state(order, OrderState::Ticketed).await;
        assert_eq!(shop.valid_tickets(order).await, 1);
    }
    shop.advance_seconds(601);
    shop.wait_for_state(&leaves, OrderState::Expired).await;
    assert!(!shop.has_claim(&leaves).await);
    shop.close().await;
}

#[tokio::test]
async fn the_poller_alone_ends_every_order() {
    three_buyers_end_right(json!({"webhooks": {"drop": 1.0}})).await;
}

#[tokio::test]
async fn a_webhook_repeated_fifty_times_has_one_effect() {
    three_buyers_end_right(json!({"webhooks": {"repeat": 49}})).await;
}

#[tokio::test]
async fn late_and_mixed_up_webhooks_change_no_end() {
    let webhooks = json!({"delay_ms": 3000, "shuffle": true, "repeat": 2});
    three_buyers_end_right(json!({"webhooks": webhooks})).await;
}

#[tokio::test]
async fn every_order_of_a_purchase_s_events_ends_the_same() {
    // Without the tasks until all events are in: they alone, in this order, are what is known.
    for permutation in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let shop = Shop::without_tasks().await;
        shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
        let order = shop.order().await;
        let payment = shop.payment(&order).await;
        let before = shop.event_about(&payment, "payment_intent.created", json!({})).await;
        shop.confirm(&payment, "pm_card_visa").await;
        let kind = "payment_intent.amount_capturable_updated";
        let authorised = shop.event_about(&payment, kind, json!({})).await;
        let id = payment["payment_intent"].as_str().expect("an intent");
        shop.stripe(Method::POST, &format!("payment_intents/{id}/capture"), "").await;
        let paid = shop.event_about(&payment, "payment_intent.succeeded", json!({})).await;
        let events = [before, authorised, paid];
        for index in permutation {
            assert_eq!(shop.deliver(&events[index]).await, 200);
        }
        shop.spawn_tasks();
        shop.wait_for_state(&order, OrderState::Ticketed).await;
        assert_eq!(shop.valid_tickets(&order).await, 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_forged_or_stale_webhook_is_refused_and_not_kept() {
    let shop = Shop::open().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    let paid = json!({"status": "succeeded", "amount_received": 4500});
    let event = shop.event_about(&payment, "payment_intent.succeeded", paid).await;
    let body = event.to_string();
    let now = shop.clock.now().as_millis() / 1000;
    let signatures = [
        String::new(),
        "t=1,v1=00".to_owned(),
        signature::sign("whsec_of_somebody_else", now, body.as_bytes()),
        signature::sign(WEBHOOK_SECRET, now - 301, body.as_bytes()),
        signature::sign(WEBHOOK_SECRET, now + 120, body.as_bytes()),
        signature::sign(WEBHOOK_SECRET, now, b"{}"),
    ];
    for signature in signatures {
        assert_eq!(shop.deliver_raw(&signature, body.clone()).await, 400, "{signature}");
    }
    assert_eq!(shop.ledger.inbox_counts().await.expect("counts"), (0, 0));
    assert_eq!(shop.state(&order).await, OrderState::Paying);
    shop.close().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let shop = Shop::open().await;
    assert_eq!(shop.deliver_raw("t=1,v1=00", vec![b' '; 256 * 1024 + 1]).await, 413);
    shop.close().await;
}

async fn set_aside(shop: &Shop, order: &Order, event: &Value) {
    assert_eq!(shop.deliver(event).await, 200);
    shop.wait_for("the quarantine", async || {
        (shop.ledger.inbox_counts().await.expect("counts") == (0, 1)).then_some(())
    })
    .await;
    assert_eq!(shop.state(order).await, OrderState::Paying);
    assert_eq!(shop.valid_tickets(order).await, 0);
}

#[tokio::test]
async fn money_that_does_not_fit_the_order_is_set_aside() {
    let changes = [
        json!({"amount": 1, "amount_received": 1}),
        json!({"amount_received": 1}),
        json!({"currency": "usd"}),
        json!({"metadata": {"holdfast_order": "ord_of_another_shop"}}),
    ];
    for change in changes {
        let shop = Shop::open().await;
        shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
        let order = shop.order().await;
        let payment = shop.payment(&order).await;
        let mut paid = json!({"status": "succeeded", "amount_received": 4500});
        paid.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let event = shop.event_about(&payment, "payment_intent.succeeded", paid).await;
        set_aside(&shop, &order, &event).await;
        shop.close().await;
    }
}

#[tokio::test]
async fn what_is_not_about_this_shop_is_stored_and_ignored() {
    let shop = Shop::open().await;
    shop.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    let paid = json!({"status": "succeeded", "amount_received": 4500});
    let genuine = shop.event_about(&payment, "payment_intent.succeeded", paid).await;
    let changed = |name: &str, value: Value| {
        let mut event = genuine.clone();
        event["id"] = json!(format!("evt_{name}"));
        event[name] = value;
        event
    };
    let events = [
        changed("livemode", json!(true)),
        changed("account", json!("acct_of_another_shop")),
        changed("type", json!("payment_intent.of_next_year")),
        json!({"id": "evt_thin", "object": "v2.core.event", "type": "v1.billing", "livemode": false}),
    ];
    for event in &events {
        assert_eq!(shop.deliver(event).await, 200, "{event}");
    }
    shop.wait_for("the inbox to be worked off", async || {
        (shop.ledger.inbox_counts().await.expect("counts") == (0, 0)).then_some(())
    })
    .await;
    assert_eq!(shop.state(&order).await, OrderState::Paying);
    shop.close().await;
}

#[tokio::test]
async fn what_is_signed_and_unreadable_is_kept_for_a_person() {
    let shop = Shop::open().await;
    let now = shop.clock.now().as_millis() / 1000;
    let body = b"[1, 2".to_vec();
    let signature = signature::sign(WEBHOOK_SECRET, now, &body);
    assert_eq!(shop.deliver_raw(&signature, body).await, 200);
    shop.wait_for("the quarantine", async || {
        (shop.ledger.inbox_counts().await.expect("counts") == (0, 1)).then_some(())
    })
    .await;
    shop.close().await;
}
