//! What a hold costs beside its floors, in one run: two adjacent named seats, the customer's limit
//! counted.
//!
//! 1. Redis CPU per hold, single and combined, beside `EVALSHA return 1` at pipeline depth 16.
//! 2. CPU per HTTP hold of the whole engine, Redis included, beside a bare hyper answer plus an
//!    unpipelined `EVALSHA return 1`.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use domain::{
    hold::CustomerKey,
    id::{EventId, HoldKey},
    time::Timestamp,
};
use hyper::StatusCode;
use loadtest::{
    cpu,
    generator::{self, Call},
    recording::{Recorder, play},
    report::Report,
    rounds::interleave,
    servers::{Floor, ORGANIZER_TOKEN, Redis, Service},
};
use lua::{CellState, HoldReply, HoldRequest, Partition, Rebuild, Reply, Store};
use serde_json::{Value, json};

const ROUNDS: usize = 3;
/// Holds of one measurement; each takes two seats.
const HOLDS: usize = 4_000;
const SEATS: usize = 50_000;
const PIPELINE_DEPTH: usize = 16;
const COMBINED: usize = 32;
/// Commands in Redis's protocol, one by one.
type Commands = Vec<Vec<u8>>;

pub async fn measure() -> Result<()> {
    let about = format!(
        "Two adjacent named seats, the customer's limit counted; {ROUNDS} rounds of {HOLDS} holds a \
         side; microseconds of CPU per operation."
    );
    let mut report = Report::new("Holds", about)?;
    scripts(&mut report).await?;
    engine(&mut report, 1, 1.6).await?;
    engine(&mut report, 64, 1.0).await?;
    report.end()
}

/// A private Redis, and what so many holds cost it.
struct Scripts(Redis);

impl Scripts {
    async fn flush(&self) -> Result<()> {
        Ok(redis::cmd("FLUSHALL").query_async(&mut self.0.connection.clone()).await?)
    }

    /// Microseconds of CPU that each of `HOLDS` in `work` costs.
    async fn cost_of(&self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        let mut connection = self.0.connection.clone();
        let before = cpu::of_redis(&mut connection).await?;
        work()?;
        Ok((cpu::of_redis(&mut connection).await? - before) / HOLDS as f64)
    }

    /// The same for `HOLDS` calls of `return 1`, each waiting for the one before.
    async fn return_1(&self) -> Result<f64> {
        let mut connection = self.0.connection.clone();
        let digest: String =
            redis::cmd("SCRIPT").arg("LOAD").arg("return 1").query_async(&mut connection).await?;
        let before = cpu::of_redis(&mut connection).await?;
        for _ in 0..HOLDS {
            let one: i64 =
                redis::cmd("EVALSHA").arg(&digest).arg(0).query_async(&mut connection).await?;
            ensure!(one == 1, "return 1 gave {one}");
        }
        Ok((cpu::of_redis(&mut connection).await? - before) / HOLDS as f64)
    }
}

/// The scripts alone: what the binding sends is recorded, and played at a pipeline depth beside
/// `return 1` played in the same way.
async fn scripts(report: &mut Report) -> Result<()> {
    let redis = Scripts(Redis::start().await?);
    let port = redis.0.server.port();
    let recorder = Recorder::start(port)?;
    let store = Store::connect(recorder.url(), Arc::new(platform::SystemClock)).await?;
    let partition =
        Partition { event: EventId::new(Timestamp(1_790_000_000_000), [7; 12]), index: 0 };
    let digest: String = redis::cmd("SCRIPT")
        .arg("LOAD")
        .arg("return 1")
        .query_async(&mut redis.0.connection.clone())
        .await?;
    let return_1 = format!("*3\r\n$7\r\nEVALSHA\r\n$40\r\n{digest}\r\n$1\r\n0\r\n");
    let return_1 = vec![return_1.into_bytes(); HOLDS];
    for (name, size, most) in [
        ("Redis, single hold / return 1 at depth 16", 1, 4.5),
        ("Redis, 32 holds a call / return 1 at depth 16", COMBINED, 2.0),
    ] {
        let (lay, holds) = record(&redis, &recorder, &store, &partition, size).await?;
        let measure = async || {
            redis.flush().await?;
            play(port, &lay, 1)?;
            let cost = redis.cost_of(|| play(port, &holds, PIPELINE_DEPTH)).await?;
            // What was played must have held what was recorded.
            let snapshot = store.read_snapshot(&partition).await?.context("no inventory")?;
            let free = snapshot.states.iter().filter(|s| **s == CellState::Free).count();
            ensure!(free == SEATS - HOLDS * 2, "{free} seats are free at the end");
            Ok(cost)
        };
        let below = async || redis.cost_of(|| play(port, &return_1, PIPELINE_DEPTH)).await;
        report.ratio(name, &interleave(ROUNDS, measure, below).await?, most);
    }
    Ok(())
}

