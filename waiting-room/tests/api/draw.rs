//! The draw at opening: promised before, provable after, never held twice.

use domain::{
    event::Queue,
    queue::{
        Lane, Place as LanePlace,
        draw::{Draw, Hex, Proof, Tamper, Witness, verify_draw, verify_proof},
    },
    time::Clock,
};
use serde_json::Value;

use crate::support::{Buyer, Place, Stores, World, in_every_place, slow, text_of};

in_every_place! {
    opening_gives_everybody_a_position_of_their_own
    a_draw_and_its_proofs_stand_up_to_the_published_rules
    the_draw_is_held_when_its_time_comes
    the_draw_survives_the_loss_of_the_store
}

async fn published(world: &World) -> Value {
    world.node.get("/draw").await.expect(200)
}

fn parsed(draw: &Value) -> Draw {
    serde_json::from_value(draw.clone()).expect("a draw")
}

/// From 1, by index; each must be told.
async fn positions(world: &World, people: &[(Buyer<'_>, Place)]) -> Vec<u64> {
    world.node.follow().await;
    let mut positions = Vec::new();
    for (buyer, place) in people {
        positions.push(buyer.position(place).await.expect("a position"));
    }
    positions
}

async fn opening_gives_everybody_a_position_of_their_own(stores: Stores) {
    const PEOPLE: usize = 40;
    let world = World::open(stores, slow()).await;
    let mut people = world.people(PEOPLE).await;
    for (buyer, place) in &people {
        let status = buyer.status(place).await;
        assert_eq!((&status["state"], &status["position"]), (&"early".into(), &Value::Null));
    }
    let opened = world.open_line().await;
    assert_eq!((&opened["phase"], &opened["joined"]), (&"open".into(), &(PEOPLE as u64).into()));
    people.extend(world.people(3).await);

    let mut taken = positions(&world, &people).await;
    assert_eq!(taken[PEOPLE..], [41, 42, 43], "latecomers stand behind, in order");
    assert_ne!(taken[..PEOPLE], (1..=PEOPLE as u64).collect::<Vec<_>>(), "not as they came");
    taken.sort_unstable();
    assert_eq!(taken, (1..=people.len() as u64).collect::<Vec<_>>(), "each taken once");
    world.assert_ledger_is_clean().await;
}

async fn a_draw_and_its_proofs_stand_up_to_the_published_rules(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let codes = world.codes("priority", 2).await;
    let mut people = world.people(20).await;
    for code in &codes {
        let buyer = world.buyer();
        let place = buyer.join_with_code(code).await.expect_new();
        people.push((buyer, place));
    }
    let before = published(&world).await;
    assert_eq!(before.as_object().map(serde_json::Map::len), Some(1), "{before}");
    let commitment = Hex::<32>::parse(&text_of(&before, "commitment")).expect("32 bytes").0;
    let (ada, place) = &people[0];
    ada.proof(place).await.expect_refusal(409, "not_in_draw");

    world.open_line().await;
    let told = published(&world).await;
    assert_eq!(told["commitment"], before["commitment"]);
    assert_eq!((&told["size"], &told["lanes"]["priority"]["size"]), (&20.into(), &2.into()));
    let draw = parsed(&told);
    let witness = Witness { commitment: Some(commitment), event: Some(&world.event.id) };
    let checked = verify_draw(&draw, witness).map_err(Tamper::part).expect("a good draw");
    for (buyer, place) in &people {
        let told = buyer.proof(place).await.expect(200);
        let proof: Proof = serde_json::from_value(told).expect("a proof");
        verify_proof(&checked, &proof).expect("a good proof");
        assert_eq!(proof.index, place.index);
        assert_eq!(buyer.position(place).await, Some(proof.position + 1));
        let tampered = Proof { position: proof.position ^ 1, ..proof };
        assert_eq!(verify_proof(&checked, &tampered), Err(Tamper::Position));
    }
    let late = world.buyer();
    let place = late.join().await.expect_new();
    late.proof(&place).await.expect_refusal(409, "not_in_draw");
}

async fn the_draw_is_held_when_its_time_comes(stores: Stores) {
    let world = World::open(stores, Queue::default()).await;
    let opens_at = world.clock.now().plus_seconds(2);
    let rules = Queue { opens_at: Some(opens_at), ..slow() };
    world.change_event(|event| event.queue = rules).await;
    let people = world.people(5).await;
    let (ada, place) = &people[0];
    assert_eq!(ada.state(place).await, "early");
    world.node.lead().await;
    assert_eq!(ada.state(place).await, "early");
    world.until_state(ada, place, "waiting").await;
    assert!(world.clock.now() >= opens_at);
    let acts = world.node.settings().await["acts"].clone();
    assert_eq!(acts[0]["act"], "open", "{acts}");
    // The organiser who opens as well is told that it is open.
    world.open_line().await;
    assert_eq!(world.node.settings().await["acts"].as_array().map(Vec::len), Some(1));
}

async fn the_draw_survives_the_loss_of_the_store(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let people = world.people(20).await;
    world.open_line().await;
    let (draw, before) = (published(&world).await, positions(&world, &people).await);
    world.lose_everything();
    world.rounds(2).await;
    assert_eq!(published(&world).await, draw);
    assert_eq!(positions(&world, &people).await, before);
    let other = world.another_node();
    let (ada, place) = &people[7];
    assert_eq!(ada.at(&other).position(place).await, Some(before[7]));
    // Who shows a place keeps it; who comes anew stands behind all who may have been there.
    assert_eq!(ada.join_again(place).await.expect_known().index, 7);
    assert!(world.buyer().join().await.expect_new().index >= 20);
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn an_empty_line_is_drawn_too() {
    let world = World::new(slow()).await;
    world.open_line().await;
    let draw = parsed(&published(&world).await);
    assert_eq!(draw.size, 0);
    let witness = Witness { event: Some(&world.event.id), ..Witness::default() };
    let checked = verify_draw(&draw, witness).map_err(Tamper::part).expect("a good draw");
    assert_eq!(checked.position(LanePlace { lane: Lane::General, index: 3 }), 3);
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    assert_eq!((place.index, &*place.state), (0, "waiting"));
}

#[tokio::test]
async fn a_roll_back_of_the_store_leaves_the_draw_as_it_was() {
    let world = World::new(slow()).await;
    let people = world.people(10).await;
    world.node.follow().await;
    let simulation = world.store.simulation().expect("in process");
    let before_the_draw = simulation.keyspace();
    world.open_line().await;
    let (draw, before) = (published(&world).await, positions(&world, &people).await);
    simulation.restore(before_the_draw);
    world.rounds(2).await;
    assert_eq!(published(&world).await, draw);
    assert_eq!(positions(&world, &people).await, before);
}

#[tokio::test]
async fn a_line_that_is_off_has_no_draw() {
    let world = World::new(Queue::default()).await;
    let answer = world.node.get("/draw").await;
    assert!((400..500).contains(&answer.status), "{}", answer.body);
}
