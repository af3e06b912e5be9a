//! What a person who waits costs Redis in memory: `used_memory` of a real server before and after
//! a million joins, with everything that finds and deduplicates them.
//!
//! `cargo run -p lua --example line_memory [people]`; needs `redis-server`.

use domain::{hold::CustomerKey, id::EventId, queue::Lane, time::Timestamp};
use lua::{Join, LayLine, LinePhase, Partition, Store, Termed};
use testkit::{RedisServer, SettableClock};

const TERM: u64 = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let people = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let redis = RedisServer::start();
    let store = Store::connect(&redis.url(), SettableClock::default().shared()).await.unwrap();
    let event = EventId::new(Timestamp(1_790_000_000_000), [9; 12]);
    let partition = Partition { event, index: 0 };
    let line = LayLine {
        term: TERM,
        fence: 1,
        phase: LinePhase::Early,
        joined: [0; 2],
        ceiling: [people, 0],
        size: [0; 2],
        cursors: [0; 3],
        waiting_max: 0,
        batches: Vec::new(),
        draw: None,
        passes: vec![],
    };
    store.lay_line(&partition, &line).await.unwrap();
    // Loads the script.
    store.join_line(&partition, TERM, &[join(0)]).await.unwrap();
    let before = memory(&redis);
    let mut joined = 0;
    let joins: Vec<Join> = (0..people).map(join).collect();
    for joins in joins.chunks(256) {
        match store.join_line(&partition, TERM, joins).await.unwrap() {
            Termed::Done(reply) => joined = reply.joined[0],
            Termed::OtherTerm { .. } => panic!("another term"),
        }
    }
    assert_eq!(joined, people, "everybody stands in the line");
    let used = memory(&redis) - before;
    println!("{people} people: {used} bytes, {:.1} bytes a person", used as f64 / people as f64);
}

/// People are digests, so their buckets are scattered.
fn join(number: u64) -> Join {
    let scattered = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut person = [7; 12];
    person[..8].copy_from_slice(&(scattered ^ (scattered >> 29)).to_be_bytes());
    person[8..].copy_from_slice(&(number as u32).wrapping_mul(2_654_435_761).to_be_bytes());
    Join { person: CustomerKey(person), lane: Lane::General, place: None }
}

fn memory(redis: &RedisServer) -> u64 {
    let info = redis.command(&["INFO", "memory"]).text();
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    line.trim().parse().unwrap()
}
