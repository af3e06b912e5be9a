//! One suite, many places: in process, one Redis, behind Sentinels, a cluster. The same functions
//! run at each, and know none of them. Lives are real time here, so nothing waits for one to end
//! but by asking.

use std::{future::Future, sync::Arc};

use domain::{hold::HoldStatus, queue::Lane, time::Clock};
use lua::{
    ChangeReply, ClaimReply, Controlled, Entered, ExtendReply, Graced, HoldReply, HoldRequest,
    Join, Joined, LayLine, LineField, LinePhase, PassEnd, Reader, Rebuilt, ReleaseReply, Reply,
    Store, Termed, Way,
};
use testkit::{RedisCluster, RedisSentinel, RedisServer, SettableClock};

use crate::{line_support::*, support::*};

/// A place, and how to make it forget everything.
struct Site {
    store: Store,
    clock: SettableClock,
    flush: Box<dyn FnMut()>,
}

impl Site {
    async fn stage(&self) -> Stage {
        Stage::at(self.store.clone(), self.clock.clone()).await
    }

    async fn connect(url: &str, flush: impl FnMut() + 'static) -> Self {
        let clock = SettableClock::default();
        let store = Store::connect(url, clock.shared()).await.unwrap();
        Self { store, clock, flush: Box::new(flush) }
    }
}

async fn all(mut site: Site) {
    a_sale_runs_from_hold_to_sold(&site).await;
    refusals_are_told(&site).await;
    many_holds_go_in_one_call(&site).await;
    an_expired_seat_is_taken_without_a_sweep(&site).await;
    changes_and_extensions_are_idempotent(&site).await;
    a_released_hold_is_not_promoted(&site).await;
    two_events_do_not_meet(&site).await;
    deltas_add_up_to_the_snapshot(&site).await;
    a_rebuild_keeps_live_holds(&site).await;
    a_line_runs_from_joining_to_a_purchase(&site).await;
    refusals_of_a_line_are_told(&site).await;
    combined_joins_are_dense(&site).await;
    a_pass_ends_by_itself(&site).await;
    keys_have_no_life(&site).await;
    a_flushed_store_has_no_inventory(&mut site).await;
}

async fn a_sale_runs_from_hold_to_sold(site: &Site) {
    let stage = site.stage().await;
    let record = stage.held(wants(1, &[4, 5])).await;
    assert_eq!(stage.read(1).await, Some(record));
    assert_eq!(stage.promote(claim(1, 1, &[4, 5])).await, ClaimReply::Changed);
    assert_eq!(stage.release(1).await, ReleaseReply::InPayment);
    assert_eq!(stage.commit(claim(1, 1, &[4, 5])).await, ClaimReply::Changed);
    assert_eq!(stage.status(1).await, HoldStatus::Sold);
    assert_eq!(stage.unclaim(claim(1, 1, &[4, 5])).await, ClaimReply::Changed);
    assert_eq!(stage.promote(claim(1, 1, &[4, 5])).await, ClaimReply::Stale);
    assert!(!stage.states().await.contains('S'));
    assert_eq!(stage.version().await, 5);
}

async fn refusals_are_told(site: &Site) {
    let stage = site.stage().await;
    stage.held(wants(1, &[4, 5])).await;
    let taken = HoldReply::Taken { seats: vec![5, 99], candidates_lost: 1 };
    assert_eq!(stage.hold(wants(2, &[5, 6, 99])).await, taken);
    assert!(matches!(stage.hold(wants(1, &[4, 5])).await, HoldReply::Replayed { .. }));
    let mut reused = wants(1, &[9]);
    reused.fingerprint = [0xEE; 8];
    assert_eq!(stage.hold(reused).await, HoldReply::KeyReused);
    let greedy: Vec<u32> = (10..19).collect();
    assert_eq!(stage.hold(wants(3, &greedy)).await, HoldReply::CustomerLimit);
    let mut general = wants(4, &[]);
    general.areas = vec![places(0, 2), places(1, 5)];
    assert_eq!(stage.hold(general).await, HoldReply::AreasShort { areas: vec![1] });
    assert_eq!(stage.block(&[4, 6], &[]).await.refused, [4]);
    assert_eq!(stage.change(9, &change(1, &[1], &[])).await, ChangeReply::Missing);
    assert_eq!(stage.version().await, 2);
}

