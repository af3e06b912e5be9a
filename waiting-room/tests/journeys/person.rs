//! One person on their way: what they do next, and what they must be told.

mod inside;
mod waiting;

use std::{
    collections::VecDeque,
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use domain::queue::{Lane, Place};
use inventory::Inventory;
use platform::http::{ClientAddress, Device, DeviceKey, PassToken, PlaceToken, Principal};
use waiting_room::{
    WaitingRoom,
    error::Refusal,
    simulation::{Asker, Tokens, make_code},
};

use crate::{
    findings::Told,
    random::Random,
    world::{OPENS_AFTER_MS, STEP_MS, TURN_SECONDS, World, cut_after, keys},
};

const NOTES_MAX: usize = 10;

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
    /// What they were told last, for whoever has to find out why.
    notes: VecDeque<String>,
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
            notes: VecDeque::new(),
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
                self.note(world, "cut by a kill");
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
            world.broke("an acknowledged place without an end", self.story());
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

    fn note(&mut self, world: &World, what: impl fmt::Display) {
        if self.notes.len() == NOTES_MAX {
            self.notes.pop_front();
        }
        self.notes.push_back(format!("{} s: {what}", world.step() * STEP_MS / 1_000));
    }

    /// Who they are, and what they were told.
    fn story(&self) -> String {
        let place = self.given.as_ref().map(|given| given.place);
        let notes: Vec<&str> = self.notes.iter().map(String::as_str).collect();
        format!("{} with {place:?}: {}", self.number, notes.join("; "))
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

    /// Away for a moment: again soon. Everything else is told.
    fn refused(&mut self, world: &World, what: &str, refusal: &Refusal) -> Option<i64> {
        match refusal {
            Refusal::QueueUnavailable | Refusal::DatabaseUnavailable => {
                self.note(world, format!("503 to {what}"));
                world.count("answered 503");
            }
            refusal => {
                world.broke("refused", format!("{what}: {refusal:?} to {}", self.story()));
                return None;
            }
        }
        Some(self.random.between(500, 2_000))
    }
}

fn device(number: usize, which: usize) -> DeviceKey {
    DeviceKey::parse(&format!("device-of-a-person-{number:012}-{which}")).expect("long enough")
}
