//! The same random sequence in Redis and in process: the same answers, and the same keys.
//!
//! Redis goes first. The time that it read is put into the clock of the in-process place, and the
//! step is repeated there. Lives are a few milliseconds, so that holds end without any waiting.

use std::collections::{BTreeMap, VecDeque};

use domain::time::Timestamp;
use lua::{
    Error, LayLine, Rebuild, Reply, Store,
    keys::Key,
    keyspace::{Entry, Keyspace, SortedSet, Stream},
};
use testkit::{RedisServer, Reply as Resp, RespClient, SettableClock};

use crate::{
    line_random::{self, LineSteps, members},
    line_support::line,
    random::{Random, SEATS, Step, Steps},
    support::{EPOCH, Stage, partition},
};

const STEPS: usize = 6_000;
const LINE_STEPS: usize = 3_000;
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
    Rebuild {
        epoch,
        seats: SEATS,
        capacities: vec![6, 4],
        blocked: vec![SEATS - 1],
        claims,
        require_pass: false,
    }
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
    let both = Both::start().await;
    let mut steps = Steps::new(Random::seeded("differential"), &[25, 3, 60]);
    let mut epoch = 1;
    both.each(async |store, stage| {
        store.rebuild(&stage.partition, &laid(1, vec![])).await.unwrap();
    })
    .await;
    let next = |_: &Stage| {
        let step = steps.next();
        epoch += u64::from(matches!(step, Step::Rebuild(_)));
        (epoch, step)
    };
    both.play(STEPS, next, async |store, stage, (epoch, step)| {
        run(store, stage, *epoch, step).await
    })
    .await;
}

/// A line and holds behind it, as people, its leader and the ledger move them.
#[tokio::test]
async fn random_lines_end_alike_in_redis_and_in_process() {
    let both = Both::start().await;
    let mut steps = LineSteps::new(Random::seeded("line differential"), true);
    let line = LayLine { term: steps.term, fence: steps.fence, ..line() };
    both.each(async |store, stage| {
        store.rebuild(&stage.partition, &laid(EPOCH, vec![])).await.unwrap();
        store.require_pass(&stage.partition, EPOCH, true).await.unwrap();
        store.lay_line(&stage.partition, &line).await.unwrap();
    })
    .await;
    let next = |stage: &Stage| {
        let now = stage.clock_now().as_millis();
        steps.next(&members(stage), now)
    };
    both.play(LINE_STEPS, next, async |store, stage, step| {
        line_random::run(store, stage, step).await
    })
    .await;
}

/// A Redis and an in-process place with the same keys.
struct Both {
    redis: RedisServer,
    remote: Store,
    /// Of the in-process place.
    stage: Stage,
}

impl Both {
    async fn start() -> Self {
        let redis = RedisServer::start();
        let clock = SettableClock::default();
        let remote = Store::connect(&redis.url(), clock.shared()).await.unwrap();
        let store = Store::in_process(clock.shared());
        let ids = remote.replication_ids().await.unwrap();
        store.simulation().unwrap().take_replication_id(ids[0].clone());
        Self { redis, remote, stage: Stage { store, partition: partition(), clock } }
    }

    /// At one and the same time, as far as the in-process place is concerned.
    async fn each(&self, act: impl AsyncFn(&Store, &Stage)) {
        act(&self.remote, &self.stage).await;
        act(&self.stage.store, &self.stage).await;
    }

    async fn play<S: std::fmt::Debug>(
        &self,
        steps: usize,
        mut next: impl FnMut(&Stage) -> S,
        run: impl AsyncFn(&Store, &Stage, &S) -> String,
    ) {
        let (stage, local) = (&self.stage, &self.stage.store);
        let mut wire = RespClient::connect(self.redis.port()).unwrap();
        let mut unsure = 0;
        for number in 0..steps {
            let step = next(stage);
            let before_step = local.simulation().unwrap().keyspace();
            let before = millis(&mut wire);
            let theirs = run(&self.remote, stage, &step).await;
            let after = millis(&mut wire);
            // Whichever of the few milliseconds it was: one of them must give the same.
            let mut tried = Vec::new();
            let same = (before..=after).any(|now| {
                stage.clock.set(Timestamp(now));
                local.simulation().unwrap().rewind(before_step.clone());
                let ours = futures_executor(run(local, stage, &step));
                let same = ours == theirs && (before == after || same_keys(&mut wire, stage));
                tried.push(ours);
                same
            });
            unsure += usize::from(before != after);
            assert!(same, "step {number}, {step:?}\nRedis:  {theirs}\nhere: {tried:#?}");
            if number % BETWEEN_DUMPS == 0 {
                assert_same_keys(&mut wire, stage, number);
            }
        }
        assert_same_keys(&mut wire, stage, steps);
        println!("{unsure} of {steps} steps ran across a millisecond");
    }
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
    let seats = stage.partition.key(Key::Seats);
    let buckets = format!("{}members:*", seats.trim_end_matches("seats"));
    for bucket in list(&wire.command(&["KEYS", &buckets]).unwrap()) {
        let pairs = list(&wire.command(&[b"HGETALL".as_slice(), &bucket]).unwrap());
        let hash = pairs.chunks(2).map(|p| (p[0].clone(), p[1].clone())).collect();
        keys.insert(bucket, Entry::Hash(hash));
    }
    for kind in Key::ALL {
        let key = stage.partition.key(kind);
        let mut ask = |command: &[&str]| wire.command(command).unwrap();
        let life = ask(&["PTTL", &key]);
        let entry = match kind {
            _ if life == Resp::Integer(-2) => continue,
            Key::Seats | Key::Owners | Key::Entries | Key::EntriesPriority => {
                Entry::String(bytes(&ask(&["GET", &key])))
            }
            Key::Records | Key::Line | Key::Passes => {
                let pairs = list(&ask(&["HGETALL", &key]));
                Entry::Hash(pairs.chunks(2).map(|p| (p[0].clone(), p[1].clone())).collect())
            }
            Key::Queue | Key::Ended | Key::Graced | Key::Entered | Key::Batches => {
                Entry::List(VecDeque::from(list(&ask(&["LRANGE", &key, "0", "-1"]))))
            }
            Key::Deadlines | Key::Inside => {
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