async fn many_holds_go_in_one_call(site: &Site) {
    let stage = site.stage().await;
    let mut requests: Vec<_> =
        (0..32u8).map(|n| wants(n + 1, &[2 * u32::from(n), 2 * u32::from(n) + 1])).collect();
    requests.push(wants(40, &[3, 70]));
    let replies = stage.hold_all(&requests).await;
    assert!(replies[..32].iter().all(|reply| matches!(reply, HoldReply::Held { .. })));
    assert_eq!(replies[32], HoldReply::Taken { seats: vec![3], candidates_lost: 1 });
    assert_eq!(stage.deltas_after(1).await.len(), 1);
}

async fn an_expired_seat_is_taken_without_a_sweep(site: &Site) {
    let stage = site.stage().await;
    let mut short = wants(1, &[4, 5]);
    short.ttl_ms = 20;
    stage.held(short).await;
    let next =
        wait_until("the seat to be free", site, async || match stage.hold(wants(2, &[5])).await {
            HoldReply::Held { record } => Some(record),
            _ => None,
        });
    assert_eq!(next.await.seats, [5]);
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
    assert!(stage.states().await.starts_with("FFFFFHF"));
}

async fn changes_and_extensions_are_idempotent(site: &Site) {
    let stage = site.stage().await;
    stage.held(wants(1, &[4])).await;
    let wish = change(1, &[5], &[4]);
    assert!(matches!(stage.change(1, &wish).await, ChangeReply::Changed { .. }));
    assert!(matches!(stage.change(1, &wish).await, ChangeReply::Replayed { .. }));
    assert!(matches!(stage.extend(1, 1, operation(2)).await, ExtendReply::Extended { .. }));
    assert!(matches!(stage.extend(1, 1, operation(2)).await, ExtendReply::Replayed { .. }));
    assert_eq!(stage.extend(1, 1, operation(3)).await, ExtendReply::LimitReached);
    assert!(matches!(stage.release(1).await, ReleaseReply::Released { .. }));
    assert_eq!(stage.release(1).await, ReleaseReply::AlreadyEnded);
}

async fn a_released_hold_is_not_promoted(site: &Site) {
    let stage = site.stage().await;
    stage.held(wants(1, &[4])).await;
    stage.release(1).await;
    let rival = stage.held(wants(2, &[4])).await;
    let version = stage.version().await;
    assert_eq!(stage.promote(claim(1, 1, &[4])).await, ClaimReply::HoldReleased);
    assert_eq!(stage.version().await, version);
    assert_eq!(stage.read(2).await, Some(rival));
    assert_eq!(stage.status(1).await, HoldStatus::Released);
    assert_eq!(stage.commit(claim(1, 1, &[4])).await, ClaimReply::Changed);
}

async fn two_events_do_not_meet(site: &Site) {
    let (one, other) = (site.stage().await, site.stage().await);
    one.held(wants(1, &[4])).await;
    other.held(wants(1, &[4])).await;
    one.release(1).await;
    assert_eq!(other.status(1).await, HoldStatus::Active);
}

async fn deltas_add_up_to_the_snapshot(site: &Site) {
    let stage = site.stage().await;
    let mut states = stage.snapshot().await.states;
    let mut areas = stage.snapshot().await.areas;
    let mut request = wants(1, &[4, 5]);
    request.areas = vec![places(0, 2)];
    stage.held(request).await;
    stage.change(1, &change(1, &[6], &[4])).await;
    stage.held(wants(2, &[10])).await;
    stage.commit(claim(3, 1, &[10, 11])).await;
    stage.block(&[20], &[99]).await;
    stage.release(1).await;
    for delta in stage.deltas_after(1).await {
        for change in delta.changes {
            states[change.seat as usize] = change.state;
        }
        for (area, counts) in delta.areas {
            areas[usize::from(area)] = counts;
        }
    }
    let snapshot = stage.snapshot().await;
    assert_eq!((snapshot.states, snapshot.areas), (states, areas));
}

async fn a_rebuild_keeps_live_holds(site: &Site) {
    let stage = site.stage().await;
    let record = stage.held(wants(1, &[4])).await;
    stage.held(wants(2, &[5])).await;
    let rebuilt = stage.rebuild(EPOCH + 1, vec![(claim(3, 1, &[5]), true)]).await;
    assert_eq!(rebuilt, Rebuilt { version: 1, holds_kept: 1, holds_displaced: 1 });
    let old = stage.store.read_hold(&stage.partition, EPOCH, &key(1)).await.unwrap();
    assert_eq!(old, Reply::OtherEpoch { current: Some(EPOCH + 1) });
    let kept = stage.store.read_hold(&stage.partition, EPOCH + 1, &key(1)).await.unwrap();
    assert_eq!(done(kept), Some(record));
    assert!(stage.states().await.starts_with("FFFFHSF"));
}

