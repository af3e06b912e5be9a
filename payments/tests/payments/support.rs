//! A shop with one event, and buyers who already have an order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;
use domain::{
    event::{EventStatus, Queue, Sale},
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey, OrderId},
    order::OrderState,
    time::{Clock, Timestamp},
};
use ledger::{CreateOrder, InsertEvent, KeptAnswer, Ledger, NewEvent, NewOrder, OrderLine};
use payments::{Payments, PaymentsSettings, check_settings, signature, stripe::Rate};
use platform::{
    Keys, Secret,
    http::{Edge, EdgeSettings},
    random,
};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub const SECRET_KEY: &str = "sk_test_of_the_test_suite";
pub const PUBLISHABLE_KEY: &str = "pk_test_of_the_test_suite";
pub const WEBHOOK_SECRET: &str = "whsec_of_the_test_suite";
pub const AMOUNT: i64 = 4500;
pub const PAY_SECONDS: i64 = 600;

/// Runs like the system's, from 1 June 2027 on, and can be moved ahead.
#[derive(Clone)]
pub struct RunningClock {
    started: Instant,
    ahead: Arc<AtomicI64>,
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.started.elapsed().as_millis() as i64;
        Timestamp(1_811_851_200_000 + elapsed + self.ahead.load(Ordering::SeqCst))
    }
}

pub struct Shop {
    pub ledger: Ledger,
    pub payments: Payments,
    pub base: String,
    pub http: reqwest::Client,
    pub clock: RunningClock,
    keys: Keys,
    event: EventId,
    orders: AtomicU32,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    _data: TempDir,
}

/// An order and the token that owns it.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: OrderId,
    pub token: String,
}

/// Status, `Idempotent-Replayed`, `Retry-After`, body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub retry_after: bool,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub fn expect_refusal(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        self.body
    }
}

impl Shop {
    /// With webhooks and all background tasks.
    pub async fn open() -> Self {
        let shop = Self::without_tasks().await;
        shop.payments.spawn_tasks(&shop.shutdown);
        shop
    }

    /// Nothing happens by itself, except that the sandbox sends its webhooks.
    pub async fn without_tasks() -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let clock = RunningClock { started: Instant::now(), ahead: Arc::default() };
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ledger = Ledger::connect("", data.path(), shared.clone()).await.expect("a ledger");
        ledger.migrate().await.expect("the schema");
        let keys = Keys::new(&[Secret::new("a signing key that only this test suite uses")])
            .expect("long enough");

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let sandbox = open_sandbox(&data, &clock, &base);
        tokio::spawn({
            let (sandbox, shutdown) = (sandbox.clone(), shutdown.clone());
            async move { sandbox.run(shutdown).await }
        });
        let settings = PaymentsSettings {
            secret_key: SECRET_KEY.to_owned(),
            publishable_key: PUBLISHABLE_KEY.to_owned(),
            webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
            api_base: format!("{base}/sandbox/stripe/"),
            rate: Rate::OFF,
            sandbox: true,
        };
        check_settings(&settings).expect("usable settings");
        let payments =
            Payments::new(ledger.clone(), keys.clone(), shared.clone(), &settings, tasks.clone())
                .expect("a client");
        let edge = Arc::new(Edge::new(EdgeSettings::default(), shared));
        let routes = edge
            .wrap(payments::router(payments.clone()))
            .merge(Router::new().nest("/sandbox/stripe", sandbox.router()));
        tokio::spawn(async move { axum::serve(listener, routes).await });

