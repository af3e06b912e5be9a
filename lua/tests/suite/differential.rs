//! The same random sequence in Redis and in process: the same answers, and the same keys.
//!
//! Redis goes first. The time that it read is put into the clock of the in-process place, and the
//! step is repeated there. Lives are a few milliseconds, so that holds end without any waiting.

use std::collections::{BTreeMap, VecDeque};

use domain::time::Timestamp;
use lua::{
    Error, Rebuild, Reply, Store,
    keys::Key,
    keyspace::{Entry, Keyspace, SortedSet, Stream},
};
use testkit::{RedisServer, Reply as Resp, RespClient, SettableClock};

use crate::{
    random::{Random, SEATS, Step, Steps},
    support::{Stage, partition},
};

const STEPS: usize = 6_000;
/// Steps between two comparisons of all keys.
const BETWEEN_DUMPS: usize = 50;

/// An answer as a text, and the time at which Redis gave it.
async fn run(store: &Store, stage: &Stage, epoch: u64, step: &Step) -> String {
    let partition = &stage.partition;
    fn told<T: std::fmt::Debug>(reply: Result<Reply<T>, Error>) -> String {
        format!("{:?}", reply.map_err(|error| error.to_string()))
    }
    match step {
        Step::Hold(requests) => told(store.hold_seats(partition, epoch, requests).await),
        Step::Read(key) => told(store.read_hold(partition, epoch, key).await),
        Step::Change(key, change) => told(store.change_hold(partition, epoch, key, change).await),
        Step::Extend(key, extension, max, operation) => {
            told(store.extend_hold(partition, epoch, key, *extension, *max, operation).await)
        }
        Step::Release(key) => told(store.release_hold(partition, epoch, key).await),
        Step::Promote(claims) => told(store.promote_holds(partition, epoch, claims).await),
        Step::Commit(claims) => told(store.commit_claims(partition, epoch, claims).await),
        Step::Unclaim(claims) => told(store.release_claims(partition, epoch, claims).await),
        Step::Sweep(limit) => told(store.sweep_expired(partition, epoch, *limit).await),
        Step::Block(block, unblock) => {
            told(store.block_seats(partition, epoch, block, unblock).await)
        }
        Step::Rebuild(claims) => told(store.rebuild(partition, &laid(epoch, claims.clone())).await),
    }
}

pub fn laid(epoch: u64, claims: Vec<(lua::Claim, bool)>) -> Rebuild {
    Rebuild { epoch, seats: SEATS, capacities: vec![6, 4], blocked: vec![SEATS - 1], claims }
}

/// The time of Redis, before and after a step: its script read one of the milliseconds between.
fn millis(redis: &mut RespClient) -> i64 {
    match redis.command(&["TIME"]).unwrap() {
        Resp::Array(parts) => {
            let part = |at: usize| parts[at].text().parse::<i64>().unwrap();
            part(0) * 1000 + part(1) / 1000
        }
        other => panic!("no time: {other:?}"),
    }
}

#[tokio::test]
async fn random_sequences_end_alike_in_redis_and_in_process() {
    let redis = RedisServer::start();
    let clock = SettableClock::default();
    let partition = partition();
    let remote = Store::connect(&redis.url(), clock.shared()).await.unwrap();
    let local = Store::in_process(clock.shared());
    let stage = Stage { store: local.clone(), partition, clock: clock.clone() };
    let mut wire = RespClient::connect(redis.port()).unwrap();
    let mut steps = Steps::new(Random::seeded("differential"), &[25, 3, 60]);
    let mut epoch = 1;
    remote.rebuild(&stage.partition, &laid(epoch, vec![])).await.unwrap();
    local.rebuild(&stage.partition, &laid(epoch, vec![])).await.unwrap();
    let mut unsure = 0;
    for number in 0..STEPS {
        let step = steps.next();
        if matches!(step, Step::Rebuild(_)) {
            epoch += 1;
        }
        let before_step = local.simulation().unwrap().keyspace();
        let before = millis(&mut wire);
        let theirs = run(&remote, &stage, epoch, &step).await;
        let after = millis(&mut wire);
        // Whichever of the few milliseconds it was: one of them must give the same.
        let mut tried = Vec::new();
        let same = (before..=after).any(|now| {
            clock.set(Timestamp(now));
            local.simulation().unwrap().restore(before_step.clone());
            let ours = futures_executor(run(&local, &stage, epoch, &step));
            let same = ours == theirs && (before == after || same_keys(&mut wire, &stage));
            tried.push(ours);
            same
        });
        unsure += usize::from(before != after);
        assert!(same, "step {number}, {step:?}\nRedis:  {theirs}\nhere: {tried:#?}");
        if number % BETWEEN_DUMPS == 0 {
            assert_same_keys(&mut wire, &stage, number);
        }
    }
    assert_same_keys(&mut wire, &stage, STEPS);
    println!("{unsure} of {STEPS} steps ran across a millisecond");
}

