//! What a join costs Redis, beside its floor in the same run: CPU time of the server for each of
//! 256 people in one call, new ones, known ones and half of each, and `EVALSHA` of `return 1`.
//!
//! The server's own count of its CPU time is read, so the client's cost does not matter; calls go
//! one after the other, as from one process that combines what arrives.
//!
//! `cargo run -p lua --example join_cost [rounds]`; needs `redis-server`.

use domain::{hold::CustomerKey, id::EventId, queue::Lane};
use lua::{Join, Joined, LayLine, LinePhase, Partition, Store, Termed};
use testkit::{RedisServer, SettableClock};

const COMBINED: usize = 256;
const CALLS: usize = 1_000;
const PEOPLE: u64 = (COMBINED * CALLS) as u64;
const TERM: u64 = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let redis = RedisServer::start();
    let store = Store::connect(&redis.url(), SettableClock::default().shared()).await.unwrap();
    let mut costs = [const { Vec::new() }; 5];
    for _ in 0..rounds {
        redis.command(&["FLUSHALL"]);
        let partition = Partition { event: EventId::from_bytes([1; 18]), index: 0 };
        lay(&store, &partition).await;
        let everybody: Vec<Join> = (0..PEOPLE).map(join).collect();
        let half: Vec<Join> = (0..PEOPLE).map(|n| join(n + PEOPLE * (n % 2))).collect();
        let line = (&store, &partition);
        costs[0].push(cost(&redis, PEOPLE, call(line, &everybody, 0)).await);
        costs[1].push(cost(&redis, PEOPLE, call(line, &everybody, PEOPLE)).await);
        costs[2].push(cost(&redis, PEOPLE, call(line, &half, PEOPLE / 2)).await);
        costs[3].push(floor(&redis));
        costs[4].push(cost(&redis, CALLS as u64, call_alone(line)).await);
    }
    let median = |of_rounds: &mut Vec<f64>| {
        of_rounds.sort_by(f64::total_cmp);
        of_rounds[of_rounds.len() / 2]
    };
    let [new, known, half, floor, single] = costs.each_mut().map(median);
    println!("{COMBINED} people a call, {PEOPLE} joins; CPU time of Redis; median of {rounds}");
    println!("EVALSHA of return 1         {floor:6.2} µs");
    println!("a join alone, new           {single:6.2} µs   {:4.2} times that", single / floor);
    for (name, cost) in [("new", new), ("known", known), ("half of each", half)] {
        let a_second = 1e6 / cost;
        println!("a join of {COMBINED}, {name:<12} {cost:6.2} µs   {a_second:9.0} a second");
    }
}

async fn lay(store: &Store, partition: &Partition) {
    let line = LayLine {
        term: TERM,
        fence: 1,
        phase: LinePhase::Early,
        joined: [0; 2],
        ceiling: [10_000_000; 2],
        size: [0; 2],
        cursors: [0; 3],
        waiting_max: 5_000_000,
        batches: Vec::new(),
        draw: None,
        passes: vec![],
    };
    store.lay_line(partition, &line).await.unwrap();
}

/// People are digests, so their buckets are scattered.
fn join(number: u64) -> Join {
    let scattered = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut person = [7; 12];
    person[..8].copy_from_slice(&(scattered ^ (scattered >> 29)).to_be_bytes());
    Join { person: CustomerKey(person), lane: Lane::General, place: None }
}

async fn call((store, partition): (&Store, &Partition), joins: &[Join], known: u64) {
    let mut found = 0;
    for joins in joins.chunks(COMBINED) {
        let Termed::Done(reply) = store.join_line(partition, TERM, joins).await.unwrap() else {
            panic!("another term");
        };
        let is_known = |reply: &&Joined| matches!(reply, Joined::Known { .. });
        found += reply.replies.iter().filter(is_known).count() as u64;
    }
    assert_eq!(found, known, "as many were known");
}

/// New people, one in a call.
async fn call_alone((store, partition): (&Store, &Partition)) {
    for number in 0..CALLS as u64 {
        let joins = [join(number + 3 * PEOPLE)];
        store.join_line(partition, TERM, &joins).await.unwrap();
    }
}

fn floor(redis: &RedisServer) -> f64 {
    let digest = redis.command(&["SCRIPT", "LOAD", "return 1"]).text();
    let mut wire = testkit::RespClient::connect(redis.port()).unwrap();
    let before = cpu(redis);
    for _ in 0..CALLS {
        wire.command(&["EVALSHA", &digest, "0"]).unwrap();
    }
    (cpu(redis) - before) * 1e6 / CALLS as f64
}

/// Microseconds of the server's CPU for each of `many`.
async fn cost(redis: &RedisServer, many: u64, work: impl Future<Output = ()>) -> f64 {
    let before = cpu(redis);
    work.await;
    (cpu(redis) - before) * 1e6 / many as f64
}

fn cpu(redis: &RedisServer) -> f64 {
    let info = redis.command(&["INFO", "cpu"]).text();
    let value = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().parse().unwrap()
    };
    value("used_cpu_user") + value("used_cpu_sys")
}