        let event = insert_event(&ledger, &clock).await;
        Self {
            ledger,
            payments,
            base,
            http: reqwest::Client::builder().no_proxy().build().expect("an HTTP client"),
            clock,
            keys,
            event,
            orders: AtomicU32::new(0),
            shutdown,
            tasks,
            _data: data,
        }
    }

    /// One more process with the same stores.
    pub fn spawn_tasks(&self) {
        self.payments.spawn_tasks(&self.shutdown);
    }

    /// A new order for one seat that nobody else asks for.
    pub async fn order(&self) -> Order {
        let number = self.orders.fetch_add(1, Ordering::SeqCst);
        let now = self.clock.now();
        let id = OrderId::new(now, random::bytes());
        let hold = HoldId { created: now, event: 1, partition: 0, key: HoldKey(random::bytes()) };
        let line = OrderLine {
            number: 1,
            seat: Some(number),
            area: None,
            label: format!("A-{number}"),
            category: "A".to_owned(),
            quantity: 1,
            price: AMOUNT,
        };
        let new = NewOrder {
            id: id.clone(),
            event: self.event.clone(),
            hold,
            customer: CustomerKey(random::bytes()),
            email_customer: CustomerKey(random::bytes()),
            email: "buyer@example.org".to_owned(),
            name: None,
            lines: vec![line],
            amount: AMOUNT,
            currency: "EUR".parse().expect("a currency"),
            pay_before: now.plus_seconds(PAY_SECONDS),
            customer_limit: 8,
            area_capacities: Vec::new(),
            answer: KeptAnswer {
                key: random::token(),
                fingerprint: String::new(),
                status: 201,
                body: "{}".to_owned(),
            },
        };
        match self.ledger.create_order(new).await.expect("the ledger answers") {
            CreateOrder::Created(_) => Order { token: self.keys.order_token(&id), id },
            other => panic!("no order: {other:?}"),
        }
    }

    /// Presses Pay with a key of its own.
    pub async fn press_pay(&self, order: &Order) -> Answer {
        self.press_pay_with(order, Some(&random::token())).await
    }

    pub async fn press_pay_with(&self, order: &Order, key: Option<&str>) -> Answer {
        let mut request = self
            .http
            .post(format!("{}/v1/orders/{}/payment", self.base, order.id))
            .header("Holdfast-Order", &order.token);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        read(request.send().await.expect("an answer")).await
    }

    /// Presses Pay, which must succeed.
    pub async fn payment(&self, order: &Order) -> Value {
        let answer = self.press_pay(order).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        answer.body
    }

    /// What the payment form does in the browser.
    pub async fn confirm(&self, payment: &Value, payment_method: &str) -> Answer {
        let text = |name: &str| payment[name].as_str().expect("a text").to_owned();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("key", &text("publishable_key"))
            .append_pair("client_secret", &text("client_secret"))
            .append_pair("payment_method", payment_method)
            .append_pair("return_url", "https://shop.example/return")
            .finish();
        let url =
            format!("{}/v1/payment_intents/{}/confirm", text("api_base"), text("payment_intent"));
        read(self.form(url, form).send().await.expect("an answer")).await
    }

    /// The buyer at the bank's page.
    pub async fn answer_the_bank(&self, payment: &Value, result: &str) {
        let intent = payment["payment_intent"].as_str().expect("an intent");
        let url = format!("{}/sandbox/stripe/3ds/{intent}", self.base);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        let answer = http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("result={result}"))
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().as_u16() < 400, "{}", answer.status());
    }

    /// A call with the secret key, as from Stripe's dashboard.
    pub async fn stripe(&self, method: reqwest::Method, path: &str, form: &str) -> Value {
        let url = format!("{}/sandbox/stripe/v1/{path}", self.base);
        let request = match method {
            reqwest::Method::GET => self.http.get(format!("{url}?{form}")),
            _ => self.form(url, form.to_owned()),
        };
        let answer = request.bearer_auth(SECRET_KEY).send().await.expect("an answer");
        read(answer).await.expect(200)
    }

    fn form(&self, url: String, form: String) -> reqwest::RequestBuilder {
        self.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// What the sandbox shall do wrong from now on.
    pub async fn misbehave(&self, control: Value) {
        let url = format!("{}/sandbox/stripe/control", self.base);
        let answer = self.http.post(url).json(&control).send().await.expect("an answer");
        read(answer).await.expect(200);
    }

    /// Ends when the sandbox has been called for the first time.
    pub async fn wait_for_a_call(&self) {
        let url = format!("{}/sandbox/stripe/control", self.base);
        self.wait_for("a call of Stripe", async || {
            let answer = self.http.get(&url).send().await.expect("an answer");
            let calls = read(answer).await.expect(200)["counters"]["calls"].as_u64();
            calls.filter(|calls| *calls > 0)
        })
        .await;
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.clock.ahead.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Sends an event as Stripe would, signed.
    pub async fn deliver(&self, event: &Value) -> u16 {
        let body = event.to_string();
        let now = self.clock.now().as_millis() / 1000;
        self.deliver_raw(&signature::sign(WEBHOOK_SECRET, now, body.as_bytes()), body).await
    }

    pub async fn deliver_raw(&self, signature: &str, body: impl Into<reqwest::Body>) -> u16 {
        let request = self
            .http
            .post(format!("{}/v1/stripe/webhook", self.base))
            .header("Stripe-Signature", signature)
            .header("content-type", "application/json")
            .body(body);
        request.send().await.expect("an answer").status().as_u16()
    }

    /// The intent as a webhook of this type would carry it, with changes.
    pub async fn event_about(&self, payment: &Value, kind: &str, changes: Value) -> Value {
        let id = payment["payment_intent"].as_str().expect("an intent");
        let mut intent =
            self.stripe(reqwest::Method::GET, &format!("payment_intents/{id}"), "").await;
        for (name, value) in changes.as_object().expect("an object") {
            intent[name] = value.clone();
        }
        let created = self.clock.now().as_millis() / 1000;
        json!({
            "id": format!("evt_{}", random::token().replace(['-', '_'], "0")),
            "object": "event", "type": kind, "livemode": false, "created": created,
            "data": {"object": intent},
        })
    }

    pub async fn state(&self, order: &Order) -> OrderState {
        self.read(order).await.state
    }

    pub async fn read(&self, order: &Order) -> ledger::Order {
        self.ledger.order(&order.id).await.expect("the ledger answers").expect("the order")
    }

    pub async fn wait_for_state(&self, order: &Order, wanted: OrderState) -> ledger::Order {
        self.wait_for(&format!("{} of {}", wanted.as_str(), order.id), async || {
            let found = self.read(order).await;
            (found.state == wanted).then_some(found)
        })
        .await
    }

    /// Asks until there is a value.
    pub async fn wait_for<T>(&self, what: &str, probe: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..2000 {
            if let Some(value) = probe().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited in vain for {what}");
    }

    pub async fn valid_tickets(&self, order: &Order) -> usize {
        let tickets = self.ledger.tickets_of_order(&order.id).await.expect("the ledger answers");
        tickets.iter().filter(|ticket| ticket.status == ledger::TicketStatus::Valid).count()
    }

    /// Whether the order still has its seat.
    pub async fn has_claim(&self, order: &Order) -> bool {
        let claims = self.ledger.claims(&self.event).await.expect("the ledger answers");
        claims.iter().any(|claim| claim.order == order.id)
    }

    /// What every test must leave behind.
    pub async fn assert_audit_is_clean(&self) {
        let violations = self.ledger.audit(None).await.expect("the ledger answers");
        assert!(violations.is_empty(), "{violations:?}");
    }

    /// Ends the background tasks; whatever was begun is finished.
    pub async fn close(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.assert_audit_is_clean().await;
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn open_sandbox(data: &TempDir, clock: &RunningClock, base: &str) -> Sandbox {
    let clock = clock.clone();
    Sandbox::open(SandboxOptions {
        data_dir: data.path().to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        publishable_key: PUBLISHABLE_KEY.to_owned(),
        webhook_secret: WEBHOOK_SECRET.to_owned(),
        webhook_url: Some(format!("{base}/v1/stripe/webhook")),
        enabled_events: sandbox::ALL_EVENTS,
        now: Arc::new(move || clock.now().as_millis()),
        rate: sandbox::Rate::default(),
    })
    .expect("a sandbox")
}

async fn insert_event(ledger: &Ledger, clock: &RunningClock) -> EventId {
    let now = clock.now();
    let id = EventId::new(now, random::bytes());
    let new = NewEvent {
        id: id.clone(),
        slug: "concert".to_owned(),
        name: "Concert".to_owned(),
        description: None,
        starts_at: now.plus_seconds(86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: [("A".to_owned(), AMOUNT)].into(),
        sale: Sale { pay_seconds: PAY_SECONDS, ..Sale::default() },
        queue: Queue::default(),
        chart: "{}".to_owned(),
        areas: Vec::new(),
        answer: None,
    };
    match ledger.insert_event(new).await.expect("the ledger answers") {
        InsertEvent::Inserted(mut event) => {
            event.status = EventStatus::Published;
            assert!(ledger.update_event(&event).await.expect("the ledger answers"));
            id
        }
        other => panic!("no event: {other:?}"),
    }
}

async fn read(answer: reqwest::Response) -> Answer {
    let status = answer.status().as_u16();
    let replayed = answer.headers().contains_key("idempotent-replayed");
    let retry_after = answer.headers().contains_key("retry-after");
    let text = answer.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, replayed, retry_after, body }
}
