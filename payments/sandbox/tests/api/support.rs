//! A running sandbox, a shop that receives its webhooks, and a clock that the test sets.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, routing::post};
use sandbox::{Rate, Sandbox, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub const SECRET_KEY: &str = "sk_test_shop";
pub const PUBLISHABLE_KEY: &str = "pk_test_shop";
pub const WEBHOOK_SECRET: &str = "whsec_shop";
/// 2026-11-21T06:00:00Z
pub const NOON: i64 = 1_795_240_800_000;

/// One Stripe account, and whoever sells tickets with it.
pub struct Shop {
    pub sandbox: Sandbox,
    pub url: String,
    pub inbox: Arc<Inbox>,
    pub http: reqwest::Client,
    clock: Arc<AtomicI64>,
    dir: Arc<TempDir>,
    shutdown: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// The webhooks that came in.
pub struct Inbox {
    pub url: String,
    pub status: AtomicU16,
    received: Mutex<Vec<Webhook>>,
}

#[derive(Clone, Debug)]
pub struct Webhook {
    pub signature: String,
    pub body: String,
}

impl Webhook {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

impl Inbox {
    pub fn received(&self) -> Vec<Webhook> {
        self.received.lock().unwrap().clone()
    }

    /// The webhooks once there are at least so many.
    pub async fn wait_for(&self, count: usize) -> Vec<Webhook> {
        wait_for(&format!("{count} webhooks"), || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

/// Looks again and again until there is a result, at most half a minute.
pub async fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The error object of a refusal with this status.
    #[track_caller]
    pub fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body["error"]["request_log_url"].is_string());
        self.body["error"].clone()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(Rate::default()).await
    }

    pub async fn open_with(rate: Rate) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        Self::start(dir, Arc::new(AtomicI64::new(NOON)), rate, sandbox::ALL_EVENTS).await
    }

    pub async fn subscribed_to(events: &'static [&'static str]) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        Self::start(dir, Arc::new(AtomicI64::new(NOON)), Rate::default(), events).await
    }

    async fn start(
        dir: Arc<TempDir>,
        clock: Arc<AtomicI64>,
        rate: Rate,
        enabled_events: &'static [&'static str],
    ) -> Self {
        let shutdown = CancellationToken::new();
        let (inbox, inbox_task) = inbox().await;
        let now = Arc::clone(&clock);
        let sandbox = Sandbox::open(SandboxOptions {
            data_dir: dir.path().to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            publishable_key: PUBLISHABLE_KEY.to_owned(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            webhook_url: Some(inbox.url.clone()),
            enabled_events,
            now: Arc::new(move || now.load(Ordering::SeqCst)),
            rate,
        })
        .unwrap();
        let router = Router::new().nest("/sandbox/stripe", sandbox.router());
        let (address, server) = listen(router).await;
        let sender = tokio::spawn({
            let (sandbox, shutdown) = (sandbox.clone(), shutdown.clone());
            async move { sandbox.run(shutdown).await }
        });
        Self {
            sandbox,
            url: format!("http://{address}/sandbox/stripe"),
            inbox,
            http: http_client(),
            clock,
            dir,
            shutdown,
            tasks: vec![inbox_task, server, sender],
        }
    }

    /// The same account after the process was killed: nothing is said good-bye to.
    pub async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// As [`Shop::restart`], with something done to the journal in between.
    pub async fn restart_after(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let (dir, clock) = (Arc::clone(&self.dir), Arc::clone(&self.clock));
        drop(self);
        meanwhile(&dir.path().join("sandbox/journal.jsonl"));
        Self::start(dir, clock, Rate::default(), sandbox::ALL_EVENTS).await
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn later(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// As the server, with the secret key.
    pub async fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        self.call("POST", path, params, &[("authorization", &bearer(SECRET_KEY))]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], &[("authorization", &bearer(SECRET_KEY))]).await
    }

    pub async fn post_with_key(&self, key: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        let headers = [("authorization", bearer(SECRET_KEY)), ("idempotency-key", key.to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.call("POST", path, params, &headers).await
    }

    /// As a page, with the publishable key.
    pub async fn browser(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        self.call(method, path, params, &[("authorization", &bearer(PUBLISHABLE_KEY))]).await
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        self.try_call(method, path, params, headers).await.unwrap()
    }

    /// [`Shop::call`] that may find the connection broken.
    pub async fn try_call(
        &self,
        method: &str,
        path: &str,
        params: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let mut url = format!("{}{path}", self.url);
        if method == "GET" && !form.is_empty() {
            url = format!("{url}?{form}");
        }
        let mut request = self.http.request(method.parse().unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == "POST" {
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// Makes the sandbox misbehave.
    pub async fn control(&self, patch: Value) -> Answer {
        let response =
            self.http.post(format!("{}/control", self.url)).json(&patch).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.json().await.unwrap() }
    }

    pub async fn counters(&self) -> Value {
        let response = self.http.get(format!("{}/control", self.url)).send().await.unwrap();
        response.json::<Value>().await.unwrap()["counters"].clone()
    }

    /// An unconfirmed intent of 20.00 that is authorised first and captured later.
    pub async fn intent(&self) -> Intent {
        self.intent_with(&[("capture_method", "manual")]).await
    }

    pub async fn intent_with(&self, more: &[(&str, &str)]) -> Intent {
        let mut params = vec![
            ("amount", "2000"),
            ("currency", "eur"),
            ("payment_method_types[]", "card"),
            ("metadata[order_id]", "ord_1"),
        ];
        params.extend_from_slice(more);
        let body = self.post("/v1/payment_intents", &params).await.ok();
        Intent {
            id: body["id"].as_str().unwrap().to_owned(),
            secret: body["client_secret"].as_str().unwrap().to_owned(),
            path: format!("/v1/payment_intents/{}", body["id"].as_str().unwrap()),
        }
    }

    pub async fn confirm(&self, intent: &Intent, method: &str) -> Answer {
        self.post(&format!("{}/confirm", intent.path), &[("payment_method", method)]).await
    }

    /// The types of all events, oldest first.
    pub async fn event_kinds(&self) -> Vec<String> {
        let events = self.get("/v1/events?limit=100").await.ok();
        let mut kinds: Vec<_> = events["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        kinds.reverse();
        kinds
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.shutdown.cancel();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What a test needs to know of an intent.
pub struct Intent {
    pub id: String,
    pub secret: String,
    pub path: String,
}

pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// How often each text occurs.
pub fn tally(texts: impl IntoIterator<Item = String>) -> HashMap<String, usize> {
    let mut tally = HashMap::new();
    for text in texts {
        *tally.entry(text).or_default() += 1;
    }
    tally
}

async fn inbox() -> (Arc<Inbox>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inbox = Arc::new(Inbox {
        url: format!("http://{}/webhook", listener.local_addr().unwrap()),
        status: AtomicU16::new(200),
        received: Mutex::new(Vec::new()),
    });
    let handler = {
        let inbox = Arc::clone(&inbox);
        move |headers: HeaderMap, body: Bytes| async move {
            let status = StatusCode::from_u16(inbox.status.load(Ordering::SeqCst)).unwrap();
            if status.is_success() {
                inbox.received.lock().unwrap().push(Webhook {
                    signature: headers["stripe-signature"].to_str().unwrap().to_owned(),
                    body: String::from_utf8(body.to_vec()).unwrap(),
                });
            }
            status
        }
    };
    let router = Router::new().route("/webhook", post(handler));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (inbox, task)
}

async fn listen(router: Router) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

fn http_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
