//! What a hold costs beside its floors, in one run: two adjacent named seats, the customer's limit
//! counted.
//!
//! 1. Redis CPU per hold, single and combined, beside `EVALSHA return 1` at pipeline depth 16.
//! 2. CPU per HTTP hold of the whole engine, Redis included, beside a bare hyper answer plus an
//!    unpipelined `EVALSHA return 1`.
//!
//! `hold_bench` measures and prints; `hold_bench floor-server` is the bare server, started by the
//! former as a process of its own.

use std::{
    env,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use domain::{
    hold::CustomerKey,
    id::{EventId, HoldKey},
    time::Timestamp,
};
use hyper::StatusCode;
use loadtest::{
    cpu, floor,
    generator::{self, Call},
    recording::{Recorder, play},
    rounds::{Ratio, interleave},
};
use lua::{CellState, HoldReply, HoldRequest, Partition, Rebuild, Reply, Store};
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use testkit::RedisServer;
use tokio::net::TcpListener;

const ROUNDS: usize = 5;
/// Holds of one measurement; each takes two seats.
const HOLDS: usize = 8_000;
const SEATS: usize = 50_000;
const PIPELINE_DEPTH: usize = 16;
const COMBINED: usize = 32;
/// Commands in Redis's protocol, one by one.
type Commands = Vec<Vec<u8>>;

const ORGANIZER_TOKEN: &str = "organizer-token-of-the-benchmark";

#[tokio::main]
async fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some("floor-server") {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        return floor::serve(listener).await;
    }
    println!("A hold of two adjacent named seats, the customer's limit counted.");
    println!(
        "{ROUNDS} rounds of A B B A; microseconds of CPU per operation; {HOLDS} holds a side."
    );
    println!();
    println!("{:<44} {:>8} {:>8} {:>7} {:>13}", "", "measured", "floor", "ratio", "least–most");
    scripts().await?;
    engine(1).await?;
    engine(64).await
}

fn print(name: &str, ratio: &Ratio) {
    println!(
        "{name:<44} {:>8.2} {:>8.2} {:>7.2} {:>6.2}–{:.2}",
        ratio.measured, ratio.floor, ratio.median, ratio.least, ratio.most
    );
}

/// A private Redis with a connection of our own to it.
struct Redis {
    server: RedisServer,
    connection: MultiplexedConnection,
}

impl Redis {
    async fn start() -> Result<Self> {
        let server = RedisServer::start();
        let client = redis::Client::open(server.url())?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self { server, connection })
    }

    async fn flush(&self) -> Result<()> {
        Ok(redis::cmd("FLUSHALL").query_async(&mut self.connection.clone()).await?)
    }

    /// Microseconds of CPU that each of `HOLDS` in `work` costs.
    async fn cost_of(&self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        let mut connection = self.connection.clone();
        let before = cpu::of_redis(&mut connection).await?;
        work()?;
        Ok((cpu::of_redis(&mut connection).await? - before) / HOLDS as f64)
    }

    /// The same for `HOLDS` calls of `return 1`, each waiting for the one before.
    async fn return_1(&self) -> Result<f64> {
        let mut connection = self.connection.clone();
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
async fn scripts() -> Result<()> {
    let redis = Redis::start().await?;
    let port = redis.server.port();
    let recorder = Recorder::start(port)?;
    let store = Store::connect(recorder.url(), Arc::new(platform::SystemClock)).await?;
    let partition =
        Partition { event: EventId::new(Timestamp(1_790_000_000_000), [7; 12]), index: 0 };
    let digest: String = redis::cmd("SCRIPT")
        .arg("LOAD")
        .arg("return 1")
        .query_async(&mut redis.connection.clone())
        .await?;
    let return_1 = format!("*3\r\n$7\r\nEVALSHA\r\n$40\r\n{digest}\r\n$1\r\n0\r\n");
    let return_1 = vec![return_1.into_bytes(); HOLDS];
    for (name, size) in [
        ("Redis, single hold / return 1 at depth 16", 1),
        ("Redis, 32 holds a call / return 1 at depth 16", COMBINED),
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
        print(name, &interleave(ROUNDS, measure, below).await?);
    }
    Ok(())
}

/// What the binding sends to lay an inventory, and for `HOLDS` holds, `size` a call.
async fn record(
    redis: &Redis,
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

/// A child process; ended with the value, by its id.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The whole engine over HTTP with `in_flight` holds at any time.
async fn engine(in_flight: usize) -> Result<()> {
    let redis = Redis::start().await?;
    let data = tempfile::tempdir()?;
    let program = env::current_exe()?.with_file_name("holdfast");
    ensure!(program.exists(), "build the program first: cargo build --release");
    let address: SocketAddr = {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        free.local_addr()?
    };
    let engine = Process(
        Command::new(program)
            .arg("serve")
            .env("HOLDFAST_LISTEN", address.to_string())
            .env("HOLDFAST_DATA_DIR", data.path())
            .env("HOLDFAST_REDIS_URL", redis.server.url())
            .env("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN)
            .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
            .env("HOLDFAST_SANDBOX", "1")
            .env("HOLDFAST_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()?,
    );
    wait_until_open(address).await?;
    let mut bare = Process(
        Command::new(env::current_exe()?).arg("floor-server").stdout(Stdio::piped()).spawn()?,
    );
    let bare_address: SocketAddr = {
        use std::io::{BufRead, BufReader};
        let mut line = String::new();
        let output = bare.0.stdout.take().context("the floor's output")?;
        BufReader::new(output).read_line(&mut line)?;
        line.trim().parse()?
    };
    let mut event = 0;
    let measure = async || {
        event += 1;
        let id = publish(address, event).await?;
        let mut connection = redis.connection.clone();
        let before = cpu::of_process(engine.0.id())? + cpu::of_redis(&mut connection).await?;
        generator::run(address, in_flight, HOLDS, StatusCode::CREATED, |number| hold(&id, number))
            .await?;
        let after = cpu::of_process(engine.0.id())? + cpu::of_redis(&mut connection).await?;
        Ok((after - before) / HOLDS as f64)
    };
    let below = async || {
        let before = cpu::of_process(bare.0.id())?;
        generator::run(bare_address, in_flight, HOLDS, StatusCode::OK, |n| hold("e", n)).await?;
        let hyper = (cpu::of_process(bare.0.id())? - before) / HOLDS as f64;
        Ok(hyper + redis.return_1().await?)
    };
    let name = format!("HTTP hold, {in_flight} in flight / hyper + return 1");
    print(&name, &interleave(ROUNDS, measure, below).await?);
    Ok(())
}

async fn wait_until_open(address: SocketAddr) -> Result<()> {
    for _ in 0..500 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("nothing listens on {address}")
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
