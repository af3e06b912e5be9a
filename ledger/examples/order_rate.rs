//! How many orders a second the ledger takes: `cargo run --release -p ledger --example order_rate`
//! on an SQLite file, with a `postgres://` address as its argument on that (empty) database.
//!
//! One row for each number of buyers at once: with one, each order pays for a commit of its own
//! (the floor); with many, orders share commits. Prints, and asserts nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    event::{Event, EventStatus, Queue, Sale},
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey, OrderId},
    time::Timestamp,
};
use ledger::{CreateOrder, InsertEvent, KeptAnswer, Ledger, NewEvent, NewOrder, OrderLine};
use testkit::SettableClock;

const ROUND: Duration = Duration::from_secs(3);
const NOW: Timestamp = Timestamp(1_811_851_200_000);

#[tokio::main]
async fn main() -> Result<(), ledger::Error> {
    let url = std::env::args().nth(1).unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ledger = Ledger::connect(&url, folder.path(), SettableClock::default().shared()).await?;
    ledger.migrate().await?;
    publish(&ledger).await?;
    let next = Arc::new(AtomicU32::new(0));
    let mut floor = None;
    for buyers in [1_u32, 8, 64, 256] {
        let begun = Instant::now();
        let first = next.load(Ordering::Relaxed);
        let tasks: Vec<_> = (0..buyers)
            .map(|_| tokio::spawn(buy(ledger.clone(), Arc::clone(&next), begun + ROUND)))
            .collect();
        for task in tasks {
            task.await.expect("a buyer ends")?;
        }
        let orders = next.load(Ordering::Relaxed) - first;
        let rate = f64::from(orders) / begun.elapsed().as_secs_f64();
        let ratio = rate / *floor.get_or_insert(rate);
        println!("{buyers:>4} buyers {rate:>8.0} orders/s {ratio:>6.1} times one buyer's");
    }
    Ok(())
}

async fn buy(ledger: Ledger, next: Arc<AtomicU32>, until: Instant) -> Result<(), ledger::Error> {
    while Instant::now() < until {
        let reply = ledger.create_order(order(next.fetch_add(1, Ordering::Relaxed))).await?;
        assert!(matches!(reply, CreateOrder::Created(_)), "{reply:?}");
    }
    Ok(())
}

/// The event whose seats are bought.
async fn publish(ledger: &Ledger) -> Result<(), ledger::Error> {
    let new = NewEvent {
        id: EventId::new(NOW, [1; 12]),
        slug: "gala".to_owned(),
        name: "Gala".to_owned(),
        description: None,
        starts_at: NOW.plus_seconds(86_400),
        currency: "EUR".parse().expect("a currency"),
        prices: BTreeMap::new(),
        sale: Sale::default(),
        queue: Queue::default(),
        chart: "{}".to_owned(),
        areas: Vec::new(),
        answer: None,
    };
    let InsertEvent::Inserted(event) = ledger.insert_event(new).await? else {
        panic!("the database is not empty")
    };
    let published = Event { status: EventStatus::Published, ..event };
    assert!(ledger.update_event(&published).await?, "nobody else is here");
    Ok(())
}

/// Two seats of their own for every buyer.
fn order(number: u32) -> NewOrder {
    let now = NOW;
    let mut digits = [0; 12];
    digits[..4].copy_from_slice(&number.to_be_bytes());
    let line = |line: u32| OrderLine {
        number: line,
        seat: Some(number * 2 + line),
        area: None,
        label: "A-1".to_owned(),
        category: "stalls".to_owned(),
        quantity: 1,
        price: 1_000,
    };
    NewOrder {
        id: OrderId::new(now, digits),
        event: EventId::new(now, [1; 12]),
        hold: HoldId { created: now, event: 1, partition: 0, key: HoldKey(digits) },
        customer: CustomerKey(digits),
        email_customer: CustomerKey([digits[3]; 12]),
        email: "buyer@example.org".to_owned(),
        name: None,
        lines: vec![line(0), line(1)],
        amount: 2_000,
        currency: "EUR".parse().expect("a currency"),
        pay_before: now.plus_seconds(600),
        customer_limit: u32::MAX,
        area_capacities: Vec::new(),
        answer: KeptAnswer {
            key: format!("key-{number}"),
            fingerprint: "body".to_owned(),
            status: 201,
            body: "{}".to_owned(),
        },
    }
}
