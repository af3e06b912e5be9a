//! A ledger with one event, a clock that stands still, and short words for what buyers do.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{
    event::{Event, EventStatus, Queue, Sale},
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey, OrderId},
    money::Currency,
    order::{Fact, OrderState},
    seat::{AreaIndex, SeatIndex},
    time::{Clock, Timestamp},
};
use ledger::{
    BeginIntent, CreateOrder, Evidence, InsertEvent, KeptAnswer, Learned, Ledger, NewAct, NewEvent,
    NewOrder, Order, OrderLine,
};
use sqlx::Connection;
use testkit::{PostgresServer, SettableClock};

/// Of each seat and place.
pub const PRICE: i64 = 2_500;
/// Places of area 0.
pub const PLACES: u32 = 10;

pub struct World {
    pub ledger: Ledger,
    pub clock: SettableClock,
    pub event: Event,
    pub url: String,
    folder: tempfile::TempDir,
    made: AtomicU32,
}

impl World {
    pub async fn sqlite() -> Self {
        Self::at(String::new()).await
    }

    pub async fn postgres() -> Self {
        Self::at(PostgresServer::shared().fresh_database()).await
    }

    pub async fn at(url: String) -> Self {
        let clock = SettableClock::default();
        let folder = tempfile::tempdir().unwrap();
        // A folder that is not there yet, as on a first start.
        let ledger =
            Ledger::connect(&url, &folder.path().join("data"), clock.shared()).await.unwrap();
        ledger.migrate().await.unwrap();
        let InsertEvent::Inserted(event) =
            ledger.insert_event(new_event(clock.now(), "gala", 1)).await.unwrap()
        else {
            panic!("the event was not inserted")
        };
        assert!(ledger.update_event(&published(&event)).await.unwrap());
        let event = ledger.event(&event.id).await.unwrap().unwrap();
        Self { ledger, clock, event, url, folder, made: AtomicU32::new(0) }
    }

    /// Whoever made an order is gone before the inventory was told: the workers' turn.
    pub fn callers_do_nothing(&self) {
        self.clock.advance_millis(ledger::create_order::PROMOTED_WITHIN_MS);
    }

    /// Another process on the same database.
    pub async fn neighbour(&self) -> Ledger {
        let data = self.folder.path().join("data");
        Ledger::connect(&self.url, &data, self.clock.shared()).await.unwrap()
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.is_empty()
    }

    /// Runs SQL behind the ledger's back.
    pub async fn sql(&self, text: &'static str) {
        self.try_sql(text).await.unwrap();
    }

    pub async fn try_sql(&self, text: &'static str) -> Result<(), sqlx::Error> {
        if self.is_sqlite() {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(self.folder.path().join("data/holdfast.sqlite3"))
                .foreign_keys(false)
                .busy_timeout(std::time::Duration::from_secs(5));
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
            sqlx::raw_sql(text).execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await?;
            sqlx::raw_sql(text).execute(&mut connection).await?;
            connection.close().await
        }
    }

