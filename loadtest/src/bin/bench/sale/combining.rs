//! Holds that wait for each other and go as one script call, beside holds that go one by one: the
//! same script and the same pipelined connection, in this process and without HTTP.

use std::{
    cell::Cell,
    collections::BTreeMap,
    process,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use domain::{
    event::{EventStatus, Sale},
    hold::CustomerKey,
    id::{EventId, HoldKey},
    time::{Clock, Timestamp},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use inventory::{EventAtWork, HoldAnswer, HoldWish, Inventory, InventorySettings, SeatWish};
use ledger::{InsertEvent, Ledger, NewEvent};
use loadtest::{
    cpu,
    hall::SEATS_IN_ROW,
    report::Report,
    rounds::{interleave, median},
    servers::Redis,
};
use lua::{CellState, HoldReply, HoldRequest, Partition, Rebuild, Reply, Store};
use platform::SystemClock;
use serde_json::json;

use super::{IN_FLIGHT, ROUNDS, ours::pair};

/// Of one measurement.
const HOLDS: usize = 5_000;
const SEATS: usize = HOLDS * 2;
/// Lone holds whose time is taken, and the rest between two: the server is busy for a hundredth.
const LONE: usize = 200;
const REST: Duration = Duration::from_millis(2);
const TTL_MS: i64 = 600_000;

pub async fn compare(report: &mut Report) -> Result<()> {
    let bench = Bench::start().await?;
    let combined = async || bench.cost(&bench.combined().await?).await;
    let single = async || bench.cost(&bench.single().await?).await;
    let ratio = interleave(ROUNDS, combined, single).await?;
    report.ratio("a hold combined / one by one, 64 at once", &ratio, 0.55);
    let combined = async || lone(&bench.combined().await?).await;
    let single = async || lone(&bench.single().await?).await;
    let ratio = interleave(ROUNDS, combined, single).await?;
    report.ratio("µs until a lone hold is answered, the same", &ratio, 1.05);
    Ok(())
}

struct Bench {
    redis: Redis,
    store: Store,
    ledger: Ledger,
    inventory: Inventory,
    events: Cell<u8>,
    _data: tempfile::TempDir,
}

/// Whom a hold is asked of.
enum Side {
    Combined(Inventory, Arc<EventAtWork>),
    Single(Store, Partition),
}

impl Bench {
    async fn start() -> Result<Self> {
        let redis = Redis::start().await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::connect(&redis.server.url(), clock.clone()).await?;
        let data = tempfile::tempdir()?;
        let ledger = Ledger::connect("", data.path(), clock.clone()).await?;
        ledger.migrate().await?;
        let settings = InventorySettings::default();
        // Nothing works in the background: what is measured is the way of a hold.
        let inventory = Inventory::new(store.clone(), ledger.clone(), clock, settings);
        Ok(Self { redis, store, ledger, inventory, events: Cell::new(0), _data: data })
    }

    fn new_id(&self) -> EventId {
        let number = self.events.get() + 1;
        self.events.set(number);
        EventId::new(SystemClock.now(), [number; 12])
    }

    /// A fresh hall behind the combining queue.
    async fn combined(&self) -> Result<Side> {
        let id = self.new_id();
        let new = NewEvent {
            id: id.clone(),
            slug: format!("hall-{}", self.events.get()),
            name: "Hall".to_owned(),
            description: None,
            starts_at: SystemClock.now().plus_seconds(86_400),
            currency: "EUR".parse().ok().context("a currency")?,
            prices: BTreeMap::from([("All".to_owned(), 4_500)]),
            sale: Sale::default(),
            queue: Default::default(),
            chart: chart(),
            areas: Vec::new(),
            answer: None,
        };
        let InsertEvent::Inserted(mut event) = self.ledger.insert_event(new).await? else {
            bail!("no event");
        };
        event.status = EventStatus::Published;
        event.published_at = Some(SystemClock.now());
        self.ledger.update_event(&event).await?;
        let at_work = self.inventory.event(id.as_str()).await?.context("no event")?;
        self.inventory.view(&at_work).await?;
        Ok(Side::Combined(self.inventory.clone(), at_work))
    }

    /// A fresh hall in the store alone.
    async fn single(&self) -> Result<Side> {
        let partition = Partition { event: self.new_id(), index: 0 };
        let fresh = Rebuild {
            epoch: 1,
            seats: u32::try_from(SEATS)?,
            capacities: vec![],
            blocked: vec![],
            claims: vec![],
            require_pass: false,
        };
        let laid = self.store.rebuild(&partition, &fresh).await?;
        ensure!(matches!(laid, Reply::Done(_)), "the inventory is not laid");
        Ok(Side::Single(self.store.clone(), partition))
    }

    /// Microseconds of CPU a hold: of Redis and of this process, which does nothing else.
    async fn cost(&self, side: &Side) -> Result<f64> {
        let before = self.redis.cpu().await? + cpu::of_process(process::id())?;
        stream::iter((0..HOLDS).map(Ok::<_, anyhow::Error>))
            .try_for_each_concurrent(IN_FLIGHT, async |place| side.hold(place).await)
            .await?;
        let after = self.redis.cpu().await? + cpu::of_process(process::id())?;
        let snapshot = self.store.read_snapshot(side.partition()).await?.context("no inventory")?;
        let held = snapshot.states.iter().filter(|state| **state == CellState::Held).count();
        ensure!(held == HOLDS * 2, "{held} seats are held at the end");
        Ok((after - before) / HOLDS as f64)
    }
}

/// Microseconds until one hold among none is answered, the median.
async fn lone(side: &Side) -> Result<f64> {
    let mut times = Vec::with_capacity(LONE);
    let mut places = stream::iter(0..LONE);
    while let Some(place) = places.next().await {
        tokio::time::sleep(REST).await;
        let began = Instant::now();
        side.hold(place).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&mut times))
}

impl Side {
    fn partition(&self) -> &Partition {
        match self {
            Self::Combined(_, event) => &event.partition,
            Self::Single(_, partition) => partition,
        }
    }

    async fn hold(&self, place: usize) -> Result<()> {
        let mut key = [0; 12];
        key[..8].copy_from_slice(&(place as u64).to_be_bytes());
        let created = Timestamp(1_790_000_000_000);
        let seats = pair(place, SEATS).map(|seat| seat as u32).to_vec();
        let (key, customer, fingerprint) = (HoldKey(key), CustomerKey(key), [1; 8]);
        match self {
            Self::Combined(inventory, event) => {
                let wish = HoldWish {
                    key,
                    created,
                    fingerprint,
                    customer,
                    customer_limit: 8,
                    address: None,
                    wish: SeatWish::Seats(seats),
                    areas: vec![],
                    has_pass: false,
                };
                let answer = inventory.hold(event, wish).await?;
                ensure!(matches!(answer, HoldAnswer::Held { .. }), "a hold was refused");
            }
            Self::Single(store, partition) => {
                let request = HoldRequest {
                    key,
                    created,
                    ttl_ms: TTL_MS,
                    fingerprint,
                    customer,
                    customer_limit: 8,
                    address: None,
                    candidates: vec![seats],
                    areas: vec![],
                    has_pass: false,
                };
                let Reply::Done(done) = store.hold_seats(partition, 1, &[request]).await? else {
                    bail!("the inventory went away");
                };
                let is_held = matches!(done.replies[..], [HoldReply::Held { .. }]);
                ensure!(is_held, "a hold was refused");
            }
        }
        Ok(())
    }
}

fn chart() -> String {
    let seat = |row: usize, number: usize| {
        json!({
            "seat_guid": (row * SEATS_IN_ROW + number).to_string(),
            "seat_number": number.to_string(),
            "position": { "x": number * 20, "y": 0 }, "category": "All",
        })
    };
    let row = |row: usize| {
        let seats: Vec<_> = (0..SEATS_IN_ROW).map(|number| seat(row, number)).collect();
        let position = json!({ "x": 0, "y": row * 20 });
        json!({ "row_number": row.to_string(), "position": position, "seats": seats })
    };
    let rows: Vec<_> = (0..SEATS / SEATS_IN_ROW).map(row).collect();
    let zone = json!({ "name": "Hall", "position": { "x": 0, "y": 0 }, "rows": rows });
    let plan = json!({ "name": "Hall", "categories": [{ "name": "All" }], "zones": [zone] });
    json!({ "seating_plan": plan }).to_string()
}
