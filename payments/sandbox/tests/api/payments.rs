use serde_json::{Value, json};

use crate::support::Shop;

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn an_unconfirmed_intent_has_everything_it_was_made_with() {
    let shop = Shop::open().await;
    let intent = shop
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "1"),
                ("currency", "EUR"),
                ("capture_method", "manual"),
                ("automatic_payment_methods[enabled]", "true"),
                ("automatic_payment_methods[allow_redirects]", "never"),
                ("metadata[order_id]", "ord_1"),
                ("description", "Two seats"),
                ("receipt_email", "a@example.com"),
                ("statement_descriptor_suffix", "SEATS"),
            ],
        )
        .await
        .ok();
    for (name, value) in [
        ("object", json!("payment_intent")),
        ("amount", json!(1)),
        ("amount_capturable", json!(0)),
        ("amount_received", json!(0)),
        ("currency", json!("eur")),
        ("capture_method", json!("manual")),
        ("confirmation_method", json!("automatic")),
        ("status", json!("requires_payment_method")),
        ("automatic_payment_methods", json!({ "allow_redirects": "never", "enabled": true })),
        ("payment_method_types", json!(["card"])),
        ("metadata", json!({ "order_id": "ord_1" })),
        ("description", json!("Two seats")),
        ("receipt_email", json!("a@example.com")),
        ("statement_descriptor_suffix", json!("SEATS")),
        ("latest_charge", Value::Null),
        ("livemode", json!(false)),
        ("created", json!(shop.now() / 1000)),
    ] {
        assert_eq!(intent[name], value, "{name}");
    }
    let (id, secret) = (intent["id"].as_str().unwrap(), intent["client_secret"].as_str().unwrap());
    assert!(id.starts_with("pi_3") && secret.starts_with(&format!("{id}_secret_")));
    assert_eq!(shop.get(&format!("/v1/payment_intents/{id}")).await.ok(), intent);
}

#[tokio::test]
async fn a_manual_intent_is_authorised_then_captured() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let authorised = shop.confirm(&intent, "pm_card_visa").await.ok();
    assert_eq!(authorised["status"], "requires_capture");
    assert_eq!(authorised["amount_capturable"], 2000);
    assert_eq!(authorised["amount_received"], 0);
    let charge = authorised["latest_charge"].as_str().unwrap();
    let charge = shop.get(&format!("/v1/charges/{charge}")).await.ok();
    assert_eq!((&charge["captured"], &charge["paid"]), (&json!(false), &json!(true)));
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(charge["metadata"]["order_id"], "ord_1");

    let captured = shop.post(&format!("{}/capture", intent.path), &[]).await.ok();
    assert_eq!(captured["status"], "succeeded");
    assert_eq!(captured["amount_capturable"], 0);
    assert_eq!(captured["amount_received"], 2000);
    assert_eq!(
        shop.event_kinds().await,
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ]
    );
    let again = shop.post(&format!("{}/capture", intent.path), &[]).await.refused(400);
    assert_eq!(again["code"], "payment_intent_unexpected_state");
    assert_eq!(again["payment_intent"]["status"], "succeeded");
}

#[tokio::test]
async fn an_automatic_intent_is_paid_in_one_step() {
    let shop = Shop::open().await;
    let paid = shop
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "500"),
                ("currency", "usd"),
                ("confirm", "true"),
                ("payment_method", "pm_card_mastercard"),
                ("expand[]", "latest_charge"),
                ("expand[]", "payment_method"),
            ],
        )
        .await
        .ok();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(paid["amount_received"], 500);
    assert_eq!(paid["latest_charge"]["captured"], true);
    assert_eq!(paid["payment_method"]["card"]["brand"], "mastercard");
}

