//! Webhooks lost, repeated, late, reordered, forged: one end for each order, the right one.
//! Keeps I2, I5, I7, I9.

use serde_json::json;

use crate::support::{Buyer, Combination, Order, Server, ServerOptions, Stores, event, wait_for};

/// How an order shall end, and how the buyer goes about it.
#[derive(Clone, Copy, Debug)]
enum Course {
    Pays,
    PaysAfterADecline,
    CancelsBeforePaying,
    CancelsAfterPressingPay,
    LetsTheDeadlinePass,
}

impl Course {
    const ALL: [Self; 5] = [
        Self::Pays,
        Self::PaysAfterADecline,
        Self::CancelsBeforePaying,
        Self::CancelsAfterPressingPay,
        Self::LetsTheDeadlinePass,
    ];

    fn end(self) -> &'static str {
        match self {
            Self::Pays | Self::PaysAfterADecline => "confirmed",
            Self::CancelsBeforePaying | Self::CancelsAfterPressingPay => "cancelled",
            Self::LetsTheDeadlinePass => "expired",
        }
    }

    async fn take(self, buyer: &Buyer, order: &Order) {
        match self {
            Self::Pays => {
                let payment = buyer.start_payment(order).await;
                assert_eq!(buyer.confirm(&payment, "pm_card_visa").await, 200);
            }
            Self::PaysAfterADecline => {
                let payment = buyer.start_payment(order).await;
                assert_eq!(buyer.confirm(&payment, "pm_card_visa_chargeDeclined").await, 402);
                let again = buyer.start_payment(order).await;
                assert_eq!(again["payment_intent"], payment["payment_intent"]);
                assert_eq!(buyer.confirm(&again, "pm_card_visa").await, 200);
            }
            Self::CancelsBeforePaying => cancel(buyer, order).await,
            Self::CancelsAfterPressingPay => {
                buyer.start_payment(order).await;
                cancel(buyer, order).await;
            }
            Self::LetsTheDeadlinePass => {
                buyer.start_payment(order).await;
            }
        }
    }
}

async fn cancel(buyer: &Buyer, order: &Order) {
    let path = format!("/v1/orders/{}/cancel", order.id);
    buyer.post(&path, &[("Holdfast-Order", &order.token)], json!({})).await.expect(200);
}

/// Ten orders of each course under `control`; each must reach its end.
async fn every_order_ends_right(control: serde_json::Value) {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    server.misbehave(control.clone()).await;
    let sale = json!({"pay_seconds": 30});
    let id = server.publish(event(10, 20, json!({"sale": sale}))).await;

    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let (buyer, id) = (Buyer::new(&server).patient(), id.clone());
            let course = Course::ALL[number % Course::ALL.len()];
            tokio::spawn(async move {
                let order = buyer.order(&buyer.hold_best(&id, 1).await).await;
                course.take(&buyer, &order).await;
                // Deadline 30 s, then at most 60 s (I9).
                let ended =
                    buyer.wait_for_order(&order, &["confirmed", "cancelled", "expired"], 95);
                assert_eq!(ended.await["status"], course.end(), "{course:?}");
                let valid = buyer.tickets(&order).await;
                let expected = usize::from(course.end() == "confirmed");
                assert_eq!(valid.iter().filter(|t| t["status"] == "valid").count(), expected);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the order ends right");
    }

    wait_for("the seats of ended orders", 5, || async {
        let availability = server.availability(&id).await;
        (availability["sold"] == 20 && availability["held"] == 0).then_some(())
    })
    .await;
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_webhooks_lost() {
    every_order_ends_right(json!({"webhooks": {"drop": 1.0}})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_webhook_repeated_fifty_times() {
    every_order_ends_right(json!({"webhooks": {"repeat": 50}})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_late_and_reordered() {
    every_order_ends_right(json!({"webhooks": {"delay_ms": 3000, "shuffle": true, "repeat": 2}}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_of_the_provider_s_answers_are_errors() {
    every_order_ends_right(json!({"answers": {"status": 500, "share": 0.2}})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_is_refused_and_changes_nothing() {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    server.misbehave(json!({"webhooks": {"drop": 1.0}})).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let buyer = Buyer::new(&server);
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let payment = buyer.start_payment(&order).await;

    let forged = json!({
        "id": "evt_forged", "object": "event", "type": "payment_intent.succeeded",
        "data": {"object": {"id": payment["payment_intent"], "object": "payment_intent",
            "status": "succeeded", "amount": 4500, "amount_received": 4500, "currency": "eur"}},
    });
    for signature in [None, Some(""), Some("t=1,v1=00"), Some("v1=ffff"), Some("t=abc,v1=zz")] {
        let mut request = server.http.post(format!("{}/v1/stripe/webhook", server.base));
        if let Some(signature) = signature {
            request = request.header("Stripe-Signature", signature);
        }
        let answer = request.json(&forged).send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{signature:?}");
    }
    assert_eq!(buyer.read_order(&order).await["status"], "awaiting_payment");
    assert!(buyer.tickets(&order).await.is_empty());
    server.assert_audit_is_clean().await;
}
