//! Each reply of `extend_hold`, `release_hold`, `sweep_expired` and `read_hold`.

use domain::hold::HoldStatus;
use lua::{CellState, ExtendReply, HoldReply, ReleaseReply};

use crate::support::*;

#[tokio::test]
async fn an_extension_moves_the_deadline_and_tells_it() {
    let stage = Stage::new().await;
    let before = stage.held(wants(1, &[4])).await;
    let ExtendReply::Extended { version, record } = stage.extend(1, 1, operation(1)).await else {
        panic!("not extended");
    };
    assert_eq!(record.expires_at, before.expires_at.plus_millis(60_000));
    assert_eq!(record.extensions, 1);
    let delta = stage.deltas_after(version - 1).await.remove(0);
    assert_eq!(delta.changes[0].deadline, Some(record.expires_at));
    // Neither a sweep at the first deadline nor another buyer ends it.
    stage.pass_time(TTL_MS);
    assert_eq!(stage.sweep(10).await.expired, 0);
    assert!(matches!(stage.hold(wants(2, &[4])).await, HoldReply::Taken { .. }));
    stage.pass_time(60_000);
    assert_eq!(stage.sweep(10).await.expired, 1);
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
}

#[tokio::test]
async fn extensions_are_counted_and_repeated_ones_are_not() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    let ExtendReply::Extended { record, .. } = stage.extend(1, 1, operation(1)).await else {
        panic!("not extended");
    };
    let refused = async |operation| stage.unchanged(stage.extend(1, 1, operation)).await;
    assert_eq!(refused(operation(1)).await, ExtendReply::Replayed { record });
    assert_eq!(refused(operation(2)).await, ExtendReply::LimitReached);
    let mut other = operation(1);
    other.fingerprint = [0xEE; 8];
    assert_eq!(refused(other).await, ExtendReply::KeyReused);
}

#[tokio::test]
async fn only_an_active_hold_is_extended() {
    let stage = Stage::new().await;
    for number in 1..=3 {
        stage.held(wants(number, &[u32::from(number)])).await;
    }
    stage.release(1).await;
    stage.promote(claim(2, 1, &[2])).await;
    stage.pass_time(TTL_MS);
    let refused = async |number| stage.unchanged(stage.extend(number, 9, operation(1))).await;
    assert_eq!(refused(9).await, ExtendReply::Missing);
    assert_eq!(refused(1).await, ExtendReply::Released);
    assert_eq!(refused(2).await, ExtendReply::InPayment);
    assert_eq!(refused(3).await, ExtendReply::Expired);
}

#[tokio::test]
async fn a_released_hold_gives_everything_back() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[4, 9]);
    request.areas = vec![places(0, 2)];
    stage.held(request).await;
    assert_eq!(stage.release(1).await, ReleaseReply::Released { version: 3 });
    assert!(!stage.states().await.contains('H'));
    assert_eq!(stage.snapshot().await.areas[0].held, 0);
    assert_eq!(stage.status(1).await, HoldStatus::Released);
    let delta = stage.deltas_after(2).await.remove(0);
    assert!(delta.changes.iter().all(|change| change.state == CellState::Free));
}

#[tokio::test]
async fn what_is_no_active_hold_is_not_released() {
    let stage = Stage::new().await;
    for number in 1..=3 {
        stage.held(wants(number, &[u32::from(number)])).await;
    }
    stage.release(1).await;
    stage.promote(claim(2, 1, &[2])).await;
    stage.pass_time(TTL_MS);
    let refused = async |number| stage.unchanged(stage.release(number)).await;
    assert_eq!(refused(9).await, ReleaseReply::Missing);
    assert_eq!(refused(1).await, ReleaseReply::AlreadyEnded);
    assert_eq!(refused(2).await, ReleaseReply::InPayment);
    assert_eq!(refused(3).await, ReleaseReply::AlreadyEnded);
    stage.commit(claim(2, 1, &[2])).await;
    assert_eq!(refused(2).await, ReleaseReply::InPayment);
}

#[tokio::test]
async fn a_hold_reads_expired_from_its_deadline_on_without_any_sweep() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    stage.pass_time(TTL_MS - 1);
    assert_eq!(stage.unchanged(stage.status(1)).await, HoldStatus::Active);
    stage.pass_time(1);
    assert_eq!(stage.unchanged(stage.status(1)).await, HoldStatus::Expired);
    assert_eq!(stage.unchanged(stage.read(9)).await, None);
}

#[tokio::test]
async fn a_sweep_frees_what_is_due_and_says_whether_more_is() {
    let stage = Stage::new().await;
    for number in 1..=3 {
        stage.held(wants(number, &[u32::from(number)])).await;
    }
    let early = stage.unchanged(stage.sweep(10)).await;
    assert_eq!((early.expired, early.more, early.version), (0, false, 4));
    stage.pass_time(TTL_MS);
    let first = stage.sweep(2).await;
    assert_eq!((first.expired, first.more, first.version), (2, true, 5));
    let second = stage.sweep(2).await;
    assert_eq!((second.expired, second.more), (1, false));
    assert!(!stage.states().await.contains('H'));
}

#[tokio::test]
async fn ended_holds_are_remembered_for_a_quarter_of_an_hour_and_then_leave_nothing() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[1]);
    request.address = Some((customer(200), 9));
    let mut combined = wants(2, &[2]);
    combined.address = Some((customer(200), 9));
    stage.hold_all(&[request, combined]).await;
    stage.held(wants(3, &[3])).await;
    stage.promote(claim(3, 1, &[3])).await;
    stage.unclaim(claim(3, 1, &[3])).await;
    stage.release(1).await;
    stage.pass_time(TTL_MS);
    stage.sweep(100).await;
    assert_eq!(stage.status(1).await, HoldStatus::Released);
    assert_eq!(stage.status(2).await, HoldStatus::Expired);
    stage.pass_time(900_000);
    stage.sweep(100).await;
    for number in 1..=3 {
        assert_eq!(stage.read(number).await, None);
    }
    // Apart from seats, owners, versions and areas the inventory is as on its first day.
    let fresh = Stage::new().await;
    let kept = |stage: &Stage| {
        let of_kind = |word: &str| {
            let dump = stage.dump();
            let found = dump.iter().find(|(key, _)| key.ends_with(word.as_bytes()));
            found.map(|(_, entry)| format!("{entry:?}"))
        };
        (of_kind("records"), of_kind("deadlines"))
    };
    assert_eq!(kept(&stage), kept(&fresh));
}
