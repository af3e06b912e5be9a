//! Changing, publishing and cancelling events.

use std::time::Duration;

use domain::id::OrderId;
use ledger::{BeginIntent, CancelEvent};
use serde_json::{Value, json};

use crate::support::{Sale, event};

async fn change(sale: &Sale, id: &str, change: Value) -> crate::support::Answer {
    sale.organizer("PATCH", &format!("/v1/events/{id}"), change).await
}

async fn act(sale: &Sale, id: &str, verb: &str) -> crate::support::Answer {
    sale.organizer("POST", &format!("/v1/events/{id}/{verb}"), json!({})).await
}

#[tokio::test]
async fn publishing_again_answers_the_same() {
    let sale = Sale::new().await;
    let id = sale.draft(event(json!({}))).await;
    let first = act(&sale, &id, "publish").await.expect(200);
    sale.advance(10);
    let again = act(&sale, &id, "publish").await.expect(200);
    assert_eq!(first, again);
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
}

#[tokio::test]
async fn a_draft_whose_start_has_passed_cannot_be_published() {
    let sale = Sale::new().await;
    let id = sale.draft(event(json!({"starts_at": sale.later(60)}))).await;
    sale.advance(61);
    act(&sale, &id, "publish").await.expect_refusal(422, "invalid_request");
}

#[tokio::test]
async fn a_cancelled_event_is_over_for_good() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let cancelled = act(&sale, &id, "cancel").await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(act(&sale, &id, "cancel").await.expect(200), cancelled);

    act(&sale, &id, "publish").await.expect_refusal(409, "invalid_transition");
    change(&sale, &id, json!({"name": "New"})).await.expect_refusal(409, "invalid_transition");
    let hold = sale.buyer().try_hold(&id, json!({"seats": ["A-1"]})).await;
    hold.expect_refusal(403, "sale_closed");
    assert_eq!(sale.get("/v1/events").await.expect(200)["data"], json!([]));
    assert_eq!(sale.get(&format!("/v1/events/{id}")).await.expect(200)["status"], "cancelled");
}

#[tokio::test]
async fn a_draft_can_be_cancelled() {
    let sale = Sale::new().await;
    let id = sale.draft(event(json!({}))).await;
    act(&sale, &id, "cancel").await.expect(200);
    act(&sale, &id, "publish").await.expect_refusal(409, "invalid_transition");
}

#[tokio::test]
async fn an_event_with_sold_tickets_cannot_be_cancelled() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let buyer = sale.buyer();
    buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    act(&sale, &id, "cancel").await.expect_refusal(409, "has_sold_tickets");
    assert_eq!(sale.get(&format!("/v1/events/{id}")).await.expect(200)["status"], "published");
}

#[tokio::test]
async fn cancelling_an_event_ends_its_unpaid_orders() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let hold = buyer.hold(&id, &["A-2"]).await;

    act(&sale, &id, "cancel").await.expect(200);
    assert_eq!(buyer.read_order(&order).await["status"], "cancelled");
    buyer.try_order(&hold).await.expect_refusal(403, "sale_closed");
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_event_with_an_order_that_may_be_paid_cannot_be_cancelled() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let unpaid = buyer.order(&buyer.hold(&id, &["A-2"]).await).await;
    press_pay(&sale, &order.id).await;

    act(&sale, &id, "cancel").await.expect_refusal(409, "has_sold_tickets");
    assert_eq!(buyer.read_order(&unpaid).await["status"], "awaiting_payment");
    assert_eq!(sale.get(&format!("/v1/events/{id}")).await.expect(200)["status"], "published");
    sale.assert_ledger_is_clean().await;
}

/// What the role `payments` does before the buyer may confirm.
async fn press_pay(sale: &Sale, order: &str) {
    let order: OrderId = order.parse().expect("an order's id");
    let begun = sale.ledger.begin_intent(&order).await.expect("a ledger");
    assert!(matches!(begun, BeginIntent::Attempt { attempt: 1, .. }), "{begun:?}");
    assert!(sale.ledger.store_intent(&order, 1, "pi_1", "secret").await.expect("a ledger"));
}

