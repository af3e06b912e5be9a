//! From the turn to the end: entering, staying, buying, leaving, and not getting in again.

use std::sync::Arc;

use domain::{
    id::{HoldId, HoldKey, OrderId},
    seat::AreaQuantity,
};
use inventory::{HoldAnswer, HoldWish, Inventory, SeatWish};
use ledger::{CreateOrder, KeptAnswer, NewOrder, OrderLine};
use platform::tokens::{QueueToken, TokenKind};
use waiting_room::{
    WaitingRoom,
    error::Refusal,
    simulation::{EnterAnswer, enter_line, leave_line},
};

use super::{Ending, Person, Stage};
use crate::world::{PASS_SECONDS, Trouble, World, keys};

impl Person {
    pub(super) async fn turn(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let now = world.now().as_millis();
        self.had_turn = true;
        match self.absent {
            Some(None) => {
                world.count("turns that nobody took");
                return None;
            }
            Some(Some(for_ms)) => {
                if self.away_until == 0 {
                    self.away_until = now + for_ms;
                    return Some(for_ms);
                }
                self.absent = None;
                world.count("came back after their turn");
            }
            None => {}
        }
        self.enter(world, room).await
    }

    async fn enter(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let now = world.now().as_millis();
        let view = match enter_line(room, world.event.as_str(), &self.tokens()).await {
            Ok(EnterAnswer::New(view)) => {
                world.count("entered");
                let place = self.given.as_ref().expect("in line").place;
                world.findings.borrow_mut().entered(place, self.number);
                view
            }
            Ok(EnterAnswer::Renewed(view)) => {
                world.count("entered, by an answer again");
                view
            }
            Err(Refusal::NotYourTurn(why)) => {
                if why.contains("anew") {
                    world.broke("a place given anew", self.story());
                    return None;
                }
                self.note(world, format!("no entry: {why}"));
                world.count("a turn that was over when they entered");
                return Some(self.random.between(500, 3_000));
            }
            Err(refusal) => return self.refused(world, "enter", &refusal),
        };
        self.pass = Some(view.pass);
        let stays_ms = self.random.between(5_000, PASS_SECONDS * 1_000 - 15_000);
        self.stage = Stage::Inside(now + stays_ms);
        Some(if self.renews { stays_ms / 2 } else { stays_ms })
    }

    pub(super) async fn renew(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        match enter_line(room, world.event.as_str(), &self.tokens()).await {
            Ok(EnterAnswer::Renewed(view)) => {
                world.count("passes renewed");
                self.pass = Some(view.pass);
                Some(0)
            }
            Ok(EnterAnswer::New(_)) => {
                let place = self.given.as_ref().expect("in line").place;
                world.findings.borrow_mut().entered(place, self.number);
                Some(0)
            }
            Err(refusal) => self.refused(world, "renew", &refusal),
        }
    }

    pub(super) async fn finish(
        &mut self,
        world: &World,
        room: &Arc<WaitingRoom>,
        inventory: &Inventory,
    ) -> Option<i64> {
        match self.ending {
            Ending::Leaves => match leave_line(room, world.event.as_str(), &self.tokens()).await {
                Ok(()) => world.count("left from inside"),
                Err(refusal) => return self.refused(world, "leave", &refusal),
            },
            Ending::Sleeps => {
                let over = self.asked_at + PASS_SECONDS * 2_000;
                if world.now().as_millis() < over {
                    return Some(over - world.now().as_millis());
                }
                world.count("let the pass run out");
            }
            Ending::Buys => {
                if self.buy(world, inventory).await.is_none() {
                    world.count("could not buy at once");
                    self.ending = Ending::Leaves;
                    return Some(1_000);
                }
                world.count("bought");
            }
        }
        // With the same place nobody gets in again.
        match enter_line(room, world.event.as_str(), &self.tokens()).await {
            Ok(EnterAnswer::New(_)) => {
                let place = self.given.as_ref().expect("in line").place;
                world.findings.borrow_mut().entered(place, self.number);
            }
            Ok(EnterAnswer::Renewed(_)) if world.trouble == Trouble::Losses => {
                world.count("a pass that ended and was forgotten to have");
            }
            Ok(EnterAnswer::Renewed(_)) => {
                let ending = match self.ending {
                    Ending::Buys => "bought",
                    Ending::Leaves => "left",
                    Ending::Sleeps => "slept",
                };
                world.broke("a pass that lived on after its end", ending);
            }
            Err(Refusal::PassExpired) => world.count("ended passes refused"),
            Err(_) => {}
        }
        None
    }

    /// A place in the field, for nothing: sold at once.
    async fn buy(&mut self, world: &World, inventory: &Inventory) -> Option<()> {
        let pass: QueueToken = keys()
            .read_token(TokenKind::Pass, self.pass.as_deref()?, &world.event, world.now())
            .ok()?;
        let mut key = [0; 12];
        key[..8].copy_from_slice(&(self.number as u64).to_be_bytes());
        let at_work = inventory.event_by_id(&world.event).await.ok()??;
        let wish = HoldWish {
            key: HoldKey(key),
            created: world.now(),
            fingerprint: [7; 8],
            customer: pass.person,
            customer_limit: 8,
            address: None,
            wish: SeatWish::None,
            areas: vec![AreaQuantity { area: 0, quantity: 1 }],
            has_pass: true,
        };
        let record = match inventory.hold(&at_work, wish).await.ok()? {
            // Or its first answer was lost.
            HoldAnswer::Held { record, .. } | HoldAnswer::Replayed { record, .. } => record,
            other => {
                if world.trouble != Trouble::Losses {
                    world.broke("a hold refused inside", format!("{other:?}"));
                }
                return None;
            }
        };
        let mut id = OrderId::new(world.now(), key);
        let order = NewOrder {
            id: id.clone(),
            event: world.event.clone(),
            hold: HoldId {
                created: record.created,
                event: world.number,
                partition: 0,
                key: record.key,
            },
            customer: record.customer,
            email_customer: pass.person,
            email: "buyer@example.org".to_owned(),
            name: None,
            amount: 0,
            lines: vec![OrderLine {
                number: 0,
                seat: None,
                area: Some(0),
                label: "field".to_owned(),
                category: "stalls".to_owned(),
                quantity: 1,
                price: 0,
            }],
            currency: at_work.event.currency,
            pay_before: world.now().plus_seconds(600),
            customer_limit: 8,
            area_capacities: Vec::new(),
            answer: KeptAnswer {
                key: format!("order-{}", self.number),
                fingerprint: String::new(),
                status: 201,
                body: id.to_string(),
            },
        };
        match world.ledger.create_order(order).await.ok()? {
            CreateOrder::Created(_) => {}
            // The first answer was lost.
            CreateOrder::Replayed(answer) => id = answer.body.parse().expect("an order's id"),
            other => {
                world.broke("an order refused inside", format!("{other:?}"));
                return None;
            }
        }
        inventory.settle_order(&id).await.ok().map(|_| ())
    }
}
