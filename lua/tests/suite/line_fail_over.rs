//! A line behind a fail-over or a restart: it is none until it is laid anew, whatever its keys say.

use std::time::{Duration, Instant};

use lua::{
    Controlled, GraceWish, Joined, LayLine, Laying, PassEnd, PassRecord, Reader, Store, Termed,
    Way, keys::Key,
};
use testkit::{RedisCluster, RedisSentinel, RedisServer, SettableClock, wait_for};

use crate::{line_support::*, support::*};

/// The terms that every script of the line says to stand, but those that lay one.
async fn told_terms(stage: &Stage) -> Vec<Option<u64>> {
    fn term<T>(reply: Termed<T>) -> Option<u64> {
        match reply {
            Termed::Done(_) => Some(TERM),
            Termed::OtherTerm { current } => current,
        }
    }
    fn led_term<T>(reply: Controlled<T>) -> Option<u64> {
        match reply {
            Controlled::OtherTerm { current } => current,
            Controlled::Done(_) | Controlled::Fenced { .. } => Some(TERM),
        }
    }
    let (store, at, person) = (&stage.store, &stage.partition, customer(1));
    let wish = GraceWish { person, place: general(0) };
    let way = Way::General { position: 0 };
    vec![
        term(store.join_line(at, TERM, &[newcomer(9)]).await.unwrap()),
        term(store.enter_line(at, TERM, person, way, general(0), PASS_MS).await.unwrap()),
        term(store.renew_pass(at, TERM, person, PASS_MS).await.unwrap()),
        term(store.leave_line(at, TERM, person).await.unwrap()),
        term(store.join_grace(at, TERM, &[wish]).await.unwrap()),
        term(store.raise_ceilings(at, TERM, [500; 2]).await.unwrap()),
        term(store.pass_state(at, TERM, person).await.unwrap()),
        term(store.add_passes(at, TERM, &[], Laying::Ends).await.unwrap()),
        led_term(store.admit(at, TERM, FENCE, [3, 0, 0], 9).await.unwrap()),
        led_term(store.set_line(at, TERM, FENCE, &[]).await.unwrap()),
        led_term(store.close_entries(at, TERM, FENCE).await.unwrap()),
    ]
}

async fn read(stage: &Stage) -> Option<lua::LineRead> {
    stage.store.read_line(&stage.partition, &Reader::default()).await.unwrap()
}

#[tokio::test]
async fn behind_a_fail_over_there_is_no_line_until_it_is_laid_anew() {
    let stage = Stage::with_people(3, 2).await;
    let before_the_last = stage.dump();
    stage.join(newcomer(4)).await;
    stage.store.simulation().unwrap().restore(before_the_last);

    assert_eq!(stage.unchanged(told_terms(&stage)).await, vec![None; 11]);
    assert_eq!(stage.unchanged(read(&stage)).await, None);
    let line = LayLine { term: TERM + 1, joined: [100, 0], ceiling: [200, 100], ..line() };
    stage.lay(line).await;
    let joins = [newcomer(9), newcomer(1), shows(4, 3)];
    let replies = stage.store.join_line(&stage.partition, TERM + 1, &joins).await.unwrap();
    let expected = [new(general(100)), known(general(0)), known(general(3))];
    assert_eq!(termed(replies).replies, expected);
}

#[tokio::test]
async fn a_line_is_none_before_the_last_of_its_passes() {
    let stage = Stage::new().await;
    termed(stage.store.begin_line(&stage.partition, &line()).await.unwrap());
    assert_eq!(read(&stage).await, None);
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(0) };
    let passes = [(customer(1), live)];
    let add = async |laying| {
        stage.store.add_passes(&stage.partition, TERM, &passes, laying).await.unwrap()
    };
    assert_eq!(add(Laying::Goes).await, Termed::Done(1));
    assert_eq!(read(&stage).await, None);
    let joins = [newcomer(9)];
    let join = stage.store.join_line(&stage.partition, TERM, &joins);
    assert_eq!(stage.unchanged(join).await.unwrap(), Termed::OtherTerm { current: None });
    assert_eq!(add(Laying::Ends).await, Termed::Done(0));
    assert_eq!(stage.line().await.inside, 1);
    assert_eq!(add(Laying::Goes).await, Termed::Done(0));
    assert_eq!(stage.line().await.inside, 1, "a pass more takes no line away");
}

