//! Passes and holds: the flag, what a hold without a live pass is told, and a purchase's end of it.

use domain::hold::HoldStatus;
use lua::{ClaimReply, EndedMark, HoldReply, HoldRequest, PassEnd, PassRecord, Rebuild, Reply};

use crate::{line_support::*, support::*};

/// A request that came with a pass.
fn inside(number: u8, seats: &[u32]) -> HoldRequest {
    HoldRequest { has_pass: true, ..wants(number, seats) }
}

/// The same person, under another key.
fn another(number: u8, key_number: u8, seats: &[u32]) -> HoldRequest {
    HoldRequest { key: key(key_number), ..inside(number, seats) }
}

/// Three people with live passes, and holds need one.
async fn guarded() -> Stage {
    let stage = Stage::with_people(3, 3).await;
    for number in 1..=3 {
        stage.enter(number, general(u64::from(number) - 1)).await;
    }
    require(&stage, true).await;
    stage
}

async fn require(stage: &Stage, required: bool) {
    done(stage.store.require_pass(&stage.partition, EPOCH, required).await.unwrap());
    assert_eq!(stage.snapshot().await.requires_pass, required);
}

fn is_held(reply: &HoldReply) -> bool {
    matches!(reply, HoldReply::Held { .. })
}

#[tokio::test]
async fn with_the_flag_a_hold_needs_a_pass() {
    let stage = guarded().await;
    // The first hold of all, then by the shortest way.
    for seat in [4, 8] {
        let refused = stage.unchanged(stage.hold(wants(9, &[seat]))).await;
        assert_eq!(refused, HoldReply::PassRequired);
        let number = 1 + seat as u8 / 8;
        assert!(is_held(&stage.hold(inside(number, &[seat])).await));
    }
    assert!(stage.states().await.starts_with("FFFFHFFFHF"));
}

#[tokio::test]
async fn without_the_flag_passes_are_not_looked_at() {
    let stage = guarded().await;
    stage.leave(1).await;
    require(&stage, false).await;
    assert!(is_held(&stage.hold(wants(9, &[1])).await));
    assert!(is_held(&stage.hold(inside(1, &[2])).await));
    assert!(is_held(&stage.hold(another(9, 19, &[3])).await));
}

#[tokio::test]
async fn an_ended_pass_holds_nothing() {
    let stage = guarded().await;
    stage.held(inside(3, &[9])).await;
    stage.leave(1).await;
    let refused = stage.unchanged(stage.hold(inside(1, &[1]))).await;
    assert_eq!(refused, HoldReply::PassEnded);
    stage.pass_time(PASS_MS - 1);
    assert!(is_held(&stage.hold(inside(2, &[1])).await));
    stage.pass_time(1);
    // Past its deadline, swept or not.
    assert_eq!(stage.unchanged(stage.hold(another(2, 12, &[2]))).await, HoldReply::PassEnded);
    stage.admit([3, 0, 0]).await;
    assert_eq!(stage.unchanged(stage.hold(another(2, 12, &[2]))).await, HoldReply::PassEnded);
    // Who waits in the grace has no pass yet.
    stage.join(newcomer(4)).await;
    stage.grace(4, general(3)).await;
    assert_eq!(stage.unchanged(stage.hold(inside(4, &[2]))).await, HoldReply::PassEnded);
}

#[tokio::test]
async fn a_verified_pass_that_the_store_has_forgotten_counts() {
    let stage = guarded().await;
    assert!(is_held(&stage.hold(inside(9, &[1])).await));
}

#[tokio::test]
async fn a_repeated_request_gets_its_hold_also_after_the_pass() {
    let stage = guarded().await;
    let record = stage.held(inside(1, &[1])).await;
    stage.leave(1).await;
    let reply = stage.unchanged(stage.hold(inside(1, &[1]))).await;
    assert_eq!(reply, HoldReply::Replayed { record: record.clone() });
    let reply = stage.unchanged(stage.hold(wants(1, &[1]))).await;
    assert_eq!(reply, HoldReply::Replayed { record });
    // What follows from a hold needs no pass.
    assert!(matches!(
        stage.change(1, &change(1, &[2], &[])).await,
        lua::ChangeReply::Changed { .. }
    ));
    assert_eq!(stage.commit(claim(1, 1, &[1, 2])).await, ClaimReply::Changed);
}

