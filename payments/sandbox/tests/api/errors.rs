use data_encoding::BASE64;

use crate::support::{SECRET_KEY, Shop};

#[tokio::test]
async fn the_secret_key_opens_and_nothing_else_does() {
    let shop = Shop::open().await;
    let basic = format!("Basic {}", BASE64.encode(format!("{SECRET_KEY}:").as_bytes()));
    shop.call("GET", "/v1/events", &[], &[("authorization", &basic)]).await.ok();
    for headers in [
        vec![],
        vec![("authorization", "Bearer sk_test_other")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Digest x")],
        vec![("authorization", "Basic !!!")],
    ] {
        let answer = shop.call("GET", "/v1/events", &[], &headers).await;
        assert!(answer.header("www-authenticate").is_some());
        let error = answer.refused(401);
        assert_eq!(error["type"], "invalid_request_error");
        assert!(!error["message"].as_str().unwrap().contains("sk_test_other"));
    }
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let shop = Shop::open().await;
    for path in ["/v1/events", "/v1/nothing", "/v1/charges/ch_none"] {
        let answer = shop.get(path).await;
        assert!(answer.header("request-id").unwrap().starts_with("req_"), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused_by_name() {
    let shop = Shop::open().await;
    let good = [("amount", "100"), ("currency", "eur")];
    for (params, code, param) in [
        (vec![("currency", "eur")], Some("parameter_missing"), "amount"),
        (vec![("amount", "100")], Some("parameter_missing"), "currency"),
        (vec![("amount", ""), good[1]], Some("parameter_invalid_empty"), "amount"),
        (vec![("amount", "1.5"), good[1]], Some("parameter_invalid_integer"), "amount"),
        (vec![("amount", "0"), good[1]], Some("parameter_invalid_integer"), "amount"),
        (vec![("amount", "100000000"), good[1]], Some("amount_too_large"), "amount"),
        (vec![good[0], ("currency", "euro")], None, "currency"),
        (vec![good[0], good[1], ("colour", "red")], Some("parameter_unknown"), "colour"),
        (
            vec![good[0], good[1], ("automatic_payment_methods[on]", "1")],
            Some("parameter_missing"),
            "automatic_payment_methods[enabled]",
        ),
        (vec![good[0], good[1], ("capture_method", "later")], None, "capture_method"),
        (vec![good[0], good[1], ("confirm", "yes")], None, "confirm"),
        (vec![good[0], good[1], ("metadata", "x")], None, "metadata"),
        (vec![good[0], good[1], ("receipt_email", "nobody")], None, "receipt_email"),
        (vec![good[0], good[1], ("payment_method_types[]", "gold")], None, "payment_method_types"),
        (vec![good[0], good[1], ("return_url", "https://a.b")], None, "return_url"),
        (vec![good[0], good[1], ("expand[]", "nonsense")], None, "expand"),
    ] {
        let error = shop.post("/v1/payment_intents", &params).await.refused(400);
        assert_eq!(error["param"], param, "{params:?}");
        assert_eq!(error.get("code").and_then(|code| code.as_str()), code, "{params:?}");
    }
    assert!(shop.event_kinds().await.is_empty(), "a refusal changes nothing");
}

#[tokio::test]
async fn both_ways_to_choose_payment_methods_exclude_each_other() {
    let shop = Shop::open().await;
    let params = [
        ("amount", "100"),
        ("currency", "eur"),
        ("payment_method_types[]", "card"),
        ("automatic_payment_methods[enabled]", "true"),
    ];
    let error = shop.post("/v1/payment_intents", &params).await.refused(400);
    assert_eq!(error["code"], "parameters_exclusive");
}

#[tokio::test]
async fn what_is_not_there_is_a_404() {
    let shop = Shop::open().await;
    for path in [
        "/v1/payment_intents/pi_none",
        "/v1/charges/ch_none",
        "/v1/refunds/re_none",
        "/v1/events/evt_none",
        "/v1/payment_methods/pm_none",
    ] {
        assert_eq!(shop.get(path).await.refused(404)["code"], "resource_missing", "{path}");
    }
    let intent = shop.intent().await;
    let error = shop.confirm(&intent, "pm_none").await.refused(404);
    assert_eq!(error["param"], "payment_method");
}

#[tokio::test]
async fn unknown_addresses_are_refused_in_the_same_shape() {
    let shop = Shop::open().await;
    for (method, path) in
        [("GET", "/v1/customers"), ("DELETE", "/v1/refunds/re_1"), ("GET", "/v2/core")]
    {
        let error = shop.call(method, path, &[], &[]).await.refused(404);
        assert!(error["message"].as_str().unwrap().starts_with("Unrecognized request URL"));
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let shop = Shop::open().await;
    let response = shop
        .http
        .post(format!("{}/v1/payment_intents", shop.url))
        .bearer_auth(SECRET_KEY)
        .json(&serde_json::json!({ "amount": 100, "currency": "eur" }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}
