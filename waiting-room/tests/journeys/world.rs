//! One sale: an in-process store and a ledger that several processes share, a clock in the
//! simulation's hand, and what goes wrong.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use domain::{
    event::{EventStatus, Queue, Sale},
    id::{EventId, EventNumber},
    time::{Clock, Timestamp},
};
use inventory::{Inventory, InventorySettings};
use ledger::{InsertEvent, Ledger, NewEvent};
use lua::{ListPositions, Partition, Reader, Store, keyspace::Keyspace};
use platform::{Keys, Secret};
use serde_json::json;
use testkit::SettableClock;
use waiting_room::{Rounds, WaitingRoom, WaitingRoomSettings};

use crate::{findings::Findings, random::Random};

/// One step of the simulation. Processes follow every second one and lead every eighth, not all at
/// once.
pub const STEP_MS: i64 = 125;
const FOLLOW_STEPS: i64 = 2;
const LEAD_STEPS: i64 = 8;
/// The ledger is looked at so often.
const COMPARE_STEPS: i64 = 4;
pub const NODES: usize = 3;
pub const OPENS_AFTER_MS: i64 = 60_000;
pub const PASS_SECONDS: i64 = 60;
pub const TURN_SECONDS: i64 = 30;
/// In the area of the hall, sold for nothing.
const CAPACITY: u32 = 140_000;

/// What goes wrong in a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// Processes are killed at any step, and hang.
    Kills,
    /// Also: the store loses its last writes, or everything; calls are cut.
    Losses,
}

/// A process.
pub struct Node {
    pub room: Arc<WaitingRoom>,
    pub inventory: Inventory,
    rounds: Option<Rounds>,
    /// Not before this step it serves, or (when it hangs) leads.
    up_at: i64,
    leads_at: i64,
}

pub struct World {
    pub trouble: Trouble,
    pub people: u64,
    /// In which everybody would be let in at the first rate.
    pub minutes: u64,
    pub clock: SettableClock,
    pub store: Store,
    pub ledger: Ledger,
    pub event: EventId,
    pub number: EventNumber,
    pub partition: Partition,
    pub findings: RefCell<Findings>,
    pub random: RefCell<Random>,
    nodes: RefCell<Vec<Node>>,
    step: Cell<i64>,
    reader: Cell<Reader>,
    /// What a fail-over goes back to, and when it does.
    fallback: RefCell<Option<(i64, Keyspace)>>,
    /// A process that ends in this step, and how many polls its work still gets.
    dying: Cell<Option<usize>>,
    _data: tempfile::TempDir,
}

impl World {
    pub async fn new(seed: u64, people: u64, minutes: u64, trouble: Trouble) -> Self {
        let clock = SettableClock::default();
        let data = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::connect("", data.path(), clock.shared()).await.expect("a ledger");
        ledger.migrate().await.expect("a schema");
        let store = Store::in_process(clock.shared());
        let (event, number) = publish(&ledger, clock.now(), rate(people, minutes)).await;
        let world = Self {
            trouble,
            people,
            minutes,
            partition: Partition { event: event.clone(), index: 0 },
            clock,
            store,
            ledger,
            event,
            number,
            findings: RefCell::default(),
            random: RefCell::new(Random::new(seed)),
            nodes: RefCell::default(),
            step: Cell::new(0),
            reader: Cell::default(),
            fallback: RefCell::default(),
            dying: Cell::new(None),
            _data: data,
        };
        for number in 0..NODES {
            let node = world.start(0);
            world.nodes.borrow_mut().insert(number, node);
        }
        world
    }

    /// A process whose memory is empty.
    fn start(&self, up_at: i64) -> Node {
        let (store, ledger, clock) = (&self.store, &self.ledger, &self.clock);
        let settings =
            InventorySettings { sweep: false, outbox: false, ..InventorySettings::default() };
        let inventory = Inventory::new(store.clone(), ledger.clone(), clock.shared(), settings);
        let settings = WaitingRoomSettings {
            proof_of_work: false,
            draw_beacon: None,
            payments_per_minute: None,
        };
        let room = WaitingRoom::new(
            inventory.clone(),
            ledger.clone(),
            store.clone(),
            clock.shared(),
            keys(),
            settings,
        );
        Node { room, inventory, rounds: Some(Rounds::default()), up_at, leads_at: up_at }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn step(&self) -> i64 {
        self.step.get()
    }

    pub fn random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }

