//! Who uses the deployment through its front door: an organiser, buyers, a crowd, and Stripe beside it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::Router;
use reqwest::Method;
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{PostgresServer, RedisCluster};
use tokio::{task::JoinSet, time::sleep};

use super::manifest::Manifests;
use crate::support::{Buyer, Hold, random_text};

/// Between two calls of one of the crowd: sixty calls a minute stay below the limit of an address.
const PAUSE: Duration = Duration::from_millis(1_500);

/// Also when no webhook ever arrives.
const PAID_WITHIN_SECONDS: usize = 20;

pub struct Shop {
    pub http: reqwest::Client,
    base: String,
    token: String,
}

impl Shop {
    pub fn new(base: String, token: &str) -> Self {
        let http = reqwest::Client::builder().local_address(Some([127, 3, 0, 1].into())).build();
        Self { http: http.expect("an HTTP client"), base, token: token.to_owned() }
    }

    /// Creates and publishes an event; gives its id.
    pub async fn publish(&self, event: Value) -> String {
        let created = self.organizer("/v1/events", event, 201).await;
        let id = created["id"].as_str().expect("an id").to_owned();
        self.organizer(&format!("/v1/events/{id}/publish"), json!({}), 200).await;
        id
    }

    async fn organizer(&self, path: &str, body: Value, status: u16) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = request.header("Idempotency-Key", random_text()).json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Two seats from the map to the tickets.
    pub async fn buy(&self, event: &str, seats: &[&str]) {
        let buyer = Buyer::at(self.http.clone(), self.base.clone());
        let order = buyer.order(&buyer.hold(event, seats).await).await;
        let payment = buyer.start_payment(&order).await;
        assert_eq!(buyer.confirm(&payment, "pm_card_visa").await, 200);
        // As seldom as a page: an address has a limit.
        for _ in 0..PAID_WITHIN_SECONDS {
            if buyer.read_order(&order).await["status"] == "confirmed" {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(buyer.tickets(&order).await.len(), seats.len());
    }

    /// Buyers who hold two seats and give them back, until they are told to end.
    pub fn hold_without_end(&self, event: &str, buyers: usize) -> Crowd {
        let (over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        for number in 0..buyers {
            let address = Ipv4Addr::new(127, 2, 0, number as u8 + 1);
            let http = reqwest::Client::builder().local_address(Some(address.into())).build();
            let buyer = Buyer::at(http.expect("an HTTP client"), self.base.clone());
            let (event, over, calls) = (event.to_owned(), over.clone(), calls.clone());
            tasks.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let wish = json!({"best_available": {"quantity": 2}});
                    let answer = buyer.try_hold(&event, wish).await;
                    calls.fetch_add(1, Ordering::Relaxed);
                    match answer.status {
                        201 => release(&buyer, &Hold::read(answer.body)).await,
                        409 | 429 => {}
                        status => panic!("a hold was answered {status}: {}", answer.body),
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                    sleep(PAUSE).await;
                }
            });
        }
        Crowd { tasks, over, calls }
    }

    /// The auditor finds nothing wrong, and so many seats are sold.
    pub fn assert_sold(&self, postgres: &PostgresServer, cluster: &RedisCluster, seats: usize) {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_holdfast"))
            .args(["audit", "--json"])
            .env("HOLDFAST_DATABASE_URL", postgres.url())
            .env("HOLDFAST_REDIS_URL", cluster.url())
            .env("HOLDFAST_ORGANIZER_TOKEN", &self.token)
            .env("HOLDFAST_LISTEN", "127.1.0.1:1")
            .output()
            .expect("the auditor runs");
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
        let sold = postgres.query("SELECT COUNT(*) FROM claims WHERE state = 'sold'");
        assert_eq!(sold.trim(), seats.to_string(), "{report}");
    }
}

async fn release(buyer: &Buyer, hold: &Hold) {
    let key = format!("release-{}", hold.id);
    let headers = [("Idempotency-Key", key.as_str()), ("Holdfast-Hold", hold.token.as_str())];
    let path = format!("/v1/holds/{}", hold.id);
    let answer = buyer.call(Method::DELETE, &path, &headers, None).await.expect("an answer");
    assert!(matches!(answer.status, 204 | 429), "{} {}", answer.status, answer.body);
}

pub struct Crowd {
    tasks: JoinSet<()>,
    over: Arc<AtomicBool>,
    calls: Arc<AtomicU64>,
}

impl Crowd {
    /// How many calls there were; a call that failed fails here.
    pub async fn end(mut self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        while let Some(buyer) = self.tasks.join_next().await {
            buyer.expect("no call fails");
        }
        self.calls.load(Ordering::Relaxed)
    }
}

/// The payment sandbox where the pods look for Stripe.
pub struct Stripe {
    sandbox: Sandbox,
    _data: TempDir,
}

pub async fn start_stripe(manifests: &Manifests) -> Stripe {
    let workloads = manifests.workloads();
    let value = |name: &str| {
        let all = workloads.iter().flat_map(|workload| &workload.pod.environment);
        let found = all.clone().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no pod has {name}")).1.clone()
    };
    let base = value("STRIPE_API_BASE");
    let address: SocketAddr = base
        .strip_prefix("http://")
        .and_then(|text| text.parse().ok())
        .expect("a loopback address");
    let data = TempDir::new().expect("a directory");
    let sandbox = Sandbox::open(SandboxOptions {
        data_dir: data.path().to_owned(),
        secret_key: manifests.secret("holdfast-stripe", "secret-key").to_owned(),
        publishable_key: value("STRIPE_PUBLISHABLE_KEY"),
        webhook_secret: manifests.secret("holdfast-stripe", "webhook-secret").to_owned(),
        webhook_url: None,
        enabled_events: &payments::stripe::EVENT_TYPES,
        now: Arc::new(|| {
            let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            elapsed.as_millis() as i64
        }),
        rate: sandbox::Rate::default(),
    })
    .expect("a sandbox");
    let router: Router = sandbox.router();
    let listener = tokio::net::TcpListener::bind(address).await.expect("Stripe's address is free");
    tokio::spawn(async move { axum::serve(listener, router).await });
    Stripe { sandbox, _data: data }
}

impl Stripe {
    pub fn send_webhooks_to(&self, base: &str) {
        self.sandbox.set_webhook_url(Some(format!("{base}/v1/stripe/webhook")));
        let sandbox = self.sandbox.clone();
        tokio::spawn(async move { sandbox.run(Default::default()).await });
    }
}