#[tokio::test]
async fn a_started_event_is_completed() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({
        "starts_at": sale.later(300),
        "prices": {"Stalls": 4500, "Floor": 0},
    })));
    let id = id.await;
    let buyer = sale.buyer();
    let unpaid = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let sold = buyer.order(&buyer.hold_places(&id, 2).await).await;
    let hold = buyer.hold(&id, &["A-2"]).await;
    let path = format!("/v1/events/{id}");

    let past = change(&sale, &id, json!({"starts_at": sale.later(-1)})).await;
    past.expect_refusal(422, "invalid_request");
    sale.advance(301);
    let shutdown = sale.spawn_tasks();
    while sale.get(&path).await.expect(200)["status"] != "completed" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();

    for verb in ["publish", "cancel"] {
        act(&sale, &id, verb).await.expect_refusal(409, "invalid_transition");
    }
    let later = json!({"starts_at": sale.later(600)});
    change(&sale, &id, later).await.expect_refusal(409, "invalid_transition");
    let wish = json!({"seats": ["A-3"]});
    sale.buyer().try_hold(&id, wish).await.expect_refusal(403, "sale_closed");
    buyer.try_order(&hold).await.expect_refusal(403, "sale_closed");

    assert_eq!(buyer.tickets(&sold).await.len(), 2);
    press_pay(&sale, &unpaid.id).await;
    assert_eq!(buyer.read_order(&sold).await["status"], "confirmed");
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_order_is_refused_although_this_process_has_not_heard_of_the_cancelling() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let hold = buyer.hold(&id, &["A-1"]).await;
    let cancelled = sale.ledger.cancel_event(&id.parse().expect("an event's id")).await;
    assert!(matches!(cancelled, Ok(CancelEvent::Cancelled(_))), "{cancelled:?}");
    buyer.try_order(&hold).await.expect_refusal(403, "sale_closed");
    act(&sale, &id, "cancel").await.expect(200);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"description": "Old"}))).await;
    let before = sale.get(&format!("/v1/events/{id}")).await.expect(200);
    let changed = change(
        &sale,
        &id,
        json!({"name": "New", "prices": {"Stalls": 1}, "sale": {"max_per_customer": 2}}),
    );
    let changed = changed.await.expect(200);

    let mut expected = before;
    expected["name"] = json!("New");
    expected["prices"]["Stalls"] = json!(1);
    expected["sale"]["max_per_customer"] = json!(2);
    assert_eq!(changed, expected);
    assert_eq!(sale.get(&format!("/v1/events/{id}")).await.expect(200), expected);

    let removed = change(&sale, &id, json!({"description": null})).await.expect(200);
    assert_eq!(removed["description"], Value::Null);
    // The next hold goes by the new rules at once.
    let wish = json!({"seats": ["A-1", "A-2", "A-3"]});
    sale.buyer().try_hold(&id, wish).await.expect_refusal(409, "customer_limit_reached");
}

#[tokio::test]
async fn rules_of_the_queue_are_set_and_changed_one_by_one() {
    let sale = Sale::new().await;
    let queue = json!({"invite_only": true, "max_waiting": 500, "proof_of_work": false});
    let id = sale.publish(event(json!({"queue": queue}))).await;
    let path = format!("/v1/events/{id}");
    let mut expected = sale.get(&path).await.expect(200)["queue"].clone();
    assert_eq!(expected["invite_only"], true);
    assert_eq!(expected["max_waiting"], 500);
    assert_eq!(expected["proof_of_work"], false);
    assert_eq!(expected["priority_share"], 20);

    let rules = json!({"max_waiting": null, "priority_share": 0, "admit_per_minute": 1_000_000});
    let changed = change(&sale, &id, json!({"queue": rules})).await.expect(200);
    expected["max_waiting"] = Value::Null;
    expected["priority_share"] = json!(0);
    expected["admit_per_minute"] = json!(1_000_000);
    assert_eq!(changed["queue"], expected);
    assert_eq!(sale.get(&path).await.expect(200)["queue"], expected);
}

