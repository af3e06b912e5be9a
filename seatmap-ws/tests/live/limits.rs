use std::time::Duration;

use domain::event::EventStatus;
use seatmap_ws::{
    close::{SILENT, TOO_LONG, TOO_MANY},
    limits::{
        CHANNELS_PER_EVENT_MAX, FRAGMENTS_MAX, FRAMES_PER_SECOND_MAX, MESSAGE_BYTES_MAX,
        SOCKETS_PER_ADDRESS_MAX, SOCKETS_PER_DEVICE_MAX,
    },
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{House, Place, Plan, wait_for};

async fn house() -> House {
    House::open(Place::in_process(), Plan::zones(&[8, 8])).await
}

fn assert_refused(refusal: (u16, String, Option<String>), status: u16, code: &str) {
    assert_eq!((refusal.0, refusal.1.as_str()), (status, code));
}

#[tokio::test]
async fn a_foreign_page_is_refused_and_our_own_and_allowed_ones_are_not() {
    let plan = Plan::zones(&[8]).settings(|settings| {
        settings.allows_origin =
            std::sync::Arc::new(|origin| origin == "https://tickets.example.org");
    });
    let house = House::open(Place::in_process(), plan).await;
    for foreign in
        ["https://evil.example", "null", "https://tickets.example.org.evil", "http://127.0.0.1"]
    {
        let refusal = house.opening().header("origin", foreign).refused().await;
        assert_refused(refusal, 403, "foreign_origin");
    }
    let own = format!("http://{}", house.first.address);
    for allowed in [own.as_str(), "https://tickets.example.org"] {
        house.opening().header("origin", allowed).open().await;
    }
    house.opening().open().await;
}

#[tokio::test]
async fn a_secret_in_the_query_is_refused() {
    let house = house().await;
    for query in ["token=x", "since=1.2&access_token=x", "Authorization=x", "device=x", "pass=x"] {
        assert_refused(house.opening().query(query).refused().await, 400, "secret_in_query");
    }
}

#[tokio::test]
async fn only_published_events_have_a_map() {
    let house = house().await;
    let id = house.event.event.id.as_str();
    house.opening().path(&format!("/v1/events/{id}/live")).open().await;
    for path in ["/v1/events/nobody/live", "/v1/events/evt_0/live", "/v1/events/%2e%2e/live"] {
        assert_refused(house.opening().path(path).refused().await, 404, "unknown_event");
    }
    house.set_status(EventStatus::Draft).await;
    assert_refused(house.opening().refused().await, 404, "unknown_event");
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_refused() {
    let house = house().await;
    let many = format!("zones={}", vec!["A"; 1_000].join(","));
    for query in ["since=x", "since=1", "zones=", "zones=A,Z", "overview=2", &many] {
        let refusal = house.opening().query(query).refused().await;
        assert_refused(refusal, 422, "invalid_request");
    }
}

#[tokio::test]
async fn a_device_has_a_few_sockets_and_gets_another_when_one_ends() {
    let house = house().await;
    let opening = house.opening().header("holdfast-device", "d".repeat(22));
    let mut open = Vec::new();
    for _ in 0..SOCKETS_PER_DEVICE_MAX {
        open.push(opening.open().await);
    }
    let (status, code, after) = opening.refused().await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    assert!(after.is_some_and(|after| after.parse::<u32>().is_ok_and(|seconds| seconds > 0)));
    house.opening().header("holdfast-device", "e".repeat(22)).open().await;
    drop(open.pop());
    wait_for("room for another", async || opening.try_open().await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_a_limit_unless_that_is_switched_off() {
    let house = house().await;
    let mut open = Vec::new();
    for _ in 0..SOCKETS_PER_ADDRESS_MAX {
        open.push(house.opening().open().await);
    }
    let (status, _, after) = house.opening().refused().await;
    assert_eq!(status, 429);
    assert!(after.is_some());
    let plan = Plan::zones(&[8]).settings(|settings| settings.limits_addresses = false);
    let house = House::open(Place::in_process(), plan).await;
    for _ in 0..=SOCKETS_PER_ADDRESS_MAX {
        open.push(house.opening().open().await);
    }
    assert_eq!(house.first.maps.sockets(), SOCKETS_PER_ADDRESS_MAX as usize + 1);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_answered_with_1009() {
    let house = house().await;
    let mut viewer = house.opening().open().await;
    viewer.send(Message::binary(vec![0; MESSAGE_BYTES_MAX as usize])).await;
    viewer.send(Message::text("a".repeat(MESSAGE_BYTES_MAX as usize + 1))).await;
    assert_eq!(viewer.closed().await.0, TOO_LONG);
    let mut viewer = house.opening().open().await;
    viewer.send_raw(&[0x02, 0x80, 0, 0, 0, 0]).await;
    viewer.send_raw(&[0x00, 0x80, 0, 0, 0, 0].repeat(FRAGMENTS_MAX as usize)).await;
    let code = viewer.closed().await.0;
    assert!(code == TOO_LONG || code == TOO_MANY, "{code}");
}

#[tokio::test]
async fn a_flood_of_messages_or_pings_is_answered_with_1008() {
    let house = house().await;
    for message in [Message::text("hello"), Message::Ping(vec![1].into())] {
        let mut viewer = house.opening().open().await;
        for _ in 0..3 * FRAMES_PER_SECOND_MAX {
            viewer.send(message.clone()).await;
        }
        assert_eq!(viewer.closed().await.0, TOO_MANY);
    }
}

#[tokio::test]
async fn who_is_silent_for_too_long_is_closed_and_who_answers_pings_is_not() {
    let plan = Plan::zones(&[8]).settings(|settings| {
        settings.timing.heartbeat_every = Duration::from_millis(50);
        settings.timing.silence_max = Duration::from_millis(400);
    });
    let house = House::open(Place::in_process(), plan).await;
    let mut silent = house.opening().open_raw().await;
    let mut answering = house.opening().open().await;
    // Answers pings while it listens.
    for _ in 0..30 {
        answering.told().await;
    }
    assert_eq!(silent.closed_with().await, Some(SILENT));
}

/// Zones by the bits of `number`; no two numbers name the same.
fn zones_of(number: usize) -> String {
    let zones = (0..10).filter(|zone| number >> zone & 1 == 1);
    let names: Vec<String> = zones.map(|zone| char::from(b'A' + zone).to_string()).collect();
    format!("zones={}", names.join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_has_so_many_channels_and_a_left_one_makes_room() {
    let plan = Plan::zones(&[2; 10]).settings(|settings| settings.limits_addresses = false);
    let house = House::open(Place::in_process(), plan).await;
    let mut open = Vec::new();
    for number in 1..=CHANNELS_PER_EVENT_MAX {
        open.push(house.opening().query(&zones_of(number)).open().await);
    }
    let another = house.opening().query(&zones_of(CHANNELS_PER_EVENT_MAX + 1));
    let (status, code, after) = another.refused().await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    assert!(after.is_some());
    // Who wants what somebody has already shares a channel.
    house.opening().query(&zones_of(1)).open().await;
    drop(open.pop());
    wait_for("room for another channel", async || another.try_open().await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_that_nobody_watches_is_given_up_and_a_resume_starts_it_anew() {
    let plan = Plan::zones(&[8])
        .settings(|settings| settings.timing.unwatched_max = Duration::from_millis(100));
    let house = House::open(Place::redis(), plan).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    let known = viewer.map.clone();
    assert!(house.first.maps.oldest_map_age().is_some());
    // As long as somebody is there, it goes on.
    house.hold(&[1]).await;
    viewer.news().await;
    drop(viewer);
    wait_for("the map to be given up", async || {
        house.first.maps.oldest_map_age().is_none().then_some(())
    })
    .await;
    house.hold(&[2]).await;
    let since = format!("since={}.{}", known.epoch, known.version);
    let mut again = house.opening().query(&since).open().await;
    again.map = known;
    let view = house.view().await;
    again.reach(view.epoch, view.version).await;
    again.map.assert_shows(&view);
    assert_eq!(again.map.snapshots, 1, "the resume was told by a snapshot");
}
