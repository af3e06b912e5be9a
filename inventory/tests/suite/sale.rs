//! One event on sale, for tests: stores, ledger, inventory and the words to use them with.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    event::{EventStatus, Queue, Sale as SaleRules},
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey, OrderId},
    order::Fact,
    seat::{AreaQuantity, SeatIndex},
    time::Clock,
};
use inventory::{
    BestAvailable, EventAtWork, HoldAnswer, HoldWish, Inventory, InventorySettings, ReadAnswer,
    SeatWish, View,
};
use ledger::{
    CreateOrder, Evidence, InsertEvent, KeptAnswer, Ledger, NewEvent, NewOrder, OrderLine,
    OutboxKind,
};
use lua::{CellState, HoldRecord, Store};
use platform::SystemClock;
use serde_json::json;
use testkit::{RedisSentinel, RedisServer};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Each test of a list in both places where scripts run.
macro_rules! in_both_places {
    ($($name:ident)*) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::sale::Place::in_process()).await;
            })*
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::sale::Place::redis()).await;
            })*
        }
    };
}
pub(crate) use in_both_places;

/// Where the scripts run.
#[derive(Default)]
pub struct Place {
    redis: Option<RedisServer>,
    sentinel: Option<RedisSentinel>,
}

impl Place {
    pub fn in_process() -> Self {
        Self::default()
    }

    pub fn redis() -> Self {
        Self { redis: Some(RedisServer::start()), sentinel: None }
    }

    /// A master with a replica.
    pub fn sentinel() -> Self {
        Self { redis: None, sentinel: Some(RedisSentinel::start()) }
    }

    fn url(&self) -> String {
        match (&self.redis, &self.sentinel) {
            (Some(redis), _) => redis.url(),
            (None, Some(sentinel)) => sentinel.url(),
            (None, None) => String::new(),
        }
    }
}

/// What is on sale, and how.
pub struct Plan {
    pub rows: u32,
    pub seats_per_row: u32,
    /// Capacities of areas `a0`, `a1`, …
    pub areas: Vec<u32>,
    pub rules: SaleRules,
    pub queue: Queue,
    pub settings: InventorySettings,
}

impl Plan {
    pub fn seats(rows: u32, seats_per_row: u32) -> Self {
        let settings = InventorySettings {
            sweep: false,
            outbox: false,
            heal_every: Duration::from_secs(3600),
            watch_every: Duration::from_millis(50),
        };
        let (rules, queue) = (SaleRules::default(), Queue::default());
        Self { rows, seats_per_row, areas: Vec::new(), rules, queue, settings }
    }

    pub fn hold_seconds(mut self, seconds: i64) -> Self {
        self.rules.hold_seconds = seconds;
        self
    }

    /// Whoever holds needs a pass.
    pub fn behind_a_line(mut self) -> Self {
        self.queue.enabled = true;
        self
    }

    pub fn areas(mut self, capacities: &[u32]) -> Self {
        self.areas = capacities.to_vec();
        self
    }

