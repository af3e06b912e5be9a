//! Stripe's client crates read every answer, error and event whole: they refuse partial objects.

use std::fmt::Display;

use bytes::Bytes;
use serde_json::Value;
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, PaginationExt, RequestBuilder, RequestStrategy,
    StripeClient, StripeClientErr, StripeMethod, StripeRequest,
};
use stripe_core::{
    payment_intent::{
        CancelPaymentIntent, CapturePaymentIntent, ConfirmPaymentIntent, CreatePaymentIntent,
        ListPaymentIntent, RetrievePaymentIntent, UpdatePaymentIntent,
    },
    refund::{CreateRefund, ListRefund, RetrieveRefund},
};
use stripe_shared::{
    PaymentIntentAllowedPaymentMethodTypes, PaymentIntentCaptureMethod, PaymentIntentStatus,
};
use stripe_types::{Currency, Expandable, List};

use crate::support::{Intent, SECRET_KEY, Shop, Webhook};

#[derive(Debug)]
struct Refused(String);

impl StripeClientErr for Refused {
    fn deserialize_err(message: impl Display) -> Self {
        Self(message.to_string())
    }
}

/// The crates' requests over our own HTTP client.
struct Client<'a>(&'a Shop);

impl StripeClient for Client<'_> {
    type Err = Refused;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Refused> {
        let (request, config) = request.into_pieces();
        let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}/v1{}{query}", self.0.url, request.path);
        let method = match request.method {
            StripeMethod::Get => "GET",
            StripeMethod::Post => "POST",
            StripeMethod::Delete => "DELETE",
        };
        let mut call = self.0.http.request(method.parse().unwrap(), url).bearer_auth(SECRET_KEY);
        if let Some(key) = config.request_strategy.and_then(|strategy| strategy.get_key()) {
            call = call.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            call = call.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let response = call.send().await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        if status.is_success() {
            return Ok(bytes);
        }
        let error: stripe_shared::Error = read(bytes).await;
        Err(Refused(format!("{status} {:?} {:?}", error.error.type_, error.error.code)))
    }
}

/// Reads bytes as the crates read an answer.
async fn read<T: StripeObject>(bytes: Bytes) -> T {
    struct Kept(Bytes);
    impl StripeClient for Kept {
        type Err = Refused;

        async fn execute(&self, _: CustomizedStripeRequest) -> Result<Bytes, Refused> {
            Ok(self.0.clone())
        }
    }
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    match T::read_with(&Kept(bytes)).await {
        Ok(object) => object,
        Err(error) => panic!("{}: {text}", error.0),
    }
}

/// What the crates can read.
trait StripeObject: Sized {
    fn read_with<C: StripeClient>(client: &C) -> impl Future<Output = Result<Self, C::Err>>;
}

macro_rules! objects {
    ($($kind:ty),* $(,)?) => {$(
        impl StripeObject for $kind {
            async fn read_with<C: StripeClient>(client: &C) -> Result<Self, C::Err> {
                struct Anything;
                impl StripeRequest for Anything {
                    type Output = $kind;

                    fn build(&self) -> RequestBuilder {
                        RequestBuilder::new(StripeMethod::Get, "/anything")
                    }
                }
                Anything.customize().send(client).await
            }
        }
    )*};
}

objects! {
    stripe_shared::Error,
    stripe_shared::Event,
    stripe_shared::Charge,
    stripe_shared::PaymentIntent,
    stripe_shared::PaymentMethod,
    stripe_shared::Refund,
    List<stripe_shared::PaymentIntent>,
    List<stripe_shared::Event>,
    List<stripe_shared::Charge>,
    List<stripe_shared::Refund>,
}

async fn get<T: StripeObject>(shop: &Shop, path: &str) -> T {
    read(Bytes::from(shop.get(path).await.ok().to_string())).await
}

