//! What buyers do at the till. Keeps I1 to I6.

use domain::order::OrderState;
use reqwest::Method;
use serde_json::json;

use crate::support::{AMOUNT, PAY_SECONDS, Shop};

#[tokio::test]
async fn a_paid_order_becomes_a_ticket() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let payment = shop.press_pay(&order).await.expect(201);
    assert_eq!(payment["provider"], "stripe");
    assert_eq!(payment["api_base"], format!("{}/sandbox/stripe", shop.base));
    assert_eq!(shop.confirm(&payment, "pm_card_visa").await.status, 200);
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    assert_eq!(shop.valid_tickets(&order).await, 1);
    let id = payment["payment_intent"].as_str().expect("an intent");
    let intent = shop.stripe(Method::GET, &format!("payment_intents/{id}"), "").await;
    assert_eq!(intent["amount_received"], AMOUNT);
    assert_eq!(intent["metadata"]["holdfast_order"], order.id.as_str());
    shop.close().await;
}

#[tokio::test]
async fn a_declined_buyer_pays_with_another_card_through_the_same_intent() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let first = shop.press_pay(&order).await.expect(201);
    assert_eq!(shop.confirm(&first, "pm_card_visa_chargeDeclined").await.status, 402);
    let again = shop.press_pay(&order).await.expect(200);
    assert_eq!(again["payment_intent"], first["payment_intent"]);
    assert_eq!(shop.confirm(&again, "pm_card_visa").await.status, 200);
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    shop.close().await;
}

#[tokio::test]
async fn three_d_secure_gives_five_more_minutes_once() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let before = shop.read(&order).await.pay_before;
    let payment = shop.payment(&order).await;
    let asked = shop.confirm(&payment, "pm_card_authenticationRequired").await;
    assert_eq!(asked.body["status"], "requires_action");
    let extended = shop
        .wait_for("more time", async || {
            let read = shop.read(&order).await;
            (read.pay_before > before).then_some(read.pay_before)
        })
        .await;
    assert_eq!(extended, before.plus_seconds(300));

    // The former deadline passes without an end.
    shop.advance_seconds(PAY_SECONDS + 60);
    shop.answer_the_bank(&payment, "complete").await;
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    assert_eq!(shop.read(&order).await.pay_before, extended);
    shop.close().await;
}

#[tokio::test]
async fn a_buyer_who_leaves_the_bank_s_page_loses_the_seat_at_the_deadline() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    shop.confirm(&payment, "pm_card_authenticationRequired").await;
    shop.wait_for("more time", async || shop.read(&order).await.deadline_extended.then_some(()))
        .await;
    shop.advance_seconds(PAY_SECONDS + 300);
    shop.wait_for_state(&order, OrderState::Expired).await;
    assert!(!shop.has_claim(&order).await);
    shop.close().await;
}

#[tokio::test]
async fn an_intent_cancelled_by_staff_gives_the_buyer_a_new_one() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let first = shop.payment(&order).await;
    let id = first["payment_intent"].as_str().expect("an intent");
    shop.stripe(Method::POST, &format!("payment_intents/{id}/cancel"), "").await;
    shop.wait_for_state(&order, OrderState::New).await;
    assert!(shop.has_claim(&order).await, "the time to pay is not over");

    let second = shop.press_pay(&order).await.expect(201);
    assert_ne!(second["payment_intent"], first["payment_intent"]);
    assert_eq!(shop.confirm(&second, "pm_card_visa").await.status, 200);
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    shop.close().await;
}

#[tokio::test]
async fn a_refund_by_staff_makes_the_ticket_void() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let payment = shop.payment(&order).await;
    shop.confirm(&payment, "pm_card_visa").await;
    shop.wait_for_state(&order, OrderState::Ticketed).await;
    let id = payment["payment_intent"].as_str().expect("an intent");

    // A part is not all.
    shop.stripe(Method::POST, "refunds", &format!("payment_intent={id}&amount=100")).await;
    shop.stripe(Method::POST, "refunds", &format!("payment_intent={id}")).await;
    shop.wait_for_state(&order, OrderState::Refunded).await;
    assert_eq!(shop.valid_tickets(&order).await, 0);
    assert!(!shop.has_claim(&order).await);
    shop.close().await;
}

#[tokio::test]
async fn an_unpressed_order_costs_stripe_no_call() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.advance_seconds(PAY_SECONDS + 1);
    shop.wait_for_state(&order, OrderState::Expired).await;
    assert!(!shop.has_claim(&order).await);
    let intents = shop.stripe(Method::GET, "payment_intents", "").await;
    assert_eq!(intents["data"], json!([]));
    shop.press_pay(&order).await.expect_refusal(409, "order_closed");
    shop.close().await;
}
