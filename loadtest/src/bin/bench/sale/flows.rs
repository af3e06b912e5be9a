//! How many a second, on the cores of this machine: durable orders, and whole paid flows.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use loadtest::{
    generator::{Connection, run_each},
    journey::{Journey, Outcome, Target, Walk},
    report::Report,
    requests::Person,
    rounds::median,
};
use tokio::{join, time::sleep};

use super::{
    ROUNDS,
    ours::{Ours, order, pair},
};

/// Of one measurement.
const ORDERS: usize = 2_500;
/// Pairs of seats for all flows; more than can be sold.
const PAIRS: usize = 16_000;
/// People at once: enough for the ledger to find company for each write.
const PEOPLE: usize = 256;
/// Until as many flows begin as end.
const WARM_UP: Duration = Duration::from_secs(3);
const WINDOW: Duration = Duration::from_secs(4);

pub async fn orders(report: &mut Report) -> Result<()> {
    let ours = Ours::start().await?;
    let mut windows = Vec::new();
    // The first round warms up.
    for round in 0..=ROUNDS {
        let event = ours.hall(ORDERS * 2).await?;
        let holds = ours.hold_all(&event, ORDERS, |place| pair(place, ORDERS * 2)).await?;
        let before = Window::begin(&ours).await?;
        let each = async |connection: &mut Connection, place: usize| {
            let (person, held) = &holds[place];
            order(connection, *person, held).await.map(drop)
        };
        run_each(&[ours.address()], PEOPLE, ORDERS, each).await?;
        if round > 0 {
            windows.push(before.end(&ours, ORDERS).await?);
        }
    }
    ours.audit().await?;
    let name = "durable orders a second";
    tell(report, name, "of an order", windows, ("at least 1,000", 1_000.0));
    Ok(())
}

pub async fn tickets(report: &mut Report) -> Result<()> {
    let ours = Ours::start().await?;
    let event = ours.hall(PAIRS * 2).await?;
    let (done, is_over) = (Cell::new(0), Cell::new(false));
    let each = async |connection: &mut Connection, place: usize| {
        if !is_over.get() {
            walk(connection, &ours, &event, place).await?;
            done.set(done.get() + 1);
        }
        Ok(())
    };
    let addresses = [ours.address()];
    let flows = run_each(&addresses, PEOPLE, PAIRS, each);
    let watch = async {
        sleep(WARM_UP).await;
        let mut windows = Vec::new();
        for _ in 0..ROUNDS {
            let (before, done_before) = (Window::begin(&ours).await?, done.get());
            sleep(WINDOW).await;
            ensure!(done.get() < PAIRS - PEOPLE, "the hall was sold out within the measurement");
            windows.push(before.end(&ours, done.get() - done_before).await?);
        }
        is_over.set(true);
        Ok(windows)
    };
    let (flowed, windows) = join!(flows, watch);
    flowed?;
    ours.audit().await?;
    let name = "paid flows a second (HOLDFAST_STRIPE_RATE=0)";
    tell(report, name, "of a paid flow", windows?, ("at least 500", 500.0));
    Ok(())
}

/// What was done in some time, and what it cost.
struct Window {
    began: Instant,
    costs: [f64; 3],
}

/// How many a second, and microseconds of server, Redis and Postgres for each.
type Done = (f64, [f64; 3]);

impl Window {
    async fn begin(ours: &Ours) -> Result<Self> {
        Ok(Self { costs: ours.costs().await?, began: Instant::now() })
    }

    async fn end(self, ours: &Ours, done: usize) -> Result<Done> {
        let rate = done as f64 / self.began.elapsed().as_secs_f64();
        let costs = ours.costs().await?;
        let each = |place| (costs[place] - self.costs[place]) / done.max(1) as f64;
        Ok((rate, std::array::from_fn(each)))
    }
}

fn tell(
    report: &mut Report,
    name: &str,
    of_one: &str,
    windows: Vec<Done>,
    (target, least): (&str, f64),
) {
    let middle =
        |value: &dyn Fn(&Done) -> f64| median(&mut windows.iter().map(value).collect::<Vec<f64>>());
    let rate = middle(&|(rate, _)| *rate);
    report.figure(name, rate, "", target, rate >= least);
    for (place, who) in ["server", "Redis", "Postgres"].into_iter().enumerate() {
        let name = format!("CPU {of_one}: {who}");
        report.fact(&name, middle(&|(_, costs)| costs[place]), "µs");
    }
}

/// Hold, order, payment, webhook, tickets; a refusal is an error.
async fn walk(connection: &mut Connection, ours: &Ours, event: &str, place: usize) -> Result<()> {
    let mut trouble = None;
    let told = |step: &'static str, outcome: Outcome| {
        if let Outcome::Refused(what) | Outcome::Failed(what) = outcome {
            trouble = Some(format!("{step}: {what}"));
        }
    };
    let target =
        Target { address: ours.address(), event, seats: pair(place, PAIRS * 2), place: None };
    let (person, since) = (Person(place), Instant::now());
    let mut walk = Walk { connection, target, person, since, told };
    // Why it ended early is in `trouble`.
    let _ = walk.go(Journey::Ticket).await;
    match trouble {
        Some(trouble) => bail!(trouble),
        None => Ok(()),
    }
}
