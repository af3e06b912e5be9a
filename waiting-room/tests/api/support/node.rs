//! One process of the role.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, header},
};
use domain::{id::EventId, time::Clock};
use http_body_util::BodyExt;
use inventory::{Inventory, InventorySettings};
use ledger::Ledger;
use lua::Store;
use platform::{
    Keys, Secret,
    http::{Edge, EdgeSettings, MemoryReads},
    random,
};
use serde_json::Value;
use tokio::sync::Mutex;
use tower::ServiceExt;
use waiting_room::{Rounds, WaitingRoom, WaitingRoomSettings};

use super::{Answer, Buyer};

pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-test-suite";
pub const SIGNING_KEY: &str = "a signing key that only this test suite uses";

/// A process. What it does in its background it does when a test says so.
pub struct Node {
    pub room: Arc<WaitingRoom>,
    pub inventory: Inventory,
    /// The event that requests are about unless they say otherwise.
    pub event: EventId,
    rounds: Mutex<Rounds>,
    router: Router,
    from_memory: MemoryReads,
}

impl Node {
    pub fn new(
        store: &Store,
        ledger: &Ledger,
        clock: Arc<dyn Clock>,
        settings: WaitingRoomSettings,
        event: EventId,
    ) -> Self {
        let inventory = Inventory::new(
            store.clone(),
            ledger.clone(),
            clock.clone(),
            InventorySettings::default(),
        );
        let keys = Keys::new(&[Secret::new(SIGNING_KEY)]).expect("keys");
        let (ledger, store) = (ledger.clone(), store.clone());
        let room =
            WaitingRoom::new(inventory.clone(), ledger, store, clock.clone(), keys, settings);
        let edge = EdgeSettings {
            organizer_token: Secret::new(ORGANIZER_TOKEN),
            ..EdgeSettings::default()
        };
        let edge = Arc::new(Edge::new(edge, clock));
        let from_memory = MemoryReads::new(edge.clone(), vec![room.clone()]);
        let router = edge.wrap(waiting_room::router(room.clone()));
        Self { room, inventory, event, rounds: Mutex::default(), router, from_memory }
    }

    pub fn buyer(&self) -> Buyer<'_> {
        Buyer { node: self, device: random::token() }
    }

    /// What the follower does, once.
    pub async fn follow(&self) {
        self.rounds.lock().await.follow(&self.room).await;
    }

    /// What whoever leads does, once.
    pub async fn lead(&self) {
        self.rounds.lock().await.lead(&self.room).await;
    }

    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    /// What is answered from memory, if anything.
    pub async fn recall(&self, request: &Request<Body>) -> Option<Answer> {
        Some(read(self.from_memory.answer(request)?).await)
    }

    /// Asks the routes. Where there is an answer from memory as well, it must be the same: as that of
    /// just before or just after, for time may go on between them.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let mut head = Request::new(Body::empty());
        *head.method_mut() = request.method().clone();
        *head.uri_mut() = request.uri().clone();
        *head.headers_mut() = request.headers().clone();
        let before = self.recall(&head).await;
        let answer = read(self.respond(request).await).await;
        if let Some(before) = before
            && comparable(&before) != comparable(&answer)
        {
            let after = self.recall(&head).await.expect("still in memory");
            assert_eq!(comparable(&after), comparable(&answer));
        }
        answer
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

    /// `/v1/events/{event}/queue` and what follows.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/events/{}/queue{rest}", self.event)
    }

    pub async fn get(&self, rest: &str) -> Answer {
        self.call("GET", &self.path(rest), &[], None).await
    }

    /// A call of the organiser, under this key.
    pub async fn organizer_again(
        &self,
        method: &str,
        rest: &str,
        body: Value,
        key: &str,
    ) -> Answer {
        let bearer = format!("Bearer {ORGANIZER_TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
        let body = (method != "GET").then_some(body);
        self.call(method, &self.path(rest), &headers, body).await
    }

    /// A call of the organiser, under a new key.
    pub async fn organizer(&self, method: &str, rest: &str, body: Value) -> Answer {
        self.organizer_again(method, rest, body, &random::token()).await
    }

    /// The line as its organiser sees it, after the follower's next round.
    pub async fn settings(&self) -> Value {
        self.follow().await;
        self.organizer("GET", "/settings", Value::Null).await.expect(200)
    }
}

async fn read(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, body }
}

/// Without what differs from one moment to the next.
fn comparable(answer: &Answer) -> (u16, Vec<String>, Value) {
    let names = answer.headers.keys().filter(|name| *name != header::CONTENT_LENGTH);
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    names.sort();
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("poll_after_ms");
        fields.remove("eta_seconds");
    }
    (answer.status, names, body)
}
