use crate::support::{House, Place, Plan, Told, in_both_places};

in_both_places! {
    who_chose_zones_hears_of_nothing_else
    an_overview_counts_free_seats_by_zone_and_category
    zones_and_an_overview_go_together
}

async fn who_chose_zones_hears_of_nothing_else(place: Place) {
    let house = House::open(place, Plan::zones(&[4, 4, 4]).areas(&[9, 7])).await;
    for opening in [house.opening().binary(), house.opening().json()] {
        let mut viewer = opening.query("zones=C,A,a1").open().await;
        let Told::Snapshot { ranges, states, areas, .. } = viewer.told().await else {
            panic!("no snapshot");
        };
        assert_eq!(ranges, Some(vec![(0, 4), (8, 4)]));
        assert_eq!((states.len(), areas), (8, vec![(1, 7)]));
        let elsewhere = house.hold(&[5]).await;
        house.try_hold(&[], 1).await.expect("places are free");
        let here = house.hold(&[9]).await;
        let Told::Delta { changes, areas, .. } = viewer.news().await else {
            panic!("no delta");
        };
        assert_eq!((changes, areas), (vec![(9, 1)], vec![]));
        house.release(&elsewhere).await;
        house.release(&here).await;
        let view = house.view().await;
        // Even when nothing concerns it, the version comes along in the end: nothing is a gap.
        let Told::Delta { changes, version, .. } = viewer.news().await else {
            panic!("no delta");
        };
        assert_eq!((changes, version), (vec![(9, 0)], view.version));
    }
}

async fn an_overview_counts_free_seats_by_zone_and_category(place: Place) {
    let house = House::open(place, Plan::zones(&[4, 6]).areas(&[9])).await;
    house.hold(&[0]).await;
    house.view().await;
    for opening in [house.opening().binary(), house.opening().json()] {
        let mut viewer = opening.query("overview=1").open().await;
        let Told::Overview { complete: true, free, areas, .. } = viewer.told().await else {
            panic!("no overview");
        };
        assert_eq!(free, [(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 3)]);
        assert_eq!(areas, [(0, 9)]);
        let record = house.hold(&[4, 5, 6]).await;
        let Told::Overview { complete: false, free, areas, .. } = viewer.news().await else {
            panic!("no overview");
        };
        assert_eq!((free, areas), (vec![(1, 0, 1), (1, 1, 2)], vec![]));
        house.release(&record).await;
        let Told::Overview { free, .. } = viewer.news().await else {
            panic!("no overview");
        };
        assert_eq!(free, [(1, 0, 3), (1, 1, 3)]);
    }
}

async fn zones_and_an_overview_go_together(place: Place) {
    let house = House::open(place, Plan::zones(&[4, 6])).await;
    let mut viewer = house.opening().query("zones=B&overview=1").open().await;
    viewer.news().await;
    viewer.news().await;
    assert_eq!((viewer.map.snapshots, viewer.map.overview.len()), (1, 4));
    house.hold(&[0, 4]).await;
    while viewer.map.overview[&(0, 0)] == 2 || viewer.map.states[&4] == 0 {
        viewer.news().await;
    }
    assert_eq!(viewer.map.overview[&(1, 0)], 2);
    assert!(!viewer.map.states.contains_key(&0));
}