#[tokio::test]
async fn holds_of_one_call_are_judged_each_by_its_own_pass() {
    let stage = guarded().await;
    stage.leave(2).await;
    let mut areas = inside(3, &[]);
    areas.areas = vec![places(0, 2)];
    let mut best = wants(6, &[]);
    best.candidates = vec![vec![10], vec![11]];
    let requests = [inside(1, &[1]), wants(5, &[2]), inside(2, &[3]), areas, best, inside(8, &[4])];
    let replies = stage.hold_all(&requests).await;
    assert_eq!(replies[1], HoldReply::PassRequired);
    assert_eq!(replies[2], HoldReply::PassEnded);
    assert_eq!(replies[4], HoldReply::PassRequired);
    assert!([0, 3, 5].iter().all(|at| is_held(&replies[*at])), "{replies:?}");
    assert!(stage.states().await.starts_with("FHFFHFFFFFFFF"));
    // None of them came with one.
    let refused = stage.unchanged(stage.hold_all(&[wants(5, &[2]), wants(6, &[3])])).await;
    assert_eq!(refused, [HoldReply::PassRequired, HoldReply::PassRequired]);
}

#[tokio::test]
async fn the_pass_is_judged_before_seats_limits_and_stock() {
    let stage = guarded().await;
    stage.held(inside(1, &[1])).await;
    let mut greedy = wants(9, &[1]);
    greedy.customer_limit = 0;
    greedy.areas = vec![places(7, 1)];
    assert_eq!(stage.unchanged(stage.hold(greedy)).await, HoldReply::PassRequired);
    let mut reused = wants(1, &[2]);
    reused.fingerprint = [0xEE; 8];
    assert_eq!(stage.unchanged(stage.hold(reused)).await, HoldReply::KeyReused);
}

#[tokio::test]
async fn the_life_of_the_holds_is_told_beside_the_flag() {
    let stage = guarded().await;
    // Lives of one length go to the queue whatever the flag says; others to the deadlines.
    for (number, ttl_ms) in [(1, TTL_MS), (2, TTL_MS), (3, 12_345_678)] {
        let mut request = inside(number, &[u32::from(number)]);
        request.ttl_ms = ttl_ms;
        stage.held(request).await;
    }
    require(&stage, false).await;
    stage.held(wants(4, &[4])).await;
    require(&stage, true).await;
    stage.pass_time(TTL_MS);
    assert_eq!(stage.sweep(100).await.expired, 3);
    assert_eq!(stage.status(3).await, HoldStatus::Active);
    // A life with eight digits, as the first of all.
    let stage = Stage::new().await;
    require(&stage, true).await;
    let mut long = inside(1, &[1]);
    long.ttl_ms = 16_777_215;
    stage.held(long.clone()).await;
    require(&stage, false).await;
    require(&stage, true).await;
    long.key = key(2);
    long.customer = customer(2);
    long.candidates = vec![vec![2]];
    stage.held(long).await;
    stage.pass_time(16_777_215);
    assert_eq!(stage.sweep(100).await.expired, 2);
}

