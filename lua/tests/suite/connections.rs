//! Servers that die, hang, come back empty, forget their scripts, and change places.

use std::time::{Duration, Instant};

use lua::{Error, HoldReply, Reply, Store};
use testkit::{RedisCluster, RedisSentinel, RedisServer, SettableClock, wait_for};

use crate::support::*;

async fn stage(url: &str) -> Stage {
    let clock = SettableClock::default();
    Stage::at(Store::connect(url, clock.shared()).await.unwrap(), clock).await
}

/// The outcome of a hold; more than a generous bound means that the caller was kept waiting.
async fn tried(stage: &Stage, number: u8) -> Result<Reply<lua::HoldSeats>, Error> {
    let requests = [wants(number, &[u32::from(number)])];
    let call = stage.store.hold_seats(&stage.partition, EPOCH, &requests);
    tokio::time::timeout(Duration::from_secs(10), call).await.expect("an answer, good or bad")
}

async fn wait_for_answer(stage: &Stage, number: u8) -> Reply<lua::HoldSeats> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match tried(stage, number).await {
            Ok(reply) => return reply,
            Err(error) => assert!(error.is_unavailable(), "{error}"),
        }
        assert!(Instant::now() < end, "the store never came back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn scripts_are_loaded_again_after_they_were_forgotten() {
    let redis = RedisServer::start();
    let stage = stage(&redis.url()).await;
    redis.command(&["SCRIPT", "FLUSH"]);
    stage.held(wants(1, &[1])).await;
}

#[tokio::test]
async fn a_dead_server_is_told_and_a_restarted_one_is_found_empty() {
    let mut redis = RedisServer::start();
    let stage = stage(&redis.url()).await;
    redis.kill();
    assert!(tried(&stage, 1).await.unwrap_err().is_unavailable());
    assert!(stage.store.ping().await.unwrap_err().is_unavailable());
    redis.restart();
    let reply = wait_for_answer(&stage, 1).await;
    assert_eq!(reply, Reply::OtherEpoch { current: None });
    stage.rebuild(EPOCH + 1, vec![]).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_told_and_used_again_when_it_goes_on() {
    let redis = RedisServer::start();
    let stage = stage(&redis.url()).await;
    redis.pause();
    assert!(tried(&stage, 1).await.unwrap_err().is_unavailable());
    redis.resume();
    assert!(matches!(wait_for_answer(&stage, 2).await, Reply::Done(_)));
}

#[tokio::test]
async fn a_closed_connection_costs_nobody_an_answer() {
    let redis = RedisServer::start();
    let stage = stage(&redis.url()).await;
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    stage.held(wants(1, &[1])).await;
}

#[tokio::test]
async fn after_a_failover_the_new_master_is_found_by_the_sentinels() {
    let mut group = RedisSentinel::start();
    let stage = stage(&group.url()).await;
    stage.held(wants(1, &[1])).await;
    let before = stage.store.replication_ids().await.unwrap();
    wait_for_replica(&mut group);
    group.fail_over();
    let reply = wait_for_answer(&stage, 2).await;
    assert!(matches!(done(reply).replies[0], HoldReply::Held { .. }));
    assert_eq!(stage.read(1).await.unwrap().seats, [1]);
    assert_ne!(stage.store.replication_ids().await.unwrap(), before);
}

fn wait_for_replica(group: &mut RedisSentinel) {
    let replica = &group.servers()[1];
    wait_for("the replica to have the hold", 30, || {
        let keys = replica.try_command(&["DBSIZE"])?;
        (keys == testkit::Reply::Integer(5)).then_some(())
    });
}

#[tokio::test]
async fn after_a_failover_the_cluster_goes_on_with_its_scripts() {
    let mut cluster = RedisCluster::start();
    let stage = stage(&cluster.url()).await;
    stage.held(wants(1, &[1])).await;
    let before = stage.store.replication_ids().await.unwrap();
    assert_eq!(before.len(), 3);
    cluster.fail_over(&stage.partition.key(lua::keys::Key::Seats));
    // The replica may or may not have had the last writes; either way it answers.
    match wait_for_answer(&stage, 2).await {
        Reply::Done(done) => assert_eq!(done.replies.len(), 1),
        Reply::OtherEpoch { current } => assert_eq!(current, None),
    }
    assert_ne!(stage.store.replication_ids().await.unwrap(), before);
}

#[tokio::test]
async fn a_cluster_that_was_gone_as_a_whole_is_used_again() {
    let mut cluster = RedisCluster::start();
    let stage = stage(&cluster.url()).await;
    cluster.kill();
    assert!(tried(&stage, 1).await.unwrap_err().is_unavailable());
    cluster.restart();
    assert_eq!(wait_for_answer(&stage, 1).await, Reply::OtherEpoch { current: None });
}

#[tokio::test]
async fn a_store_that_is_not_there_is_told_at_once() {
    let clock = SettableClock::default();
    let port = testkit::free_port();
    for url in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis+sentinel://127.0.0.1:{port}/main"),
        format!("redis+cluster://127.0.0.1:{port}"),
    ] {
        let refused = Store::connect(&url, clock.shared()).await;
        assert!(refused.err().expect("nobody listens").is_unavailable());
    }
}

#[tokio::test]
async fn keys_of_another_program_fail_the_script_and_not_the_store() {
    let redis = RedisServer::start();
    let stage = stage(&redis.url()).await;
    let records = stage.partition.key(lua::keys::Key::Records);
    redis.command(&["DEL", &records]);
    redis.command(&["SET", &records, "something else"]);
    let failed = tried(&stage, 1).await.unwrap_err();
    assert!(matches!(failed, Error::Script { script: "hold_seats", .. }), "{failed}");
}