#[tokio::test]
async fn the_crates_take_a_payment_from_start_to_refund() {
    let shop = Shop::open().await;
    let client = Client(&shop);
    let intent = CreatePaymentIntent::new(2000, Currency::EUR)
        .capture_method(PaymentIntentCaptureMethod::Manual)
        .allowed_payment_method_types([PaymentIntentAllowedPaymentMethodTypes::Card])
        .metadata([(String::from("order_id"), String::from("ord_1"))])
        .description("Two seats")
        .receipt_email("a@example.com")
        .customize()
        .request_strategy(RequestStrategy::Idempotent(IdempotencyKey::new("pi:1").unwrap()))
        .send(&client)
        .await
        .unwrap();
    assert_eq!(intent.status, PaymentIntentStatus::RequiresPaymentMethod);
    assert_eq!(intent.metadata["order_id"], "ord_1");
    assert_eq!(intent.currency, Currency::EUR);

    let id = intent.id;
    UpdatePaymentIntent::new(id.clone())
        .metadata([(String::from("a"), String::from("b"))])
        .customize()
        .send(&client)
        .await
        .unwrap();
    let declined = ConfirmPaymentIntent::new(id.clone())
        .payment_method("pm_card_visa_chargeDeclined")
        .customize()
        .send(&client)
        .await
        .unwrap_err();
    assert!(
        declined.0.starts_with("402") && declined.0.contains("card_declined"),
        "{}",
        declined.0
    );
    let remembered = RetrievePaymentIntent::new(id.clone())
        .expand([String::from("latest_charge")])
        .customize()
        .send(&client)
        .await
        .unwrap();
    assert!(remembered.last_payment_error.unwrap().payment_method.is_some());
    assert!(matches!(remembered.latest_charge, Some(Expandable::Object(_))));

    let waiting = ConfirmPaymentIntent::new(id.clone())
        .payment_method("pm_card_authenticationRequired")
        .return_url("https://shop.test/")
        .customize()
        .send(&client)
        .await
        .unwrap();
    assert_eq!(waiting.status, PaymentIntentStatus::RequiresAction);
    assert!(waiting.next_action.unwrap().redirect_to_url.unwrap().url.is_some());
    let url = format!("{}/3ds/{}", shop.url, id.as_str());
    shop.http.post(url).body("result=complete").send().await.unwrap();
    let captured = CapturePaymentIntent::new(id.clone())
        .amount_to_capture(2000)
        .expand([String::from("latest_charge"), String::from("payment_method")])
        .customize()
        .send(&client)
        .await
        .unwrap();
    assert_eq!(captured.status, PaymentIntentStatus::Succeeded);
    assert!(matches!(captured.payment_method, Some(Expandable::Object(_))));

    let refund = CreateRefund::new()
        .payment_intent(id.as_str())
        .amount(500)
        .expand([String::from("charge"), String::from("payment_intent")])
        .customize()
        .send(&client)
        .await
        .unwrap();
    assert_eq!(refund.status.as_deref(), Some("succeeded"));
    let read = RetrieveRefund::new(refund.id).customize().send(&client).await.unwrap();
    assert_eq!(read.amount, 500);
    let refused = CancelPaymentIntent::new(id).customize().send(&client).await.unwrap_err();
    assert!(refused.0.contains("payment_intent_unexpected_state"), "{}", refused.0);
    let list = ListRefund::new().customize().send(&client).await.unwrap();
    assert_eq!(list.data.len(), 1);
}

#[tokio::test]
async fn the_crates_walk_through_pages() {
    let shop = Shop::open().await;
    let client = Client(&shop);
    for _ in 0..5 {
        shop.intent().await;
    }
    let mut page = ListPaymentIntent::new().limit(2).customize().send(&client).await.unwrap();
    let mut seen = page.data.len();
    while page.has_more {
        let last = page.data.last().unwrap().id.to_string();
        page = ListPaymentIntent::new()
            .limit(2)
            .starting_after(last)
            .customize()
            .send(&client)
            .await
            .unwrap();
        seen += page.data.len();
    }
    assert_eq!(seen, 5);
    let _ = page.into_paginator();
}

