//! `read_snapshot` and `read_deltas`.

use lua::{AreaCounts, CellState};

use crate::support::*;

#[tokio::test]
async fn a_snapshot_tells_every_seat_and_area_at_its_version() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[0])).await;
    stage.promote(claim(2, 1, &[1])).await;
    stage.commit(claim(3, 2, &[2])).await;
    let snapshot = stage.unchanged(stage.snapshot()).await;
    use CellState::{Blocked, Claimed, Free, Held, Sold};
    assert_eq!(snapshot.states[..4], [Held, Claimed, Sold, Free]);
    assert_eq!((snapshot.states.len(), snapshot.states[99]), (100, Blocked));
    assert_eq!((snapshot.epoch, snapshot.version), (EPOCH, 4));
    let free = |capacity| AreaCounts { capacity, held: 0, sold: 0 };
    assert_eq!(snapshot.areas, [free(10), free(4)]);
    assert_eq!(snapshot.now, stage.clock_now());
}

#[tokio::test]
async fn deltas_follow_each_other_up_to_the_limit() {
    let stage = Stage::new().await;
    for number in 1..=5 {
        stage.held(wants(number, &[u32::from(number)])).await;
    }
    let read = async |after, limit| {
        stage.unchanged(stage.store.read_deltas(&stage.partition, after, limit)).await.unwrap()
    };
    let versions = |deltas: &lua::Deltas| -> Vec<u64> {
        deltas.deltas.iter().map(|delta| delta.version).collect()
    };
    let some = read(Some((EPOCH, 1)), 2).await;
    assert_eq!((versions(&some), some.gap, some.epoch), (vec![2, 3], false, EPOCH));
    let rest = read(Some((EPOCH, 3)), 10).await;
    assert_eq!(versions(&rest), [4, 5, 6]);
    let none = read(Some((EPOCH, 6)), 10).await;
    assert_eq!((versions(&none), none.gap), (vec![], false));
    let all = read(None, 10).await;
    assert_eq!(versions(&all), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_version_that_is_not_kept_is_a_gap() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    for after in [(EPOCH, 0), (EPOCH, 3), (EPOCH - 1, 2), (EPOCH + 1, 1)] {
        let read = stage.store.read_deltas(&stage.partition, Some(after), 10).await.unwrap();
        assert!(read.gap && read.deltas.is_empty(), "after {after:?}");
        assert_eq!(read.epoch, EPOCH);
    }
}

#[tokio::test]
async fn a_missing_inventory_reads_as_missing() {
    let stage = Stage::new().await;
    stage.store.flush_in_process();
    assert_eq!(stage.store.read_snapshot(&stage.partition).await.unwrap(), None);
    let read = stage.store.read_deltas(&stage.partition, Some((EPOCH, 1)), 10).await.unwrap();
    assert!(read.gap && read.epoch == 0);
}

#[tokio::test]
async fn old_deltas_are_trimmed() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    for _ in 0..5_100 {
        stage.block(&[5], &[]).await;
        stage.block(&[], &[5]).await;
    }
    let read = stage.store.read_deltas(&stage.partition, Some((EPOCH, 1)), 10).await.unwrap();
    assert!(read.gap);
    let read = stage.store.read_deltas(&stage.partition, None, 20_000).await.unwrap();
    assert_eq!(read.deltas.len(), 10_000);
}
