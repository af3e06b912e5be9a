use std::time::Duration;

use seatmap_ws::close::TOO_SLOW;

use crate::support::{Heard, House, Place, Plan, Told, Viewer, in_both_places};

in_both_places! {
    a_reader_that_pauses_gets_one_exact_delta_over_all_it_missed
    a_reader_that_never_reads_is_cut_and_told_so_while_others_go_on
}

const SEATS: u32 = 8_000;

/// Every second seat goes off sale, or on it: the longest delta there is.
async fn change_everything(house: &House, round: u32) {
    let seats: Vec<u32> = (0..SEATS).step_by(2).collect();
    match round.is_multiple_of(2) {
        true => house.block(&seats, &[]).await,
        false => house.block(&[], &seats).await,
    }
}

/// Changes everything so often that no buffer between the two ends holds it, the healthy viewer
/// following each.
async fn fill_every_buffer(house: &House, healthy: &mut Viewer) {
    for round in 0..8 {
        change_everything(house, round).await;
        let view = house.view().await;
        healthy.reach(view.epoch, view.version).await;
    }
}

async fn a_reader_that_pauses_gets_one_exact_delta_over_all_it_missed(place: Place) {
    let house = House::open(place, Plan::zones(&[SEATS])).await;
    let mut slow = house.opening().json().small_window().open().await;
    let mut healthy = house.opening().json().open().await;
    slow.news().await;
    fill_every_buffer(&house, &mut healthy).await;
    let record = house.hold(&[1, 3]).await;
    assert_eq!(record.seats, [1, 3]);
    let view = house.view().await;
    slow.reach(view.epoch, view.version).await;
    slow.map.assert_shows(&view);
    let told = |viewer: &Viewer| viewer.map.deltas + viewer.map.snapshots;
    assert!(told(&slow) < told(&healthy), "{} {}", told(&slow), told(&healthy));
}

async fn a_reader_that_never_reads_is_cut_and_told_so_while_others_go_on(place: Place) {
    let plan = Plan::zones(&[SEATS]).settings(|settings| {
        settings.timing.stall_max = Duration::from_millis(300);
        settings.timing.heartbeat_every = Duration::from_millis(200);
        settings.timing.close_within = Duration::from_secs(20);
    });
    let house = House::open(place, plan).await;
    let mut slow = house.opening().json().small_window().open().await;
    let mut healthy = house.opening().json().open().await;
    slow.news().await;
    fill_every_buffer(&house, &mut healthy).await;
    // By then the slow one has been waited for long enough.
    let mut heartbeats = 0;
    while heartbeats < 5 {
        heartbeats += usize::from(matches!(healthy.told().await, Told::Heartbeat { .. }));
    }
    let (code, delay) = slow.closed().await;
    assert_eq!(code, TOO_SLOW);
    assert!(delay.parse::<u64>().is_ok_and(|delay| delay > 0), "{delay:?}");
    change_everything(&house, 1).await;
    let view = house.view().await;
    healthy.reach(view.epoch, view.version).await;
    healthy.map.assert_shows(&view);
    // What the slow one knows is good enough to come back with.
    let since = format!("since={}.{}", slow.map.epoch, slow.map.version);
    let mut again = house.opening().json().query(&since).open().await;
    again.map = slow.map.clone();
    again.reach(view.epoch, view.version).await;
    again.map.assert_shows(&view);
    assert!(!matches!(slow.hear().await, Heard::Told(_)), "more after the close");
}