#[tokio::test]
async fn every_state_of_every_object_is_whole() {
    let shop = Shop::open().await;
    let mut intents: Vec<Intent> = Vec::new();
    for method in [
        "pm_card_visa",
        "pm_card_amex",
        "pm_card_chargeDeclined",
        "pm_card_chargeDeclinedExpiredCard",
        "pm_card_radarBlock",
        "pm_card_authenticationRequired",
        "pm_card_pendingRefund",
        "pm_card_refundFail",
    ] {
        let intent = shop.intent().await;
        shop.confirm(&intent, method).await;
        intents.push(intent);
    }
    for intent in &intents {
        shop.post(&format!("{}/capture", intent.path), &[("amount_to_capture", "1500")]).await;
        shop.post("/v1/refunds", &[("payment_intent", &intent.id), ("amount", "500")]).await;
        shop.post(&format!("{}/cancel", intent.path), &[]).await;
    }
    shop.control(serde_json::json!({ "payments": { "processing_ms": 1000 } })).await.ok();
    let slow = shop.intent().await;
    shop.confirm(&slow, "pm_card_visa").await.ok();
    let _: stripe_shared::PaymentIntent = get(&shop, &slow.path).await;
    shop.later(1000);
    assert_eq!(shop.get(&slow.path).await.ok()["status"], "requires_capture");
    shop.later(8 * 24 * 60 * 60 * 1000);

    let expand = "limit=100&expand[]=data.latest_charge&expand[]=data.payment_method";
    let path = format!("/v1/payment_intents?{expand}");
    let intents: List<stripe_shared::PaymentIntent> = get(&shop, &path).await;
    assert_eq!(intents.data.len(), 9);
    let path = "/v1/charges?limit=100&expand[]=data.refunds&expand[]=data.payment_intent";
    let charges: List<stripe_shared::Charge> = get(&shop, path).await;
    assert!(charges.data.len() >= 7);
    let charge = charges.data[0].id.to_string();
    let _: stripe_shared::Charge = get(&shop, &format!("/v1/charges/{charge}")).await;
    let refunds: List<stripe_shared::Refund> = get(&shop, "/v1/refunds?expand[]=data.charge").await;
    assert_eq!(refunds.data.len(), 4);
    let _: stripe_shared::PaymentMethod = get(&shop, "/v1/payment_methods/pm_card_visa").await;
    let events: List<stripe_shared::Event> = get(&shop, "/v1/events?limit=100").await;
    assert!(!events.has_more);

    let received = shop.inbox.wait_for(events.data.len()).await;
    let mut kinds: Vec<_> = received.iter().map(Webhook::kind).collect();
    for webhook in received {
        let _: stripe_shared::Event = read(Bytes::from(webhook.body.clone())).await;
        let object = webhook.event()["data"]["object"].clone();
        let bytes = Bytes::from(object.to_string());
        match object["object"].as_str().unwrap() {
            "payment_intent" => drop(read::<stripe_shared::PaymentIntent>(bytes).await),
            "charge" => drop(read::<stripe_shared::Charge>(bytes).await),
            "refund" => drop(read::<stripe_shared::Refund>(bytes).await),
            other => panic!("{other}"),
        }
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "charge.captured",
            "charge.expired",
            "charge.failed",
            "charge.refunded",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.created",
            "payment_intent.payment_failed",
            "payment_intent.processing",
            "payment_intent.requires_action",
            "payment_intent.succeeded",
            "refund.created",
            "refund.failed",
            "refund.updated",
        ]
    );
}

#[tokio::test]
async fn every_error_is_whole() {
    let shop = Shop::open().await;
    let intent = shop.intent().await;
    let errors: Vec<Value> = vec![
        shop.get("/v1/nothing").await.body,
        shop.get("/v1/charges/ch_none").await.body,
        shop.post("/v1/payment_intents", &[("amount", "x")]).await.body,
        shop.post("/v1/payment_intents", &[("colour", "x")]).await.body,
        shop.post(&format!("{}/capture", intent.path), &[]).await.body,
        shop.confirm(&intent, "pm_card_chargeDeclinedIncorrectCvc").await.body,
        shop.call("GET", "/v1/events", &[], &[]).await.body,
        shop.browser("GET", "/v1/events", &[]).await.body,
        {
            shop.post_with_key("k", &intent.path, &[]).await;
            shop.post_with_key("k", &intent.path, &[("description", "x")]).await.body
        },
    ];
    let mut ordered = Vec::new();
    for status in [400, 401, 402, 404, 409, 429, 500, 503] {
        let patch = serde_json::json!({ "answers": { "status": status, "share": 1 } });
        shop.control(patch).await.ok();
        ordered.push(shop.get("/v1/events").await.body);
    }
    for error in errors.into_iter().chain(ordered) {
        let text = error.to_string();
        let error: stripe_shared::Error = read(Bytes::from(text.clone())).await;
        let known = !format!("{:?}{:?}", error.error.type_, error.error.code).contains("Unknown");
        assert!(known, "{text}");
    }
}
