//! Each reply of `promote_holds`, `commit_claims` and `release_claims`, in every order.

use domain::hold::HoldStatus;
use lua::{Claim, ClaimReply, HoldReply};

use crate::support::*;

#[tokio::test]
async fn a_promoted_hold_has_no_deadline() {
    let stage = Stage::new().await;
    let before = stage.held(wants(1, &[4, 5])).await;
    assert_eq!(stage.promote(claim(1, 7, &[4, 5])).await, ClaimReply::Changed);
    stage.pass_time(100 * TTL_MS);
    assert_eq!(stage.sweep(10).await.expired, 0);
    let record = stage.read(1).await.unwrap();
    assert_eq!((record.status, record.claim_number), (HoldStatus::Paying, Some(7)));
    assert_eq!(record.expires_at, before.expires_at);
    assert!(stage.states().await.starts_with("FFFFCCF"));
    assert!(matches!(stage.hold(wants(2, &[5])).await, HoldReply::Taken { .. }));
}

#[tokio::test]
async fn telling_a_claim_again_changes_nothing() {
    let stage = Stage::new().await;
    stage.promote(claim(1, 7, &[4])).await;
    assert_eq!(stage.unchanged(stage.promote(claim(1, 7, &[4]))).await, ClaimReply::Already);
    stage.commit(claim(1, 7, &[4])).await;
    assert_eq!(stage.unchanged(stage.commit(claim(1, 7, &[4]))).await, ClaimReply::Already);
    assert_eq!(stage.unchanged(stage.promote(claim(1, 7, &[4]))).await, ClaimReply::Already);
    stage.unclaim(claim(1, 7, &[4])).await;
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 7, &[4]))).await, ClaimReply::Already);
}

#[tokio::test]
async fn a_released_claim_does_not_come_back() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    stage.promote(claim(1, 7, &[4])).await;
    assert_eq!(stage.unclaim(claim(1, 7, &[4])).await, ClaimReply::Changed);
    assert_eq!(stage.unchanged(stage.promote(claim(1, 7, &[4]))).await, ClaimReply::Stale);
    assert_eq!(stage.unchanged(stage.commit(claim(1, 7, &[4]))).await, ClaimReply::Stale);
    assert_eq!(stage.status(1).await, HoldStatus::Released);
    assert!(stage.states().await.starts_with("FFFFF"));
}

#[tokio::test]
async fn a_claim_released_before_it_was_promoted_ends_its_hold() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    assert_eq!(stage.unclaim(claim(1, 7, &[4])).await, ClaimReply::Changed);
    assert_eq!(stage.unchanged(stage.promote(claim(1, 7, &[4]))).await, ClaimReply::Stale);
    assert!(stage.states().await.starts_with("FFFFF"));
    // A newer hold under the same key is another hold.
    let mut newer = wants(1, &[4]);
    newer.created = newer.created.plus_millis(5);
    stage.held(newer).await;
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 7, &[4]))).await, ClaimReply::Already);
}

#[tokio::test]
async fn a_hold_given_back_by_its_owner_is_not_promoted() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4, 5])).await;
    stage.release(1).await;
    stage.held(wants(2, &[5])).await;
    let promoted = stage.unchanged(stage.promote(claim(1, 7, &[4, 5]))).await;
    assert_eq!(promoted, ClaimReply::HoldReleased);
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 7, &[4, 5]))).await, ClaimReply::Already);
    let again = stage.unchanged(stage.promote(claim(1, 7, &[4, 5]))).await;
    assert_eq!(again, ClaimReply::HoldReleased);
    assert_eq!(stage.status(2).await, HoldStatus::Active);
    // Beside others of one call, too.
    let claims = [claim(3, 8, &[8]), claim(1, 7, &[4, 5])];
    let told = stage.store.promote_holds(&stage.partition, EPOCH, &claims).await.unwrap();
    assert_eq!(done(told), [ClaimReply::Changed, ClaimReply::HoldReleased]);
    assert!(stage.states().await.starts_with("FFFFFHFFCF"));
}

#[tokio::test]
async fn a_sale_of_a_hold_given_back_by_its_owner_stands() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    stage.release(1).await;
    stage.held(wants(2, &[4])).await;
    assert_eq!(stage.commit(claim(1, 7, &[4])).await, ClaimReply::Changed);
    assert_eq!(stage.status(2).await, HoldStatus::Expired);
}

#[tokio::test]
async fn an_expired_hold_and_an_earlier_one_of_the_key_are_promoted() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    stage.pass_time(TTL_MS);
    stage.sweep(10).await;
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
    assert_eq!(stage.promote(claim(1, 7, &[4])).await, ClaimReply::Changed);
    // What was given back is a newer hold under the same key.
    let mut newer = wants(2, &[6]);
    newer.created = newer.created.plus_millis(5);
    stage.held(newer).await;
    stage.release(2).await;
    assert_eq!(stage.promote(claim(2, 8, &[6])).await, ClaimReply::Changed);
}