#[tokio::test]
async fn a_laying_that_a_fail_over_meets_is_given_up() {
    let stage = Stage::new().await;
    termed(stage.store.begin_line(&stage.partition, &line()).await.unwrap());
    stage.store.simulation().unwrap().restore(stage.dump());
    let add = stage.store.add_passes(&stage.partition, TERM, &[], Laying::Ends);
    assert_eq!(stage.unchanged(add).await.unwrap(), Termed::OtherTerm { current: None });
}

#[tokio::test]
async fn of_several_passes_of_a_person_that_of_the_last_place_is_laid() {
    let stage = Stage::with_line(line()).await;
    let ended = |index| PassRecord::Ended { reason: PassEnd::Idle, place: general(index) };
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(9) };
    let passes = [(1, ended(2)), (1, live), (1, ended(3)), (2, ended(5)), (2, ended(4))];
    let passes = passes.map(|(number, record)| (customer(number), record));
    let add = stage.store.add_passes(&stage.partition, TERM, &passes, Laying::Ends);
    assert_eq!(add.await.unwrap(), Termed::Done(3));
    assert_eq!((stage.pass(1).await, stage.pass(2).await), (Some(live), Some(ended(5))));
    assert_eq!(stage.line().await.inside, 1);
}

async fn at(url: &str) -> Stage {
    let clock = SettableClock::default();
    let store = Store::connect(url, clock.shared()).await.unwrap();
    let stage = Stage::at(store, clock).await;
    stage.lay(line()).await;
    let joins: Vec<_> = (1..=3).map(newcomer).collect();
    stage.join_all(&joins).await;
    stage
}

/// What the first join is told that the store answers.
async fn first_answer(stage: &Stage) -> Termed<lua::JoinReply> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match stage.store.join_line(&stage.partition, TERM, &[newcomer(9)]).await {
            Ok(reply) => return reply,
            Err(error) => assert!(error.is_unavailable(), "{error}"),
        }
        assert!(Instant::now() < end, "the store never came back");
        tokio::task::yield_now().await;
    }
}

async fn goes_on_when_it_is_laid(stage: &Stage) {
    assert_eq!(first_answer(stage).await, Termed::OtherTerm { current: None });
    assert_eq!(read(stage).await, None);
    stage.lay(LayLine { term: TERM + 1, joined: [100, 0], ceiling: [200, 100], ..line() }).await;
    let joins = [newcomer(9), shows(3, 2)];
    let reply = termed(stage.store.join_line(&stage.partition, TERM + 1, &joins).await.unwrap());
    assert_eq!(reply.replies[0], Joined::New { lane: general(0).lane, index: 100 });
    assert_eq!(reply.replies[1], known(general(2)));
}

#[tokio::test]
async fn a_server_that_comes_back_with_its_data_has_no_line() {
    let mut redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let stage = at(&redis.url()).await;
    redis.kill();
    redis.restart();
    wait_for("the data to be loaded", 30, || {
        let there = redis.try_command(&["EXISTS", &stage.partition.key(Key::Line)])?;
        (there == testkit::Reply::Integer(1)).then_some(())
    });
    goes_on_when_it_is_laid(&stage).await;
}

#[tokio::test]
async fn a_replica_that_was_promoted_has_no_line() {
    let mut cluster = RedisCluster::start();
    let stage = at(&cluster.url()).await;
    cluster.fail_over(&stage.partition.key(Key::Line));
    goes_on_when_it_is_laid(&stage).await;

    let mut group = RedisSentinel::start();
    let stage = at(&group.url()).await;
    group.fail_over();
    goes_on_when_it_is_laid(&stage).await;
}
