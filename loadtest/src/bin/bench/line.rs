//! What standing in line costs, each figure beside its floor, in one run.
//!
//! 1. CPU of a status request of the whole service, with genuine places, beside a bare hyper answer
//!    to the same request: with 1,000 and with 1,000,000 people waiting; and what Redis is asked
//!    meanwhile.
//! 2. Redis CPU of a join that was combined with others and looked for twins, beside `EVALSHA
//!    return 1`; bytes of a person.
//! 3. A position, the draw, and the check of a proof, at 5,000,000 entries.
//!
//! Ends with an error when something that was measured did not do its work.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use domain::{
    hold::CustomerKey,
    id::EventId,
    queue::{
        Lane, Place,
        draw::{
            ClosedLane, Draw, ENTRY_BYTES, Order, TreeBuilder, Witness, verify_draw, verify_proof,
        },
    },
    time::{Clock, Timestamp},
};
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{self, Call},
    report::Report,
    rounds::interleave,
    servers::{Floor, ORGANIZER_TOKEN, Redis, SIGNING_KEY, Service},
};
use lua::{Join, LayLine, LinePhase, Partition, Reader, Store, Termed};
use platform::{
    Keys, Secret, SystemClock,
    http::DeviceKey,
    tokens::{DeviceBinding, QueueToken, TokenKind},
};
use serde_json::{Value, json};

const ROUNDS: usize = 3;
/// Status requests of one measurement.
const REQUESTS: usize = 15_000;
/// So many one after the other, while Redis is watched.
const MEASUREMENTS: usize = 10;
const IN_FLIGHT: usize = 64;
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
/// Genuine places, each signed for an index and a device of its own.
const PLACES: usize = 8_000;
/// Joins of one call, and of one measurement.
const COMBINED: usize = 256;
const JOINS: u64 = 64_000;
const ENTRIES: u64 = 5_000_000;

pub async fn measure() -> Result<()> {
    let about = format!("{ROUNDS} rounds; microseconds of CPU per operation.");
    let mut report = Report::new("Standing in line", about)?;
    status(&mut report).await?;
    joins(&mut report).await?;
    draw(&mut report)?;
    report.end()
}

/// A line in the service, and places in it.
struct Standing {
    event: EventId,
    places: Vec<(String, String)>,
}

impl Standing {
    fn call(&self, number: usize) -> Call {
        let (place, device) = &self.places[number * 7_919 % self.places.len()];
        Call {
            path: format!("/v1/events/{}/queue", self.event),
            headers: vec![("holdfast-place", place.clone()), ("holdfast-device", device.clone())],
            body: String::new(),
        }
    }
}

async fn status(report: &mut Report) -> Result<()> {
    let redis = Redis::start().await?;
    let service = Service::start(&redis).await?;
    let floor = Floor::start()?;
    let few = stand(&redis, &service, "few", FEW).await?;
    let many = stand(&redis, &service, "many", MANY).await?;

    let measure = async |line: &Standing| -> Result<f64> {
        let before = service.cpu()?;
        let call = |number| line.call(number);
        generator::run_as(Method::GET, service.address, IN_FLIGHT, REQUESTS, StatusCode::OK, call)
            .await?;
        Ok((service.cpu()? - before) / REQUESTS as f64)
    };
    let below = async || -> Result<f64> {
        let before = floor.cpu()?;
        let call = |number| many.call(number);
        generator::run_as(Method::GET, floor.address, IN_FLIGHT, REQUESTS, StatusCode::OK, call)
            .await?;
        Ok((floor.cpu()? - before) / REQUESTS as f64)
    };
    measure(&many).await?;
    below().await?;
    let ratio = interleave(ROUNDS, async || measure(&few).await, below).await?;
    report.ratio("status, 1,000 waiting / bare hyper", &ratio, 1.4);
    let ratio = interleave(ROUNDS, async || measure(&many).await, below).await?;
    report.ratio("status, 1,000,000 waiting / bare hyper", &ratio, 1.4);
    let ratio = interleave(ROUNDS, async || measure(&many).await, async || measure(&few).await);
    report.ratio("status, 1,000,000 / 1,000 waiting", &ratio.await?, 1.05);

    let idle = commands(&redis, async || {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    });
    let idle = idle.await?;
    let busy = commands(&redis, async || {
        for _ in 0..MEASUREMENTS {
            measure(&many).await?;
        }
        Ok(())
    });
    let busy = busy.await?;
    let rate = (MEASUREMENTS * REQUESTS) as f64 / busy.seconds;
    report.fact("status requests a second meanwhile", rate, "");
    report.fact("Redis commands a second, nobody asking", idle.sent, "");
    report.fact("the same, commands within scripts", idle.within_scripts, "");
    report.fact("Redis commands a second, while asked", busy.sent, "");
    let thousand = busy.sent / rate * 1_000.0;
    let (name, target) = ("Redis commands per 1,000 status requests", "at most 1");
    report.figure(name, thousand, "", target, thousand <= 1.0);
    Ok(())
}

