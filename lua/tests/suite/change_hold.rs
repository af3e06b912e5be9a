//! Each reply of `change_hold`.

use lua::{ChangeReply, HoldReply};

use crate::support::*;

#[tokio::test]
async fn seats_and_places_are_exchanged_at_once() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[4, 5]);
    request.areas = vec![places(0, 2)];
    let before = stage.held(request).await;
    let mut wish = change(1, &[6, 8], &[4]);
    wish.areas = vec![places(0, 1), places(1, 2)];
    stage.pass_time(1_000);
    let ChangeReply::Changed { version, record } = stage.change(1, &wish).await else {
        panic!("not changed");
    };
    assert_eq!(version, 3);
    assert_eq!(record.seats, [5, 6, 8]);
    assert_eq!(record.areas, [places(0, 1), places(1, 2)]);
    assert_eq!(record.expires_at, before.expires_at);
    assert_eq!(stage.read(1).await, Some(record));
    assert!(stage.states().await.starts_with("FFFFFHHFHF"));
    let areas = stage.snapshot().await.areas;
    assert_eq!((areas[0].held, areas[1].held), (1, 2));
    // The record's count follows, so that the limit holds for the next wish.
    assert_eq!(stage.change(1, &change(2, &[20, 21, 22], &[])).await, ChangeReply::CustomerLimit);
}

#[tokio::test]
async fn an_area_is_given_up_by_asking_for_none_of_it() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[4]);
    request.areas = vec![places(0, 2)];
    stage.held(request).await;
    let mut wish = change(1, &[], &[]);
    wish.areas = vec![places(0, 0)];
    let ChangeReply::Changed { record, .. } = stage.change(1, &wish).await else { panic!() };
    assert!(record.areas.is_empty());
    assert_eq!(stage.snapshot().await.areas[0].held, 0);
}

#[tokio::test]
async fn a_repeated_operation_is_done_once() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    let wish = change(1, &[5], &[]);
    let ChangeReply::Changed { record, .. } = stage.change(1, &wish).await else { panic!() };
    let again = stage.unchanged(stage.change(1, &wish)).await;
    assert_eq!(again, ChangeReply::Replayed { record });
    let mut other = change(1, &[6], &[]);
    other.operation.fingerprint = [0xEE; 8];
    assert_eq!(stage.unchanged(stage.change(1, &other)).await, ChangeReply::KeyReused);
}

#[tokio::test]
async fn the_last_sixteen_operations_are_remembered() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    for number in 1..=9 {
        stage.change(1, &change(number, &[5], &[])).await;
        stage.change(1, &change(100 + number, &[], &[5])).await;
    }
    let forgotten = stage.change(1, &change(1, &[5], &[])).await;
    assert!(matches!(forgotten, ChangeReply::Changed { .. }));
    let known = stage.change(1, &change(9, &[5], &[])).await;
    assert!(matches!(known, ChangeReply::Replayed { .. }));
}

#[tokio::test]
async fn only_an_active_hold_changes() {
    let stage = Stage::new().await;
    for number in 1..=4 {
        stage.held(wants(number, &[u32::from(number)])).await;
    }
    stage.release(1).await;
    stage.promote(claim(2, 1, &[2])).await;
    stage.commit(claim(3, 2, &[3])).await;
    let wish = change(1, &[50], &[]);
    assert_eq!(stage.unchanged(stage.change(9, &wish)).await, ChangeReply::Missing);
    assert_eq!(stage.unchanged(stage.change(1, &wish)).await, ChangeReply::Released);
    assert_eq!(stage.unchanged(stage.change(2, &wish)).await, ChangeReply::InPayment);
    assert_eq!(stage.unchanged(stage.change(3, &wish)).await, ChangeReply::InPayment);
    stage.pass_time(TTL_MS);
    assert_eq!(stage.unchanged(stage.change(4, &wish)).await, ChangeReply::Expired);
}

#[tokio::test]
async fn what_makes_no_sense_for_the_hold_is_refused() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4, 5])).await;
    let refused = async |wish| stage.unchanged(stage.change(1, &wish)).await;
    assert_eq!(refused(change(1, &[], &[5, 6])).await, ChangeReply::NotInHold { seats: vec![6] });
    assert_eq!(refused(change(1, &[5], &[])).await, ChangeReply::AlreadyInHold);
    assert_eq!(refused(change(1, &[5], &[5])).await, ChangeReply::AlreadyInHold);
    assert_eq!(refused(change(1, &[], &[4, 5])).await, ChangeReply::Empty);
}

#[tokio::test]
async fn stock_and_limits_hold_for_changes_too() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[4, 5]);
    request.address = Some((customer(200), 4));
    stage.held(request).await;
    stage.held(wants(2, &[6])).await;
    let refused = async |wish| stage.unchanged(stage.change(1, &wish)).await;
    assert_eq!(refused(change(1, &[6, 7], &[])).await, ChangeReply::Taken { seats: vec![6] });
    assert_eq!(refused(change(1, &[7, 8, 9], &[])).await, ChangeReply::AddressLimit);
    let mut strict = change(1, &[7], &[]);
    strict.customer_limit = 2;
    assert_eq!(refused(strict).await, ChangeReply::CustomerLimit);
    let mut general = wants(3, &[]);
    general.areas = vec![places(1, 3)];
    stage.held(general).await;
    let mut wish = change(1, &[], &[]);
    wish.areas = vec![places(1, 2)];
    assert_eq!(refused(wish).await, ChangeReply::AreasShort { areas: vec![1] });
}

#[tokio::test]
async fn giving_back_is_never_refused_by_a_limit() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4, 5, 6])).await;
    let mut wish = change(1, &[], &[6]);
    wish.customer_limit = 1;
    assert!(matches!(stage.change(1, &wish).await, ChangeReply::Changed { .. }));
}

#[tokio::test]
async fn a_change_takes_the_seat_of_an_expired_hold() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4, 5])).await;
    stage.pass_time(TTL_MS);
    stage.held(wants(2, &[6])).await;
    let changed = stage.change(2, &change(1, &[5], &[])).await;
    assert!(matches!(changed, ChangeReply::Changed { .. }));
    assert!(stage.states().await.starts_with("FFFFFHHF"));
    assert!(matches!(stage.hold(wants(3, &[5])).await, HoldReply::Taken { .. }));
}