#[tokio::test]
async fn part_of_an_authorisation_can_be_captured_and_more_than_all_cannot() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    let capture = format!("{}/capture", intent.path);
    let refused = shop.post(&capture, &[("amount_to_capture", "2001")]).await.refused(400);
    assert_eq!(refused["code"], "amount_too_large");
    let captured = shop.post(&capture, &[("amount_to_capture", "1500")]).await.ok();
    assert_eq!((&captured["amount"], &captured["amount_received"]), (&json!(2000), &json!(1500)));
}

#[tokio::test]
async fn a_declined_card_is_a_402_that_the_intent_remembers() {
    let shop = Shop::open().await;
    for (method, code, decline_code) in [
        ("pm_card_visa_chargeDeclined", "card_declined", Some("generic_decline")),
        ("pm_card_chargeDeclined", "card_declined", Some("generic_decline")),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
        ),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", Some("lost_card")),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", Some("incorrect_cvc")),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", Some("processing_error")),
    ] {
        let intent = shop.intent().await;
        let error = shop.confirm(&intent, method).await.refused(402);
        assert_eq!(error["type"], "card_error", "{method}");
        assert_eq!(error["code"], code, "{method}");
        assert_eq!(error["decline_code"], json!(decline_code), "{method}");
        assert_eq!(error["payment_intent"]["id"], json!(intent.id));
        let kept = shop.get(&intent.path).await.ok();
        assert_eq!(kept["status"], "requires_payment_method");
        assert_eq!(kept["payment_method"], Value::Null);
        assert_eq!(kept["last_payment_error"]["code"], code);
        assert_eq!(kept["last_payment_error"]["charge"], error["charge"]);
        let charge = kept["latest_charge"].as_str().unwrap();
        let charge = shop.get(&format!("/v1/charges/{charge}")).await.ok();
        assert_eq!((&charge["status"], &charge["paid"]), (&json!("failed"), &json!(false)));
        let retried = shop.confirm(&intent, "pm_card_visa").await.ok();
        assert_eq!(retried["status"], "requires_capture");
        assert_eq!(retried["last_payment_error"], Value::Null);
    }
    let kinds = shop.event_kinds().await;
    assert!(kinds.contains(&"payment_intent.payment_failed".to_owned()));
    assert!(kinds.contains(&"charge.failed".to_owned()));
}

#[tokio::test]
async fn a_payment_confirmed_at_the_bank_goes_on() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let confirm = format!("{}/confirm", intent.path);
    let params = [
        ("payment_method", "pm_card_authenticationRequired"),
        ("return_url", "https://shop.test/done?a=1"),
    ];
    let waiting = shop.post(&confirm, &params).await.ok();
    assert_eq!(waiting["status"], "requires_action");
    assert_eq!(waiting["next_action"]["type"], "redirect_to_url");
    let url = waiting["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    assert_eq!(url, format!("{}/3ds/{}", shop.url, intent.id));
    assert!(shop.event_kinds().await.contains(&"payment_intent.requires_action".to_owned()));

    let page = shop.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("20.00 EUR") && page.contains("value=\"complete\""));
    let back = shop.http.post(url).body("result=complete").send().await.unwrap();
    assert_eq!(back.status(), 303);
    let address = back.headers()["location"].to_str().unwrap();
    assert!(address.starts_with("https://shop.test/done?a=1&payment_intent="), "{address}");
    assert!(address.ends_with("redirect_status=succeeded"), "{address}");
    let paid = shop.get(&format!("{}?expand[]=latest_charge", intent.path)).await.ok();
    assert_eq!(paid["status"], "requires_capture");
    let card = &paid["latest_charge"]["payment_method_details"]["card"];
    assert_eq!(card["three_d_secure"]["result"], "authenticated");
    assert_eq!(shop.http.post(url).body("result=fail").send().await.unwrap().status(), 409);
}

