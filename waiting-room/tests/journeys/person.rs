//! One person on their way: what they do next, and what they must be told.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use domain::{
    id::{HoldId, HoldKey, OrderId},
    queue::{Lane, Place},
    seat::AreaQuantity,
};
use inventory::{HoldAnswer, HoldWish, Inventory, SeatWish};
use ledger::{CreateOrder, KeptAnswer, NewOrder, OrderLine};
use platform::{
    http::{ClientAddress, Device, DeviceKey, PassToken, PlaceToken, Principal},
    tokens::{QueueToken, TokenKind},
};
use waiting_room::{
    WaitingRoom,
    error::Refusal,
    simulation::{
        Asker, EnterAnswer, JoinAnswer, PlaceState, Tokens, enter_line, join_line, leave_line,
        make_code, read_status,
    },
    views::JoinView,
};

use crate::{
    findings::Told,
    random::Random,
    world::{
        OPENS_AFTER_MS, PASS_SECONDS, STEP_MS, TURN_SECONDS, Trouble, World, cut_after, keys, rate,
    },
};

/// Processes read a line so often: their cursors may differ as long.
const READ_APART_MS: i64 = 250;

/// What somebody does once inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Buys,
    Leaves,
    /// Lets the pass run out.
    Sleeps,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Outside,
    InLine,
    /// With a pass; until then (ms) they look around.
    Inside(i64),
    Gone,
}

/// A place as it was given.
struct Given {
    place: Place,
    token: String,
}

pub struct Person {
    number: usize,
    random: Random,
    device: DeviceKey,
    account: Option<String>,
    code: Option<String>,
    address: ClientAddress,
    /// Asks so many times more seldom than it is told to.
    patience: i64,
    /// Does not come when the turn is there: for good, or for so long.
    absent: Option<Option<i64>>,
    away_until: i64,
    opens_tabs: bool,
    gives_up_at: Option<u32>,
    ending: Ending,
    renews: bool,
    stage: Stage,
    given: Option<Given>,
    pass: Option<String>,
    asked: u32,
    asked_at: i64,
    /// The position that was shown last, and when.
    shown: Option<(u64, i64)>,
    told: Option<Told>,
    told_weight: f64,
    had_turn: bool,
    /// Joined anew after a loss: this person has had two places.
    moved: bool,
}

impl Person {
    pub fn new(number: usize, seed: u64, world: &World) -> Self {
        let mut random = Random::new(seed ^ (number as u64) << 20);
        let account = random.in_hundred(30).then(|| format!("buyer-{number}"));
        let code = random
            .in_hundred(5)
            .then(|| make_code(&keys(), &world.event, Lane::Priority, "codes", number as u32));
        Self {
            device: device(number, 0),
            account,
            code,
            address: ClientAddress(IpAddr::V4(Ipv4Addr::from_bits(number as u32))),
            patience: random.between(2, 12),
            absent: match random.below(100) {
                0..12 => Some(None),
                12..24 => Some(Some(random.between(TURN_SECONDS * 1_000, 180_000))),
                _ => None,
            },
            away_until: 0,
            opens_tabs: random.in_hundred(20),
            gives_up_at: random.in_hundred(3).then(|| random.below(12) as u32),
            ending: match random.below(100) {
                0..8 => Ending::Buys,
                8..75 => Ending::Leaves,
                _ => Ending::Sleeps,
            },
            renews: random.in_hundred(30),
            stage: Stage::Outside,
            given: None,
            pass: None,
            asked: 0,
            asked_at: 0,
            shown: None,
            told: None,
            told_weight: 0.0,
            had_turn: false,
            moved: false,
            number,
            random,
        }
    }

    /// When they come: half of them before the opening, the rest while half are let in.
    pub fn arrives_at(&mut self, world: &World) -> i64 {
        let ms = match self.random.in_hundred(50) {
            true => self.random.between(1_000, OPENS_AFTER_MS),
            false => OPENS_AFTER_MS + self.random.between(0, world.minutes as i64 * 30_000),
        };
        ms / STEP_MS + 1
    }

    /// Something; the step at which they act again, unless their journey is over.
    pub async fn act(&mut self, world: &World) -> Option<i64> {
        let (room, inventory, polls) = world.any_node();
        let after_ms = match cut_after(polls, self.move_on(world, &room, &inventory)).await {
            Some(after_ms) => after_ms,
            None => {
                world.count("requests cut by a kill");
                Some(self.random.between(500, 2_000))
            }
        };
        let Some(after_ms) = after_ms else {
            self.end(world);
            return None;
        };
        Some(world.step() + (after_ms / STEP_MS).max(1))
    }

    fn end(&mut self, world: &World) {
        self.stage = Stage::Gone;
        world.count("journeys");
        if let Some(told) = self.told {
            world.findings.borrow_mut().told(told);
        }
    }

    /// The sale is over, and they still wait.
    pub fn stuck(&self, world: &World) {
        if self.stage != Stage::Gone {
            let place = self.given.as_ref().map(|given| given.place);
            let position = place.and_then(|place| world.findings.borrow().position(place));
            let example = format!("{}: {place:?} at {position:?}", self.number);
            world.broke("an acknowledged place without an end", example);
        }
    }

