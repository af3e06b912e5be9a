use lua::HoldRecord;

use crate::support::{House, Lcg, Map, Place, Plan, Told, Viewer, in_both_places, seed};

in_both_places! {
    after_a_random_sale_every_viewer_has_the_map_of_the_inventory
    binary_and_json_frames_mean_the_same
    a_tick_whose_changes_cancel_out_still_advances_the_version
    a_new_socket_gets_a_snapshot_first
}

/// Holds and releases until the generator has had enough.
async fn sell_at_random(house: &House, random: &mut Lcg, steps: u32) {
    let seats = house.event.chart.seat_count();
    let mut records: Vec<HoldRecord> = Vec::new();
    for _ in 0..steps {
        match random.below(10) {
            0..5 => {
                let first = random.below(seats);
                let run: Vec<u32> = (first..(first + 1 + random.below(4)).min(seats)).collect();
                records.extend(house.try_hold(&run, 0).await);
            }
            5 => records.extend(house.try_hold(&[], 1 + random.below(3)).await),
            6 => {
                let seat = random.below(seats);
                house.block(&[seat], &[]).await;
                if random.below(2) == 0 {
                    house.block(&[], &[seat]).await;
                }
            }
            _ if !records.is_empty() => {
                let record = records.swap_remove(random.below(records.len() as u32) as usize);
                house.release(&record).await;
            }
            _ => {}
        }
    }
}

async fn after_a_random_sale_every_viewer_has_the_map_of_the_inventory(place: Place) {
    let house = House::open(place, Plan::zones(&[30, 40, 50]).areas(&[40, 10])).await;
    let mut random = Lcg(seed());
    let other = house.another_gateway().await;
    let mut viewers = vec![house.opening().open().await, house.opening().json().open().await];
    sell_at_random(&house, &mut random, 60).await;
    viewers.push(house.opening().binary().open().await);
    viewers.push(house.opening_at(other.address).open().await);
    viewers.push(house.opening_at(other.address).json().open().await);
    sell_at_random(&house, &mut random, 120).await;
    let view = house.view().await;
    for viewer in &mut viewers {
        viewer.reach(view.epoch, view.version).await;
        viewer.map.assert_shows(&view);
        assert_eq!(viewer.map.snapshots, 1, "a viewer lost its way");
    }
}

/// The maps that a viewer had, up to a version.
async fn maps_until(viewer: &mut Viewer, version: u64) -> Vec<Map> {
    let mut maps = Vec::new();
    while viewer.map.version < version {
        viewer.told().await;
        maps.push(viewer.map.clone());
    }
    maps
}

async fn binary_and_json_frames_mean_the_same(place: Place) {
    let house = House::open(place, Plan::zones(&[60, 60]).areas(&[30])).await;
    let mut binary = house.opening().binary().open().await;
    let mut json = house.opening().json().open().await;
    sell_at_random(&house, &mut Lcg(seed()), 80).await;
    let version = house.view().await.version;
    let (of_binary, of_json) =
        tokio::join!(maps_until(&mut binary, version), maps_until(&mut json, version));
    let mut compared = 0;
    for one in &of_binary {
        for other in of_json.iter().filter(|other| other.version == one.version) {
            assert_eq!((&one.states, &one.areas), (&other.states, &other.areas));
            compared += 1;
        }
    }
    assert!(compared > 0, "the two were never at the same version");
}

async fn a_tick_whose_changes_cancel_out_still_advances_the_version(place: Place) {
    let house = House::open(place, Plan::zones(&[8])).await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    let before = viewer.map.clone();
    let record = house.hold(&[3]).await;
    house.release(&record).await;
    let view = house.view().await;
    viewer.reach(view.epoch, view.version).await;
    assert!(viewer.map.version >= before.version + 2);
    assert_eq!(viewer.map.states, before.states);
}

async fn a_new_socket_gets_a_snapshot_first(place: Place) {
    let house = House::open(place, Plan::zones(&[8]).areas(&[5])).await;
    house.hold(&[2, 3]).await;
    let view = house.view().await;
    let mut viewer = house.opening().open().await;
    let first = viewer.told().await;
    assert!(matches!(first, Told::Snapshot { ranges: None, .. }), "{first:?}");
    viewer.reach(view.epoch, view.version).await;
    viewer.map.assert_shows(&view);
}
