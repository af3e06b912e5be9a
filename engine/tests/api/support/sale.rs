//! The engine with stores of its own.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use domain::time::Timestamp;
use engine::{Engine, EngineSettings};
use http_body_util::BodyExt;
use inventory::{Inventory, InventorySettings};
use ledger::Ledger;
use lua::Store;
use platform::{
    Keys, Secret,
    http::{Edge, EdgeSettings},
    random,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::SettableClock;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{Answer, Buyer, text_of};

pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-test-suite";
pub const SIGNING_KEY: &str = "a signing key that only this test suite uses";

/// A running engine; nothing happens in its background, and time stands still.
pub struct Sale {
    pub clock: SettableClock,
    pub ledger: Ledger,
    pub inventory: Inventory,
    pub store: Store,
    engine: Arc<Engine>,
    router: Router,
    _data: TempDir,
}

impl Sale {
    pub async fn new() -> Self {
        Self::with(EngineSettings::default()).await
    }

    pub async fn with(settings: EngineSettings) -> Self {
        log_to_the_test();
        let data = TempDir::new().expect("a temporary directory");
        let clock = SettableClock::default();
        let ledger = Ledger::connect("", data.path(), clock.shared()).await.expect("a ledger");
        ledger.migrate().await.expect("a schema");
        let store = Store::in_process(clock.shared());
        let inventory = Inventory::new(
            store.clone(),
            ledger.clone(),
            clock.shared(),
            InventorySettings::default(),
        );
        let keys = Keys::new(&[Secret::new(SIGNING_KEY)]).expect("keys");
        let engine = Engine::new(inventory.clone(), ledger.clone(), clock.shared(), keys, settings);
        let edge = EdgeSettings {
            organizer_token: Secret::new(ORGANIZER_TOKEN),
            ..EdgeSettings::default()
        };
        let edge = Arc::new(Edge::new(edge, clock.shared()));
        let router = edge.wrap(engine::router(Arc::clone(&engine)));
        Self { clock, ledger, inventory, store, engine, router, _data: data }
    }

    pub fn buyer(&self) -> Buyer<'_> {
        Buyer::new(self)
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1000);
    }

    /// The engine's background work goes on until the token is cancelled.
    pub fn spawn_tasks(&self) -> CancellationToken {
        let shutdown = CancellationToken::new();
        self.engine.spawn_tasks(shutdown.clone(), &TaskTracker::new());
        shutdown
    }

    /// The store loses everything, as a Redis without persistence does at a restart.
    pub fn forget_inventory(&self) {
        self.store.flush_in_process();
    }

    /// An RFC 3339 time so many seconds from now.
    pub fn later(&self, seconds: i64) -> String {
        let now: Timestamp = domain::time::Clock::now(&self.clock);
        now.plus_seconds(seconds).to_string()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, body }
    }

    /// Any call; a body is JSON.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None).await
    }

    /// A call of the organiser, under a new idempotency key.
    pub async fn organizer(&self, method: &str, path: &str, body: Value) -> Answer {
        self.organizer_again(method, path, body, &random::token()).await
    }

    /// A call of the organiser, under this key.
    pub async fn organizer_again(
        &self,
        method: &str,
        path: &str,
        body: Value,
        key: &str,
    ) -> Answer {
        let bearer = format!("Bearer {ORGANIZER_TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
        let body = (method != "GET").then_some(body);
        self.call(method, path, &headers, body).await
    }

    /// Creates a draft; its id.
    pub async fn draft(&self, event: Value) -> String {
        let created = self.organizer("POST", "/v1/events", event).await.expect(201);
        text_of(&created, "id")
    }

    /// Creates and publishes; the event's id.
    pub async fn publish(&self, event: Value) -> String {
        let id = self.draft(event).await;
        let path = format!("/v1/events/{id}/publish");
        self.organizer("POST", &path, json!({})).await.expect(200);
        id
    }

    pub async fn availability(&self, event: &str) -> Value {
        self.get(&format!("/v1/events/{event}/availability")).await.expect(200)
    }

    /// Free, held, sold and blocked, seats and places together.
    pub async fn counts(&self, event: &str) -> [u64; 4] {
        let found = self.availability(event).await;
        ["free", "held", "sold", "blocked"].map(|name| found[name].as_u64().expect("a count"))
    }

    /// What every test leaves behind: a ledger that keeps its invariants.
    pub async fn assert_ledger_is_clean(&self) {
        let violations = self.ledger.audit(None).await.expect("an audit");
        assert!(violations.is_empty(), "{violations:?}");
    }
}

/// What the engine logs is shown when the test fails.
fn log_to_the_test() {
    let log = tracing_subscriber::fmt().with_test_writer().without_time();
    // Another test of this process was first.
    let _ = log.try_init();
}
