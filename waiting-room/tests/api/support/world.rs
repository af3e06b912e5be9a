//! Stores, an event on sale with a waiting room, and a process that serves it.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{
    event::{Event, EventStatus, Queue},
    id::EventId,
    time::{Clock, Timestamp},
};
use futures_util::future::join_all;
use ledger::{Ledger, lines::Line};
use lua::Store;
use platform::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::SettableClock;
use waiting_room::WaitingRoomSettings;

use super::{Answer, Buyer, Node, Place, Stores, fixtures};

/// Rounds until something that a test waits for must have happened.
const ROUNDS_MAX: u32 = 600;

/// In process time stands still until a round; beside a real Redis it runs.
pub struct World {
    pub stores: Stores,
    pub clock: SettableClock,
    /// That of the in-process store runs ahead of it by so much.
    pub store_ahead_ms: Arc<AtomicI64>,
    pub ledger: Ledger,
    pub store: Store,
    pub event: Event,
    /// The first process.
    pub node: Node,
    settings: WaitingRoomSettings,
    /// By which the processes' clock runs ahead of the machine's, beside a real Redis.
    ahead_ms: AtomicI64,
    _data: TempDir,
}

impl World {
    pub async fn new(queue: Queue) -> Self {
        Self::open(Stores::in_process(), queue).await
    }

    pub async fn open(stores: Stores, queue: Queue) -> Self {
        let settings = WaitingRoomSettings {
            proof_of_work: false,
            draw_beacon: None,
            payments_per_minute: None,
        };
        Self::with(stores, queue, settings).await
    }

    pub async fn with(stores: Stores, queue: Queue, settings: WaitingRoomSettings) -> Self {
        log_to_the_test();
        let data = TempDir::new().expect("a temporary directory");
        let clock = match stores.has_real_time() {
            true => SettableClock::new(SystemClock.now()),
            false => SettableClock::default(),
        };
        let ledger = Ledger::connect(&stores.ledger_url, data.path(), clock.shared()).await;
        let ledger = ledger.expect("a ledger");
        ledger.migrate().await.expect("a schema");
        let store_ahead_ms = Arc::default();
        let store_clock =
            StoreClock { clock: clock.clone(), ahead_ms: Arc::clone(&store_ahead_ms) };
        let store = Store::connect(&stores.store_url, Arc::new(store_clock)).await;
        let store = store.expect("a store");
        let event = publish(&ledger, queue, clock.now()).await;
        let node = Node::new(&store, &ledger, clock.shared(), settings.clone(), event.id.clone());
        let ahead_ms = AtomicI64::new(0);
        Self {
            stores,
            clock,
            store_ahead_ms,
            ledger,
            store,
            event,
            node,
            settings,
            ahead_ms,
            _data: data,
        }
    }

    /// Another process over the same stores.
    pub fn another_node(&self) -> Node {
        self.node_for(self.event.id.clone())
    }

    /// Another process, whose requests are about this event.
    pub fn node_for(&self, event: EventId) -> Node {
        Node::new(&self.store, &self.ledger, self.clock.shared(), self.settings.clone(), event)
    }

    /// Another event, in the status given.
    pub async fn add_event(&self, queue: Queue, status: EventStatus) -> EventId {
        let mut event = fixtures::draft(&self.ledger, queue, self.clock.now()).await;
        event.status = status;
        assert!(self.ledger.update_event(&event).await.expect("the ledger answers"));
        event.id
    }

    /// Changes the event as the catalogue does.
    pub async fn change_event(&self, change: impl FnOnce(&mut Event)) {
        let standing = self.ledger.event(&self.event.id).await.expect("the ledger answers");
        let mut event = standing.expect("the event");
        change(&mut event);
        assert!(self.ledger.update_event(&event).await.expect("the ledger answers"));
        self.node.inventory.forget(&event.id);
    }

