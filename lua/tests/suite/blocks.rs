//! Each reply of `block_seats`.

use domain::hold::HoldStatus;
use lua::Blocked;

use crate::support::*;

#[tokio::test]
async fn seats_are_blocked_and_put_back_at_once() {
    let stage = Stage::new().await;
    let blocked = stage.block(&[1, 2], &[99]).await;
    assert_eq!(blocked, Blocked { version: 2, refused: vec![] });
    let states = stage.states().await;
    assert!(states.starts_with("FBBF") && states.ends_with("FF"));
}

#[tokio::test]
async fn what_is_so_already_is_fine_and_changes_nothing() {
    let stage = Stage::new().await;
    let blocked = stage.unchanged(stage.block(&[99], &[5])).await;
    assert_eq!(blocked, Blocked { version: 1, refused: vec![] });
}

#[tokio::test]
async fn a_seat_that_somebody_has_cannot_be_blocked() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    stage.promote(claim(2, 1, &[2])).await;
    stage.commit(claim(3, 2, &[3])).await;
    let blocked = stage.unchanged(stage.block(&[0, 1, 2, 3], &[99])).await;
    assert_eq!(blocked.refused, [1, 2, 3]);
    // Nor does putting it back take it from whom it belongs to.
    stage.unchanged(stage.block(&[], &[1, 2, 3])).await;
}

#[tokio::test]
async fn an_expired_hold_does_not_hinder_a_block() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1, 2])).await;
    stage.pass_time(TTL_MS);
    assert!(stage.block(&[1], &[]).await.refused.is_empty());
    assert!(stage.states().await.starts_with("FBFF"));
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
}

#[tokio::test]
async fn a_seat_that_is_not_there_fails_the_call() {
    let stage = Stage::new().await;
    let failed = stage.store.block_seats(&stage.partition, EPOCH, &[5, 100], &[]);
    assert!(stage.unchanged(failed).await.is_err());
}