/// What the binding sends to lay an inventory, and for `HOLDS` holds, `size` a call.
async fn record(
    redis: &Scripts,
    recorder: &Recorder,
    store: &Store,
    partition: &Partition,
    size: usize,
) -> Result<(Commands, Commands)> {
    let seats = u32::try_from(SEATS)?;
    let fresh = Rebuild {
        epoch: 1,
        seats,
        capacities: vec![],
        blocked: vec![],
        claims: vec![],
        require_pass: false,
    };
    // Once before, so that the scripts are loaded and the recordings are calls and nothing else.
    for _ in 0..2 {
        redis.flush().await?;
        recorder.take();
        let laid = store.rebuild(partition, &fresh).await?;
        ensure!(matches!(laid, Reply::Done(_)), "the inventory is not laid");
        let lay = recorder.take();
        let requests: Vec<HoldRequest> = (0..HOLDS).map(request).collect();
        for requests in requests.chunks(size) {
            let Reply::Done(done) = store.hold_seats(partition, 1, requests).await? else {
                anyhow::bail!("the inventory went away");
            };
            let held = |reply: &HoldReply| matches!(reply, HoldReply::Held { .. });
            ensure!(done.replies.iter().all(held), "a hold was refused");
        }
        let holds = recorder.take();
        if holds.len() == HOLDS.div_ceil(size) {
            return Ok((lay, holds));
        }
    }
    anyhow::bail!("the recording has other commands than the holds")
}

fn request(number: usize) -> HoldRequest {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&(number as u64).to_be_bytes());
    // Scattered over the hall, as buyers are.
    let seat = u32::try_from(number * 7_919 % (SEATS / 2) * 2).expect("few seats");
    HoldRequest {
        key: HoldKey(key),
        created: Timestamp(1_790_000_000_000),
        ttl_ms: 600_000,
        fingerprint: [1; 8],
        customer: CustomerKey(key),
        customer_limit: 8,
        address: None,
        candidates: vec![vec![seat, seat + 1]],
        areas: vec![],
        has_pass: false,
    }
}

/// The whole service over HTTP with `in_flight` holds at any time.
async fn engine(report: &mut Report, in_flight: usize, most: f64) -> Result<()> {
    let redis = Redis::start().await?;
    let service = Service::start(&redis).await?;
    let floor = Floor::start()?;
    let return_1 = Scripts(Redis::start().await?);
    let mut event = 0;
    let measure = async || {
        event += 1;
        let id = publish(service.address, event).await?;
        let before = service.cpu()? + redis.cpu().await?;
        let call = |number| hold(&id, number);
        generator::run(service.address, in_flight, HOLDS, StatusCode::CREATED, call).await?;
        Ok((service.cpu()? + redis.cpu().await? - before) / HOLDS as f64)
    };
    let below = async || {
        let before = floor.cpu()?;
        generator::run(floor.address, in_flight, HOLDS, StatusCode::OK, |n| hold("e", n)).await?;
        let hyper = (floor.cpu()? - before) / HOLDS as f64;
        Ok(hyper + return_1.return_1().await?)
    };
    let name = format!("HTTP hold, {in_flight} in flight / hyper + return 1");
    report.ratio(&name, &interleave(ROUNDS, measure, below).await?, most);
    Ok(())
}

/// A fresh event whose every pair of seats is held once.
async fn publish(address: SocketAddr, number: usize) -> Result<String> {
    let rows: Vec<Value> = (0..HOLDS * 2 / 40)
        .map(|row| {
            let seats: Vec<Value> = (0..40)
                .map(|seat| {
                    json!({
                        "seat_number": seat.to_string(), "seat_guid": (row * 40 + seat).to_string(),
                        "position": {"x": seat as f64 * 20.0, "y": 0.0}, "category": "All",
                    })
                })
                .collect();
            json!({"row_number": row.to_string(), "position": {"x": 0.0, "y": row as f64 * 25.0},
                   "seats": seats})
        })
        .collect();
    let slug = format!("measurement-{number}");
    let event = json!({
        "slug": slug, "name": slug, "starts_at": "2035-01-01T00:00:00Z", "currency": "EUR",
        "prices": {"All": 1000}, "sale": {"hold_seconds": 1800},
        "seating_plan": {
            "name": "Hall", "categories": [{"name": "All", "color": "#888888"}],
            "zones": [{"name": "Hall", "position": {"x": 0.0, "y": 0.0}, "rows": rows}],
            "size": {"width": 1000.0, "height": 10000.0},
        },
    });
    let organizer = |path: String, body: String| Call {
        headers: vec![
            ("authorization", format!("Bearer {ORGANIZER_TOKEN}")),
            ("idempotency-key", format!("{path} {number}")),
        ],
        path,
        body,
    };
    let created = StatusCode::CREATED;
    generator::run(address, 1, 1, created, |_| organizer("/v1/events".into(), event.to_string()))
        .await?;
    let publish = || organizer(format!("/v1/events/{slug}/publish"), "{}".into());
    generator::run(address, 1, 1, StatusCode::OK, |_| publish()).await?;
    Ok(slug)
}

fn hold(event: &str, number: usize) -> Call {
    Call {
        path: format!("/v1/events/{event}/holds"),
        headers: vec![
            ("idempotency-key", format!("hold-{number:020}")),
            ("holdfast-device", format!("device-{number:020}")),
        ],
        body: format!(r#"{{"seats": ["{}", "{}"]}}"#, number * 2, number * 2 + 1),
    }
}
