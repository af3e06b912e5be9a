//! An event on sale behind a real listener.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{
    event::{EventStatus, Sale as SaleRules},
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey},
    seat::{AreaQuantity, SeatIndex},
    time::Clock,
};
use inventory::{EventAtWork, HoldAnswer, HoldWish, Inventory, InventorySettings, SeatWish, View};
use ledger::{InsertEvent, Ledger, NewEvent};
use lua::{HoldRecord, Store};
use platform::{
    SystemClock,
    http::{Edge, EdgeSettings},
    serve::ServeLimits,
};
use seatmap_ws::{SeatmapWs, SeatmapWsSettings};
use serde_json::json;
use testkit::RedisServer;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where the scripts run.
#[derive(Default)]
pub struct Place {
    redis: Option<RedisServer>,
}

impl Place {
    pub fn in_process() -> Self {
        Self::default()
    }

    pub fn redis() -> Self {
        Self { redis: Some(RedisServer::start()) }
    }
}

/// Zones `A`, `B`, … of one row each, areas `a0`, `a1`, …
pub struct Plan {
    pub zones: Vec<u32>,
    pub areas: Vec<u32>,
    pub settings: SeatmapWsSettings,
}

impl Plan {
    pub fn zones(seats: &[u32]) -> Self {
        Self { zones: seats.to_vec(), areas: Vec::new(), settings: SeatmapWsSettings::default() }
    }

    pub fn areas(mut self, capacities: &[u32]) -> Self {
        self.areas = capacities.to_vec();
        self
    }