    async fn move_on(
        &mut self,
        world: &World,
        room: &Arc<WaitingRoom>,
        inventory: &Inventory,
    ) -> Option<i64> {
        let now = world.now().as_millis();
        match self.stage {
            Stage::Outside => self.join(world, room).await,
            Stage::InLine if self.gives_up_at.is_some_and(|at| self.asked >= at) => {
                self.leave(world, room).await
            }
            Stage::InLine => match self.random.below(100) {
                0..2 => self.refresh(world, room).await,
                2..4 if self.opens_tabs => self.open_a_tab(world, room).await,
                _ => self.ask(world, room).await,
            },
            Stage::Inside(until) if now < until && self.renews => {
                self.renews = false;
                self.renew(world, room).await?;
                Some(until - now)
            }
            Stage::Inside(until) if now < until => Some(until - now),
            Stage::Inside(_) => self.finish(world, room, inventory).await,
            Stage::Gone => None,
        }
    }

    fn tokens(&self) -> Tokens {
        Tokens {
            place: PlaceToken::new(self.given.as_ref().map(|given| given.token.clone())),
            pass: PassToken::new(self.pass.clone()),
            device: Device(Some(self.device.clone())),
        }
    }

    fn asker(&self, device: DeviceKey, place: Option<String>) -> Asker {
        Asker {
            principal: match &self.account {
                Some(name) => Principal::Account(name.clone()),
                None => Principal::Device(device.clone()),
            },
            device: Device(Some(device)),
            address: self.address,
            place: PlaceToken::new(place),
            work: None,
            code: self.code.clone(),
        }
    }

