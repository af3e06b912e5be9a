//! From the turn to the pass, and from the pass to its end.

use std::collections::BTreeSet;

use domain::event::Queue;
use futures_util::future::join_all;
use inventory::HoldAnswer;

use crate::support::{Stores, World, brisk, in_every_place, slow};

in_every_place! {
    nobody_enters_before_the_turn
    entering_again_renews_the_same_pass
    fifty_enters_at_once_are_one_pass
    no_more_are_inside_than_may_be_and_leaving_makes_room
    a_missed_turn_is_made_good_for
    a_purchase_ends_the_pass
}

async fn nobody_enters_before_the_turn(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let people = world.people(3).await;
    for (buyer, place) in &people {
        buyer.enter(place).await.expect_refusal(403, "not_your_turn");
    }
    world.open_line().await;
    for (buyer, place) in &people {
        buyer.enter(place).await.expect_refusal(403, "not_your_turn");
    }
    assert!(world.ledger.passes(&world.event.id, None, 10).await.expect("rows").is_empty());
}

async fn entering_again_renews_the_same_pass(stores: Stores) {
    let world = World::open(stores, brisk()).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    let pass = ada.enter(place).await.expect_pass(201);
    let later = async || {
        let again = ada.enter(place).await.expect_pass(200);
        assert_eq!(again.id, pass.id);
        assert!(again.expires_at >= pass.expires_at);
        (again.expires_at > pass.expires_at).then_some(())
    };
    world.until("a later expiry", later).await;
    // The place is bound to its device, and so is what it is traded for.
    world.buyer().enter(place).await.expect_refusal(401, "pass_bound");
    let rows = world.ledger.passes(&world.event.id, None, 10).await.expect("rows");
    assert_eq!(rows.len(), 1);
    world.assert_ledger_is_clean().await;
}

