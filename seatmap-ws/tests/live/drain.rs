use std::collections::HashSet;

use domain::event::EventStatus;
use seatmap_ws::close::{DRAINING, GONE};

use crate::support::{House, Place, Plan, Told, in_both_places, wait_for};

in_both_places! {
    at_the_end_of_a_process_everybody_is_told_when_to_come_back
    a_cancelled_event_is_gone_for_good
}

async fn at_the_end_of_a_process_everybody_is_told_when_to_come_back(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    let mut viewers = Vec::new();
    for _ in 0..20 {
        let mut viewer = house.opening().open().await;
        viewer.news().await;
        viewers.push(viewer);
    }
    house.first.ending.cancel();
    let mut delays = HashSet::new();
    for viewer in &mut viewers {
        let (code, reason) = viewer.closed().await;
        assert_eq!(code, DRAINING);
        delays.insert(reason.parse::<u64>().expect("a delay in milliseconds"));
    }
    assert!(delays.len() > 10, "they would all come back at once: {delays:?}");
    assert!(delays.iter().all(|delay| *delay >= 500));
    drop(viewers);
    house.first.tasks.close();
    house.first.tasks.wait().await;
    assert_eq!(house.first.maps.sockets(), 0);
    let (status, code, after) = house.opening().refused().await;
    assert_eq!((status, code.as_str()), (503, "sockets_unavailable"));
    assert!(after.is_some());
}

async fn a_cancelled_event_is_gone_for_good(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    let mut binary = house.opening().open().await;
    let mut json = house.opening().json().open().await;
    for viewer in [&mut binary, &mut json] {
        viewer.news().await;
    }
    house.set_status(EventStatus::Cancelled).await;
    for viewer in [&mut binary, &mut json] {
        assert_eq!(viewer.news().await, Told::Gone("cancelled".to_owned()));
        assert_eq!(viewer.closed().await, (GONE, String::new()));
    }
    drop((binary, json));
    let (status, code, _) = house.opening().refused().await;
    assert_eq!((status, code.as_str()), (404, "unknown_event"));
    wait_for("no socket is left", async || (house.first.maps.sockets() == 0).then_some(())).await;
}