async fn a_line_runs_from_joining_to_a_purchase(site: &Site) {
    let stage = site.stage().await;
    stage.lay(LayLine { phase: LinePhase::Early, ..line() }).await;
    let (store, partition) = (&stage.store, &stage.partition);
    done(store.require_pass(partition, EPOCH, true).await.unwrap());
    let reply = stage.join_all(&[newcomer(1), newcomer(2), with_code(3), newcomer(1)]).await;
    let places = [new(general(0)), new(general(1)), new(priority(0)), known(general(0))];
    assert_eq!(reply.replies, places);
    let sizes = led(store.close_entries(partition, TERM, FENCE).await.unwrap());
    assert_eq!(sizes, [2, 1]);
    let open = [
        (LineField::Phase, LinePhase::Open.as_str().to_owned()),
        (LineField::Draw, "{\"seed\":\"00\"}".to_owned()),
    ];
    led(store.set_line(partition, TERM, FENCE, &open).await.unwrap());
    assert_eq!(stage.admit([2, 1, 0]).await.cursors, [2, 1, 0]);
    let Entered::New { expires_at } = stage.enter(1, general(0)).await else { panic!("no pass") };
    let renewed = stage.renew(1).await;
    assert!(matches!(renewed, Entered::Renewed { expires_at: later } if later >= expires_at));
    assert_eq!(stage.grace(2, general(1)).await, Graced::Waiting { number: 0 });
    stage.admit([2, 1, 1]).await;
    let by_grace = stage.enter_by(2, Way::Grace { number: 0 }, general(1)).await;
    assert!(matches!(by_grace, Entered::New { .. }));
    let inside = HoldRequest { has_pass: true, ..wants(1, &[4]) };
    stage.held(inside).await;
    assert_eq!(stage.commit(claim(1, 1, &[4])).await, ClaimReply::Changed);
    assert!(stage.leave(3).await.had_place);
    let line = stage.line().await;
    assert_eq!((line.inside, line.joined, line.cursors), (1, [2, 1], [2, 1, 1]));
    assert_eq!((line.size, line.draw.as_deref()), ([2, 1], Some("{\"seed\":\"00\"}")));
    let ended: Vec<_> = line.ended.items.iter().map(|mark| (mark.person, mark.reason)).collect();
    assert_eq!(ended, [(customer(1), PassEnd::Bought), (customer(3), PassEnd::Left)]);
    assert_eq!((line.entered.total, line.batches.total, line.graced.total), (2, 2, 1));
    assert_eq!(stage.entries(Lane::General).await, [1, 2].map(|number| Some(customer(number))));
}

async fn refusals_of_a_line_are_told(site: &Site) {
    let stage = site.stage().await;
    let (store, partition) = (&stage.store, &stage.partition);
    let none = store.join_line(partition, TERM, &[newcomer(1)]).await.unwrap();
    assert_eq!(none, Termed::OtherTerm { current: None });
    assert_eq!(store.read_line(partition, &Reader::default()).await.unwrap(), None);
    stage.lay(LayLine { ceiling: [1, 0], ..line() }).await;
    assert_eq!(stage.join_all(&[newcomer(1), newcomer(2)]).await.replies[1], Joined::Ceiling);
    assert_eq!(stage.enter(1, general(0)).await, Entered::NotYet);
    let other = store.join_line(partition, TERM + 1, &[newcomer(1)]).await.unwrap();
    assert_eq!(other, Termed::OtherTerm { current: Some(TERM) });
    let fenced = store.admit(partition, TERM, FENCE - 1, [1, 0, 0], 9).await.unwrap();
    assert_eq!(fenced, Controlled::Fenced { fence: FENCE });
    done(store.require_pass(partition, EPOCH, true).await.unwrap());
    assert_eq!(stage.hold(wants(1, &[4])).await, HoldReply::PassRequired);
    stage.admit([1, 0, 0]).await;
    stage.enter(1, general(0)).await;
    stage.leave(1).await;
    let inside = HoldRequest { has_pass: true, ..wants(1, &[4]) };
    assert_eq!(stage.hold(inside).await, HoldReply::PassEnded);
    let ended = Entered::Ended { reason: PassEnd::Left };
    assert_eq!(stage.enter(1, general(0)).await, ended);
}