#[tokio::test]
async fn a_purchase_ends_the_pass() {
    let stage = guarded().await;
    stage.held(inside(1, &[1])).await;
    assert_eq!(stage.promote(claim(1, 1, &[1])).await, ClaimReply::Changed);
    assert!(matches!(stage.pass(1).await, Some(PassRecord::Live { .. })));
    assert_eq!(stage.commit(claim(1, 1, &[1])).await, ClaimReply::Changed);
    let record = PassRecord::Ended { reason: PassEnd::Bought, place: general(0) };
    assert_eq!(stage.pass(1).await, Some(record));
    let line = stage.line().await;
    let mark = EndedMark { person: customer(1), place: general(0), reason: PassEnd::Bought };
    assert_eq!((line.inside, line.ended.items), (2, vec![mark]));
    assert_eq!(stage.hold(another(1, 11, &[2])).await, HoldReply::PassEnded);
    // Told again, and after another place was got: nothing.
    assert_eq!(stage.join(newcomer(1)).await, new(general(3)));
    stage.admit([4, 0, 0]).await;
    stage.enter(1, general(3)).await;
    let again = stage.unchanged(stage.commit(claim(1, 1, &[1]))).await;
    assert_eq!(again, ClaimReply::Already);
    assert!(is_held(&stage.hold(another(1, 11, &[2])).await));
}

#[tokio::test]
async fn a_purchase_without_a_pass_ends_none() {
    let stage = guarded().await;
    stage.leave(1).await;
    let before = stage.line().await.ended;
    assert_eq!(stage.commit(claim(1, 1, &[1])).await, ClaimReply::Changed);
    assert_eq!(stage.commit(claim(9, 2, &[2])).await, ClaimReply::Changed);
    stage.promote(claim(2, 4, &[3])).await;
    assert_eq!(stage.commit(claim(2, 3, &[3])).await, ClaimReply::Stale);
    assert_eq!(stage.line().await.ended, before);
    assert_eq!(stage.line().await.inside, 2);
}

#[tokio::test]
async fn purchases_of_one_call_end_each_pass_once() {
    let stage = guarded().await;
    let mut second = claim(7, 2, &[2]);
    second.customer = customer(1);
    let claims = [claim(1, 1, &[1]), second, claim(3, 3, &[3])];
    done(stage.store.commit_claims(&stage.partition, EPOCH, &claims).await.unwrap());
    let people: Vec<_> = stage.line().await.ended.items.iter().map(|mark| mark.person).collect();
    assert_eq!(people, [customer(1), customer(3)]);
}

#[tokio::test]
async fn the_flag_is_laid_by_a_rebuild() {
    let stage = guarded().await;
    stage.held(inside(1, &[1])).await;
    let rebuild = |epoch, require_pass| Rebuild {
        epoch,
        seats: 100,
        capacities: vec![10, 4],
        blocked: vec![],
        claims: vec![],
        require_pass,
    };
    let (store, partition) = (&stage.store, &stage.partition);
    done(store.rebuild(partition, &rebuild(EPOCH + 1, true)).await.unwrap());
    assert!(stage.snapshot().await.requires_pass);
    let replies = store.hold_seats(partition, EPOCH + 1, &[wants(5, &[5]), inside(2, &[2])]).await;
    let replies = done(replies.unwrap()).replies;
    assert_eq!(replies[0], HoldReply::PassRequired);
    assert!(is_held(&replies[1]));
    done(store.rebuild(partition, &rebuild(EPOCH + 2, false)).await.unwrap());
    let replies = store.hold_seats(partition, EPOCH + 2, &[wants(5, &[5])]).await;
    assert!(is_held(&done(replies.unwrap()).replies[0]));
}

#[tokio::test]
async fn the_flag_of_another_epoch_is_left_alone() {
    let stage = Stage::new().await;
    let refused = stage.store.require_pass(&stage.partition, EPOCH - 1, true);
    let refused = stage.unchanged(refused).await.unwrap();
    assert_eq!(refused, Reply::OtherEpoch { current: Some(EPOCH) });
    let repeated = stage.store.require_pass(&stage.partition, EPOCH, false);
    assert_eq!(stage.unchanged(repeated).await.unwrap(), Reply::Done(()));
    stage.store.flush_in_process();
    let none = stage.store.require_pass(&stage.partition, EPOCH, true).await.unwrap();
    assert_eq!(none, Reply::OtherEpoch { current: None });
}
