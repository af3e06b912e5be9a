use sandbox::Rate;
use serde_json::json;

use crate::support::{SECRET_KEY, Shop, bearer};

const PATH: &str = "/v1/payment_intents";
const PARAMS: [(&str, &str); 2] = [("amount", "100"), ("currency", "eur")];

#[tokio::test]
async fn a_change_touches_only_what_it_names() {
    let shop = Shop::open().await;
    let first = shop.control(json!({ "webhooks": { "drop": 0.25, "repeat": 2 } })).await.ok();
    assert_eq!(
        first["webhooks"],
        json!({ "delay_ms": 0, "drop": 0.25, "repeat": 2, "shuffle": false })
    );
    let second = shop.control(json!({ "webhooks": { "drop": null, "shuffle": true } })).await.ok();
    assert_eq!(
        second["webhooks"],
        json!({ "delay_ms": 0, "drop": 0.0, "repeat": 2, "shuffle": true })
    );
    let third = shop.control(json!({ "webhooks": null })).await.ok();
    assert_eq!(third["webhooks"]["repeat"], 0);
    assert_eq!(third["counters"]["calls"], 0);
}

#[tokio::test]
async fn unknown_or_impossible_settings_are_refused_and_change_nothing() {
    let shop = Shop::open().await;
    let before = shop.control(json!({})).await.ok();
    for (patch, named) in [
        (json!({ "colour": 1 }), "colour"),
        (json!({ "webhooks": { "colour": 1 } }), "webhooks.colour"),
        (json!({ "webhooks": { "drop": 2 } }), "webhooks.drop"),
        (json!({ "webhooks": 1 }), "webhooks"),
        (json!({ "answers": { "share": -0.1 } }), "answers.share"),
        (json!({ "answers": { "status": 200 } }), "answers.status"),
        (json!({ "answers": { "when": "never" } }), "never"),
        (json!({ "webhooks": { "repeat": -1 } }), ""),
        (json!([]), "object"),
    ] {
        let refused = shop.control(patch.clone()).await;
        assert_eq!(refused.status, 422, "{patch}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        assert_eq!(refused.body["code"], "invalid_control");
        assert!(refused.body["detail"].as_str().unwrap().contains(named), "{}", refused.body);
    }
    assert_eq!(shop.control(json!({})).await.ok(), before);
}

#[tokio::test]
async fn an_answer_before_the_effect_leaves_nothing_behind() {
    let shop = Shop::open().await;
    for status in [429, 502, 503] {
        shop.control(json!({ "answers": { "status": status, "share": 1 } })).await.ok();
        let refused = shop.post_with_key("k", PATH, &PARAMS).await;
        assert_eq!(refused.header("stripe-should-retry"), Some("true"));
        refused.refused(status);
    }
    shop.control(json!({ "answers": null })).await.ok();
    assert!(shop.event_kinds().await.is_empty());
    let done = shop.post_with_key("k", PATH, &PARAMS).await;
    assert_eq!(done.header("idempotent-replayed"), None);
    done.ok();
}

#[tokio::test]
async fn an_answer_after_the_effect_hides_what_happened() {
    let shop = Shop::open().await;
    shop.control(json!({ "answers": { "status": 500, "share": 1, "when": "after" } })).await.ok();
    let error = shop.post_with_key("k", PATH, &PARAMS).await.refused(500);
    assert_eq!(error["type"], "api_error");
    shop.control(json!({ "answers": null })).await.ok();
    assert_eq!(shop.event_kinds().await, ["payment_intent.created"]);
    let found = shop.post_with_key("k", PATH, &PARAMS).await;
    assert_eq!(found.header("idempotent-replayed"), Some("true"));
    found.ok();
}

#[tokio::test]
async fn a_500_sticks_to_its_key() {
    let shop = Shop::open().await;
    shop.control(json!({ "answers": { "status": 500, "share": 1 } })).await.ok();
    shop.post_with_key("k", PATH, &PARAMS).await.refused(500);
    shop.control(json!({ "answers": null })).await.ok();
    let stuck = shop.post_with_key("k", PATH, &PARAMS).await;
    assert_eq!(stuck.header("idempotent-replayed"), Some("true"));
    stuck.refused(500);
    shop.post_with_key("other", PATH, &PARAMS).await.ok();
}

#[tokio::test]
async fn a_broken_connection_may_hide_an_effect() {
    let shop = Shop::open().await;
    shop.control(json!({ "answers": { "status": 0, "share": 1, "when": "after" } })).await.ok();
    let headers = [("authorization", bearer(SECRET_KEY))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(shop.try_call("POST", PATH, &PARAMS, &headers).await.is_err());
    shop.control(json!({ "answers": null })).await.ok();
    assert_eq!(shop.event_kinds().await, ["payment_intent.created"]);
}

#[tokio::test]
async fn the_same_seed_answers_the_same_calls_wrong() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let shop = Shop::open().await;
        shop.control(json!({ "seed": 7, "answers": { "status": 503, "share": 0.5 } })).await.ok();
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(shop.post(PATH, &PARAMS).await.status);
        }
        assert!(statuses.contains(&200) && statuses.contains(&503));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn the_account_and_each_endpoint_have_a_rate() {
    let shop = Shop::open_with(Rate { account: 4, endpoint: 2 }).await;
    for _ in 0..2 {
        shop.post(PATH, &PARAMS).await.ok();
    }
    let refused = shop.post(PATH, &PARAMS).await;
    assert_eq!(refused.header("stripe-rate-limited-reason"), Some("endpoint-rate"));
    assert_eq!(refused.header("stripe-should-retry"), Some("true"));
    assert_eq!(refused.refused(429)["code"], "rate_limit");
    shop.get("/v1/events").await.ok();
    shop.get("/v1/refunds").await.ok();
    let refused = shop.get("/v1/charges").await;
    assert_eq!(refused.header("stripe-rate-limited-reason"), Some("global-rate"));
    shop.later(1000);
    shop.post(PATH, &PARAMS).await.ok();
    let half = shop.control(json!({ "rate": { "account": 3 } })).await.ok();
    assert_eq!(half["rate"], json!({ "account": 3, "endpoint": 0 }));
    let back = shop.control(json!({ "rate": null })).await.ok();
    assert_eq!(back["rate"], json!({ "account": 4, "endpoint": 2 }));
    shop.control(json!({ "rate": { "account": 0, "endpoint": 0 } })).await.ok();
    for _ in 0..20 {
        shop.post(PATH, &PARAMS).await.ok();
    }
    assert_eq!(shop.counters().await["calls_rate_limited"], 2);
}

#[tokio::test]
async fn a_lock_timeout_can_be_ordered() {
    let shop = Shop::open().await;
    let patch = json!({ "answers": { "status": 429, "share": 1, "lock": true } });
    shop.control(patch).await.ok();
    assert_eq!(shop.get("/v1/events").await.refused(429)["code"], "lock_timeout");
}
