use std::{collections::HashSet, sync::atomic::Ordering};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::support::{Shop, WEBHOOK_SECRET, Webhook, tally, wait_for};

async fn pay(shop: &Shop) {
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    shop.post(&format!("{}/capture", intent.path), &[]).await.ok();
}

fn kinds(webhooks: &[Webhook]) -> Vec<String> {
    let mut kinds: Vec<_> = webhooks.iter().map(Webhook::kind).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn every_event_arrives_signed_with_the_whole_object() {
    let shop = Shop::open().await;
    pay(&shop).await;
    let received = shop.inbox.wait_for(5).await;
    assert_eq!(
        kinds(&received),
        [
            "charge.captured",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "payment_intent.created",
            "payment_intent.succeeded",
        ]
    );
    for webhook in received {
        let (time, signature) = webhook.signature.split_once(",v1=").unwrap();
        let time = time.strip_prefix("t=").unwrap();
        assert_eq!(time, (shop.now() / 1000).to_string());
        let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
        mac.update(format!("{time}.{}", webhook.body).as_bytes());
        mac.verify_slice(&HEXLOWER.decode(signature.as_bytes()).unwrap()).unwrap();
        let event = webhook.event();
        assert_eq!(event["api_version"], "2026-09-30.endive");
        let stored = shop.get(&format!("/v1/events/{}", event["id"].as_str().unwrap())).await.ok();
        assert_eq!(stored["data"], event["data"]);
    }
    let counters = shop.counters().await;
    assert_eq!(counters["webhooks_delivered"], 5);
    assert_eq!(counters["webhooks_pending"], 0);
}

#[tokio::test]
async fn an_endpoint_gets_the_events_it_is_subscribed_to() {
    let shop = Shop::subscribed_to(&["payment_intent.succeeded", "charge.captured"]).await;
    pay(&shop).await;
    let received = shop.inbox.wait_for(2).await;
    assert_eq!(kinds(&received), ["charge.captured", "payment_intent.succeeded"]);
    // The others happened all the same, and nothing more is on its way.
    assert_eq!(shop.counters().await["events"], 5);
    assert_eq!(shop.counters().await["webhooks_pending"], 0);
}

#[tokio::test]
async fn an_event_names_the_call_behind_it() {
    let shop = Shop::open().await;
    let params = [("amount", "100"), ("currency", "eur")];
    let answer = shop.post_with_key("k", "/v1/payment_intents", &params).await;
    let event = shop.inbox.wait_for(1).await[0].event();
    assert_eq!(event["request"]["id"], answer.header("request-id").unwrap());
    assert_eq!(event["request"]["idempotency_key"], "k");
}

#[tokio::test]
async fn a_refused_webhook_comes_again_until_it_is_accepted() {
    let shop = Shop::open().await;
    shop.inbox.status.store(500, Ordering::SeqCst);
    shop.intent().await;
    for attempt in 1..=3 {
        wait_until_sent(&shop, attempt).await;
        shop.later(300_000);
    }
    assert!(shop.inbox.received().is_empty());
    shop.inbox.status.store(200, Ordering::SeqCst);
    shop.later(300_000);
    shop.inbox.wait_for(1).await;
}

async fn wait_until_sent(shop: &Shop, count: u64) {
    loop {
        if shop.counters().await["webhooks_sent"].as_u64().unwrap() >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_webhook_is_given_up_after_three_days() {
    let shop = Shop::open().await;
    shop.inbox.status.store(500, Ordering::SeqCst);
    shop.intent().await;
    wait_until_sent(&shop, 1).await;
    shop.later(3 * 24 * 60 * 60 * 1000);
    loop {
        let counters = shop.counters().await;
        if counters["webhooks_given_up"] == 1 {
            assert_eq!(counters["webhooks_pending"], 0);
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_dropped_event_is_never_sent_and_still_listed() {
    let shop = Shop::open().await;
    shop.control(json!({ "webhooks": { "drop": 1 } })).await.ok();
    pay(&shop).await;
    shop.control(json!({ "webhooks": { "drop": 0 } })).await.ok();
    shop.intent().await;
    let received = shop.inbox.wait_for(1).await;
    assert_eq!(kinds(&received), ["payment_intent.created"]);
    let counters = shop.counters().await;
    assert_eq!((&counters["events"], &counters["events_dropped"]), (&json!(6), &json!(5)));
    assert_eq!(shop.event_kinds().await.len(), 6);
}

#[tokio::test]
async fn a_share_of_the_events_can_be_dropped() {
    let shop = Shop::open().await;
    shop.control(json!({ "seed": 1, "webhooks": { "drop": 0.5 } })).await.ok();
    for _ in 0..40 {
        shop.intent().await;
    }
    let dropped = shop.counters().await["events_dropped"].as_u64().unwrap();
    assert!((5..36).contains(&dropped), "{dropped}");
    shop.inbox.wait_for(40 - dropped as usize).await;
}

#[tokio::test]
async fn a_repeated_webhook_is_the_same_event_again() {
    let shop = Shop::open().await;
    shop.control(json!({ "webhooks": { "repeat": 3 } })).await.ok();
    pay(&shop).await;
    let received = shop.inbox.wait_for(20).await;
    let ids = tally(received.iter().map(|webhook| webhook.event()["id"].to_string()));
    assert_eq!(ids.len(), 5);
    assert!(ids.values().all(|count| *count == 4), "{ids:?}");
}

#[tokio::test]
async fn a_delayed_webhook_waits_for_its_time() {
    let shop = Shop::open().await;
    shop.control(json!({ "webhooks": { "delay_ms": 60_000 } })).await.ok();
    shop.intent().await;
    shop.control(json!({ "webhooks": { "delay_ms": 0 } })).await.ok();
    shop.confirm(&shop.intent().await, "pm_card_chargeDeclined").await.refused(402);
    let received = shop.inbox.wait_for(3).await;
    assert_eq!(shop.counters().await["webhooks_pending"], 1);
    assert_eq!(received.len(), 3);
    shop.later(60_000);
    shop.inbox.wait_for(4).await;
}

#[tokio::test]
async fn shuffled_webhooks_overtake_each_other() {
    let shop = Shop::open().await;
    shop.control(json!({ "seed": 3, "webhooks": { "shuffle": true } })).await.ok();
    for _ in 0..20 {
        shop.intent().await;
    }
    // The clock stands still until now, so every webhook is still ahead; then it goes on step by step.
    wait_for("all webhooks", || {
        shop.later(10);
        (shop.inbox.received().len() >= 20).then_some(())
    })
    .await;
    let arrived: Vec<_> =
        shop.inbox.received().iter().map(|webhook| webhook.event()["id"].to_string()).collect();
    let listed = shop.get("/v1/events?limit=100").await.ok();
    let mut made: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|event| event["id"].to_string()).collect();
    made.reverse();
    assert_ne!(arrived, made);
    assert_eq!(HashSet::<String>::from_iter(arrived), HashSet::from_iter(made));
}

#[tokio::test]
async fn webhooks_follow_the_endpoint() {
    let shop = Shop::open().await;
    shop.sandbox.set_webhook_url(None);
    shop.intent().await;
    shop.sandbox.set_webhook_url(shop.inbox.url.clone());
    shop.intent().await;
    shop.inbox.wait_for(1).await;
    assert_eq!(shop.counters().await["events"], 2);
    assert_eq!(shop.counters().await["webhooks_pending"], 0);
}

#[tokio::test]
async fn events_are_listed_by_type() {
    let shop = Shop::open().await;
    pay(&shop).await;
    for (query, count) in [
        ("type=charge.captured", 1),
        ("type=payment_intent.*", 3),
        ("types[]=charge.captured&types[]=charge.succeeded", 2),
        ("type=refund.created", 0),
    ] {
        let list = shop.get(&format!("/v1/events?{query}")).await.ok();
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{query}");
    }
}
