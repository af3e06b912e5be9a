use crate::support::{House, Place, Plan, Told, in_both_places, wait_for};

in_both_places! {
    who_comes_back_with_a_version_gets_the_missing_changes
    who_comes_back_to_another_gateway_gets_the_missing_changes
    who_has_missed_nothing_is_told_so
    a_version_from_before_the_log_brings_a_snapshot
    a_version_ahead_of_everything_brings_a_snapshot
    a_new_epoch_brings_a_snapshot_to_open_sockets_and_to_resumed_ones
}

fn since(map: &crate::support::Map) -> String {
    format!("since={}.{}", map.epoch, map.version)
}

async fn who_comes_back_with_a_version_gets_the_missing_changes(place: Place) {
    let house = House::open(place, Plan::zones(&[40]).areas(&[9])).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    let known = viewer.map.clone();
    drop(viewer);
    let record = house.hold(&[4, 5]).await;
    house.try_hold(&[], 2).await.expect("places are free");
    house.hold(&[7]).await;
    house.release(&record).await;
    let view = house.view().await;
    for opening in [house.opening().binary(), house.opening().json()] {
        let mut viewer = opening.query(&since(&known)).open().await;
        viewer.map = known.clone();
        viewer.reach(view.epoch, view.version).await;
        viewer.map.assert_shows(&view);
        assert_eq!(viewer.map.snapshots, known.snapshots, "a snapshot where deltas were due");
    }
}

async fn who_comes_back_to_another_gateway_gets_the_missing_changes(place: Place) {
    let house = House::open(place, Plan::zones(&[40]).areas(&[9])).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    for seat in 0..20 {
        house.hold(&[seat]).await;
    }
    // A version in the middle of what the other gateway has never seen.
    viewer.reach(1, viewer.map.version + 1).await;
    let known = viewer.map.clone();
    drop(viewer);
    for seat in 20..30 {
        house.hold(&[seat]).await;
    }
    let view = house.view().await;
    let other = house.another_gateway().await;
    let mut viewer = house.opening_at(other.address).query(&since(&known)).open().await;
    viewer.map = known.clone();
    viewer.reach(view.epoch, view.version).await;
    viewer.map.assert_shows(&view);
    assert_eq!(viewer.map.snapshots, known.snapshots, "a snapshot where deltas were due");
}

async fn who_has_missed_nothing_is_told_so(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    let mut again = house.opening().query(&since(&viewer.map)).open().await;
    let (epoch, version) = (viewer.map.epoch, viewer.map.version);
    again.map = viewer.map.clone();
    let nothing =
        Told::Delta { epoch, from: version, version, changes: Vec::new(), areas: Vec::new() };
    assert_eq!(again.told().await, nothing);
}

async fn a_version_from_before_the_log_brings_a_snapshot(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    house.hold(&[1]).await;
    let epoch = house.view().await.epoch;
    let mut viewer = house.opening().query(&format!("since={epoch}.0")).open().await;
    assert!(matches!(viewer.told().await, Told::Snapshot { .. }));
}

async fn a_version_ahead_of_everything_brings_a_snapshot(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    let view = house.view().await;
    for since in [
        format!("since={}.{}", view.epoch, view.version + 1_000_000),
        format!("since={}.0", view.epoch + 7),
        format!("since={0}.{0}", u64::MAX),
    ] {
        let mut viewer = house.opening().query(&since).open().await;
        assert!(matches!(viewer.told().await, Told::Snapshot { .. }), "{since}");
    }
}

async fn a_new_epoch_brings_a_snapshot_to_open_sockets_and_to_resumed_ones(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    house.hold(&[1]).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    let known = viewer.map.clone();
    house.lose_everything();
    let view = wait_for("a new epoch", async || {
        let view = house.first.inventory.view(&house.event).await.ok()?;
        (view.epoch > known.epoch).then_some(view)
    })
    .await;
    viewer.reach(view.epoch, view.version).await;
    viewer.map.assert_shows(&view);
    assert_eq!(viewer.map.snapshots, 2);
    let mut again = house.opening().query(&since(&known)).open().await;
    assert!(matches!(again.told().await, Told::Snapshot { .. }));
    house.hold(&[4]).await;
    let view = house.view().await;
    for viewer in [&mut viewer, &mut again] {
        viewer.reach(view.epoch, view.version).await;
        viewer.map.assert_shows(&view);
    }
}
