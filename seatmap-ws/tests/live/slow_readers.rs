use std::time::Duration;

use seatmap_ws::close::TOO_SLOW;
use tokio::time::sleep;

use crate::support::{Heard, House, Place, Plan, Viewer, in_both_places};

in_both_places! {
    a_reader_that_pauses_gets_one_exact_delta_over_all_it_missed
    a_reader_that_never_reads_is_cut_and_told_so_while_others_go_on
}

const SEATS: u32 = 8_000;
/// Some five times what the two kernels keep for a small window.
const BUFFERED_BYTES_MAX: usize = 128 * 1024;
const STALL_MAX: Duration = Duration::from_millis(300);
/// Longer than filling the buffers takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every second seat goes off sale, or on it: the longest delta there is.
async fn change_everything(house: &House, round: u32) {
    let seats: Vec<u32> = (0..SEATS).step_by(2).collect();
    match round.is_multiple_of(2) {
        true => house.block(&seats, &[]).await,
        false => house.block(&[], &seats).await,
    }
}

/// Changes everything so often that no buffer between the two ends holds it, the healthy viewer
/// following each. A busy machine tells a change as a snapshot, which is shorter: frames say
/// nothing, bytes do.
async fn fill_every_buffer(house: &House, healthy: &mut Viewer) {
    let mut round = 0;
    while healthy.bytes < BUFFERED_BYTES_MAX {
        change_everything(house, round).await;
        let view = house.view().await;
        healthy.reach(view.epoch, view.version).await;
        round += 1;
    }
}

async fn a_reader_that_pauses_gets_one_exact_delta_over_all_it_missed(place: Place) {
    let plan = Plan::zones(&[SEATS]).settings(|settings| {
        settings.timing.stall_max = PATIENCE;
        settings.timing.silence_max = PATIENCE;
    });
    let house = House::open(place, plan).await;
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
        settings.timing.stall_max = STALL_MAX;
        settings.timing.silence_max = PATIENCE;
        settings.timing.close_within = PATIENCE;
    });
    let house = House::open(place, plan).await;
    let mut slow = house.opening().json().small_window().open().await;
    let mut healthy = house.opening().json().open().await;
    slow.news().await;
    fill_every_buffer(&house, &mut healthy).await;
    sleep(4 * STALL_MAX).await;
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
