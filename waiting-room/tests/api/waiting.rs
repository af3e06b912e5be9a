//! Standing in line: what is told, and what it never does.

use axum::{body::Body, http::Request};
use domain::{
    event::Queue,
    queue::{Lane, Place as LanePlace, draw::Draw},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::support::{Stores, World, brisk, in_every_place, slow};

in_every_place! {
    a_position_falls_and_never_rises
    a_turn_comes_is_missed_and_is_told_inside_and_done
}

async fn a_position_falls_and_never_rises(stores: Stores) {
    const PEOPLE: usize = 30;
    // A few with every round, whatever a round lasts.
    let rate = if stores.has_real_time() { 1_200 } else { 120 };
    let world = World::open(stores, Queue { admit_per_minute: Some(rate), ..slow() }).await;
    let people = world.people(PEOPLE).await;
    world.open_line().await;
    let other = world.another_node();
    // Processes may differ in how far they have read; each alone never goes back.
    let mut last = [[u64::MAX; 2]; PEOPLE];
    for round in 0..400 {
        for ((buyer, place), last) in people.iter().zip(&mut last) {
            for (node, last) in [&world.node, &other].into_iter().zip(last) {
                let status = buyer.at(node).status(place).await;
                let position = status["position"].as_u64();
                assert_eq!(status["ahead"].as_u64(), position.map(|position| position - 1));
                let now = position.unwrap_or(0);
                assert!(now <= *last, "from {last} to {now} in round {round}: {status}");
                *last = now;
            }
        }
        if last == [[0; 2]; PEOPLE] {
            break;
        }
        if round % 5 == 3 {
            world.lose_everything();
        }
        world.round_of(&[&world.node, &other]).await;
    }
    assert_eq!(last, [[0; 2]; PEOPLE], "everybody's turn came");
    world.assert_ledger_is_clean().await;
}

async fn a_turn_comes_is_missed_and_is_told_inside_and_done(stores: Stores) {
    let world = World::open(stores, Queue { turn_seconds: 2, ..brisk() }).await;
    let people = world.people(2).await;
    world.open_line().await;
    let ((ada, hers), (bert, his)) = (&people[0], &people[1]);
    world.until_state(ada, hers, "your_turn").await;
    let pass = ada.enter(hers).await.expect_pass(201);
    assert_eq!(ada.state_inside(hers, &pass).await, "inside");
    world.until_state(bert, his, "missed").await;
    assert_eq!(bert.position(his).await, None);
    assert_eq!(ada.state_inside(hers, &pass).await, "inside", "a pass outlives the turn");

    ada.leave(hers).await.expect(204);
    let done = async || (ada.state_inside(hers, &pass).await == "done").then_some(());
    world.until("the end of the pass to be told", done).await;
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn what_goes_well_is_answered_from_memory_and_nothing_else_is() {
    let world = World::open(Stores::in_process(), slow()).await;
    let people = world.people(2).await;
    world.open_line().await;
    let ((ada, hers), (_, his)) = (&people[0], &people[1]);
    let path = world.node.path("");
    let asked = |method: &str, path: &str, device: &str, place: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("Holdfast-Device", device).header("Holdfast-Place", place);
        request.body(Body::empty()).expect("a request")
    };
    let recall = async |method: &str, path: &str, device: &str, place: &str| {
        world.node.recall(&asked(method, path, device, place)).await
    };
    let status = ada.status(hers).await;
    let recalled = recall("GET", &path, &ada.device, &hers.token).await.expect("from memory");
    assert_eq!(recalled.status, 200);
    assert_eq!(
        (&recalled.body["state"], &recalled.body["position"]),
        (&status["state"], &status["position"])
    );
    assert_eq!(recalled.headers["cache-control"], "no-store");
    assert_eq!(recalled.headers["content-type"], "application/json");
    assert!(recalled.headers.contains_key("x-request-id"));

    let another = world.another_node();
    let unread = another.recall(&asked("GET", &path, &ada.device, &hers.token)).await;
    assert!(unread.is_none(), "a process that has not read the line");
    for (method, path, device, place) in [
        ("POST", path.as_str(), ada.device.as_str(), hers.token.as_str()),
        ("HEAD", &path, &ada.device, &hers.token),
        ("GET", &format!("{path}?x=1"), &ada.device, &hers.token),
        ("GET", &format!("{path}/draw"), &ada.device, &hers.token),
        ("GET", "/v1/events/unheard-of/queue", &ada.device, &hers.token),
        ("GET", &path, &ada.device, "no.token.there"),
        ("GET", &path, &ada.device, &his.token),
        ("GET", &path, "short", &hers.token),
    ] {
        assert!(recall(method, path, device, place).await.is_none(), "{method} {path} {place}");
    }
}

#[tokio::test]
async fn a_pass_that_was_not_renewed_is_done() {
    let world = World::new(Queue { pass_seconds: 30, ..brisk() }).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    let pass = ada.enter(place).await.expect_pass(201);
    world.rounds(29).await;
    assert_eq!(ada.state_inside(place, &pass).await, "inside");
    world.rounds(1).await;
    assert_eq!(ada.state_inside(place, &pass).await, "done");
    world.rounds(2).await;
    assert_eq!(world.node.settings().await["inside"], 0);
}

#[tokio::test]
async fn a_paused_line_stands_still_and_takes_people() {
    let world = World::new(brisk()).await;
    world.act("open", "").await.expect(200);
    world.act("pause", "the fire alarm").await.expect(200);
    let people = world.people(3).await;
    world.rounds(10).await;
    for (number, (buyer, place)) in (1..).zip(&people) {
        let status = buyer.status(place).await;
        assert_eq!(status["position"].as_u64(), Some(number), "{status}");
        assert_eq!(status["eta_seconds"], Value::Null);
    }
    world.act("resume", "it was toast").await.expect(200);
    let (last, place) = &people[2];
    world.until_state(last, place, "your_turn").await;
}

#[tokio::test]
async fn whoever_waits_is_told_when_to_ask_again() {
    let world = World::new(slow()).await;
    let people = world.people(50).await;
    let mut waits = Vec::new();
    let mut ask = async || {
        for (buyer, place) in &people {
            let status = buyer.status(place).await;
            let wait = status["poll_after_ms"].as_u64().expect("a number");
            assert!((800..=72_000).contains(&wait), "{status}");
            waits.push(wait);
        }
    };
    ask().await;
    world.open_line().await;
    ask().await;
    waits.dedup();
    assert!(waits.len() > 10, "not all at the same moment: {waits:?}");
}

#[tokio::test]
async fn an_estimate_is_told_once_the_line_has_moved() {
    let world = World::new(Queue { admit_per_minute: Some(60), ..slow() }).await;
    let people = world.people(200).await;
    world.open_line().await;
    let mut told = 0;
    for _ in 0..90 {
        world.round().await;
        for (buyer, place) in people.iter().step_by(20) {
            let status = buyer.status(place).await;
            if let Some(eta) = status["eta_seconds"].as_object() {
                assert!(eta["low"].as_u64() <= eta["high"].as_u64(), "{status}");
                assert_eq!(status["state"], "waiting");
                told += 1;
            }
        }
    }
    assert!(told > 0, "nobody was told how long it takes");
}

#[tokio::test]
async fn the_stream_lets_everybody_compute_their_own_position() {
    let world = World::new(slow()).await;
    let people = world.people(12).await;
    let early = first_frame(&world).await;
    assert_eq!((&early["phase"], &early["seed"]), (&json!("early"), &Value::Null));
    world.open_line().await;
    world.round().await;
    let frame = first_frame(&world).await;
    let draw = world.node.get("/draw").await.expect(200);
    assert_eq!((&frame["seed"], &frame["size"]), (&draw["seed"], &draw["size"]));
    assert_eq!((&frame["phase"], &frame["cursor"]), (&json!("open"), &json!(0)));
    assert_eq!(frame["free"], json!({"Stalls": 40, "Floor": 2_000}));
    let draw: Draw = serde_json::from_value(draw).expect("a draw");
    let order = draw.order();
    for (buyer, place) in &people {
        let lane = Lane::General;
        let position = order.position(LanePlace { lane, index: place.index });
        assert_eq!(buyer.position(place).await, Some(position + 1));
    }
}

#[tokio::test]
async fn a_line_that_is_off_has_no_stream() {
    let world = World::new(Queue::default()).await;
    world.node.get("/stream").await.expect_refusal(409, "queue_closed");
}

async fn first_frame(world: &World) -> Value {
    let request = Request::get(world.node.path("/stream"));
    let request = request.body(Body::empty()).expect("a request");
    let mut answer = world.node.respond(request).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let frame = answer.body_mut().frame().await.expect("a frame").expect("a frame");
    let text = String::from_utf8(frame.into_data().expect("data").to_vec()).expect("UTF-8");
    let json = text.strip_prefix("data: ").and_then(|text| text.strip_suffix("\n\n"));
    serde_json::from_str(json.expect("one event")).expect("JSON")
}

#[tokio::test]
async fn the_priority_lane_has_its_share_of_the_admissions() {
    let rules = Queue { admit_per_minute: Some(60), priority_share: 50, ..slow() };
    let world = World::new(rules).await;
    for code in world.codes("priority", 40).await {
        world.buyer().join_with_code(&code).await.expect_new();
    }
    world.people(40).await;
    world.open_line().await;
    let twenty = async || {
        let cursors = world.stored_line().await.cursors;
        (cursors[0] + cursors[1] >= 40).then_some(cursors)
    };
    let [general, priority, _] = world.until("forty admissions", twenty).await;
    assert!(general.abs_diff(priority) <= 2, "{general} and {priority}");
    world.round().await;
    let frame = first_frame(&world).await;
    let share = |lane: &str| frame["lanes"][lane]["share"].as_f64().expect("a number");
    assert!((share("priority") - 0.5).abs() < 0.1, "{frame}");
    assert!((share("general") + share("priority") - 1.0).abs() < 0.01, "{frame}");
}

#[tokio::test]
async fn a_place_survives_everything_that_a_browser_does() {
    let world = World::new(slow()).await;
    let people = world.people(5).await;
    world.open_line().await;
    let (ada, place) = &people[3];
    let before = ada.position(place).await;
    // A refresh, a second tab, another server, a place that was signed anew.
    for node in [&world.node, &world.another_node()] {
        let anew = ada.at(node).join().await.expect_known();
        assert_eq!((&anew.id, &*anew.state), (&place.id, "waiting"));
        assert_eq!(ada.at(node).position(&anew).await, before);
        assert_eq!(ada.at(node).position(place).await, before);
    }
}
