//! Into the line.

use std::collections::BTreeSet;

use domain::event::{EventStatus, Queue};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Stores, World, in_every_place, slow};

in_every_place! {
    whoever_joins_gets_the_next_index
    the_same_device_has_the_same_place
    fifty_joins_of_one_device_at_once_are_one_place
    people_who_join_at_once_get_every_index_once
    a_full_line_takes_nobody_and_loses_no_number
    a_draining_or_closed_line_takes_no_newcomers
}

async fn whoever_joins_gets_the_next_index(stores: Stores) {
    let world = World::open(stores, slow()).await;
    for index in 0..3 {
        let place = world.buyer().join().await.expect_new();
        assert_eq!((place.index, &*place.state), (index, "early"));
        assert!(place.id.starts_with("que_"), "{}", place.id);
    }
    world.assert_ledger_is_clean().await;
}

async fn the_same_device_has_the_same_place(stores: Stores) {
    let world = World::open(stores, slow()).await;
    world.buyer().join().await.expect_new();
    let ada = world.buyer();
    let first = ada.join().await.expect_new();
    let again = ada.join().await.expect_known();
    assert_eq!((&again.id, again.index), (&first.id, first.index));
    let shown = ada.join_again(&first).await.expect_known();
    assert_eq!((&shown.id, shown.index), (&first.id, first.index));
    assert_eq!(world.buyer().join().await.expect_new().index, 2);
}

async fn fifty_joins_of_one_device_at_once_are_one_place(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let ada = world.buyer();
    let answers = join_all((0..50).map(|_| ada.join())).await;
    let new = answers.iter().filter(|answer| answer.status == 201).count();
    let known = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((new, known), (1, 49));
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.body["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.buyer().join().await.expect_new().index, 1);
}

async fn people_who_join_at_once_get_every_index_once(stores: Stores) {
    const PEOPLE: u64 = 300;
    let world = World::open(stores, slow()).await;
    let other = world.another_node();
    let joins = (0..PEOPLE).map(|number| {
        let node = if number % 2 == 0 { &world.node } else { &other };
        async { node.buyer().join().await.expect_new().index }
    });
    let mut indexes = join_all(joins).await;
    indexes.sort_unstable();
    assert_eq!(indexes, (0..PEOPLE).collect::<Vec<_>>());
    world.assert_ledger_is_clean().await;
}

async fn a_full_line_takes_nobody_and_loses_no_number(stores: Stores) {
    let world = World::open(stores, Queue { max_waiting: Some(2), ..slow() }).await;
    let people = world.people(2).await;
    for _ in 0..5 {
        world.buyer().join().await.expect_refusal(409, "queue_full");
    }
    let (ada, place) = &people[0];
    assert_eq!(ada.join().await.expect_known().index, place.index);
    world.change_settings(json!({"admit_per_minute": 1, "max_waiting": 3})).await;
    world.round().await;
    assert_eq!(world.buyer().join().await.expect_new().index, 2);
    world.buyer().join().await.expect_refusal(409, "queue_full");
}

async fn a_draining_or_closed_line_takes_no_newcomers(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    world.open_line().await;
    world.act("drain", "the hall is nearly full").await.expect(200);
    world.buyer().join().await.expect_refusal(409, "queue_closed");
    assert_eq!(ada.join().await.expect_known().id, place.id);
    world.act("close", "the hall is full").await.expect(200);
    world.buyer().join().await.expect_refusal(409, "queue_closed");
    let known = ada.join().await.expect_known();
    assert_eq!((known.id, &*known.state), (place.id, "closed"));
}

#[tokio::test]
async fn a_join_without_a_device_key_is_refused() {
    let world = World::new(slow()).await;
    let path = world.node.path("");
    let refused = world.node.call("POST", &path, &[], None).await;
    refused.expect_refusal(422, "invalid_request");
    for key in ["", "short", &"x".repeat(129)] {
        let refused = world.node.call("POST", &path, &[("Holdfast-Device", key)], None).await;
        refused.expect_refusal(422, "invalid_request");
    }
    assert_eq!(world.buyer().join().await.expect_new().index, 0);
}

#[tokio::test]
async fn a_body_of_a_join_has_a_code_or_nothing() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    let refused = ada.call("POST", "", &[], Some(json!({"codes": []}))).await;
    refused.expect_refusal(422, "invalid_request");
    let refused = ada.call("POST", "", &[], Some(json!({"code": 7}))).await;
    refused.expect_refusal(422, "invalid_request");
    ada.call("POST", "", &[], Some(json!({}))).await.expect_new();
}

#[tokio::test]
async fn an_event_that_is_not_there_has_no_line() {
    let world = World::new(slow()).await;
    let draft = world.add_event(slow(), EventStatus::Draft).await;
    let device = world.buyer().device;
    for event in [draft.as_str(), "nothing-of-the-kind", "evt_x"] {
        let path = format!("/v1/events/{event}/queue");
        for (method, rest) in [("POST", ""), ("GET", "/draw"), ("GET", "/stream")] {
            let path = format!("{path}{rest}");
            let headers = [("Holdfast-Device", device.as_str())];
            let answer = world.node.call(method, &path, &headers, None).await;
            answer.expect_refusal(404, "unknown_event");
        }
    }
}

#[tokio::test]
async fn an_event_is_found_by_its_slug_too() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    let path = format!("/v1/events/{}/queue", world.event.slug);
    let headers = [("Holdfast-Device", ada.device.as_str())];
    let known = world.node.call("POST", &path, &headers, None).await.expect_known();
    assert_eq!(known.id, place.id);
}

#[tokio::test]
async fn a_sale_that_is_over_or_needs_no_line_takes_nobody() {
    let world = World::new(slow()).await;
    let cancelled = world.add_event(slow(), EventStatus::Cancelled).await;
    let completed = world.add_event(slow(), EventStatus::Completed).await;
    let off = world.add_event(Queue::default(), EventStatus::Published).await;
    let device = world.buyer().device;
    for event in [cancelled, completed, off] {
        let path = format!("/v1/events/{event}/queue");
        let headers = [("Holdfast-Device", device.as_str())];
        let refused = world.node.call("POST", &path, &headers, None).await;
        refused.expect_refusal(409, "queue_closed");
    }
    let starts_in = world.event.starts_at.as_millis() - world.event.created_at.as_millis();
    world.advance_millis(starts_in);
    world.buyer().join().await.expect_refusal(409, "queue_closed");
}

#[tokio::test]
async fn whoever_left_stands_at_the_end_again() {
    let world = World::new(slow()).await;
    let people = world.people(3).await;
    let (ada, place) = &people[0];
    ada.leave(place).await.expect(204);
    ada.leave(place).await.expect(204);
    assert_eq!(ada.join().await.expect_new().index, 3);
}