#[tokio::test]
async fn a_payment_refused_at_the_bank_can_be_tried_again() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let waiting = shop.confirm(&intent, "pm_card_threeDSecure2Required").await.ok();
    assert_eq!(waiting["next_action"]["type"], "use_stripe_sdk");
    let url = waiting["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    assert_eq!(shop.http.post(url).body("result=fail").send().await.unwrap().status(), 200);
    let failed = shop.get(&intent.path).await.ok();
    assert_eq!(failed["status"], "requires_payment_method");
    assert_eq!(failed["last_payment_error"]["code"], "payment_intent_authentication_failure");
    assert_eq!(shop.confirm(&intent, "pm_card_visa").await.ok()["status"], "requires_capture");
}

#[tokio::test]
async fn a_card_may_be_declined_after_the_bank_page() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_threeDSecureRequiredChargeDeclined").await.ok();
    let url = format!("{}/3ds/{}", shop.url, intent.id);
    assert_eq!(shop.http.post(url).body("result=complete").send().await.unwrap().status(), 200);
    let declined = shop.get(&intent.path).await.ok();
    assert_eq!(declined["status"], "requires_payment_method");
    assert_eq!(declined["last_payment_error"]["code"], "card_declined");
}

#[tokio::test]
async fn nobody_there_to_ask_is_a_decline() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let confirm = format!("{}/confirm", intent.path);
    let params = [
        ("payment_method", "pm_card_authenticationRequired"),
        ("error_on_requires_action", "true"),
    ];
    let error = shop.post(&confirm, &params).await.refused(402);
    assert_eq!(error["code"], "authentication_required");
}

#[tokio::test]
async fn any_open_or_authorised_intent_can_be_cancelled_for_good() {
    let shop = Shop::open().await;
    for method in ["", "pm_card_visa", "pm_card_authenticationRequired"] {
        let intent = shop.intent().await;
        if !method.is_empty() {
            shop.confirm(&intent, method).await.ok();
        }
        let cancel = format!("{}/cancel", intent.path);
        let cancelled = shop.post(&cancel, &[("cancellation_reason", "abandoned")]).await.ok();
        assert_eq!(cancelled["status"], "canceled");
        assert_eq!(cancelled["cancellation_reason"], "abandoned");
        assert_eq!(cancelled["amount_capturable"], 0);
        assert!(cancelled["canceled_at"].is_i64());
        for action in ["cancel", "capture", "confirm"] {
            let path = format!("{}/{action}", intent.path);
            let error = shop.post(&path, &[]).await.refused(400);
            assert_eq!(error["code"], "payment_intent_unexpected_state", "{action}");
            assert_eq!(error["payment_intent"]["status"], "canceled");
        }
    }
    assert!(shop.event_kinds().await.contains(&"payment_intent.canceled".to_owned()));
}

#[tokio::test]
async fn what_was_authorised_goes_back_to_the_card_on_cancel() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    let path = format!("{}/cancel", intent.path);
    let cancelled = shop.post(&path, &[("expand[]", "latest_charge")]).await.ok();
    let charge = &cancelled["latest_charge"];
    assert_eq!((&charge["refunded"], &charge["captured"]), (&json!(true), &json!(false)));
    assert_eq!(shop.get("/v1/refunds").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn a_paid_intent_can_neither_be_cancelled_nor_confirmed_again() {
    let shop = Shop::open().await;
    let intent = shop.intent_with(&[("capture_method", "automatic")]).await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    for action in ["cancel", "confirm"] {
        let error = shop.post(&format!("{}/{action}", intent.path), &[]).await.refused(400);
        assert_eq!(error["code"], "payment_intent_unexpected_state");
        assert_eq!(error["payment_intent"]["status"], "succeeded");
    }
}

#[tokio::test]
async fn an_amount_can_be_changed_until_the_money_moves() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let changed = shop
        .post(&intent.path, &[("amount", "900"), ("metadata[order_id]", ""), ("metadata[a]", "b")])
        .await
        .ok();
    assert_eq!(changed["amount"], 900);
    assert_eq!(changed["metadata"], json!({ "a": "b" }));
    shop.confirm(&intent, "pm_card_visa").await.ok();
    let error = shop.post(&intent.path, &[("amount", "901")]).await.refused(400);
    assert_eq!(error["code"], "payment_intent_unexpected_state");
    let described = shop.post(&intent.path, &[("description", "later")]).await.ok();
    assert_eq!(described["description"], "later");
}