#[tokio::test]
async fn a_claim_displaces_whatever_hold_stands_on_its_seats() {
    let stage = Stage::new().await;
    let mut other = wants(2, &[5, 6]);
    other.areas = vec![places(0, 3)];
    stage.held(other).await;
    let claimed = Claim { areas: vec![places(0, 1)], ..claim(1, 7, &[4, 5]) };
    assert_eq!(stage.promote(claimed).await, ClaimReply::Changed);
    assert_eq!(stage.status(2).await, HoldStatus::Expired);
    assert_eq!(stage.status(1).await, HoldStatus::Paying);
    assert!(stage.states().await.starts_with("FFFFCCFF"));
    assert_eq!(stage.snapshot().await.areas[0].held, 1);
}

#[tokio::test]
async fn of_two_claims_to_a_seat_the_higher_number_stands_in_either_order() {
    for low_first in [true, false] {
        let stage = Stage::new().await;
        let (low, high) = (claim(1, 7, &[4, 5]), claim(2, 8, &[5, 6]));
        if low_first {
            assert_eq!(stage.promote(low).await, ClaimReply::Changed);
            assert_eq!(stage.commit(high).await, ClaimReply::Changed);
            assert_eq!(stage.status(1).await, HoldStatus::Expired);
        } else {
            assert_eq!(stage.commit(high).await, ClaimReply::Changed);
            assert_eq!(stage.unchanged(stage.commit(low)).await, ClaimReply::Stale);
        }
        assert!(stage.states().await.starts_with("FFFFFSSF"));
        assert_eq!(stage.status(2).await, HoldStatus::Sold);
    }
}

#[tokio::test]
async fn claims_of_one_call_meet_each_other() {
    let stage = Stage::new().await;
    let claims = [claim(1, 7, &[4, 5]), claim(2, 8, &[5]), claim(3, 6, &[5]), claim(4, 9, &[4])];
    let told = stage.store.promote_holds(&stage.partition, EPOCH, &claims).await.unwrap();
    use ClaimReply::{Changed, Stale};
    assert_eq!(done(told), [Changed, Changed, Stale, Changed]);
    assert!(stage.states().await.starts_with("FFFFCCF"));
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
    assert_eq!(stage.version().await, 2);
}

#[tokio::test]
async fn a_later_order_under_the_same_key_replaces_the_claim() {
    let stage = Stage::new().await;
    stage.promote(claim(1, 7, &[4, 5])).await;
    assert_eq!(stage.promote(claim(1, 8, &[5, 6])).await, ClaimReply::Changed);
    assert!(stage.states().await.starts_with("FFFFFCCF"));
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 7, &[4, 5]))).await, ClaimReply::Stale);
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 9, &[5, 6]))).await, ClaimReply::Already);
}

#[tokio::test]
async fn a_claim_without_any_record_is_laid_anew_and_counts_for_its_customer() {
    let stage = Stage::new().await;
    stage.commit(claim(1, 7, &[0, 1, 2, 3, 4, 5, 6])).await;
    let mut more = wants(2, &[10, 11]);
    more.customer = customer(1);
    assert_eq!(stage.hold(more).await, HoldReply::CustomerLimit);
    assert_eq!(stage.read(1).await.unwrap().created, claim(1, 7, &[]).created);
}

#[tokio::test]
async fn a_claim_keeps_only_what_the_order_has() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[4, 5, 6]);
    request.areas = vec![places(0, 3)];
    stage.held(request).await;
    let claimed = Claim { areas: vec![places(0, 2)], ..claim(1, 7, &[4, 5]) };
    stage.promote(claimed.clone()).await;
    assert!(stage.states().await.starts_with("FFFFCCFF"));
    assert_eq!(stage.snapshot().await.areas[0].held, 2);
    stage.commit(claimed.clone()).await;
    let area = stage.snapshot().await.areas[0];
    assert_eq!((area.held, area.sold), (0, 2));
    stage.unclaim(claimed).await;
    let area = stage.snapshot().await.areas[0];
    assert_eq!((area.held, area.sold), (0, 0));
}

#[tokio::test]
async fn a_claim_overrules_a_block() {
    let stage = Stage::new().await;
    assert_eq!(stage.commit(claim(1, 7, &[99])).await, ClaimReply::Changed);
    assert!(stage.states().await.ends_with("FS"));
}

#[tokio::test]
async fn releasing_what_is_not_there_changes_nothing() {
    let stage = Stage::new().await;
    stage.held(wants(2, &[4])).await;
    assert_eq!(stage.unchanged(stage.unclaim(claim(1, 7, &[4]))).await, ClaimReply::Already);
    assert!(stage.states().await.starts_with("FFFFH"));
}