    pub fn settings(mut self, change: impl FnOnce(&mut SeatmapWsSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn chart(&self) -> String {
        let zone = |(index, seats): (usize, &u32)| {
            let name = zone_name(index);
            let seat = |number: u32| {
                let category = if number.is_multiple_of(2) { "stalls" } else { "circle" };
                json!({
                    "seat_guid": format!("{name}-{number}"), "seat_number": number.to_string(),
                    "position": { "x": number * 20, "y": 0 }, "category": category,
                })
            };
            let seats: Vec<_> = (0..*seats).map(seat).collect();
            let row = json!({ "row_number": "1", "position": { "x": 0, "y": 0 }, "seats": seats });
            json!({ "name": name, "position": { "x": 0, "y": index * 100 }, "rows": [row] })
        };
        let area = |(index, capacity): (usize, &u32)| json!({ "name": format!("a{index}"), "capacity": capacity, "category": "stalls" });
        let zones: Vec<_> = self.zones.iter().enumerate().map(zone).collect();
        let areas: Vec<_> = self.areas.iter().enumerate().map(area).collect();
        let categories = json!([{ "name": "stalls" }, { "name": "circle" }]);
        let plan = json!({ "name": "Hall", "categories": categories, "zones": zones });
        json!({ "seating_plan": plan, "areas": areas }).to_string()
    }
}

fn zone_name(index: usize) -> char {
    char::from(b'A' + index as u8)
}

/// One process that serves live maps.
pub struct Gateway {
    pub maps: Arc<SeatmapWs>,
    pub inventory: Inventory,
    pub address: SocketAddr,
    /// Ends the sockets.
    pub ending: CancellationToken,
    pub tasks: TaskTracker,
    stopping: CancellationToken,
}

pub struct House {
    pub event: Arc<EventAtWork>,
    pub ledger: Ledger,
    pub store: Store,
    pub first: Gateway,
    redis: Option<RedisServer>,
    settings: SeatmapWsSettings,
    buyers: AtomicU32,
    stopping: CancellationToken,
    _directory: tempfile::TempDir,
}

impl House {
    pub async fn open(place: Place, plan: Plan) -> Self {
        // A test that fails shows why a part was unavailable.
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let url = place.redis.as_ref().map(|redis| redis.url()).unwrap_or_default();
        let store = Store::connect(&url, clock.clone()).await.expect("the store answers");
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::connect("", directory.path(), clock.clone()).await.expect("a ledger");
        ledger.migrate().await.expect("a schema");
        let id = insert_event(&ledger, &plan, clock.as_ref()).await;
        let stopping = CancellationToken::new();
        let first = gateway(&store, &ledger, &plan.settings, &stopping).await;
        let event = first.inventory.event(id.as_str()).await.expect("stores").expect("the event");
        Self {
            event,
            ledger,
            store,
            first,
            redis: place.redis,
            settings: plan.settings,
            buyers: AtomicU32::new(0),
            stopping,
            _directory: directory,
        }
    }

    /// Another process over the same stores.
    pub async fn another_gateway(&self) -> Gateway {
        gateway(&self.store, &self.ledger, &self.settings, &self.stopping).await
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

    /// Seats or places of the first area for a new buyer; none when they are taken.
    pub async fn try_hold(&self, seats: &[SeatIndex], places: u32) -> Option<HoldRecord> {
        let number = self.buyers.fetch_add(1, Ordering::Relaxed);
        let mut key = [0; 12];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let areas = (places > 0).then_some(AreaQuantity { area: 0, quantity: places });
        let wish = match seats {
            [] => SeatWish::None,
            seats => SeatWish::Seats(seats.to_vec()),
        };
        let wish = HoldWish {
            key: HoldKey(key),
            created: SystemClock.now(),
            fingerprint: [7; 8],
            customer: CustomerKey(key),
            customer_limit: 50,
            address: None,
            wish,
            areas: areas.into_iter().collect(),
            has_pass: false,
        };
        let answer = self.first.inventory.hold(&self.event, wish).await;
        match answer.expect("the inventory answers") {
            HoldAnswer::Held { record, .. } => Some(record),
            _ => None,
        }
    }

    pub async fn hold(&self, seats: &[SeatIndex]) -> HoldRecord {
        self.try_hold(seats, 0).await.expect("the seats are free")
    }

    pub async fn release(&self, record: &HoldRecord) {
        let id = HoldId {
            created: record.created,
            event: self.event.event.number,
            partition: 0,
            key: record.key,
        };
        let released = self.first.inventory.release_hold(&self.event, &id).await;
        released.expect("the inventory answers");
    }

    pub async fn block(&self, block: &[SeatIndex], unblock: &[SeatIndex]) {
        let blocked = self.first.inventory.block(&self.event, block, unblock).await;
        blocked.expect("the inventory answers");
    }

    pub async fn view(&self) -> View {
        self.first.inventory.view(&self.event).await.expect("the inventory answers")
    }

    pub async fn set_status(&self, status: EventStatus) {
        let mut event = self.ledger.event(&self.event.event.id).await.unwrap().unwrap();
        event.status = status;
        assert!(self.ledger.update_event(&event).await.unwrap());
        self.first.inventory.forget(&self.event.event.id);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn gateway(
    store: &Store,
    ledger: &Ledger,
    settings: &SeatmapWsSettings,
    stopping: &CancellationToken,
) -> Gateway {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (stopping, tasks) = (stopping.child_token(), TaskTracker::new());
    let quiet = InventorySettings {
        sweep: true,
        outbox: false,
        heal_every: Duration::from_secs(3600),
        watch_every: Duration::from_millis(50),
    };
    let inventory = Inventory::new(store.clone(), ledger.clone(), clock.clone(), quiet);
    inventory.spawn_tasks(stopping.clone(), &tasks);
    let maps = SeatmapWs::new(inventory.clone(), clock.clone(), settings.clone());
    let (ending, socket_tasks) = (stopping.child_token(), TaskTracker::new());
    maps.spawn_tasks(ending.clone(), &socket_tasks);
    let edge = Arc::new(Edge::new(EdgeSettings::default(), clock));
    let router = edge.wrap(seatmap_ws::router(maps.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(platform::serve::serve(
        listener,
        router,
        ServeLimits::default(),
        stopping.clone(),
    ));
    Gateway { maps, inventory, address, ending, tasks: socket_tasks, stopping }
}

async fn insert_event(ledger: &Ledger, plan: &Plan, clock: &dyn Clock) -> EventId {
    let id = EventId::new(clock.now(), [1; 12]);
    let prices = ["stalls", "circle"].map(|name| (name.to_owned(), 2_500));
    let new = NewEvent {
        id: id.clone(),
        slug: "gala".to_owned(),
        name: "Gala".to_owned(),
        description: None,
        starts_at: clock.now().plus_seconds(86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: BTreeMap::from(prices),
        sale: SaleRules::default(),
        queue: Default::default(),
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
