use serde_json::Value;

use crate::support::{PUBLISHABLE_KEY, Shop};

#[tokio::test]
async fn a_page_pays_with_the_client_secret_and_sees_no_more_than_it_should() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let secret = ("client_secret", intent.secret.as_str());
    let seen = shop.browser("GET", &intent.path, &[secret]).await.ok();
    assert_eq!(seen["status"], "requires_payment_method");
    assert_eq!(seen["metadata"], Value::Null);
    assert_eq!(seen["latest_charge"], Value::Null);
    let confirm = format!("{}/confirm", intent.path);
    let params = [("payment_method", "pm_card_visa"), secret];
    let paid = shop.browser("POST", &confirm, &params).await.ok();
    assert_eq!(paid["status"], "requires_capture");
    assert_eq!(paid["latest_charge"], Value::Null);
}

#[tokio::test]
async fn the_key_may_come_as_a_parameter() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let params = [
        ("payment_method", "pm_card_visa_chargeDeclined"),
        ("client_secret", intent.secret.as_str()),
        ("key", PUBLISHABLE_KEY),
    ];
    let error =
        shop.call("POST", &format!("{}/confirm", intent.path), &params, &[]).await.refused(402);
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(error["payment_intent"]["metadata"], Value::Null);
}

#[tokio::test]
async fn without_the_right_client_secret_a_page_gets_nothing() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let confirm = format!("{}/confirm", intent.path);
    let missing = shop.browser("GET", &intent.path, &[]).await.refused(400);
    assert_eq!(missing["param"], "client_secret");
    for (method, path) in [("GET", &intent.path), ("POST", &confirm)] {
        let wrong = [("client_secret", "pi_wrong_secret_wrong")];
        let error = shop.browser(method, path, &wrong).await.refused(400);
        assert_eq!(error["param"], "client_secret");
    }
    assert_eq!(shop.get(&intent.path).await.ok()["status"], "requires_payment_method");
}

#[tokio::test]
async fn a_page_may_do_nothing_else() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    for (method, path) in [
        ("POST", "/v1/payment_intents".to_owned()),
        ("GET", "/v1/payment_intents".to_owned()),
        ("POST", intent.path.clone()),
        ("POST", format!("{}/capture", intent.path)),
        ("POST", format!("{}/cancel", intent.path)),
        ("POST", "/v1/refunds".to_owned()),
        ("GET", "/v1/events".to_owned()),
        ("GET", "/v1/charges".to_owned()),
    ] {
        let error = shop.browser(method, &path, &[]).await.refused(403);
        assert_eq!(error["code"], "secret_key_required", "{method} {path}");
    }
}

#[tokio::test]
async fn a_card_form_makes_a_payment_method_and_pays_with_it() {
    let shop = Shop::open().await;
    for (number, status) in [
        ("4242 4242 4242 4242", 200),
        ("4000000000000002", 402),
        ("4000002500003155", 200),
        ("5555555555554444", 200),
    ] {
        let params = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "34"),
            ("card[cvc]", "123"),
            ("billing_details[name]", "Ada"),
        ];
        let method = shop.browser("POST", "/v1/payment_methods", &params).await.ok();
        assert_eq!(method["card"]["last4"], number[number.len() - 4..]);
        assert_eq!(method["card"]["exp_year"], 2034);
        assert_eq!(method["billing_details"]["name"], "Ada");
        let id = method["id"].as_str().unwrap();
        assert_eq!(shop.get(&format!("/v1/payment_methods/{id}")).await.ok(), method);
        let intent = shop.intent().await;
        let params = [("payment_method", id), ("client_secret", &intent.secret)];
        let path = format!("{}/confirm", intent.path);
        assert_eq!(shop.browser("POST", &path, &params).await.status, status, "{number}");
    }
}

#[tokio::test]
async fn a_card_can_be_sent_along_with_the_confirmation() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let params = [
        ("client_secret", intent.secret.as_str()),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", "4242424242424242"),
        ("payment_method_data[card][exp_month]", "1"),
        ("payment_method_data[card][exp_year]", "2040"),
        ("payment_method_data[card][cvc]", "000"),
        ("payment_method_data[guid]", "x"),
        ("expected_payment_method_type", "card"),
        ("use_stripe_sdk", "true"),
    ];
    let paid = shop.browser("POST", &format!("{}/confirm", intent.path), &params).await.ok();
    assert_eq!(paid["status"], "requires_capture");
}

#[tokio::test]
async fn a_wrong_card_is_refused_before_any_bank_is_asked() {
    let shop = Shop::open().await;
    for (number, month, year, cvc, code) in [
        ("4242424242424241", "12", "2034", "123", "incorrect_number"),
        ("4242424242424242", "13", "2034", "123", "invalid_expiry_month"),
        ("4242424242424242", "12", "2020", "123", "invalid_expiry_year"),
        ("4242424242424242", "12", "2034", "12", "invalid_cvc"),
        ("4111111111111111", "12", "2034", "123", "card_declined"),
    ] {
        let params = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", month),
            ("card[exp_year]", year),
            ("card[cvc]", cvc),
        ];
        let error = shop.browser("POST", "/v1/payment_methods", &params).await.refused(402);
        assert_eq!((&error["type"], &error["code"]), (&"card_error".into(), &code.into()));
    }
}

#[tokio::test]
async fn any_page_may_call_and_read_the_answer() {
    let shop = Shop::open().await;
    let asked = shop.call("OPTIONS", "/v1/payment_methods", &[], &[]).await;
    assert_eq!(asked.status, 204);
    assert_eq!(asked.header("access-control-allow-origin"), Some("*"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let refused = shop.call("GET", "/v1/events", &[], &[]).await;
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
}