    pub fn count(&self, what: &'static str) {
        self.findings.borrow_mut().count(what);
    }

    pub fn broke(&self, rule: &'static str, example: impl std::fmt::Display) {
        self.findings.borrow_mut().broke(rule, example);
    }

    /// A process that serves, and how much of a request it lives to do.
    pub fn any_node(&self) -> (Arc<WaitingRoom>, Inventory, Option<u32>) {
        let nodes = self.nodes.borrow();
        let up: Vec<usize> =
            (0..NODES).filter(|number| nodes[*number].up_at <= self.step()).collect();
        let number = up[self.random(|random| random.below(up.len() as u64)) as usize];
        let node = &nodes[number];
        let polls = (self.dying.get() == Some(number))
            .then(|| self.random(|random| random.below(12)) as u32);
        (node.room.clone(), node.inventory.clone(), polls)
    }

    /// Time goes on, processes do what is due, and something may go wrong.
    pub async fn go_on(&self) {
        self.clock.advance_millis(STEP_MS);
        self.step.set(self.step() + 1);
        self.trouble().await;
        for number in 0..NODES {
            self.work(number).await;
        }
        if self.step() % COMPARE_STEPS == 0 {
            self.compare().await;
        }
    }

    async fn work(&self, number: usize) {
        let step = self.step();
        let (room, mut rounds, leads) = {
            let mut nodes = self.nodes.borrow_mut();
            let node = &mut nodes[number];
            if node.up_at > step {
                return;
            }
            let rounds = node.rounds.take().expect("one step at a time");
            (node.room.clone(), rounds, node.leads_at <= step)
        };
        if step % FOLLOW_STEPS == number as i64 % FOLLOW_STEPS {
            rounds.follow(&room).await;
        }
        if step % LEAD_STEPS == number as i64 * 3 && leads {
            let polls = (self.dying.get() == Some(number))
                .then(|| self.random(|random| random.below(60)) as u32);
            if cut_after(polls, rounds.lead(&room)).await.is_none() {
                self.count("controllers killed within a step");
                rounds = Rounds::default();
            }
        }
        self.nodes.borrow_mut()[number].rounds = Some(rounds);
    }

    async fn trouble(&self) {
        let step = self.step();
        // Who was to die in the step before is dead now.
        if let Some(number) = self.dying.take() {
            let away = self.random(|random| random.between(1, 80));
            let node = self.start(step + away);
            self.nodes.borrow_mut()[number] = node;
            self.count("processes killed");
        }
        let back = self.fallback.borrow_mut().take_if(|(at, _)| *at <= step);
        if let Some((_, keys)) = back {
            self.store.simulation().expect("it is in this process").restore(keys);
            self.count("fail-overs that lost the last writes");
        }
        if self.trouble == Trouble::None {
            return;
        }
        if self.random(|random| random.below(400)) == 0 {
            let number = self.random(|random| random.below(NODES as u64)) as usize;
            let nodes = self.nodes.borrow();
            let others = (0..NODES).filter(|other| *other != number);
            if others.clone().any(|other| nodes[other].up_at <= step) {
                self.dying.set(Some(number));
            }
        }
        if self.random(|random| random.below(600)) == 0 {
            let number = self.random(|random| random.below(NODES as u64)) as usize;
            let away = self.random(|random| random.between(12, 80));
            self.nodes.borrow_mut()[number].leads_at = step + away;
            self.count("controllers that hang");
        }
        if self.trouble != Trouble::Losses {
            return;
        }
        if self.fallback.borrow().is_none() && self.random(|random| random.below(1_000)) == 0 {
            let away = self.random(|random| random.between(1, 8));
            let keys = self.store.simulation().expect("it is in this process").keyspace();
            *self.fallback.borrow_mut() = Some((step + away, keys));
        }
        if self.random(|random| random.below(4_000)) == 0 {
            self.store.flush_in_process();
            self.count("stores lost entirely");
        }
        if self.random(|random| random.below(200)) == 0 {
            let after = self.random(|random| random.below(2_000)) + 1;
            self.store.simulation().expect("it is in this process").fail_at(Some(after));
            self.count("calls cut by the store");
        }
    }

