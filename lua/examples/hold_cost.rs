//! What a hold costs Redis, beside its floor in the same run: CPU time of the server for a hold of
//! two neighbouring seats (customer's limit counted), alone and 32 in a call, at pipeline depth 16,
//! as a multiple of `EVALSHA` of `return 1`.
//!
//! The calls are recorded once through a proxy, so that it is exactly what the binding sends, and
//! played back by plain sockets: the client's own cost cannot hide anything.
//!
//! `cargo run -p lua --example hold_cost [rounds]`; needs `redis-server`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use domain::{
    hold::CustomerKey,
    id::{EventId, HoldKey},
    time::Timestamp,
};
use lua::{HoldRequest, Partition, Rebuild, Store};
use testkit::{RedisServer, SettableClock};

const HOLDS: u32 = 20_000;
const SEATS: u32 = 50_000;
const COMBINED: usize = 32;
const DEPTH: usize = 16;
const EPOCH: u64 = 1;

/// Commands as the binding sends them, one after the other.
type Recording = Arc<Mutex<Vec<u8>>>;

/// Commands, each by itself.
type Calls = Vec<Vec<u8>>;

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(7);
    let redis = RedisServer::start();
    let (single, combined, rebuild) = record(&redis);
    let floor = floor(&redis);
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        costs[0].push(cost(&redis, &rebuild, &floor));
        costs[1].push(cost(&redis, &rebuild, &single));
        costs[2].push(cost(&redis, &rebuild, &combined));
    }
    let [floor, single, combined] = costs.map(|mut of_rounds| {
        of_rounds.sort_by(f64::total_cmp);
        of_rounds[of_rounds.len() / 2]
    });
    println!("return 1          {floor:6.2} µs");
    println!("a hold alone      {single:6.2} µs   {:4.2} times", single / floor);
    println!("a hold of {COMBINED}      {combined:6.2} µs   {:4.2} times", combined / floor);
}

/// Holds alone, holds combined, and the laying of an empty inventory.
fn record(redis: &RedisServer) -> (Calls, Calls, Calls) {
    let recording = Recording::default();
    let url = proxy(redis.port(), recording.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::connect(&url, SettableClock::default().shared()).await.unwrap();
        let partition = Partition { event: EventId::from_bytes([1; 18]), index: 0 };
        let laid = Rebuild {
            epoch: EPOCH,
            seats: SEATS,
            capacities: vec![],
            blocked: vec![],
            claims: vec![],
        };
        // Loads the scripts, so that the recordings are calls and nothing else.
        store.rebuild(&partition, &laid).await.unwrap();
        store.hold_seats(&partition, EPOCH, &[request(0)]).await.unwrap();
        redis.command(&["FLUSHALL"]);
        take(&recording);
        store.rebuild(&partition, &laid).await.unwrap();
        let rebuild = take(&recording);
        for number in 0..HOLDS {
            store.hold_seats(&partition, EPOCH, &[request(number)]).await.unwrap();
        }
        let single = take(&recording);
        let requests: Vec<_> = (0..HOLDS).map(request).collect();
        for requests in requests.chunks(COMBINED) {
            store.hold_seats(&partition, EPOCH, requests).await.unwrap();
        }
        (single, take(&recording), rebuild)
    })
}

fn request(number: u32) -> HoldRequest {
    // Scattered over the hall, as buyers are; two seats each.
    let pair = number.wrapping_mul(7_919) % (SEATS / 2);
    let mut key = [7; 12];
    key[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    HoldRequest {
        key: HoldKey(key),
        created: Timestamp(1_790_000_000_000),
        ttl_ms: 600_000,
        fingerprint: [3; 8],
        customer: CustomerKey(key),
        customer_limit: 8,
        address: None,
        candidates: vec![vec![2 * pair, 2 * pair + 1]],
        areas: vec![],
    }
}

fn floor(redis: &RedisServer) -> Calls {
    let digest = redis.command(&["SCRIPT", "LOAD", "return 1"]).text();
    let call = format!("*3\r\n$7\r\nEVALSHA\r\n$40\r\n{digest}\r\n$1\r\n0\r\n").into_bytes();
    vec![call; HOLDS as usize]
}

/// Microseconds of the server's CPU for each of [`HOLDS`], on a fresh inventory.
fn cost(redis: &RedisServer, rebuild: &[Vec<u8>], calls: &[Vec<u8>]) -> f64 {
    redis.command(&["FLUSHALL"]);
    play(redis.port(), rebuild);
    let before = cpu(redis);
    play(redis.port(), calls);
    (cpu(redis) - before) * 1e6 / f64::from(HOLDS)
}

fn cpu(redis: &RedisServer) -> f64 {
    let info = redis.command(&["INFO", "cpu"]).text();
    let value = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().parse().unwrap()
    };
    value("used_cpu_user") + value("used_cpu_sys")
}

fn play(port: u16, calls: &[Vec<u8>]) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    for batch in calls.chunks(DEPTH) {
        stream.write_all(&batch.concat()).unwrap();
        for _ in batch {
            skip_reply(&mut replies);
        }
    }
}

fn skip_reply(replies: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    replies.read_line(&mut line).unwrap();
    let length = |line: &str| line[1..].trim().parse::<i64>().unwrap();
    match line.as_bytes()[0] {
        b'*' => (0..length(&line)).for_each(|_| skip_reply(replies)),
        b'$' => {
            let mut rest = vec![0; usize::try_from(length(&line) + 2).unwrap_or(0)];
            replies.read_exact(&mut rest).unwrap();
        }
        b'-' => panic!("{line}"),
        _ => {}
    }
}

/// A server in front of Redis that keeps what it is told.
fn proxy(port: u16, recording: Recording) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, recording) = (client.unwrap(), recording.clone());
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            server.set_nodelay(true).unwrap();
            client.set_nodelay(true).unwrap();
            let (mut back_from, mut back_to) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = client.read(&mut buffer) {
                    recording.lock().unwrap().extend_from_slice(&buffer[..read]);
                    server.write_all(&buffer[..read]).unwrap();
                }
            });
        }
    });
    url
}

/// What was recorded so far, command by command.
fn take(recording: &Recording) -> Calls {
    let bytes = std::mem::take(&mut *recording.lock().unwrap());
    let mut commands = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begin = at;
        let number = |at: &mut usize| -> usize {
            let end = *at + bytes[*at..].iter().position(|byte| *byte == b'\r').unwrap();
            let number = std::str::from_utf8(&bytes[*at + 1..end]).unwrap().parse().unwrap();
            *at = end + 2;
            number
        };
        for _ in 0..number(&mut at) {
            at += number(&mut at) + 2;
        }
        commands.push(bytes[begin..at].to_vec());
    }
    commands
}