/// An event with a line that was opened, in which so many wait.
async fn stand(redis: &Redis, service: &Service, slug: &str, people: u64) -> Result<Standing> {
    let event = publish(service, slug).await?;
    let store = Store::connect(&redis.server.url(), Arc::new(SystemClock)).await?;
    let partition = Partition { event: event.clone(), index: 0 };
    // Asking for the draw lays the line.
    let draw = call(format!("/v1/events/{event}/queue/draw"), "");
    generator::ask(Method::GET, service.address, StatusCode::OK, draw).await?;
    fill(&store, &partition, service, people).await?;

    let open = || call(format!("/v1/events/{event}/queue/open"), "{}");
    generator::ask(Method::POST, service.address, StatusCode::OK, open()).await?;
    let keys = Keys::new(&[Secret::new(SIGNING_KEY)])?;
    let places = (0..PLACES).map(|number| place(&keys, &event, number, people));
    let places = places.collect::<Result<_>>()?;
    let standing = Standing { event, places };
    for _ in 0..600 {
        let answer =
            generator::ask(Method::GET, service.address, StatusCode::OK, standing.call(1)).await?;
        let status: Value = serde_json::from_slice(&answer)?;
        if status["state"] == "waiting" && !status["position"].is_null() {
            return Ok(standing);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the line {slug} does not open")
}

/// Most join straight in the store, as far as indexes are reserved in the ledger; who comes through
/// the service then has it reserve more.
async fn fill(store: &Store, partition: &Partition, service: &Service, people: u64) -> Result<()> {
    loop {
        let read = store.read_line(partition, &Reader::default()).await?;
        let line = read.context("no line")?;
        let (joined, ceiling) = (line.joined[0], line.ceiling[0].min(people));
        if joined >= people {
            return Ok(());
        }
        if joined < ceiling {
            join_all(store, partition, line.term, joined..ceiling).await?;
        }
        if ceiling < people {
            let device = format!("device-of-somebody-who-joins-{joined:09}");
            let join = Call {
                path: format!("/v1/events/{}/queue", partition.event),
                headers: vec![("holdfast-device", device)],
                body: String::new(),
            };
            generator::ask(Method::POST, service.address, StatusCode::CREATED, join).await?;
        }
    }
}

/// Somewhere behind the first, who may be let in meanwhile.
fn place(keys: &Keys, event: &EventId, number: usize, people: u64) -> Result<(String, String)> {
    let device = format!("device-of-the-benchmark-{number:06}");
    let key = DeviceKey::parse(&device).context("a device key")?;
    let index = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) % people;
    let now = SystemClock.now();
    let token = QueueToken {
        event: event.clone(),
        id: format!("que_{number:029}"),
        person: person(index),
        lane: Lane::General,
        index,
        device: DeviceBinding::of(&key),
        expires_at: Timestamp(now.plus_seconds(86_400).as_millis() / 1_000 * 1_000),
    };
    Ok((keys.sign_token(TokenKind::Place, &token, now), device))
}

fn call(path: String, body: &str) -> Call {
    let headers = vec![
        ("authorization", format!("Bearer {ORGANIZER_TOKEN}")),
        ("idempotency-key", format!("of-the-benchmark {path}")),
    ];
    Call { path, headers, body: body.to_owned() }
}

async fn publish(service: &Service, slug: &str) -> Result<EventId> {
    let seats: Vec<Value> = (0..40)
        .map(|seat| {
            json!({ "seat_number": seat.to_string(), "seat_guid": seat.to_string(),
                "position": { "x": seat as f64 * 20.0, "y": 0.0 }, "category": "All" })
        })
        .collect();
    let row = json!({ "row_number": "1", "position": { "x": 0.0, "y": 0.0 }, "seats": seats });
    let event = json!({
        "slug": slug, "name": slug, "starts_at": "2035-01-01T00:00:00Z", "currency": "EUR",
        "prices": { "All": 1000 },
        "seating_plan": {
            "name": "Hall", "categories": [{ "name": "All", "color": "#888888" }],
            "zones": [{ "name": "Hall", "position": { "x": 0.0, "y": 0.0 }, "rows": [row] }],
            "size": { "width": 1000.0, "height": 1000.0 },
        },
    });
    let create = Call { path: "/v1/events".into(), ..call(slug.into(), &event.to_string()) };
    let address = service.address;
    let created = generator::ask(Method::POST, address, StatusCode::CREATED, create).await?;
    let created: Value = serde_json::from_slice(&created)?;
    let id = created["id"].as_str().context("an event without an id")?.to_owned();
    // The fewest there can be: everybody waits as long as the measurement lasts.
    let rules = json!({ "enabled": true, "admit_per_minute": 1 }).to_string();
    let rules = call(format!("/v1/events/{id}/queue/settings"), &rules);
    generator::ask(Method::PUT, address, StatusCode::OK, rules).await?;
    let publish = call(format!("/v1/events/{id}/publish"), "{}");
    generator::ask(Method::POST, address, StatusCode::OK, publish).await?;
    id.parse().context("an event's id")
}

/// Commands a second.
struct Commands {
    sent: f64,
    within_scripts: f64,
    seconds: f64,
}

/// What Redis is asked while `work` runs. Clients send scripts and questions about the server;
/// commands on data are called by scripts only.
async fn commands(redis: &Redis, work: impl AsyncFnOnce() -> Result<()>) -> Result<Commands> {
    const SENT: [&str; 8] =
        ["evalsha", "eval", "script|load", "ping", "info", "hello", "client|setinfo", "role"];
    let (began, before) = (Instant::now(), redis.calls().await?);
    work().await?;
    let (seconds, after) = (began.elapsed().as_secs_f64(), redis.calls().await?);
    let sum = |calls: &[(String, u64)], sent: bool| -> u64 {
        let chosen = calls.iter().filter(|(name, _)| SENT.contains(&name.as_str()) == sent);
        chosen.map(|(_, calls)| calls).sum()
    };
    let a_second = |sent| (sum(&after, sent) - sum(&before, sent)) as f64 / seconds;
    Ok(Commands { sent: a_second(true), within_scripts: a_second(false), seconds })
}

async fn joins(report: &mut Report) -> Result<()> {
    let redis = Redis::start().await?;
    let store = Store::connect(&redis.server.url(), Arc::new(SystemClock)).await?;
    let digest: String = redis::cmd("SCRIPT")
        .arg("LOAD")
        .arg("return 1")
        .query_async(&mut redis.connection.clone())
        .await?;
    let mut lines = 0;
    let measure = async || -> Result<f64> {
        lines += 1;
        let partition = lay(&store, lines).await?;
        let before = redis.cpu().await?;
        join_all(&store, &partition, 1, 0..JOINS).await?;
        Ok((redis.cpu().await? - before) / JOINS as f64)
    };
    let below = async || -> Result<f64> {
        let (mut connection, calls) = (redis.connection.clone(), JOINS / COMBINED as u64 * 4);
        let before = redis.cpu().await?;
        for _ in 0..calls {
            let one: i64 =
                redis::cmd("EVALSHA").arg(&digest).arg(0).query_async(&mut connection).await?;
            ensure!(one == 1, "return 1 gave {one}");
        }
        Ok((redis.cpu().await? - before) / calls as f64)
    };
    let ratio = interleave(ROUNDS, measure, below).await?;
    report.ratio("join, 256 a call / EVALSHA return 1", &ratio, 1.0);
    let a_second = 1e6 / ratio.measured;
    let (name, target) = ("joins a second of Redis CPU", "at least 150,000");
    report.figure(name, a_second, "", target, a_second >= 150_000.0);

    let partition = lay(&store, 1_000).await?;
    let (memory, before) = (redis.memory().await?, redis.cpu().await?);
    join_all(&store, &partition, 1, 0..MANY).await?;
    let a_second = MANY as f64 / (redis.cpu().await? - before) * 1e6;
    let (name, target) = ("the same up to a million in one line", "at least 150,000");
    report.figure(name, a_second, "", target, a_second >= 150_000.0);
    let bytes = (redis.memory().await? - memory) / MANY as f64;
    let (name, target) = ("Redis memory of a million, a person", "at most 64, aim 40");
    report.figure(name, bytes, "bytes", target, bytes <= 64.0);
    let before = redis.cpu().await?;
    join_all(&store, &partition, 1, 0..JOINS).await?;
    let again = JOINS as f64 / (redis.cpu().await? - before) * 1e6;
    let name = "joins again, of people who stand there";
    report.figure(name, again, "", "at least 150,000", again >= 150_000.0);
    Ok(())
}

/// An empty line in an event of its own.
async fn lay(store: &Store, number: u16) -> Result<Partition> {
    let mut random = [0; 12];
    random[..2].copy_from_slice(&number.to_be_bytes());
    let event = EventId::new(Timestamp(1_790_000_000_000), random);
    let partition = Partition { event, index: 0 };
    let line = LayLine {
        term: 1,
        fence: 1,
        phase: LinePhase::Early,
        joined: [0; 2],
        ceiling: [MANY * 2, 0],
        size: [0; 2],
        cursors: [0; 3],
        waiting_max: 0,
        batches: Vec::new(),
        draw: None,
        passes: vec![],
    };
    match store.lay_line(&partition, &line).await? {
        Termed::Done(_) => Ok(partition),
        Termed::OtherTerm { .. } => bail!("a line is there"),
    }
}

async fn join_all(
    store: &Store,
    partition: &Partition,
    term: u64,
    people: std::ops::Range<u64>,
) -> Result<()> {
    let end = people.end;
    let joins: Vec<Join> = people
        .map(|number| Join { person: person(number), lane: Lane::General, place: None })
        .collect();
    let mut joined = 0;
    for joins in joins.chunks(COMBINED) {
        match store.join_line(partition, term, joins).await? {
            Termed::Done(reply) => joined = reply.joined[0],
            Termed::OtherTerm { .. } => bail!("the line was laid anew"),
        }
    }
    ensure!(joined >= end, "{joined} of {end} stand in the line");
    Ok(())
}

/// Digests: scattered.
fn person(number: u64) -> CustomerKey {
    let scattered = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut person = [7; 12];
    person[..8].copy_from_slice(&(scattered ^ (scattered >> 29)).to_be_bytes());
    person[8..].copy_from_slice(&(number as u32).wrapping_mul(2_654_435_761).to_be_bytes());
    CustomerKey(person)
}

/// Microseconds of one of so many calls, the median of the rounds.
fn time<T>(calls: u64, mut work: impl FnMut(u64) -> T) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for number in 0..calls {
                black_box(work(black_box(number)));
            }
            began.elapsed().as_nanos() as f64 / 1e3 / calls as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn draw(report: &mut Report) -> Result<()> {
    let order = Order::drawn(&[7; 32], [ENTRIES, 0]);
    let index = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % ENTRIES;
    let position = time(1_000_000, |number| {
        order.position(Place { lane: Lane::General, index: index(number) })
    });
    let name = "a position among 5,000,000";
    report.figure(name, position, "µs", "below 2", position < 2.0);

    let entries: Vec<u8> = (0..ENTRIES).flat_map(|number| person(number).0).collect();
    let began = Instant::now();
    let mut builder = TreeBuilder::new(Lane::General);
    builder.extend(&entries);
    let tree = builder.finish();
    let event = EventId::new(Timestamp(1_790_000_000_000), [1; 12]);
    let nobody = TreeBuilder::new(Lane::Priority).finish();
    let draw = Draw::hold(event, [9; 32], ClosedLane::from(&tree), ClosedLane::from(&nobody), None);
    let seconds = began.elapsed().as_secs_f64();
    let text = serde_json::to_vec(&draw)?;
    let name = "the draw of 5,000,000, roots included";
    report.fact(name, seconds, "s");
    report.fact("the one write that places everybody", text.len() as f64, "bytes");

    let block = tree.block(ENTRIES / 3);
    let stored = &entries[block.start as usize * ENTRY_BYTES..block.end as usize * ENTRY_BYTES];
    let proof = draw.prove(&tree, ENTRIES / 3, stored).context("no proof")?;
    let check = time(2_000, |_| {
        let checked = verify_draw(&draw, Witness::default()).expect("the draw is good");
        verify_proof(&checked, &proof).expect("the proof is good");
    });
    let name = "the check of a draw and one proof";
    report.figure(name, check / 1e3, "ms", "below 50", check < 50_000.0);
    Ok(())
}
