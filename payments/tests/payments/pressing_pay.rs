//! `POST /v1/orders/{order}/payment`: who may, how often, and what is shown when. Keeps I5, I8.

use domain::order::{Fact, OrderState};
use ledger::Evidence;
use reqwest::Method;
use serde_json::json;

use crate::support::{Order, PAY_SECONDS, Shop};

#[tokio::test]
async fn presses_at_once_make_one_intent() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let presses = (0..8).map(|_| shop.press_pay(&order));
    let answers = futures_util::future::join_all(presses).await;
    let first = answers[0].body["payment_intent"].clone();
    for answer in answers {
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        assert_eq!(answer.body["payment_intent"], first);
    }
    let intents = shop.stripe(Method::GET, "payment_intents", "").await;
    assert_eq!(intents["data"].as_array().map(Vec::len), Some(1));
    shop.close().await;
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer() {
    let shop = Shop::open().await;
    let (order, other) = (shop.order().await, shop.order().await);
    let first = shop.press_pay_with(&order, Some("one-press")).await;
    assert!(!first.replayed);
    let first = first.expect(201);
    let again = shop.press_pay_with(&order, Some("one-press")).await;
    assert!(again.replayed);
    assert_eq!(again.expect(201), first);

    // The token is the buyer here, so another order's press is another buyer's key.
    shop.press_pay_with(&other, Some("one-press")).await.expect(201);
    shop.press_pay_with(&order, None).await.expect_refusal(400, "idempotency_key_required");
    shop.close().await;
}

#[tokio::test]
async fn another_s_order_does_not_exist() {
    let shop = Shop::open().await;
    let (mine, other) = (shop.order().await, shop.order().await);
    for token in [String::new(), "x".to_owned(), mine.token.clone()] {
        let order = Order { id: other.id.clone(), token };
        let key = "a key that is long enough to be anybody's";
        shop.press_pay_with(&order, Some(key)).await.expect_refusal(404, "unknown_order");
    }
    assert_eq!(shop.state(&other).await, OrderState::New);
    shop.close().await;
}

#[tokio::test]
async fn a_paid_and_a_cancelled_order_cannot_be_paid() {
    let shop = Shop::open().await;
    let (paid, cancelled) = (shop.order().await, shop.order().await);
    let payment = shop.payment(&paid).await;
    shop.confirm(&payment, "pm_card_visa").await;
    shop.wait_for_state(&paid, OrderState::Ticketed).await;
    shop.press_pay(&paid).await.expect_refusal(409, "already_paid");

    shop.payment(&cancelled).await;
    let evidence = Evidence { source: "buyer", ..Evidence::default() };
    shop.ledger.learn(&cancelled.id, Fact::CancelAsked, evidence).await.expect("learned");
    shop.press_pay(&cancelled).await.expect_refusal(409, "order_closed");
    shop.wait_for_state(&cancelled, OrderState::Cancelled).await;
    shop.press_pay(&cancelled).await.expect_refusal(409, "order_closed");
    shop.close().await;
}

#[tokio::test]
async fn a_secret_that_comes_too_late_is_never_shown() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.misbehave(json!({"answers": {"delay_ms": 3000}})).await;
    let (answer, ()) = tokio::join!(shop.press_pay(&order), async {
        // The intent is being created when the time to pay ends.
        shop.wait_for_a_call().await;
        shop.advance_seconds(PAY_SECONDS + 1);
        shop.wait_for_state(&order, OrderState::Expired).await;
    });
    let body = answer.expect_refusal(409, "order_closed");
    assert!(!body.to_string().contains("secret"), "{body}");

    // Nobody can pay through it, and it is cancelled for good order.
    shop.wait_for("the cancelled intent", async || {
        let intents = shop.stripe(Method::GET, "payment_intents", "").await;
        (intents["data"][0]["status"] == "canceled").then_some(())
    })
    .await;
    shop.close().await;
}

#[tokio::test]
async fn without_stripe_nothing_is_exposed_and_the_next_press_works() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.misbehave(json!({"answers": {"status": 503, "share": 1.0}})).await;
    let answer = shop.press_pay_with(&order, Some("one-press")).await;
    assert!(answer.retry_after);
    answer.expect_refusal(503, "payment_provider_unavailable");
    assert!(shop.read(&order).await.intent.is_none());

    shop.misbehave(json!({"answers": {"share": 0.0}})).await;
    let payment = shop.press_pay_with(&order, Some("one-press")).await.expect(201);
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    shop.close().await;
}

#[tokio::test]
async fn an_intent_whose_answer_was_lost_is_the_one_that_is_shown() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.misbehave(json!({"answers": {"status": 0, "share": 0.7, "when": "after"}, "seed": 3}))
        .await;
    let payment = shop.payment(&order).await;
    shop.misbehave(json!({"answers": {"share": 0.0}})).await;
    let intents = shop.stripe(Method::GET, "payment_intents", "").await;
    assert_eq!(intents["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(intents["data"][0]["id"], payment["payment_intent"]);
    shop.close().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cut_the_payment() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.misbehave(json!({"answers": {"delay_ms": 2000}})).await;
    tokio::select! {
        answer = shop.press_pay(&order) => panic!("too early for an answer: {answer:?}"),
        () = shop.wait_for_a_call() => {}
    }
    let paying = shop.wait_for_state(&order, OrderState::Paying).await;
    assert!(paying.intent.is_some());
    shop.close().await;
}