    /// What the store shows is never ahead of what the ledger keeps.
    async fn compare(&self) {
        let shown = self.store.read_line(&self.partition, &self.reader.get()).await;
        let Some(kept) = self.ledger.line(&self.event).await.expect("the ledger answers") else {
            return;
        };
        let mut findings = self.findings.borrow_mut();
        findings.ledger(self.now().as_millis(), kept.cursors, kept.draw.as_deref());
        if let Ok(Some(shown)) = &shown {
            // The lists are not read again.
            let (batches, graced, ended) =
                (shown.batches.total, shown.graced.total, shown.ended.total);
            let after = ListPositions { batches, graced, ended, entered: 0 };
            let term = Some(shown.term);
            self.reader.set(Reader { term, after, has_draw: true, wants_entered: false });
        }
        if let Ok(Some(shown)) = shown
            && shown.cursors.iter().zip(&kept.cursors).any(|(shown, kept)| shown > kept)
        {
            let example = format!("{:?} and {:?}", shown.cursors, kept.cursors);
            findings.broke("a cursor shown ahead of the ledger", example);
        }
    }
}

/// The same in every process.
pub fn keys() -> Keys {
    Keys::new(&[Secret::new("a signing key that only this test suite uses")]).expect("keys")
}

/// Admissions a minute.
pub fn rate(people: u64, minutes: u64) -> u32 {
    (people as u32 / minutes as u32).max(60)
}

pub fn rules(opens_at: Timestamp, rate: u32) -> Queue {
    Queue {
        enabled: true,
        opens_at: Some(opens_at),
        admit_per_minute: Some(rate),
        pass_seconds: PASS_SECONDS,
        turn_seconds: TURN_SECONDS,
        ..Queue::default()
    }
}

async fn publish(ledger: &Ledger, now: Timestamp, rate: u32) -> (EventId, EventNumber) {
    let seat = json!({ "seat_guid": "1", "seat_number": "1", "position": { "x": 0, "y": 0 },
        "category": "stalls" });
    let row = json!({ "row_number": "1", "position": { "x": 0, "y": 0 }, "seats": [seat] });
    let plan = json!({
        "name": "Hall", "categories": [{ "name": "stalls" }],
        "zones": [{ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": [row] }],
    });
    let area = json!({ "name": "field", "capacity": CAPACITY, "category": "stalls" });
    let id = EventId::new(now, [1; 12]);
    let new = NewEvent {
        id: id.clone(),
        slug: "gala".to_owned(),
        name: "Gala".to_owned(),
        description: None,
        starts_at: now.plus_seconds(86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: BTreeMap::from([("stalls".to_owned(), 0)]),
        sale: Sale::default(),
        queue: rules(now.plus_millis(OPENS_AFTER_MS), rate),
        chart: json!({ "seating_plan": plan, "areas": [area] }).to_string(),
        areas: vec![(0, CAPACITY)],
        answer: None,
    };
    let InsertEvent::Inserted(mut event) = ledger.insert_event(new).await.expect("a ledger") else {
        panic!("no event");
    };
    event.status = EventStatus::Published;
    event.published_at = Some(now);
    assert!(ledger.update_event(&event).await.expect("a ledger"));
    (id, event.number)
}

/// Work of a process that is killed after so many polls: `None`.
pub async fn cut_after<T>(polls: Option<u32>, work: impl Future<Output = T>) -> Option<T> {
    match polls {
        Some(left) => Cut { work: pin!(work), left }.await,
        None => Some(work.await),
    }
}

struct Cut<'a, F> {
    work: Pin<&'a mut F>,
    left: u32,
}

impl<F: Future> Future for Cut<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.work.as_mut().poll(context).map(Some)
    }
}