    async fn join(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let asker = self.asker(self.device.clone(), None);
        match join_line(room, world.event.as_str(), &asker).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("places given");
                let given = given(world, view);
                world.findings.borrow_mut().acknowledged(
                    given.place,
                    self.number,
                    world.trouble == Trouble::Losses,
                );
                self.given = Some(given);
                self.stage = Stage::InLine;
                self.asked_at = world.now().as_millis();
                Some(self.random.between(200, 3_000))
            }
            Err(refusal) => self.refused(world, "join", &refusal),
        }
    }

    /// The page is loaded again: the place is shown, and is the same.
    async fn refresh(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let given = self.given.as_ref().expect("in line");
        let asker = self.asker(self.device.clone(), Some(given.token.clone()));
        match join_line(room, world.event.as_str(), &asker).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("refreshes");
                self.same_place(world, view, "a refresh that lost the place");
                Some(self.random.between(100, 2_000))
            }
            Err(refusal) => self.refused(world, "refresh", &refusal),
        }
    }

    /// In the same browser, or (with an account) on another device.
    async fn open_a_tab(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let device = match self.account.is_some() || self.code.is_some() {
            true => device(self.number, 1),
            false => self.device.clone(),
        };
        match join_line(room, world.event.as_str(), &self.asker(device, None)).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("second tabs");
                self.same_place(world, view, "a second tab with another place");
                Some(self.random.between(100, 2_000))
            }
            Err(refusal) => self.refused(world, "second tab", &refusal),
        }
    }

    fn same_place(&mut self, world: &World, view: JoinView, rule: &'static str) {
        let seen = given(world, view);
        let known = self.given.as_ref().expect("in line").place;
        world.findings.borrow_mut().acknowledged(
            seen.place,
            self.number,
            world.trouble == Trouble::Losses,
        );
        if seen.place == known || self.moved {
            return;
        }
        if world.trouble == Trouble::Losses && rule.contains("tab") {
            // Nothing was shown, and the store had forgotten: that is a second place.
            self.moved = true;
            world.count("second places after a loss");
        } else {
            world.broke(rule, format!("{}: {known:?}, {:?}", self.number, seen.place));
        }
    }

    async fn ask(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let status = match read_status(room, world.event.as_str(), &self.tokens()).await {
            Ok(status) => status,
            Err(refusal) => return self.refused(world, "status", &refusal),
        };
        world.count("status requests");
        self.asked += 1;
        let (now, place) = (world.now(), self.given.as_ref().expect("in line").place);
        let elapsed_ms = now.as_millis() - self.asked_at;
        self.asked_at = now.as_millis();
        if let Some(position) = status.position {
            self.check_position(world, place, position);
        }
        match status.state {
            PlaceState::Early => {}
            PlaceState::Waiting => {
                if let Some(eta) = status.eta_seconds {
                    let told = Told { at_ms: now.as_millis(), place, low: eta.low, high: eta.high };
                    self.keep(told, elapsed_ms as f64);
                }
            }
            PlaceState::YourTurn => return self.turn(world, room).await,
            PlaceState::Missed => {
                world.count("asked after a missed turn");
                if self.absent == Some(None) {
                    return None;
                }
            }
            // A fail-over can cost a place whose end another had; they join again.
            PlaceState::Done if world.trouble == Trouble::Losses => return self.lost(world),
            PlaceState::Inside | PlaceState::Done | PlaceState::Closed => {
                let example = format!("{}: {:?}", self.number, status.state);
                world.broke("a state that nobody in line has", example);
            }
        }
        let poll_ms = status.poll_after_ms as i64;
        if self.random.in_hundred(5) {
            // The page is loaded again at once, or a second tab asks: perhaps another process.
            world.count("status requests right after one");
            return Some(STEP_MS);
        }
        Some(match status.state {
            PlaceState::Waiting => (poll_ms * self.patience).min(180_000),
            PlaceState::Early => poll_ms * 4,
            _ => poll_ms,
        })
    }

    /// Lower each time, what the draw says, and never ahead of the ledger.
    fn check_position(&mut self, world: &World, place: Place, position: u64) {
        let now = world.now().as_millis();
        match self.shown {
            // Two processes are a reading apart: counted, and no more than that.
            Some((before, at)) if position > before && now - at <= READ_APART_MS => {
                world.count("rose between processes asked at once");
            }
            Some((before, at)) if position > before => {
                let example = format!("{}: {before} to {position} in {} ms", self.number, now - at);
                world.broke("a position that rose", example);
            }
            _ => {}
        }
        self.shown = Some((position, now));
        let findings = world.findings.borrow();
        let (Some(drawn), cursors) = (findings.position(place), findings.cursors()) else {
            return;
        };
        drop(findings);
        let cursor = cursors[place.lane.number()];
        // The cursors seen in the ledger are up to half a second old: one step of the controller.
        let most = u64::from(rate(world.people, world.minutes)) / 10 + 40;
        if position > drawn + 1 || drawn + 1 - position > cursor + most {
            let example = format!("{position} of {drawn} at {cursor}");
            world.broke("a position that is not the draw's", example);
        }
    }

    /// One of all moments of the wait, each as likely: a reservoir weighted by time.
    fn keep(&mut self, told: Told, weight: f64) {
        self.told_weight += weight;
        if self.random.share() < weight / self.told_weight {
            self.told = Some(told);
        }
    }

    async fn turn(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
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
                if why.contains("anew") && world.trouble == Trouble::Losses {
                    return self.lost(world);
                }
                if why.contains("anew") {
                    world.broke("a place given anew", self.number);
                    self.given = None;
                    self.stage = Stage::Outside;
                }
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

    async fn renew(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
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

    async fn finish(
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

    async fn leave(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        match leave_line(room, world.event.as_str(), &self.tokens()).await {
            Ok(()) => {
                world.count("gave up in line");
                None
            }
            Err(refusal) => self.refused(world, "leave", &refusal),
        }
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
            HoldAnswer::Held { record, .. } => record,
            other => {
                if world.trouble != Trouble::Losses {
                    world.broke("a hold refused inside", format!("{other:?}"));
                }
                return None;
            }
        };
        let order = NewOrder {
            id: OrderId::new(world.now(), key),
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
                body: String::new(),
            },
        };
        let id = order.id.clone();
        match world.ledger.create_order(order).await.ok()? {
            CreateOrder::Created(_) => {}
            other => {
                world.broke("an order refused inside", format!("{other:?}"));
                return None;
            }
        }
        inventory.settle_order(&id).await.ok().map(|_| ())
    }

    /// A place that was lost with the store: they stand in line again, behind.
    fn lost(&mut self, world: &World) -> Option<i64> {
        world.count("in line, and told after a loss that it was over");
        self.given = None;
        self.pass = None;
        self.shown = None;
        self.moved = true;
        self.stage = Stage::Outside;
        Some(self.random.between(500, 2_000))
    }

    /// Away for a moment: again soon. Everything else is told.
    fn refused(&mut self, world: &World, what: &str, refusal: &Refusal) -> Option<i64> {
        match refusal {
            // A line that was lost is laid in steps: whoever is inside is let in again soon.
            Refusal::NotYourTurn(_) if what == "renew" && world.trouble == Trouble::Losses => {
                world.count("inside, and told to wait after a loss");
                self.renews = true;
            }
            Refusal::QueueUnavailable | Refusal::DatabaseUnavailable => {
                world.count("answered 503");
            }
            Refusal::PassExpired if what == "enter" && world.trouble == Trouble::Losses => {
                return self.lost(world);
            }
            // The store lost an end or a place; who shows a place still has it.
            refusal => {
                world.broke("refused", format!("{what}: {refusal:?} to {}", self.number));
                return None;
            }
        }
        Some(self.random.between(500, 2_000))
    }
}

fn given(world: &World, view: JoinView) -> Given {
    let token = keys_of(world, &view.place);
    Given { place: Place { lane: token.lane, index: token.index }, token: view.place }
}

fn keys_of(world: &World, place: &str) -> QueueToken {
    let token = keys().read_token(TokenKind::Place, place, &world.event, world.now());
    token.expect("a place that was just signed")
}

fn device(number: usize, which: usize) -> DeviceKey {
    DeviceKey::parse(&format!("device-of-a-person-{number:012}-{which}")).expect("long enough")
}