#[tokio::test]
async fn an_authorisation_ends_after_seven_days() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    shop.confirm(&intent, "pm_card_visa").await.ok();
    shop.later(7 * DAY - 1);
    assert_eq!(shop.get(&intent.path).await.ok()["status"], "requires_capture");
    shop.later(1);
    let ended = shop.get(&intent.path).await.ok();
    assert_eq!(ended["status"], "canceled");
    assert_eq!(ended["cancellation_reason"], "automatic");
    assert!(shop.event_kinds().await.contains(&"charge.expired".to_owned()));
}

#[tokio::test]
async fn a_payment_may_take_its_time() {
    let shop = Shop::open().await;
    shop.control(json!({ "payments": { "processing_ms": 5000 } })).await.ok();
    let (paid, declined) = (shop.intent().await, shop.intent().await);
    for (intent, method) in [(&paid, "pm_card_visa"), (&declined, "pm_card_chargeDeclined")] {
        assert_eq!(shop.confirm(intent, method).await.ok()["status"], "processing");
        let path = format!("{}/cancel", intent.path);
        shop.post(&path, &[]).await.refused(400);
    }
    shop.later(5000);
    assert_eq!(shop.get(&paid.path).await.ok()["status"], "requires_capture");
    let declined = shop.get(&declined.path).await.ok();
    assert_eq!(declined["status"], "requires_payment_method");
    assert_eq!(declined["last_payment_error"]["decline_code"], "generic_decline");
    assert!(shop.event_kinds().await.contains(&"payment_intent.processing".to_owned()));
}

#[tokio::test]
async fn lists_go_back_and_forth_by_cursor_and_time() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, shop.intent().await.id);
        shop.later(1000);
    }
    let list = |query: String| {
        let shop = &shop;
        async move {
            let page = shop.get(&format!("/v1/payment_intents?{query}")).await.ok();
            assert_eq!(
                (&page["object"], &page["url"]),
                (&json!("list"), &json!("/v1/payment_intents"))
            );
            let ids: Vec<_> = page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|intent| intent["id"].clone())
                .collect();
            (Value::from(ids), page["has_more"] == true)
        }
    };
    let expect = |from: usize, to: usize, more: bool| (json!(ids[from..to]), more);
    assert_eq!(list(String::new()).await, expect(0, 5, false));
    assert_eq!(list("limit=2".into()).await, expect(0, 2, true));
    assert_eq!(list(format!("limit=2&starting_after={}", ids[1])).await, expect(2, 4, true));
    assert_eq!(list(format!("limit=2&starting_after={}", ids[3])).await, expect(4, 5, false));
    assert_eq!(list(format!("limit=2&ending_before={}", ids[4])).await, expect(2, 4, true));
    assert_eq!(list(format!("limit=2&ending_before={}", ids[1])).await, expect(0, 1, false));
    let second = |after: i64| crate::support::NOON / 1000 + after;
    let range = format!("created[gte]={}&created[lt]={}", second(1), second(3));
    assert_eq!(list(range).await, expect(2, 4, false));
    assert_eq!(list(format!("created[gt]={}", second(3))).await, expect(0, 1, false));
    assert_eq!(list(format!("created={}", second(0))).await, expect(4, 5, false));

    shop.get("/v1/payment_intents?limit=101").await.refused(400);
    shop.get("/v1/payment_intents?limit=0").await.refused(400);
    let error = shop.get("/v1/payment_intents?starting_after=pi_none").await.refused(404);
    assert_eq!(error["code"], "resource_missing");
}
