//! With the queue on, a hold needs a pass: genuine, of this event and device, and not over.

use domain::{
    hold::CustomerKey,
    id::EventId,
    queue::Lane,
    time::{Clock, Timestamp},
};
use lua::{LayLine, LinePhase, LinePlace, Partition, PassEnd, PassRecord};
use platform::{
    Keys, Secret,
    http::DeviceKey,
    tokens::{DeviceBinding, QueueToken, TokenKind},
};
use serde_json::{Value, json};

use crate::support::{Answer, Buyer, SIGNING_KEY, Sale, event};

const PERSON: CustomerKey = CustomerKey([7; 12]);

/// A published event that is sold through a waiting room.
async fn queued(sale: &Sale) -> EventId {
    let id = sale.publish(event(json!({"queue": {"enabled": true}}))).await;
    id.parse().expect("an id")
}

struct Holder<'a> {
    sale: &'a Sale,
    buyer: Buyer<'a>,
    event: EventId,
}

impl<'a> Holder<'a> {
    fn new(sale: &'a Sale, event: &EventId) -> Self {
        Self { sale, buyer: sale.buyer(), event: event.clone() }
    }

    fn token(&self, kind: TokenKind, event: &EventId, seconds: i64) -> String {
        let now: Timestamp = self.sale.clock.now();
        let device = DeviceKey::parse(&self.buyer.device).expect("a device key");
        let token = QueueToken {
            event: event.clone(),
            id: "pas_1".to_owned(),
            person: PERSON,
            lane: Lane::General,
            index: 0,
            device: DeviceBinding::of(&device),
            expires_at: now.plus_seconds(seconds),
        };
        Keys::new(&[Secret::new(SIGNING_KEY)]).expect("keys").sign_token(kind, &token, now)
    }

    fn pass(&self) -> String {
        self.token(TokenKind::Pass, &self.event, 60)
    }

    async fn hold_as(&self, device: &str, pass: &str, wish: Value) -> Answer {
        let key = platform::random::token();
        let headers =
            [("Holdfast-Device", device), ("Holdfast-Pass", pass), ("Idempotency-Key", &key)];
        let path = format!("/v1/events/{}/holds", self.event);
        self.sale.call("POST", &path, &headers, Some(wish)).await
    }

    async fn hold(&self, pass: &str, seats: &[&str]) -> Answer {
        self.hold_as(&self.buyer.device, pass, json!({"seats": seats})).await
    }
}

/// A line with this one pass.
async fn lay(sale: &Sale, event: &EventId, record: PassRecord) {
    let line = LayLine {
        term: 1,
        fence: 0,
        phase: LinePhase::Open,
        joined: [1, 0],
        ceiling: [64, 0],
        size: [1, 0],
        cursors: [1, 0, 0],
        waiting_max: 0,
        batches: Vec::new(),
        draw: None,
        passes: vec![(PERSON, record)],
    };
    let partition = Partition { event: event.clone(), index: 0 };
    sale.store.lay_line(&partition, &line).await.expect("a line");
}

#[tokio::test]
async fn a_genuine_pass_of_this_device_opens_the_event() {
    let sale = Sale::new().await;
    let event = queued(&sale).await;
    let holder = Holder::new(&sale, &event);
    let held = holder.hold(&holder.pass(), &["A-1"]).await;
    assert_eq!(held.expect(201)["seats"][0]["label"], "A-1");
}

#[tokio::test]
async fn a_pass_on_another_device_is_bound_and_a_place_is_no_pass() {
    let sale = Sale::new().await;
    let event = queued(&sale).await;
    let holder = Holder::new(&sale, &event);
    let wish = json!({"seats": ["A-1"]});
    let stranger = platform::random::token();
    let copied = holder.hold_as(&stranger, &holder.pass(), wish.clone()).await;
    copied.expect_refusal(401, "pass_bound");
    let place = holder.token(TokenKind::Place, &event, 60);
    holder.hold(&place, &["A-1"]).await.expect_refusal(401, "token_invalid");
    let other = holder.token(TokenKind::Pass, &EventId::from_bytes([9; 18]), 60);
    holder.hold(&other, &["A-1"]).await.expect_refusal(401, "token_invalid");
    let edited = holder.pass().replacen('e', "f", 1);
    holder.hold(&edited, &["A-1"]).await.expect_refusal(401, "token_invalid");
    let none = holder.buyer.try_hold(event.as_str(), wish).await;
    none.expect_refusal(401, "pass_required");
    assert_eq!(sale.counts(event.as_str()).await, [40, 0, 0, 0], "a refusal changes nothing");
}

#[tokio::test]
async fn a_pass_that_is_over_is_refused_whatever_else_is_wrong_later() {
    let sale = Sale::new().await;
    let event = queued(&sale).await;
    let holder = Holder::new(&sale, &event);
    let pass = holder.pass();
    sale.advance(60);
    holder.hold(&pass, &["no such seat"]).await.expect_refusal(403, "pass_expired");
}

#[tokio::test]
async fn a_pass_that_was_given_up_or_bought_with_is_refused_by_the_store() {
    for reason in [PassEnd::Left, PassEnd::Bought, PassEnd::Idle] {
        let sale = Sale::new().await;
        let event = queued(&sale).await;
        let holder = Holder::new(&sale, &event);
        let place = LinePlace { lane: Lane::General, index: 0 };
        lay(&sale, &event, PassRecord::Ended { reason, place }).await;
        holder.hold(&holder.pass(), &["A-1"]).await.expect_refusal(403, "pass_expired");
    }
}

#[tokio::test]
async fn the_person_of_the_pass_is_who_the_limit_counts() {
    let sale = Sale::new().await;
    let event = queued(&sale).await;
    let (one, two) = (Holder::new(&sale, &event), Holder::new(&sale, &event));
    one.hold(&one.pass(), &["A-1", "A-2", "A-3", "A-4", "A-5"]).await.expect(201);
    // Another device with a pass of the same person.
    let refused = two.hold(&two.pass(), &["B-1", "B-2", "B-3", "B-4"]).await;
    refused.expect_refusal(409, "customer_limit_reached");
}