#[tokio::test]
async fn a_change_out_of_bounds_changes_nothing() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let before = sale.get(&format!("/v1/events/{id}")).await.expect(200);
    let refused = [
        (json!({"name": ""}), "name"),
        (json!({"starts_at": sale.later(-1)}), "starts_at"),
        (json!({"prices": {"Stalls": -1}}), "prices"),
        (json!({"sale": {"hold_seconds": 0}}), "sale.hold_seconds"),
        (json!({"sale": {"hold_seconds": 1801}}), "sale.hold_seconds"),
        (json!({"sale": {"closes_at": "2035-06-01T19:00:00.001Z"}}), "sale.closes_at"),
        (json!({"queue": {"pass_seconds": 0}}), "queue.pass_seconds"),
        (json!({"queue": {"priority_share": 51}}), "queue.priority_share"),
        (json!({"areas": [{"name": "Standing", "capacity": 0}]}), "areas.capacity"),
        (json!({"areas": [{"name": "Standing", "capacity": 150_000}]}), "areas.capacity"),
        (json!({"name": "New", "areas": [{"name": "Standing", "capacity": 0}]}), "areas.capacity"),
    ];
    for (body, field) in refused {
        let refusal = change(&sale, &id, body.clone()).await.expect_refusal(422, "invalid_request");
        assert!(
            refusal["detail"].as_str().expect("a detail").starts_with(field),
            "{body} {refusal}"
        );
    }
    for body in [json!({"slug": "other"}), json!({"currency": "USD"}), json!({"status": "draft"})] {
        change(&sale, &id, body).await.expect_refusal(422, "invalid_request");
    }
    let unknown = json!({"areas": [{"name": "Balcony", "capacity": 5}]});
    change(&sale, &id, unknown).await.expect_refusal(422, "unknown_area");
    assert_eq!(sale.get(&format!("/v1/events/{id}")).await.expect(200), before);
    assert_eq!(sale.counts(&id).await, [40, 0, 0, 0]);
}

#[tokio::test]
async fn capacity_follows_the_organiser_but_never_below_what_is_claimed() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let buyer = sale.buyer();
    let seat = sale.buyer().hold(&id, &["A-1"]).await;
    buyer.order(&buyer.hold_places(&id, 5).await).await;

    let resize = |capacity: u32| {
        change(&sale, &id, json!({"areas": [{"name": "Standing", "capacity": capacity}]}))
    };
    resize(4).await.expect_refusal(409, "capacity_below_sold");
    assert_eq!(sale.availability(&id).await["areas"]["Standing"]["total"], 20);
    resize(5).await.expect(200);
    let full = sale.availability(&id).await;
    assert_eq!(
        full["areas"]["Standing"],
        json!({"total": 5, "free": 0, "held": 5, "sold": 0, "blocked": 0})
    );
    let wish = json!({"areas": [{"name": "Standing", "quantity": 1}]});
    sale.buyer().try_hold(&id, wish.clone()).await.expect_refusal(409, "sold_out");
    resize(6).await.expect(200);
    sale.buyer().try_hold(&id, wish).await.expect(201);
    let chart = sale.get(&format!("/v1/events/{id}/chart")).await.expect(200);
    assert_eq!(chart["areas"][0]["capacity"], 6);
    // A hold of before the change is still there.
    assert_eq!(buyer.read_hold(&seat).await.expect(200)["status"], "active");
    sale.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_repeated_change_is_made_once() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let path = format!("/v1/events/{id}");
    let rename = |name: &str| {
        let body = json!({"name": name});
        let path = path.clone();
        let sale = &sale;
        async move { sale.organizer_again("PATCH", &path, body, "rename").await }
    };
    rename("First").await.expect(200);
    change(&sale, &id, json!({"name": "Second"})).await.expect(200);
    let again = rename("First").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(200)["name"], "First");
    assert_eq!(sale.get(&path).await.expect(200)["name"], "Second");
    rename("Third").await.expect_refusal(422, "idempotency_key_reused");
}
