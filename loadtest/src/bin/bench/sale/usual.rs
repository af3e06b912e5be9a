//! Ours beside the usual design: holds, and holds with their orders.

use std::{cell::Cell, net::SocketAddr, process::Command};

use anyhow::Result;
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{self, Call, Connection, run_each},
    hall::{PRICE, SEATS_IN_ROW},
    report::Report,
    requests::Person,
    rounds::interleave,
    servers::{Postgres, Process, Redis, beside},
};

use super::{
    IN_FLIGHT, ROUNDS,
    ours::{Ours, hold, order, pair},
};

/// Of one measurement.
const OUR_HOLDS: usize = 4_000;
const THEIR_HOLDS: usize = 1_500;
const ORDERS: usize = 1_000;

pub async fn compare(report: &mut Report) -> Result<()> {
    let ours = Ours::start().await?;
    let rows = Usual::start("rows").await?;
    let keys = Usual::start("keys").await?;
    // Both sides have made connections and plans before they are measured.
    our_orders(&ours, ORDERS / 4).await?;
    rows.orders(ORDERS / 4).await?;
    keys.orders(ORDERS / 4).await?;

    let our_holds = async || our_holds(&ours, OUR_HOLDS).await;
    let ratio = interleave(ROUNDS, our_holds, async || rows.holds(THEIR_HOLDS).await).await?;
    report.ratio("a hold / of the usual design", &ratio, 0.1);
    report.fact("holds a second of CPU", 1e6 / ratio.measured, "");
    report.fact("the same of the usual design", 1e6 / ratio.floor, "");
    let ratio = interleave(ROUNDS, our_holds, async || keys.holds(OUR_HOLDS).await).await?;
    report.beside("a hold / its lock keys alone, no row", &ratio);

    let our_orders = async || our_orders(&ours, ORDERS).await;
    let ratio = interleave(ROUNDS, our_orders, async || rows.orders(ORDERS).await).await?;
    report.beside("hold and order / of the usual design", &ratio);
    let ratio = interleave(ROUNDS, our_orders, async || keys.orders(ORDERS).await).await?;
    report.beside("hold and order / lock keys, rows at the order", &ratio);
    ours.audit().await?;
    rows.audit().await?;
    keys.audit().await
}

async fn our_holds(ours: &Ours, count: usize) -> Result<f64> {
    let seats = count * 2;
    let event = ours.hall(seats).await?;
    let before = ours.cpu().await?;
    ours.hold_all(&event, count, |place| pair(place, seats)).await?;
    Ok((ours.cpu().await? - before) / count as f64)
}

async fn our_orders(ours: &Ours, count: usize) -> Result<f64> {
    let event = ours.hall(count * 2).await?;
    let first = ours.people(count).start;
    let before = ours.cpu().await?;
    buy(ours.address(), &event, first, count).await?;
    Ok((ours.cpu().await? - before) / count as f64)
}

async fn buy(address: SocketAddr, event: &str, first: usize, count: usize) -> Result<()> {
    let each = async |connection: &mut Connection, place: usize| {
        let person = Person(first + place);
        let held = hold(connection, person, event, &pair(place, count * 2)).await?;
        order(connection, person, &held).await.map(drop)
    };
    run_each(&[address], IN_FLIGHT, count, each).await
}

/// The usual design on a private Redis and Postgres.
struct Usual {
    address: SocketAddr,
    process: Process,
    redis: Redis,
    postgres: Postgres,
    database: String,
    events: Cell<usize>,
    orders: Cell<usize>,
}

impl Usual {
    async fn start(holds_in: &str) -> Result<Self> {
        let redis = Redis::start().await?;
        let postgres = tokio::task::spawn_blocking(Postgres::start).await??;
        let database = postgres.fresh_database();
        let mut command = Command::new(beside("usual_design")?);
        command.args([holds_in, &redis.server.url(), &database]);
        let (process, address) = Process::spawn_server(&mut command)?;
        let (events, orders) = (Cell::new(0), Cell::new(0));
        Ok(Self { address, process, redis, postgres, database, events, orders })
    }

    async fn cpu(&self) -> Result<f64> {
        Ok(self.process.cpu()? + self.redis.cpu().await? + self.postgres.cpu()?)
    }

    /// A new event of so many seats.
    async fn hall(&self, seats: usize) -> Result<String> {
        let number = self.events.replace(self.events.get() + 1);
        let seats = seats.next_multiple_of(SEATS_IN_ROW);
        let (event, body) =
            (format!("hall-{number}"), format!(r#"{{"seats": {seats}, "price": {PRICE}}}"#));
        let create = Call { path: format!("/v1/events/{event}"), headers: Vec::new(), body };
        generator::ask(Method::PUT, self.address, StatusCode::CREATED, create).await?;
        // The new rows are written out and counted now, and not within the measurement.
        self.postgres.settle(&self.database);
        Ok(event)
    }

    async fn holds(&self, count: usize) -> Result<f64> {
        let event = self.hall(count * 2).await?;
        let before = self.cpu().await?;
        let each = async |connection: &mut Connection, place: usize| {
            hold(connection, Person(place), &event, &pair(place, count * 2)).await.map(drop)
        };
        run_each(&[self.address], IN_FLIGHT, count, each).await?;
        Ok((self.cpu().await? - before) / count as f64)
    }

    async fn orders(&self, count: usize) -> Result<f64> {
        let event = self.hall(count * 2).await?;
        self.orders.set(self.orders.get() + count);
        let before = self.cpu().await?;
        buy(self.address, &event, 0, count).await?;
        Ok((self.cpu().await? - before) / count as f64)
    }

    /// Each order that was answered stands there, each seat of one is sold to it alone.
    async fn audit(&self) -> Result<()> {
        let wrong = self.postgres.query_at(
            &self.database,
            "SELECT count(*) FROM orders o
             WHERE (SELECT count(*) FROM seats s WHERE s.event = o.event AND s.ordered_by = o.id
                    AND s.state = 'sold' AND s.label = ANY(o.seats)) <> cardinality(o.seats)",
        );
        let orders = self.postgres.query_at(&self.database, "SELECT count(*) FROM orders");
        anyhow::ensure!(wrong == "0", "{wrong} orders of the usual design lack their seats");
        anyhow::ensure!(
            orders == self.orders.get().to_string(),
            "{orders} orders of the usual design, {} were answered",
            self.orders.get()
        );
        Ok(())
    }
}