/// The in-process place never waits, so its futures are ready at once.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("an in-process call waits"),
    }
}

fn same_keys(wire: &mut RespClient, stage: &Stage) -> bool {
    comparable(dump(wire, stage), &stage.dump()) == stage.dump()
}

fn assert_same_keys(wire: &mut RespClient, stage: &Stage, number: usize) {
    let (theirs, ours) = (comparable(dump(wire, stage), &stage.dump()), stage.dump());
    for ((key, theirs), (_, ours)) in theirs.iter().zip(ours.iter()) {
        assert!(theirs == ours, "step {number}: {} differs", String::from_utf8_lossy(key));
    }
    assert!(theirs == ours, "step {number}: other keys");
}

/// Redis trims lazily: ours must be the tail of its stream.
fn comparable(theirs: Keyspace, ours: &Keyspace) -> Keyspace {
    let mut trimmed = Keyspace::default();
    for (key, entry) in theirs.iter() {
        let mine = ours.iter().find(|(other, _)| *other == key).map(|(_, entry)| entry);
        let entry = match (entry, mine) {
            (Entry::Stream(stream), Some(Entry::Stream(mine))) => {
                let mut stream = stream.clone();
                while stream.entries.len() > mine.entries.len() {
                    stream.entries.pop_first();
                }
                Entry::Stream(stream)
            }
            (entry, _) => entry.clone(),
        };
        trimmed.insert(key.to_vec(), entry);
    }
    trimmed
}

/// All keys of the partition as Redis has them, and that none of them has a life.
fn dump(wire: &mut RespClient, stage: &Stage) -> Keyspace {
    let mut keys = Keyspace::default();
    for kind in Key::ALL {
        let key = stage.partition.key(kind);
        let mut ask = |command: &[&str]| wire.command(command).unwrap();
        let life = ask(&["PTTL", &key]);
        let entry = match kind {
            _ if life == Resp::Integer(-2) => continue,
            Key::Seats | Key::Owners => Entry::String(bytes(&ask(&["GET", &key]))),
            Key::Records => {
                let pairs = list(&ask(&["HGETALL", &key]));
                Entry::Hash(pairs.chunks(2).map(|p| (p[0].clone(), p[1].clone())).collect())
            }
            Key::Queue => Entry::List(VecDeque::from(list(&ask(&["LRANGE", &key, "0", "-1"])))),
            Key::Deadlines => {
                let mut set = SortedSet::default();
                let pairs = list(&ask(&["ZRANGE", &key, "0", "-1", "WITHSCORES"]));
                for pair in pairs.chunks(2) {
                    set.add(String::from_utf8_lossy(&pair[1]).parse().unwrap(), &pair[0]);
                }
                Entry::SortedSet(set)
            }
            Key::Deltas => Entry::Stream(stream(&ask(&["XRANGE", &key, "-", "+"]))),
        };
        assert_eq!(life, Resp::Integer(-1), "{key} has a life");
        keys.insert(key.into_bytes(), entry);
    }
    keys
}

fn stream(reply: &Resp) -> Stream {
    let Resp::Array(entries) = reply else { panic!("no stream") };
    let mut all = BTreeMap::new();
    for entry in entries {
        let Resp::Array(parts) = entry else { panic!("no entry") };
        let id = parts[0].text();
        let (epoch, version) = id.split_once('-').unwrap();
        all.insert((epoch.parse().unwrap(), version.parse().unwrap()), list(&parts[1]));
    }
    let last = all.keys().next_back().copied().unwrap_or_default();
    Stream { entries: all, last }
}

fn list(reply: &Resp) -> Vec<Vec<u8>> {
    match reply {
        Resp::Array(items) => items.iter().map(bytes).collect(),
        other => panic!("no list: {other:?}"),
    }
}

fn bytes(reply: &Resp) -> Vec<u8> {
    match reply {
        Resp::Bulk(bytes) => bytes.clone(),
        other => panic!("no string: {other:?}"),
    }
}