    pub fn buyer(&self) -> Buyer<'_> {
        self.node.buyer()
    }

    /// So many people with places, in the order of their indexes.
    pub async fn people(&self, count: usize) -> Vec<(Buyer<'_>, Place)> {
        let mut people = Vec::with_capacity(count);
        for _ in 0..count {
            let buyer = self.buyer();
            let place = buyer.join().await.expect_new();
            people.push((buyer, place));
        }
        people
    }

    /// The processes' clock moves by so much, and nothing else happens.
    pub fn advance_millis(&self, millis: i64) {
        self.ahead_ms.fetch_add(millis, Ordering::Relaxed);
        self.clock.advance_millis(millis);
    }

    /// A second passes (beside a real Redis a shorter time), and these processes do what they do
    /// meanwhile.
    pub async fn round_of(&self, nodes: &[&Node]) {
        if self.stores.has_real_time() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let ahead = self.ahead_ms.load(Ordering::Relaxed);
            self.clock.set(SystemClock.now().plus_millis(ahead));
        } else {
            self.clock.advance_millis(1_000);
        }
        join_all(nodes.iter().map(|node| node.follow())).await;
        for node in nodes {
            node.lead().await;
        }
        join_all(nodes.iter().map(|node| node.follow())).await;
    }

    pub async fn round(&self) {
        self.round_of(&[&self.node]).await;
    }

    pub async fn rounds(&self, count: u32) {
        for _ in 0..count {
            self.round().await;
        }
    }

    /// Rounds of these processes until the answer is there.
    pub async fn until_of<T>(
        &self,
        nodes: &[&Node],
        what: &str,
        mut ask: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        for _ in 0..ROUNDS_MAX {
            if let Some(value) = ask().await {
                return value;
            }
            self.round_of(nodes).await;
        }
        panic!("waited {ROUNDS_MAX} rounds for: {what}");
    }

    /// Rounds until the answer is there.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
        self.until_of(&[&self.node], what, ask).await
    }

    /// Rounds until a place is in this state.
    pub async fn until_state(&self, buyer: &Buyer<'_>, place: &Place, state: &str) {
        let arrived = async || (buyer.state(place).await == state).then_some(());
        self.until(&format!("the state {state}"), arrived).await;
    }

    /// What the organiser does to the line, while the process that leads it works.
    pub async fn act(&self, act: &str, reason: &str) -> Answer {
        let body = json!({"reason": reason});
        let answered = Cell::new(false);
        let ask = async {
            let answer = self.node.organizer("POST", &format!("/{act}"), body).await;
            answered.set(true);
            answer
        };
        let lead = async {
            while !answered.get() {
                self.node.lead().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::join!(ask, lead).0
    }

    /// Holds the draw.
    pub async fn open_line(&self) -> Value {
        self.act("open", "the doors open").await.expect(200)
    }

    /// New rules; whatever is not given has its default.
    pub async fn change_settings(&self, settings: Value) -> Value {
        self.node.organizer("PUT", "/settings", settings).await.expect(200)
    }

    /// Codes that open a lane.
    pub async fn codes(&self, lane: &str, count: u32) -> Vec<String> {
        let body = json!({"lane": lane, "count": count});
        let answer = self.node.organizer("POST", "/codes", body).await.expect(201);
        let codes = answer["data"].as_array().expect("a list");
        codes.iter().map(|code| code.as_str().expect("a text").to_owned()).collect()
    }

    /// The store loses everything, as a Redis without persistence does at a restart.
    pub fn lose_everything(&self) {
        self.store.flush_in_process();
        self.stores.lose(&self.event.id);
    }

    /// The line as the ledger has it.
    pub async fn stored_line(&self) -> Line {
        let line = self.ledger.line(&self.event.id).await.expect("the ledger answers");
        line.expect("a line")
    }

    /// What every test leaves behind: a ledger that keeps its invariants.
    pub async fn assert_ledger_is_clean(&self) {
        let violations = self.ledger.audit(None).await.expect("an audit");
        assert!(violations.is_empty(), "{violations:?}");
    }
}

/// The clock of a store on another machine.
struct StoreClock {
    clock: SettableClock,
    ahead_ms: Arc<AtomicI64>,
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.clock.now().plus_millis(self.ahead_ms.load(Ordering::Relaxed))
    }
}

async fn publish(ledger: &Ledger, queue: Queue, now: Timestamp) -> Event {
    let mut event = fixtures::draft(ledger, queue, now).await;
    event.status = EventStatus::Published;
    event.published_at = Some(now);
    assert!(ledger.update_event(&event).await.expect("the ledger answers"));
    event.revision += 1;
    event
}

/// What the role logs is shown when the test fails.
fn log_to_the_test() {
    let log = tracing_subscriber::fmt().with_test_writer().without_time();
    // Another test of this process was first.
    let _ = log.try_init();
}