async fn combined_joins_are_dense(site: &Site) {
    let stage = site.stage().await;
    stage.lay(LayLine { ceiling: [1_000; 2], ..line() }).await;
    let person = |number: u16| {
        let mut person = customer(7);
        person.0[..2].copy_from_slice(&number.wrapping_mul(40_503).to_be_bytes());
        person.0[2..4].copy_from_slice(&number.to_be_bytes());
        Join { person, ..newcomer(0) }
    };
    for from in [0, 128, 300] {
        let joins: Vec<Join> = (from..from + 256).map(person).collect();
        for (number, joined) in (u64::from(from)..).zip(stage.join_all(&joins).await.replies) {
            let (Joined::New { index, .. } | Joined::Known { index, .. }) = joined else {
                panic!("{joined:?}");
            };
            assert_eq!(index, number);
        }
    }
    let entries = stage.entries(Lane::General).await;
    let people: Vec<_> = (0..556).map(|number| Some(person(number).person)).collect();
    assert_eq!(entries, people);
}

async fn a_pass_ends_by_itself(site: &Site) {
    let stage = site.stage().await;
    stage.lay(line()).await;
    stage.join(newcomer(1)).await;
    stage.admit([1, 0, 0]).await;
    let way = Way::General { position: 0 };
    let (store, partition) = (&stage.store, &stage.partition);
    let entered = store.enter_line(partition, TERM, customer(1), way, general(0), 20).await;
    assert!(matches!(termed(entered.unwrap()), Entered::New { .. }));
    let ended =
        wait_until("the pass to end", site, async || stage.admit([1, 0, 0]).await.ended_now.pop());
    assert_eq!(ended.await, customer(1));
    assert_eq!(stage.renew(1).await, Entered::Ended { reason: PassEnd::Idle });
}

async fn keys_have_no_life(site: &Site) {
    let stage = site.stage().await;
    stage.held(wants(1, &[4])).await;
    let first = site.store.replication_ids().await.unwrap();
    assert!(!first.is_empty());
    assert_eq!(site.store.replication_ids().await.unwrap(), first);
    site.store.ping().await.unwrap();
}

async fn a_flushed_store_has_no_inventory(site: &mut Site) {
    let stage = site.stage().await;
    stage.held(wants(1, &[4])).await;
    (site.flush)();
    site.store.flush_in_process();
    let requests = [wants(2, &[4])];
    let held = stage.store.hold_seats(&stage.partition, EPOCH, &requests).await.unwrap();
    assert_eq!(held, Reply::OtherEpoch { current: None });
    assert_eq!(stage.store.read_snapshot(&stage.partition).await.unwrap(), None);
    let rebuilt = stage.rebuild(EPOCH + 1, vec![(claim(1, 1, &[4]), true)]).await;
    assert_eq!(rebuilt, Rebuilt { version: 1, holds_kept: 0, holds_displaced: 0 });
    assert!(stage.states().await.starts_with("FFFFSF"));
}

/// Asks until there is a value. In process, time passes only here.
async fn wait_until<T, R>(what: &str, site: &Site, probe: impl Fn() -> R) -> T
where
    R: Future<Output = Option<T>>,
{
    for _ in 0..20_000 {
        if let Some(value) = probe().await {
            return value;
        }
        site.clock.advance_millis(1);
        tokio::task::yield_now().await;
    }
    panic!("never came: {what}");
}

#[tokio::test]
async fn in_process() {
    all(Site::connect("", || {}).await).await;
}

#[tokio::test]
async fn one_redis() {
    let redis = Arc::new(RedisServer::start());
    let server = redis.clone();
    let flush = move || drop(server.command(&["FLUSHALL"]));
    all(Site::connect(&redis.url(), flush).await).await;
}

#[tokio::test]
async fn behind_sentinels() {
    let mut group = RedisSentinel::start();
    let url = group.url();
    let master = group.master_port();
    let flush = move || {
        let server = group.servers().iter_mut().find(|server| server.port() == master);
        server.unwrap().command(&["FLUSHALL"]);
    };
    all(Site::connect(&url, flush).await).await;
}

#[tokio::test]
async fn a_cluster() {
    let mut cluster = RedisCluster::start();
    let url = cluster.url();
    let flush = move || {
        for node in &mut cluster.nodes()[..3] {
            node.command(&["FLUSHALL"]);
        }
    };
    all(Site::connect(&url, flush).await).await;
}

/// The clock that a place is given is the in-process one's only.
#[tokio::test]
async fn redis_judges_by_its_own_clock() {
    let redis = RedisServer::start();
    let clock = SettableClock::default();
    let store = Store::connect(&redis.url(), clock.shared()).await.unwrap();
    let stage = Stage::at(store, clock.clone()).await;
    stage.held(wants(1, &[4])).await;
    clock.advance_millis(10 * TTL_MS);
    assert_eq!(stage.status(1).await, HoldStatus::Active);
    assert_ne!(stage.snapshot().await.now, clock.now());
}
