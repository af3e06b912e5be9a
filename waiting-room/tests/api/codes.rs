//! Lines by invitation, and the priority lane.

use domain::event::Queue;
use serde_json::{Value, json};

use crate::support::{Stores, World, claims, in_every_place, slow};

in_every_place! {
    one_code_is_one_place_on_two_devices
    each_lane_counts_its_own_people
}

fn by_invitation() -> Queue {
    Queue { invite_only: true, ..slow() }
}

async fn one_code_is_one_place_on_two_devices(stores: Stores) {
    let world = World::open(stores, by_invitation()).await;
    let codes = world.codes("general", 2).await;
    let (phone, laptop) = (world.buyer(), world.buyer());
    let first = phone.join_with_code(&codes[0]).await.expect_new();
    let second = laptop.join_with_code(&codes[0]).await.expect_known();
    assert_eq!((&second.id, second.index), (&first.id, first.index));
    // Each device has a copy of its own, and neither can use the other's.
    laptop.try_status(&second).await.expect(200);
    laptop.try_status(&first).await.expect_refusal(401, "pass_bound");
    assert_eq!(world.buyer().join_with_code(&codes[1]).await.expect_new().index, 1);
}

async fn each_lane_counts_its_own_people(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let codes = world.codes("priority", 2).await;
    world.people(3).await;
    for (index, code) in (0..).zip(&codes) {
        let place = world.buyer().join_with_code(code).await.expect_new();
        assert_eq!((place.index, &claims(&place.token)["lane"]), (index, &json!(1)));
    }
    let place = world.buyer().join().await.expect_new();
    assert_eq!((place.index, &claims(&place.token)["lane"]), (3, &json!(0)));
}

#[tokio::test]
async fn nobody_joins_a_line_by_invitation_without_a_code_of_this_event() {
    let world = World::new(by_invitation()).await;
    let code = world.codes("general", 1).await.remove(0);
    let ada = world.buyer();
    ada.join().await.expect_refusal(422, "invalid_request");
    let swapped = code.replacen('G', "P", 1);
    let cut = &code[..code.len() - 1];
    for wrong in ["", "G", "G-AAAAAA-AAAAAA-AAAAAA-AAAAAA-AA", cut, &swapped, &"A".repeat(5_000)] {
        ada.join_with_code(wrong).await.expect_refusal(422, "invalid_request");
    }
    let other = World::new(by_invitation()).await;
    let foreign = other.codes("general", 1).await.remove(0);
    ada.join_with_code(&foreign).await.expect_refusal(422, "invalid_request");
    assert_eq!(ada.join_with_code(&code).await.expect_new().index, 0);
}

#[tokio::test]
async fn a_code_may_be_typed_without_care() {
    let world = World::new(by_invitation()).await;
    let code = world.codes("general", 1).await.remove(0);
    let place = world.buyer().join_with_code(&code).await.expect_new();
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    assert_eq!(world.buyer().join_with_code(&typed).await.expect_known().id, place.id);
}

#[tokio::test]
async fn a_place_is_kept_without_showing_the_code_again() {
    let world = World::new(by_invitation()).await;
    let code = world.codes("general", 1).await.remove(0);
    let ada = world.buyer();
    let place = ada.join_with_code(&code).await.expect_new();
    assert_eq!(ada.join_again(&place).await.expect_known().id, place.id);
}

#[tokio::test]
async fn the_same_key_makes_the_same_codes() {
    let world = World::new(slow()).await;
    let body = json!({"lane": "priority", "count": 3});
    let make = async |key: &str, body: &Value| {
        world.node.organizer_again("POST", "/codes", body.clone(), key).await.expect(201)
    };
    let first = make("once", &body).await;
    assert_eq!(first["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(make("once", &body).await, first);
    assert_ne!(make("twice", &body).await, first);
}

#[tokio::test]
async fn codes_are_made_in_bounds() {
    let world = World::new(slow()).await;
    for (body, field) in [
        (json!({"lane": "vip", "count": 1}), "lane"),
        (json!({"lane": "priority", "count": 0}), "count"),
        (json!({"lane": "priority", "count": 10_001}), "count"),
    ] {
        let refused = world.node.organizer("POST", "/codes", body).await;
        let refused = refused.expect_refusal(422, "invalid_request");
        assert!(refused["detail"].as_str().unwrap_or_default().contains(field), "{refused}");
    }
}