    fn next(&self) -> u32 {
        self.made.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An order for seats by a new customer, not yet sent.
    pub fn wish(&self, seats: &[SeatIndex]) -> NewOrder {
        let number = self.next();
        let mut digits = [0; 12];
        digits[..4].copy_from_slice(&number.to_be_bytes());
        let mut email = digits;
        email[11] = 1;
        let lines: Vec<OrderLine> = (1_u32..)
            .zip(seats)
            .map(|(line, seat)| OrderLine {
                number: line,
                seat: Some(*seat),
                area: None,
                label: format!("A-{seat}"),
                category: "stalls".to_owned(),
                quantity: 1,
                price: PRICE,
            })
            .collect();
        NewOrder {
            id: OrderId::new(self.clock.now(), digits),
            event: self.event.id.clone(),
            hold: HoldId {
                created: self.clock.now(),
                event: self.event.number,
                partition: 0,
                key: HoldKey(digits),
            },
            customer: CustomerKey(digits),
            email_customer: CustomerKey(email),
            email: format!("buyer{number}@example.org"),
            name: Some("Ada".to_owned()),
            amount: PRICE * i64::try_from(lines.len()).unwrap(),
            lines,
            currency: Currency::from_str("EUR").unwrap(),
            pay_before: self.clock.now().plus_seconds(600),
            customer_limit: 8,
            area_capacities: vec![(0, PLACES)],
            answer: KeptAnswer {
                key: format!("key-{number}"),
                fingerprint: "body".to_owned(),
                status: 201,
                body: format!("{{\"order\":{number}}}"),
            },
        }
    }

    /// The same with places of an area.
    pub fn wish_places(&self, area: AreaIndex, quantity: u32) -> NewOrder {
        let mut wish = self.wish(&[]);
        wish.lines.push(OrderLine {
            number: 1,
            seat: None,
            area: Some(area),
            label: "floor".to_owned(),
            category: "floor".to_owned(),
            quantity,
            price: PRICE,
        });
        wish.amount = PRICE * i64::from(quantity);
        wish
    }

    pub async fn order(&self, seats: &[SeatIndex]) -> Order {
        self.send(self.wish(seats)).await
    }

    pub async fn send(&self, wish: NewOrder) -> Order {
        match self.ledger.create_order(wish).await.unwrap() {
            CreateOrder::Created(order) => order,
            other => panic!("not created: {other:?}"),
        }
    }

    /// Presses Pay: an intent is begun and stored; its id.
    pub async fn pay(&self, order: &OrderId) -> String {
        let attempt = match self.ledger.begin_intent(order).await.unwrap() {
            BeginIntent::Attempt { attempt, .. } => attempt,
            other => panic!("no attempt: {other:?}"),
        };
        let intent = format!("pi_{order}_{attempt}");
        assert!(self.ledger.store_intent(order, attempt, &intent, "secret").await.unwrap());
        intent
    }

    pub async fn paying(&self, seats: &[SeatIndex]) -> Order {
        let order = self.order(seats).await;
        self.pay(&order.id).await;
        self.reload(&order).await
    }

    /// Learns a fact about the order's current intent.
    pub async fn learn(&self, order: &OrderId, fact: Fact) -> Learned {
        let current = self.ledger.order(order).await.unwrap().unwrap();
        let amount = matches!(fact, Fact::Authorised | Fact::Paid | Fact::Refunded);
        let evidence = Evidence {
            source: "webhook",
            reference: None,
            intent: current.intent.map(|intent| intent.id),
            amount: amount.then_some(current.amount),
        };
        self.ledger.learn(order, fact, evidence).await.unwrap().unwrap()
    }

    pub async fn reload(&self, order: &Order) -> Order {
        self.ledger.order(&order.id).await.unwrap().unwrap()
    }

    pub async fn state(&self, order: &Order) -> OrderState {
        self.reload(order).await.state
    }

    /// Every test leaves a ledger that keeps its invariants.
    pub async fn assert_sound(&self) {
        let violations = self.ledger.audit(None).await.unwrap();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    pub fn evidence(&self) -> Evidence {
        Evidence { source: "sweep", ..Evidence::default() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub fn new_event(now: Timestamp, slug: &str, random: u8) -> NewEvent {
    NewEvent {
        id: EventId::new(now, [random; 12]),
        slug: slug.to_owned(),
        name: "Gala".to_owned(),
        description: None,
        starts_at: now.plus_seconds(86_400),
        currency: Currency::from_str("EUR").unwrap(),
        prices: BTreeMap::from([("stalls".to_owned(), PRICE), ("floor".to_owned(), PRICE)]),
        sale: Sale::default(),
        queue: Queue::default(),
        chart: "{\"areas\":[]}".to_owned(),
        areas: vec![(0, PLACES), (1, PLACES)],
        answer: None,
    }
}

pub fn published(event: &Event) -> Event {
    Event { status: EventStatus::Published, ..event.clone() }
}

pub fn act(kind: &str, reason: &str) -> NewAct {
    NewAct { kind: kind.to_owned(), reason: reason.to_owned(), detail: None }
}
