//! A store that is away, that forgets, or that goes back.

use std::collections::BTreeSet;

use domain::event::Queue;
use serde_json::Value;
use testkit::RedisCluster;

use crate::support::{Buyer, Place, Stores, World, brisk, slow};

/// Longer ago than this, what is known is stale.
const STALE_MS: i64 = 1_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_people_are_told_what_was_known_and_nobody_moves() {
    let world = World::open(Stores::redis(), slow()).await;
    let people = world.people(5).await;
    world.open_line().await;
    world.round().await;
    let (ada, place) = &people[0];
    let before = ada.status(place).await;
    assert_eq!(before["stale"], false);
    let stored = world.stored_line().await.cursors;

    world.stores.own_redis().kill();
    world.advance_millis(STALE_MS);
    world.node.follow().await;
    world.node.lead().await;
    let status = ada.status(place).await;
    assert_eq!((&status["stale"], &status["position"]), (&true.into(), &before["position"]));
    assert_eq!(status["eta_seconds"], Value::Null);
    ada.enter(place).await.expect_refusal(503, "queue_unavailable");
    let refused = world.buyer().join().await;
    assert!(!refused.header("retry-after").is_empty());
    refused.expect_refusal(503, "queue_unavailable");
    assert_eq!(world.stored_line().await.cursors, stored);

    world.stores.own_redis().restart();
    let fresh = async || (ada.status(place).await["stale"] == false).then_some(());
    world.until("the store to be back", fresh).await;
    assert!(ada.position(place).await <= before["position"].as_u64());
    assert_eq!(ada.join_again(place).await.expect_known().index, place.index);
    assert!(world.buyer().join().await.expect_new().index >= 5);
    world.assert_ledger_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_moves_on_after_redis_was_away() {
    let world = World::open(Stores::redis(), slow()).await;
    let people = world.people(5).await;
    world.open_line().await;
    world.stores.own_redis().restart();
    world.change_settings(serde_json::json!({"admit_per_minute": 6_000})).await;
    for (buyer, place) in &people {
        world.until_state(buyer, place, "your_turn").await;
        buyer.enter(place).await.expect_pass(201);
    }
    world.assert_ledger_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_questions_cost_redis_at_most_one_command() {
    let world = World::open(Stores::redis(), slow()).await;
    let people = world.people(10).await;
    world.open_line().await;
    let before = commands(&world);
    for number in 0..1_000 {
        let (buyer, place) = &people[number % people.len()];
        buyer.try_status(place).await.expect(200);
    }
    let asked = commands(&world) - before;
    assert!(asked <= 1, "{asked} commands");
}

/// Commands that Redis has run so far, but those that ask for this.
fn commands(world: &World) -> u64 {
    let redis = world.stores.own_redis();
    let report = redis.command(&["INFO", "commandstats"]).text();
    let calls = report.lines().filter(|line| !line.starts_with("cmdstat_info"));
    calls
        .filter_map(|line| line.split_once("calls=")?.1.split(',').next()?.parse::<u64>().ok())
        .sum()
}

#[tokio::test]
async fn nobody_gets_an_index_that_somebody_was_given_before_a_roll_back() {
    let world = World::new(slow()).await;
    world.people(3).await;
    world.node.follow().await;
    let simulation = world.store.simulation().expect("in process");
    let earlier = simulation.keyspace();
    let mut given: Vec<u64> = world.people(5).await.iter().map(|(_, place)| place.index).collect();
    simulation.restore(earlier);
    given.extend(world.people(5).await.iter().map(|(_, place)| place.index));
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len(), "{given:?}");
}

#[tokio::test]
async fn nobody_is_let_in_twice_after_a_roll_back() {
    let world = World::new(brisk()).await;
    let people = world.people(4).await;
    world.open_line().await;
    let simulation = world.store.simulation().expect("in process");
    for (buyer, place) in &people {
        world.until_state(buyer, place, "your_turn").await;
    }
    let earlier = simulation.keyspace();
    let mut passes = Vec::new();
    for (buyer, place) in &people {
        passes.push(buyer.enter(place).await.expect_pass(201));
    }
    let (gone, hers) = &people[0];
    gone.leave(hers).await.expect(204);
    simulation.restore(earlier);
    world.rounds(2).await;
    gone.enter(hers).await.expect_refusal(403, "pass_expired");
    for ((buyer, place), pass) in people.iter().zip(&passes).skip(1) {
        let again = buyer.enter(place).await;
        let status = again.status;
        assert_eq!(again.expect_pass(status).id, pass.id);
    }
    assert_eq!(world.ledger.passes(&world.event.id, None, 10).await.expect("rows").len(), 4);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_line_laid_anew_keeps_its_phase_and_its_rules() {
    let world = World::new(Queue { max_waiting: Some(3), ..slow() }).await;
    world.people(2).await;
    world.act("open", "").await.expect(200);
    world.act("pause", "").await.expect(200);
    world.lose_everything();
    world.rounds(2).await;
    let told = world.node.settings().await;
    assert_eq!((&told["phase"], &told["max_waiting"]), (&"paused".into(), &3.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_goes_on_behind_a_fail_over_of_its_master() {
    let mut cluster = RedisCluster::start();
    let rules = Queue { admit_per_minute: Some(1_200), ..slow() };
    let world = World::open(Stores::at(cluster.url()), rules).await;
    let people = world.people(20).await;
    world.open_line().await;
    world.rounds(2).await;
    let mut before = Vec::new();
    for (buyer, place) in &people {
        before.push(buyer.position(place).await.unwrap_or(0));
    }
    let draw = world.node.get("/draw").await.expect(200);
    let key = format!("hf:{{{}/0}}:line", world.event.id);
    cluster.fail_over(&key);

    let (last, place) = &people[19];
    let joined = world.until("a newcomer's place", async || {
        let answer = world.buyer().join().await;
        (answer.status == 201).then(|| answer.expect_new())
    });
    assert!(joined.await.index >= 20);
    assert_eq!(last.join_again(place).await.expect_known().index, 19);
    for ((buyer, place), before) in people.iter().zip(before) {
        assert!(buyer.position(place).await.unwrap_or(0) <= before);
        world
            .until("everybody's turn", async || {
                let state = buyer.state(place).await;
                (state == "your_turn" || state == "missed").then_some(())
            })
            .await;
    }
    assert_eq!(world.node.get("/draw").await.expect(200), draw);
    world.assert_ledger_is_clean().await;
}

/// The ledger has the entry, the store has not, and the buyer was told 503.
async fn enters_without_an_answer(world: &World) -> (Buyer<'_>, Place) {
    let (ada, place) = world.people(1).await.remove(0);
    world.open_line().await;
    world.until_state(&ada, &place, "your_turn").await;
    world.store.simulation().expect("in process").fail_at(Some(1));
    ada.enter(&place).await.expect_refusal(503, "queue_unavailable");
    (ada, place)
}

#[tokio::test]
async fn an_entry_cut_between_the_ledger_and_the_store_is_completed() {
    let world = World::new(brisk()).await;
    let (ada, place) = &enters_without_an_answer(&world).await;
    assert_eq!(world.ledger.passes(&world.event.id, None, 10).await.expect("rows").len(), 1);
    // The entry was made the first time.
    ada.enter(place).await.expect_pass(200);
    assert_eq!(world.ledger.passes(&world.event.id, None, 10).await.expect("rows").len(), 1);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_outlasts_its_pass_and_the_loss_of_the_store() {
    let world = World::new(brisk()).await;
    let (ada, place) = &enters_without_an_answer(&world).await;
    // Her turn passes, and so does the time of the pass that she never saw.
    world.advance_millis(world.event.queue.pass_seconds * 1_000);
    world.lose_everything();
    world.rounds(2).await;
    world.until_state(ada, place, "your_turn").await;
    ada.enter(place).await.expect_pass(200);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_turn_outlasts_the_loss_of_the_store() {
    let world = World::new(brisk()).await;
    let people = world.people(2).await;
    world.open_line().await;
    let ((ada, hers), (bert, his)) = (&people[0], &people[1]);
    world.until_state(ada, hers, "your_turn").await;
    world.until_state(bert, his, "your_turn").await;
    world.lose_everything();
    // At once: the line is laid with the entry that this request has made in the ledger.
    ada.enter(hers).await.expect_pass(201);
    // And after the processes have noticed.
    world.rounds(2).await;
    assert_eq!(bert.state(his).await, "your_turn");
    bert.enter(his).await.expect_pass(201);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_turn_missed_before_a_loss_is_missed_after_it() {
    let world = World::new(brisk()).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    world.advance_millis(world.event.queue.turn_seconds * 1_000);
    world.lose_everything();
    world.node.follow().await;
    assert_eq!(ada.state(place).await, "missed", "nobody is released twice by a loss");
    world.assert_ledger_is_clean().await;
}
