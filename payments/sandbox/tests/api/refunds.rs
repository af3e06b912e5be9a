use serde_json::json;

use crate::support::{Intent, Shop};

async fn paid(shop: &Shop, method: &str) -> Intent {
    let intent = shop.intent_with(&[("capture_method", "automatic")]).await;
    shop.confirm(&intent, method).await.ok();
    intent
}

#[tokio::test]
async fn money_goes_back_in_parts_and_never_more_than_there_was() {
    let shop = Shop::open().await;
    let intent = paid(&shop, "pm_card_visa").await;
    let refund = async |amount: &str| {
        let params = [("payment_intent", intent.id.as_str()), ("amount", amount)];
        shop.post("/v1/refunds", &params).await
    };
    let first = refund("500").await.ok();
    assert_eq!(first["status"], "succeeded");
    assert_eq!((&first["amount"], &first["currency"]), (&json!(500), &json!("eur")));
    assert_eq!(first["payment_intent"], json!(intent.id));
    assert_eq!(refund("1501").await.refused(400)["param"], "amount");
    let path = format!("/v1/charges/{}", first["charge"].as_str().unwrap());
    let charge = shop.get(&path).await.ok();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(500), &json!(false)));

    let params = [
        ("payment_intent", intent.id.as_str()),
        ("reason", "requested_by_customer"),
        ("metadata[order_id]", "ord_1"),
        ("expand[]", "charge"),
    ];
    let rest = shop.post("/v1/refunds", &params).await.ok();
    assert_eq!((&rest["amount"], &rest["reason"]), (&json!(1500), &json!("requested_by_customer")));
    assert_eq!(rest["charge"]["refunded"], true);
    assert_eq!(refund("1").await.refused(400)["code"], "charge_already_refunded");
    let charge = shop.get(&format!("{path}?expand[]=refunds")).await.ok();
    assert_eq!(charge["refunds"]["data"].as_array().unwrap().len(), 2);

    let id = rest["id"].as_str().unwrap();
    let read = shop.get(&format!("/v1/refunds/{id}")).await.ok();
    assert_eq!(read["metadata"]["order_id"], "ord_1");
    let list = shop.get(&format!("/v1/refunds?payment_intent={}&limit=1", intent.id)).await.ok();
    assert_eq!((&list["data"][0]["id"], &list["has_more"]), (&json!(id), &json!(true)));
    let kinds = shop.event_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "refund.created").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| *kind == "charge.refunded").count(), 2);

    let changed = shop.post(&format!("/v1/refunds/{id}"), &[("metadata[a]", "b")]).await.ok();
    assert_eq!(changed["metadata"]["a"], "b");
    assert_eq!(shop.event_kinds().await.last().unwrap(), "refund.updated");
}

#[tokio::test]
async fn what_was_not_captured_cannot_be_refunded() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let params = [("payment_intent", intent.id.as_str())];
    shop.post("/v1/refunds", &params).await.refused(400);
    let authorised = shop.confirm(&intent, "pm_card_visa").await.ok();
    shop.post("/v1/refunds", &params).await.refused(400);
    let charge = authorised["latest_charge"].as_str().unwrap();
    shop.post("/v1/refunds", &[("charge", charge)]).await.refused(400);
    shop.post("/v1/refunds", &[]).await.refused(400);
    let missing = shop.post("/v1/refunds", &[("payment_intent", "pi_none")]).await.refused(404);
    assert_eq!(missing["code"], "resource_missing");
    assert_eq!(shop.get("/v1/refunds").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn a_pending_refund_succeeds_later() {
    let shop = Shop::open().await;
    let intent = paid(&shop, "pm_card_pendingRefund").await;
    let refund = shop.post("/v1/refunds", &[("payment_intent", &intent.id)]).await.ok();
    assert_eq!(refund["status"], "pending");
    shop.later(60_000);
    let path = format!("/v1/refunds/{}", refund["id"].as_str().unwrap());
    assert_eq!(shop.get(&path).await.ok()["status"], "succeeded");
    assert_eq!(shop.event_kinds().await.last().unwrap(), "refund.updated");
}

#[tokio::test]
async fn a_refund_may_fail_after_it_seemed_done() {
    let shop = Shop::open().await;
    let intent = paid(&shop, "pm_card_refundFail").await;
    let refund = shop.post("/v1/refunds", &[("payment_intent", &intent.id)]).await.ok();
    assert_eq!(refund["status"], "succeeded");
    shop.later(60_000);
    let path = format!("/v1/refunds/{}?expand[]=charge", refund["id"].as_str().unwrap());
    let failed = shop.get(&path).await.ok();
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["charge"]["amount_refunded"], 0);
    assert!(shop.event_kinds().await.contains(&"refund.failed".to_owned()));
}