    fn chart(&self) -> String {
        let seat = |row: u32, seat: u32| {
            json!({
                "seat_guid": format!("{row}-{seat}"), "seat_number": seat.to_string(),
                "position": { "x": seat * 20, "y": 0 }, "category": "stalls",
            })
        };
        let row = |row: u32| {
            let seats: Vec<_> = (0..self.seats_per_row).map(|number| seat(row, number)).collect();
            json!({ "row_number": row.to_string(), "position": { "x": 0, "y": row * 20 }, "seats": seats })
        };
        let rows: Vec<_> = (0..self.rows).map(row).collect();
        let area = |(index, capacity)| json!({ "name": format!("a{index}"), "capacity": capacity, "category": "stalls" });
        let areas: Vec<_> = self.areas.iter().enumerate().map(area).collect();
        let plan = json!({
            "name": "Hall", "categories": [{ "name": "stalls" }],
            "zones": [{ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": rows }],
        });
        json!({ "seating_plan": plan, "areas": areas }).to_string()
    }
}

/// An event on sale.
pub struct Sale {
    pub inventory: Inventory,
    pub store: Store,
    pub ledger: Ledger,
    pub redis: Option<RedisServer>,
    pub sentinel: Option<RedisSentinel>,
    pub event: Arc<EventAtWork>,
    settings: InventorySettings,
    shutdown: CancellationToken,
    _directory: tempfile::TempDir,
}

impl Sale {
    pub async fn open(place: Place, plan: Plan) -> Self {
        // A test that fails shows why a part was unavailable.
        let _ = tracing_subscriber::fmt()
            .with_env_filter("inventory=info")
            .with_test_writer()
            .try_init();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::connect(&place.url(), clock.clone()).await.expect("the store answers");
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::connect("", directory.path(), clock.clone()).await.expect("a ledger");
        ledger.migrate().await.expect("a schema");
        let id = insert_event(&ledger, &plan, clock.as_ref()).await;
        let shutdown = CancellationToken::new();
        let inventory = start(&store, &ledger, &plan.settings, &shutdown);
        let event = inventory.event(id.as_str()).await.expect("stores").expect("the event");
        Self {
            inventory,
            store,
            ledger,
            redis: place.redis,
            sentinel: place.sentinel,
            event,
            settings: plan.settings,
            shutdown,
            _directory: directory,
        }
    }

    /// Another process over the same stores.
    pub fn another_process(&self) -> Inventory {
        start(&self.store, &self.ledger, &self.settings, &self.shutdown)
    }

    /// The store forgets everything.
    pub fn lose_everything(&self) {
        match &self.redis {
            Some(redis) => {
                redis.command(&["FLUSHALL"]);
            }
            None => self.store.flush_in_process(),
        }
    }

    pub fn wish(&self, buyer: u32, wish: SeatWish) -> HoldWish {
        let mut key = [0; 12];
        key[..4].copy_from_slice(&buyer.to_be_bytes());
        HoldWish {
            key: HoldKey(key),
            created: SystemClock.now(),
            fingerprint: [7; 8],
            customer: CustomerKey(key),
            customer_limit: self.event.event.sale.max_per_customer,
            address: None,
            wish,
            areas: Vec::new(),
            has_pass: false,
        }
    }

    pub async fn ask(&self, wish: HoldWish) -> HoldAnswer {
        self.inventory.hold(&self.event, wish).await.expect("the inventory answers")
    }

    pub async fn ask_for(&self, buyer: u32, seats: &[SeatIndex]) -> HoldAnswer {
        self.ask(self.wish(buyer, SeatWish::Seats(seats.to_vec()))).await
    }

    pub async fn ask_for_best(&self, buyer: u32, quantity: u32) -> HoldAnswer {
        self.ask(self.wish(buyer, best(quantity))).await
    }

    pub async fn ask_for_places(&self, buyer: u32, quantity: u32) -> HoldAnswer {
        let mut wish = self.wish(buyer, SeatWish::None);
        wish.areas = vec![AreaQuantity { area: 0, quantity }];
        self.ask(wish).await
    }

    pub async fn hold(&self, buyer: u32, seats: &[SeatIndex]) -> HoldRecord {
        held(self.ask_for(buyer, seats).await)
    }

    pub fn id_of(&self, record: &HoldRecord) -> HoldId {
        HoldId {
            created: record.created,
            event: self.event.event.number,
            partition: 0,
            key: record.key,
        }
    }

    pub async fn read(&self, record: &HoldRecord) -> ReadAnswer {
        let read = self.inventory.read_hold(&self.event, &self.id_of(record)).await;
        read.expect("the inventory answers")
    }

    /// An order of a hold, in the ledger only. Price 0 sells it at once.
    pub async fn order(&self, record: &HoldRecord, price: i64) -> OrderId {
        let order = self.draft(record, price);
        let id = order.id.clone();
        match self.ledger.create_order(order).await.expect("the ledger answers") {
            CreateOrder::Created(_) => id,
            other => panic!("no order: {other:?}"),
        }
    }

    /// An order that has told the inventory, as the engine makes it.
    pub async fn settled_order(&self, record: &HoldRecord, price: i64) -> OrderId {
        let id = self.order(record, price).await;
        self.inventory.settle_order(&id).await.expect("the inventory answers");
        id
    }

    /// The buyer gives the order up before an intent was shown: its claim is released.
    pub async fn cancel(&self, order: &OrderId) {
        let evidence = Evidence { source: "buyer", ..Evidence::default() };
        let learned = self.ledger.learn(order, Fact::CancelAsked, evidence).await;
        assert!(learned.expect("the ledger answers").expect("an order").applied);
    }

    /// The ledger believes that the store was told everything.
    pub async fn forget_outbox(&self) {
        let rows = self.ledger.outbox_lease(&OutboxKind::INVENTORY, "nobody", 100, 1_000).await;
        let ids: Vec<_> = rows.expect("the ledger answers").into_iter().map(|row| row.id).collect();
        self.ledger.outbox_done_all(&ids).await.expect("the ledger answers");
    }

    fn draft(&self, record: &HoldRecord, price: i64) -> NewOrder {
        let line = |number: u32, seat, area, quantity| OrderLine {
            number,
            seat,
            area,
            label: number.to_string(),
            category: "stalls".to_owned(),
            quantity,
            price,
        };
        let seats = record.seats.iter().map(|seat| (Some(*seat), None, 1));
        let areas = record.areas.iter().map(|area| (None, Some(area.area), area.quantity));
        let lines: Vec<_> = (0..)
            .zip(seats.chain(areas))
            .map(|(number, (seat, area, quantity))| line(number, seat, area, quantity))
            .collect();
        let mut random = [0; 12];
        getrandom::fill(&mut random).expect("randomness");
        let now = SystemClock.now();
        NewOrder {
            id: OrderId::new(now, random),
            event: self.event.event.id.clone(),
            hold: self.id_of(record),
            customer: record.customer,
            email_customer: CustomerKey(random),
            email: "buyer@example.org".to_owned(),
            name: None,
            amount: lines.iter().map(|line| line.price * i64::from(line.quantity)).sum(),
            lines,
            currency: self.event.event.currency,
            pay_before: now.plus_seconds(600),
            customer_limit: self.event.event.sale.max_per_customer,
            area_capacities: Vec::new(),
            answer: KeptAnswer {
                key: format!("{random:?}"),
                fingerprint: String::new(),
                status: 201,
                body: String::new(),
            },
        }
    }

    pub async fn view(&self) -> View {
        self.inventory.view(&self.event).await.expect("the inventory answers")
    }

    pub async fn state(&self, seat: SeatIndex) -> CellState {
        self.view().await.states[seat as usize]
    }

    pub async fn count(&self, state: CellState) -> usize {
        self.view().await.states.iter().filter(|other| **other == state).count()
    }
}

impl Drop for Sale {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn start(
    store: &Store,
    ledger: &Ledger,
    settings: &InventorySettings,
    shutdown: &CancellationToken,
) -> Inventory {
    let clock = Arc::new(SystemClock);
    let inventory = Inventory::new(store.clone(), ledger.clone(), clock, settings.clone());
    inventory.spawn_tasks(shutdown.clone(), &TaskTracker::new());
    inventory
}

async fn insert_event(ledger: &Ledger, plan: &Plan, clock: &dyn Clock) -> EventId {
    let id = EventId::new(clock.now(), [1; 12]);
    let new = NewEvent {
        id: id.clone(),
        slug: "gala".to_owned(),
        name: "Gala".to_owned(),
        description: None,
        starts_at: clock.now().plus_seconds(86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: BTreeMap::from([("stalls".to_owned(), 2_500)]),
        sale: plan.rules.clone(),
        queue: plan.queue.clone(),
        chart: plan.chart(),
        areas: (0..).zip(plan.areas.iter().copied()).collect(),
        answer: None,
    };
    let InsertEvent::Inserted(mut event) = ledger.insert_event(new).await.expect("a ledger") else {
        panic!("no event");
    };
    event.status = EventStatus::Published;
    event.published_at = Some(clock.now());
    assert!(ledger.update_event(&event).await.expect("a ledger"));
    id
}

pub fn best(quantity: u32) -> SeatWish {
    SeatWish::BestAvailable(BestAvailable { quantity, ..BestAvailable::default() })
}

pub fn held(answer: HoldAnswer) -> HoldRecord {
    match answer {
        HoldAnswer::Held { record, .. } => record,
        other => panic!("not held: {other:?}"),
    }
}

/// Asks until the answer is there; fails with `what` after ten seconds.
pub async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(value) = ask().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited ten seconds for: {what}");
}
