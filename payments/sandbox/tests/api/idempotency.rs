use serde_json::json;

use crate::support::Shop;

const PATH: &str = "/v1/payment_intents";
const PARAMS: [(&str, &str); 2] = [("amount", "100"), ("currency", "eur")];

#[tokio::test]
async fn the_same_key_gives_the_same_answer() {
    let shop = Shop::open().await;
    let first = shop.post_with_key("k", PATH, &PARAMS).await;
    assert_eq!(first.header("idempotency-key"), Some("k"));
    assert_eq!(first.header("idempotent-replayed"), None);
    let request = first.header("request-id").unwrap().to_owned();
    let again = shop.post_with_key("k", PATH, &[PARAMS[1], PARAMS[0]]).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), Some(request.as_str()));
    assert_ne!(again.header("request-id"), Some(request.as_str()));
    assert_eq!(again.ok(), first.ok());
    assert_eq!(shop.event_kinds().await, ["payment_intent.created"]);
}

#[tokio::test]
async fn the_same_key_with_anything_else_is_refused() {
    let shop = Shop::open().await;
    shop.post_with_key("k", PATH, &PARAMS).await.ok();
    let other = [("amount", "101"), ("currency", "eur")];
    let error = shop.post_with_key("k", PATH, &other).await.refused(400);
    assert_eq!(error["type"], "idempotency_error");
    let error = shop.post_with_key("k", "/v1/refunds", &PARAMS).await.refused(400);
    assert_eq!(error["type"], "idempotency_error");
}

#[tokio::test]
async fn a_decline_is_kept_and_not_tried_again() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let path = format!("{}/confirm", intent.path);
    let params = [("payment_method", "pm_card_chargeDeclined")];
    let first = shop.post_with_key("k", &path, &params).await.refused(402);
    let again = shop.post_with_key("k", &path, &params).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.refused(402)["charge"], first["charge"]);
    let charges = shop.get("/v1/charges").await.ok();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_state_is_kept_and_refused_parameters_are_not() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let capture = format!("{}/capture", intent.path);
    shop.post_with_key("state", &capture, &[]).await.refused(400);
    shop.confirm(&intent, "pm_card_visa").await.ok();
    let kept = shop.post_with_key("state", &capture, &[]).await;
    assert_eq!(kept.header("idempotent-replayed"), Some("true"));
    kept.refused(400);

    shop.post_with_key("params", PATH, &[("amount", "100")]).await.refused(400);
    shop.post_with_key("params", PATH, &PARAMS).await.ok();
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let shop = Shop::open().await;
    let first = shop.post_with_key("k", PATH, &PARAMS).await.ok();
    let day = 24 * 60 * 60 * 1000;
    shop.later(day - 1);
    assert_eq!(shop.post_with_key("k", PATH, &PARAMS).await.ok()["id"], first["id"]);
    shop.later(1);
    assert_ne!(shop.post_with_key("k", PATH, &PARAMS).await.ok()["id"], first["id"]);
}

/// Returns once the sandbox has begun so many calls.
async fn until_begun(shop: &Shop, calls: u64) {
    while shop.counters().await["calls"].as_u64().unwrap() < calls {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict_that_passes() {
    let shop = Shop::open().await;
    shop.control(json!({ "answers": { "delay_ms": 2000 } })).await.ok();
    let second = async {
        until_begun(&shop, 1).await;
        shop.post_with_key("k", PATH, &PARAMS).await
    };
    let (first, conflict) = tokio::join!(shop.post_with_key("k", PATH, &PARAMS), second);
    assert_eq!(conflict.header("stripe-should-retry"), Some("true"));
    assert_eq!(conflict.refused(409)["code"], "idempotency_key_in_use");
    let again = shop.post_with_key("k", PATH, &PARAMS).await.ok();
    assert_eq!(again["id"], first.ok()["id"]);
}

#[tokio::test]
async fn a_caller_that_hangs_up_has_its_effect_all_the_same() {
    let shop = Shop::open().await;
    shop.control(json!({ "answers": { "delay_ms": 1000 } })).await.ok();
    tokio::select! {
        _ = shop.post_with_key("k", PATH, &PARAMS) => panic!("answered too early"),
        () = until_begun(&shop, 1) => {}
    }
    shop.control(json!({ "answers": null })).await.ok();
    let found = loop {
        let answer = shop.post_with_key("k", PATH, &PARAMS).await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(found.header("idempotent-replayed"), Some("true"));
    assert_eq!(shop.event_kinds().await, ["payment_intent.created"]);
}

#[tokio::test]
async fn a_key_of_more_than_255_characters_is_refused() {
    let shop = Shop::open().await;
    shop.post_with_key(&"k".repeat(256), PATH, &PARAMS).await.refused(400);
    shop.post_with_key(&"k".repeat(255), PATH, &PARAMS).await.ok();
}
