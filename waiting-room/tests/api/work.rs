//! What joining costs when very many join.

use domain::queue::work::solve;
use serde_json::{Value, json};
use waiting_room::WaitingRoomSettings;

use crate::support::{Answer, Buyer, Stores, World, slow, text_of};

/// New places of one address that cost nothing.
const FREE: usize = 50;

async fn with_work() -> World {
    let settings =
        WaitingRoomSettings { proof_of_work: true, draw_beacon: None, payments_per_minute: None };
    World::with(Stores::in_process(), slow(), settings).await
}

/// Joins until they cost something; the demand.
async fn until_it_costs(world: &World) -> Value {
    for _ in 0..FREE * 3 {
        let answer = world.buyer().join().await;
        if answer.status != 201 {
            return answer.expect_refusal(428, "work_required");
        }
    }
    panic!("joining never costs anything");
}

async fn join_with_work(buyer: &Buyer<'_>, work: &str) -> Answer {
    buyer.call("POST", "", &[("Holdfast-Work", work)], None).await
}

async fn demand(buyer: &Buyer<'_>) -> (String, u32) {
    let refused = buyer.join().await.expect_refusal(428, "work_required");
    assert_eq!(refused["algorithm"], "sha256");
    let bits = refused["bits"].as_u64().expect("a number");
    (text_of(&refused, "salt"), bits.try_into().expect("few bits"))
}

#[tokio::test]
async fn many_joins_from_one_address_cost_work() {
    let world = with_work().await;
    world.people(FREE).await;
    until_it_costs(&world).await;
    let joined = world.node.settings().await["joined"].clone();
    let ada = world.buyer();
    let (salt, bits) = demand(&ada).await;
    assert!((1..=22).contains(&bits), "{bits}");
    let work = format!("{salt}:{}", solve(&salt, bits));
    let place = join_with_work(&ada, &work).await.expect_new();
    assert_eq!(json!(place.index), joined, "a refused join costs no number");
}

#[tokio::test]
async fn whoever_has_a_place_does_no_work_for_it() {
    let world = with_work().await;
    let people = world.people(FREE).await;
    until_it_costs(&world).await;
    let (ada, place) = &people[0];
    assert_eq!(ada.join_again(place).await.expect_known().id, place.id);
    assert_eq!(ada.state(place).await, "early");
}

#[tokio::test]
async fn work_done_for_something_else_is_none() {
    let world = with_work().await;
    until_it_costs(&world).await;
    let (ada, bert) = (world.buyer(), world.buyer());
    let (salt, bits) = demand(&ada).await;
    let nonce = solve(&salt, bits);
    let work = format!("{salt}:{nonce}");
    join_with_work(&bert, &work).await.expect_refusal(428, "work_required");
    for wrong in [
        String::new(),
        ":".to_owned(),
        salt.clone(),
        format!("{salt}:"),
        format!("{salt}:{}", "0".repeat(10_000)),
        format!("salt:{}", solve("salt", bits)),
        format!("{nonce}:{salt}"),
    ] {
        join_with_work(&ada, &wrong).await.expect_refusal(428, "work_required");
    }
    join_with_work(&ada, &work).await.expect_new();
}

#[tokio::test]
async fn old_work_is_none() {
    let world = with_work().await;
    until_it_costs(&world).await;
    let ada = world.buyer();
    let (salt, bits) = demand(&ada).await;
    let work = format!("{salt}:{}", solve(&salt, bits + 8));
    world.advance_millis(5 * 60 * 1_000);
    until_it_costs(&world).await;
    join_with_work(&ada, &work).await.expect_refusal(428, "work_required");
}

#[tokio::test]
async fn the_price_falls_when_it_is_quiet_again() {
    let world = with_work().await;
    until_it_costs(&world).await;
    world.advance_millis(5 * 60 * 1_000);
    world.node.follow().await;
    world.buyer().join().await.expect_new();
}

#[tokio::test]
async fn an_event_may_do_without_work() {
    let world = with_work().await;
    until_it_costs(&world).await;
    world.change_settings(json!({"admit_per_minute": 1, "proof_of_work": false})).await;
    world.buyer().join().await.expect_new();
}

#[tokio::test]
async fn an_installation_may_do_without_work() {
    let world = World::new(slow()).await;
    world.people(FREE * 2).await;
}
