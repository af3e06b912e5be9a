//! What a pass is for: a hold and an order, below the role that serves them.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    hold::CustomerKey,
    id::{HoldId, HoldKey, OrderId},
    time::Clock,
};
use inventory::{HoldAnswer, HoldWish, SeatWish};
use ledger::{CreateOrder, KeptAnswer, NewOrder, OrderLine};
use platform::random;

use super::{Pass, World, claims, text_of};

impl World {
    /// Asks for a seat in the name of a pass's person.
    pub async fn try_hold(&self, pass: &Pass, seat: u32) -> HoldAnswer {
        self.hold_as(person_of(&pass.token), true, seat).await
    }

    /// Asks for a seat as somebody without a pass.
    pub async fn try_hold_without_pass(&self, seat: u32) -> HoldAnswer {
        self.hold_as(CustomerKey(random::bytes()), false, seat).await
    }

    async fn hold_as(&self, customer: CustomerKey, has_pass: bool, seat: u32) -> HoldAnswer {
        let event = self.node.inventory.event_by_id(&self.event.id).await;
        let event = event.expect("stores").expect("the event");
        let wish = HoldWish {
            key: HoldKey(random::bytes()),
            created: self.clock.now(),
            fingerprint: random::bytes(),
            customer,
            customer_limit: 8,
            address: None,
            wish: SeatWish::Seats(vec![seat]),
            areas: Vec::new(),
            has_pass,
        };
        self.node.inventory.hold(&event, wish).await.expect("the inventory answers")
    }

    /// Buys a seat that costs nothing, from the hold to the tickets.
    pub async fn buy(&self, pass: &Pass, seat: u32) {
        let HoldAnswer::Held { record, .. } = self.try_hold(pass, seat).await else {
            panic!("the seat is not free");
        };
        let now = self.clock.now();
        let id = OrderId::new(now, random::bytes());
        let order = NewOrder {
            id: id.clone(),
            event: self.event.id.clone(),
            hold: HoldId {
                created: record.created,
                event: self.event.number,
                partition: 0,
                key: record.key,
            },
            customer: record.customer,
            email_customer: CustomerKey(random::bytes()),
            email: "buyer@example.org".to_owned(),
            name: None,
            lines: vec![OrderLine {
                number: 0,
                seat: Some(seat),
                area: None,
                label: "1-1".to_owned(),
                category: "Stalls".to_owned(),
                quantity: 1,
                price: 0,
            }],
            amount: 0,
            currency: self.event.currency,
            pay_before: now.plus_seconds(600),
            customer_limit: 8,
            area_capacities: Vec::new(),
            answer: KeptAnswer {
                key: random::token(),
                fingerprint: String::new(),
                status: 201,
                body: String::new(),
            },
        };
        match self.ledger.create_order(order).await.expect("the ledger answers") {
            CreateOrder::Created(_) => {}
            other => panic!("no order: {other:?}"),
        }
        self.node.inventory.settle_order(&id).await.expect("the inventory answers");
    }
}

/// In whose name a token was given.
pub fn person_of(token: &str) -> CustomerKey {
    let text = text_of(&claims(token), "sub");
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
    CustomerKey(bytes.try_into().expect("twelve bytes"))
}
