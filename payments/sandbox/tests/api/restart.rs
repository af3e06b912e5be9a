use std::{fs, io::Write, sync::atomic::Ordering};

use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn everything_is_there_after_a_kill() {
    let shop = Shop::open().await;
    let (paid, open) = (shop.intent().await, shop.intent().await);
    shop.confirm(&paid, "pm_card_visa").await.ok();
    shop.post(&format!("{}/capture", paid.path), &[]).await.ok();
    let refund = shop.post("/v1/refunds", &[("payment_intent", &paid.id)]).await.ok();
    let params = [("amount", "100"), ("currency", "eur")];
    let kept = shop.post_with_key("k", "/v1/payment_intents", &params).await.ok();
    shop.control(json!({ "webhooks": { "delay_ms": 5 }, "seed": 9 })).await.ok();
    let paths = [
        paid.path.clone(),
        open.path.clone(),
        format!("/v1/charges/{}", refund["charge"].as_str().unwrap()),
        format!("/v1/refunds/{}", refund["id"].as_str().unwrap()),
        "/v1/payment_intents".to_owned(),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(shop.get(path).await.ok());
    }
    let kinds = shop.event_kinds().await;

    // Twice: the second time from a journal that was written anew.
    let shop = shop.restart().await.restart().await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(shop.get(path).await.ok(), before, "{path}");
    }
    assert_eq!(shop.event_kinds().await, kinds);
    let again = shop.post_with_key("k", "/v1/payment_intents", &params).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.ok()["id"], kept["id"]);
    let settings = shop.control(json!({})).await.ok();
    assert_eq!((&settings["webhooks"]["delay_ms"], &settings["seed"]), (&json!(5), &json!(9)));
    shop.confirm(&open, "pm_card_visa").await.ok();
}

#[tokio::test]
async fn an_undelivered_webhook_is_sent_after_a_restart() {
    let shop = Shop::open().await;
    shop.inbox.status.store(503, Ordering::SeqCst);
    let intent = shop.intent().await;
    let shop = shop.restart().await;
    shop.later(300_000);
    let received = shop.inbox.wait_for(1).await;
    assert_eq!(received[0].event()["data"]["object"]["id"], json!(intent.id));
}

#[tokio::test]
async fn what_was_due_while_it_was_down_happens_at_once() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    shop.later(8 * 24 * 60 * 60 * 1000);
    let shop = shop.restart().await;
    assert_eq!(shop.get(&intent.path).await.ok()["status"], "canceled");
}

#[tokio::test]
async fn a_torn_last_line_costs_only_the_call_that_was_never_answered() {
    let shop = Shop::open().await;
    // So that the last line is the call's and not that of a delivered webhook.
    shop.sandbox.set_webhook_url(None);
    let (first, second) = (shop.intent().await, shop.intent().await);
    let shop = shop
        .restart_after(|journal| {
            let bytes = fs::read(journal).unwrap();
            let cut = bytes.len() - 40;
            fs::write(journal, &bytes[..cut]).unwrap();
        })
        .await;
    shop.get(&first.path).await.ok();
    shop.get(&second.path).await.refused(404);
    let third = shop.intent().await;
    let shop = shop
        .restart_after(|journal| {
            let mut file = fs::OpenOptions::new().append(true).open(journal).unwrap();
            file.write_all(b"[{\"intent\":{\"id\":\"pi_torn").unwrap();
        })
        .await;
    shop.get(&third.path).await.ok();
}

#[tokio::test]
async fn a_damaged_journal_is_named_and_left_alone() {
    let shop = Shop::open().await;
    shop.intent().await;
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("sandbox/journal.jsonl");
    fs::create_dir_all(journal.parent().unwrap()).unwrap();
    fs::write(&journal, b"[]\nnonsense\n[]\n").unwrap();
    let error = sandbox::Sandbox::open(sandbox::SandboxOptions {
        data_dir: dir.path().to_owned(),
        secret_key: "sk_test_x".to_owned(),
        publishable_key: "pk_test_x".to_owned(),
        webhook_secret: "whsec_x".to_owned(),
        webhook_url: None,
        enabled_events: sandbox::ALL_EVENTS,
        now: std::sync::Arc::new(|| 0),
        rate: Default::default(),
    })
    .err()
    .unwrap();
    assert!(error.to_string().starts_with("line 2 of "), "{error}");
    assert_eq!(fs::read(&journal).unwrap(), b"[]\nnonsense\n[]\n");
}