async fn fifty_enters_at_once_are_one_pass(stores: Stores) {
    let world = World::open(stores, brisk()).await;
    let people = world.people(2).await;
    world.open_line().await;
    let (ada, place) = &people[1];
    world.until_state(ada, place, "your_turn").await;
    let other = world.another_node();
    let at_other = ada.at(&other);
    let enters = (0..50).map(|number| match number % 2 {
        0 => ada.enter(place),
        _ => at_other.enter(place),
    });
    let answers = join_all(enters).await;
    let new = answers.iter().filter(|answer| answer.status == 201).count();
    let renewed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((new, renewed), (1, 49));
    let passes = answers.into_iter().map(|answer| {
        let status = answer.status;
        answer.expect_pass(status).id
    });
    assert_eq!(passes.collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(world.ledger.passes(&world.event.id, None, 10).await.expect("rows").len(), 1);
    world.round().await;
    assert_eq!(world.node.settings().await["inside"], 1);
}

async fn no_more_are_inside_than_may_be_and_leaving_makes_room(stores: Stores) {
    let rules = Queue { enabled: true, max_inside: Some(2), ..Queue::default() };
    let world = World::open(stores, rules).await;
    let mut waiting = world.people(6).await;
    world.open_line().await;
    let mut inside: Vec<(_, _)> = Vec::new();
    let mut entered = 0;
    while entered < 6 {
        let next = world.until("the next turn", async || {
            for (number, (buyer, place)) in waiting.iter().enumerate() {
                if buyer.state(place).await == "your_turn" {
                    return Some(number);
                }
            }
            None
        });
        let (buyer, place) = {
            let number = next.await;
            waiting.remove(number)
        };
        buyer.enter(&place).await.expect_pass(201);
        inside.push((buyer, place));
        entered += 1;
        world.rounds(3).await;
        let told = world.node.settings().await["inside"].as_u64().expect("a number");
        assert!(told <= 2 && told == inside.len() as u64, "{told} inside");
        if inside.len() == 2 {
            for (buyer, place) in &waiting {
                assert_ne!(buyer.state(place).await, "your_turn");
            }
            let (buyer, place) = inside.remove(0);
            buyer.leave(&place).await.expect(204);
            buyer.enter(&place).await.expect_refusal(403, "pass_expired");
        }
    }
    world.assert_ledger_is_clean().await;
}

async fn a_missed_turn_is_made_good_for(stores: Stores) {
    let world = World::open(stores, Queue { turn_seconds: 2, ..brisk() }).await;
    let people = world.people(3).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    world.until_state(ada, place, "missed").await;
    let refused = ada.enter(place).await;
    refused.expect_refusal(403, "not_your_turn");
    world.until_state(ada, place, "your_turn").await;
    assert_eq!(ada.position(place).await, None);
    ada.enter(place).await.expect_pass(201);
    assert!(world.stored_line().await.cursors[2] >= 1, "by grace");
    world.assert_ledger_is_clean().await;
}

async fn a_purchase_ends_the_pass(stores: Stores) {
    let world = World::open(stores, brisk()).await;
    world.change_settings(serde_json::json!({"admit_per_minute": 6_000})).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    let pass = ada.enter(place).await.expect_pass(201);
    assert!(matches!(world.try_hold_without_pass(1).await, HoldAnswer::PassRequired));
    world.buy(&pass, 0).await;
    let done = async || (ada.state_inside(place, &pass).await == "done").then_some(());
    world.until("the end of the pass to be told", done).await;
    ada.enter(place).await.expect_refusal(403, "pass_expired");
    assert!(matches!(world.try_hold(&pass, 1).await, HoldAnswer::PassExpired));
    world.round().await;
    assert_eq!(world.node.settings().await["inside"], 0);
    let rows = world.ledger.passes(&world.event.id, None, 10).await.expect("rows");
    assert_eq!(rows[0].end_reason, Some(ledger::passes::PassEnd::Bought));
    // Once more, from the end of the line.
    assert_eq!(ada.join().await.expect_new().index, 1);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_pass_that_has_ended_is_not_given_again() {
    let world = World::new(Queue { pass_seconds: 30, ..brisk() }).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    ada.enter(place).await.expect_pass(201);
    world.rounds(31).await;
    ada.enter(place).await.expect_refusal(403, "pass_expired");
    world.lose_everything();
    world.rounds(3).await;
    ada.enter(place).await.expect_refusal(403, "pass_expired");
}

#[tokio::test]
async fn whoever_was_inside_is_inside_after_the_store_was_lost() {
    let world = World::new(Queue { max_inside: Some(1), ..brisk() }).await;
    let people = world.people(2).await;
    world.open_line().await;
    let first = world
        .until("a turn", async || {
            for (buyer, place) in &people {
                if buyer.state(place).await == "your_turn" {
                    return Some((buyer, place));
                }
            }
            None
        })
        .await;
    let pass = first.0.enter(first.1).await.expect_pass(201);
    world.lose_everything();
    world.rounds(5).await;
    assert_eq!(world.node.settings().await["inside"], 1);
    assert_eq!(first.0.enter(first.1).await.expect_pass(200).id, pass.id);
    for (buyer, place) in people.iter().filter(|(_, place)| place.id != first.1.id) {
        buyer.enter(place).await.expect_refusal(403, "not_your_turn");
    }
}

#[tokio::test]
async fn a_closed_line_lets_nobody_in_and_nobody_out() {
    let world = World::new(brisk()).await;
    let people = world.people(2).await;
    world.open_line().await;
    let ((ada, hers), (bert, his)) = (&people[0], &people[1]);
    world.until_state(ada, hers, "your_turn").await;
    let pass = ada.enter(hers).await.expect_pass(201);
    world.act("close", "sold out").await.expect(200);
    world.node.follow().await;
    assert_eq!(bert.state(his).await, "closed");
    bert.enter(his).await.expect_refusal(409, "queue_closed");
    assert_eq!(ada.state_inside(hers, &pass).await, "inside");
    assert_eq!(ada.enter(hers).await.expect_pass(200).id, pass.id, "passes live on");
}
