//! Each reply of `hold_seats`.

use domain::hold::HoldStatus;
use lua::{CellState, Error, HoldReply, SeatChange};

use crate::support::*;

#[tokio::test]
async fn free_seats_are_held_until_the_deadline() {
    let stage = Stage::new().await;
    let record = stage.held(wants(1, &[6, 5, 9])).await;
    assert_eq!(record.seats, [5, 6, 9]);
    assert_eq!(record.expires_at, stage.clock_now().plus_millis(TTL_MS));
    assert_eq!(stage.read(1).await, Some(record.clone()));
    assert!(stage.states().await.starts_with("FFFFFHHFFHF"));
    let deltas = stage.deltas_after(1).await;
    let held =
        |seat| SeatChange { seat, state: CellState::Held, deadline: Some(record.expires_at) };
    assert_eq!(deltas.len(), 1);
    assert_eq!(deltas[0].changes, [held(5), held(6), held(9)]);
}

#[tokio::test]
async fn second_buyer_of_a_held_seat_is_refused() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5, 6])).await;
    let reply = stage.unchanged(stage.hold(wants(2, &[4, 5, 6, 7]))).await;
    assert_eq!(reply, HoldReply::Taken { seats: vec![5, 6], candidates_lost: 1 });
}

#[tokio::test]
async fn a_blocked_a_claimed_and_a_sold_seat_are_refused() {
    let stage = Stage::new().await;
    stage.promote(claim(1, 1, &[10])).await;
    stage.commit(claim(2, 2, &[11])).await;
    let reply = stage.unchanged(stage.hold(wants(3, &[10, 11, 12, 99]))).await;
    assert_eq!(reply, HoldReply::Taken { seats: vec![10, 11, 99], candidates_lost: 1 });
}

#[tokio::test]
async fn a_repeated_request_gets_its_hold_again() {
    let stage = Stage::new().await;
    let record = stage.held(wants(1, &[5])).await;
    stage.pass_time(1_000);
    let reply = stage.unchanged(stage.hold(wants(1, &[5]))).await;
    assert_eq!(reply, HoldReply::Replayed { record });
}

#[tokio::test]
async fn a_repeated_request_finds_what_became_of_its_hold() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5])).await;
    stage.commit(claim(1, 1, &[5])).await;
    let HoldReply::Replayed { record } = stage.unchanged(stage.hold(wants(1, &[5]))).await else {
        panic!("not replayed");
    };
    assert_eq!((record.status, record.claim_number), (HoldStatus::Sold, Some(1)));
}

#[tokio::test]
async fn another_request_under_a_live_key_is_refused() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5])).await;
    let mut other = wants(1, &[7]);
    other.fingerprint = [0xEE; 8];
    assert_eq!(stage.unchanged(stage.hold(other)).await, HoldReply::KeyReused);
}

#[tokio::test]
async fn a_key_whose_hold_has_ended_makes_a_new_hold() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5])).await;
    stage.release(1).await;
    stage.held(wants(1, &[7])).await;
    stage.pass_time(TTL_MS);
    let record = stage.held(wants(1, &[7, 8])).await;
    assert_eq!(record.seats, [7, 8]);
    assert!(stage.states().await.starts_with("FFFFFFFHHFF"));
}

#[tokio::test]
async fn an_expired_seat_goes_to_the_next_buyer_without_any_sweep() {
    let stage = Stage::new().await;
    let mut family = wants(1, &[3, 4, 5]);
    family.areas = vec![places(0, 2)];
    stage.held(family).await;
    stage.pass_time(TTL_MS - 1);
    assert!(matches!(stage.hold(wants(2, &[4])).await, HoldReply::Taken { .. }));
    stage.pass_time(1);
    let version = stage.version().await;
    stage.held(wants(2, &[4])).await;
    // The hold in the way has expired as a whole, in the same call.
    assert!(stage.states().await.starts_with("FFFFHFF"));
    assert_eq!(stage.status(1).await, HoldStatus::Expired);
    assert_eq!(stage.version().await, version + 1);
    assert_eq!(stage.snapshot().await.areas[0].held, 0);
}

#[tokio::test]
async fn a_customer_gets_no_more_than_the_limit_over_all_holds_claims_and_sales() {
    let stage = Stage::new().await;
    let of_one = |key_number, seats: &[u32]| {
        let mut request = wants(key_number, seats);
        request.customer = customer(1);
        request
    };
    stage.held(of_one(1, &[0, 1])).await;
    stage.held(of_one(2, &[2, 3])).await;
    stage.held(of_one(3, &[4, 5])).await;
    let mut sold = claim(2, 1, &[2, 3]);
    sold.customer = customer(1);
    stage.commit(sold).await;
    let reply = stage.unchanged(stage.hold(of_one(4, &[6, 7, 8]))).await;
    assert_eq!(reply, HoldReply::CustomerLimit);
    stage.held(of_one(4, &[6, 7])).await;
    stage.release(1).await;
    stage.held(of_one(5, &[8, 9])).await;
    // Holds past their deadline do not count, sales do.
    stage.pass_time(TTL_MS);
    stage.held(of_one(6, &[10, 11, 12, 13, 14, 15])).await;
    assert_eq!(stage.hold(of_one(7, &[16])).await, HoldReply::CustomerLimit);
}

#[tokio::test]
async fn an_address_gets_no_more_than_its_cap_at_once() {
    let stage = Stage::new().await;
    let from_one = |number, seats: &[u32]| {
        let mut request = wants(number, seats);
        request.address = Some((customer(200), 3));
        request
    };
    stage.held(from_one(1, &[0, 1])).await;
    let reply = stage.unchanged(stage.hold(from_one(2, &[2, 3]))).await;
    assert_eq!(reply, HoldReply::AddressLimit);
    stage.held(from_one(2, &[2])).await;
    stage.commit(claim(1, 1, &[0, 1])).await;
    stage.held(from_one(3, &[4, 5])).await;
}

#[tokio::test]
async fn the_first_candidate_that_is_free_is_taken() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5])).await;
    let mut best = wants(2, &[]);
    best.candidates = vec![vec![4, 5], vec![7, 9], vec![10, 11]];
    assert_eq!(stage.held(best).await.seats, [7, 9]);
    let mut lost = wants(3, &[]);
    lost.candidates = vec![vec![5, 6], vec![6, 7]];
    let reply = stage.unchanged(stage.hold(lost)).await;
    assert_eq!(reply, HoldReply::Taken { seats: vec![7], candidates_lost: 2 });
}

#[tokio::test]
async fn a_lost_candidate_leaves_expired_holds_alone() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[5])).await;
    stage.pass_time(TTL_MS);
    stage.held(wants(2, &[6])).await;
    let mut best = wants(3, &[]);
    best.candidates = vec![vec![5, 6], vec![7, 8]];
    stage.held(best).await;
    assert!(stage.states().await.starts_with("FFFFFHHHHF"));
}

#[tokio::test]
async fn places_of_an_area_are_counted() {
    let stage = Stage::new().await;
    let general = |number, quantity| {
        let mut request = wants(number, &[]);
        request.areas = vec![places(1, quantity)];
        request
    };
    assert_eq!(stage.held(general(1, 3)).await.areas, [places(1, 3)]);
    let reply = stage.unchanged(stage.hold(general(2, 2))).await;
    assert_eq!(reply, HoldReply::AreasShort { areas: vec![1] });
    stage.held(general(2, 1)).await;
    let delta = stage.deltas_after(1).await.pop().unwrap();
    assert!(delta.changes.is_empty());
    assert_eq!((delta.areas[0].0, delta.areas[0].1.held, delta.areas[0].1.free()), (1, 4, 0));
    // Places of holds past their deadline are free without a sweep.
    stage.pass_time(TTL_MS);
    stage.held(general(3, 2)).await;
    assert_eq!(stage.snapshot().await.areas[1].held, 2);
}

#[tokio::test]
async fn an_area_that_is_not_there_has_no_room() {
    let stage = Stage::new().await;
    let mut request = wants(1, &[5]);
    request.areas = vec![places(2, 1)];
    let reply = stage.unchanged(stage.hold(request)).await;
    assert_eq!(reply, HoldReply::AreasShort { areas: vec![2] });
}

#[tokio::test]
async fn holds_of_one_call_are_decided_in_order_and_published_together() {
    let stage = Stage::new().await;
    let mut reused = wants(1, &[20]);
    reused.fingerprint = [0xEE; 8];
    let mut second_of_one = wants(6, &[30, 31, 32, 33, 34, 35, 36]);
    second_of_one.customer = customer(1);
    let requests = [
        wants(1, &[4, 5]),
        wants(2, &[5, 6]),
        wants(3, &[6, 7]),
        wants(1, &[4, 5]),
        reused,
        second_of_one,
    ];
    let replies = stage.hold_all(&requests).await;
    assert!(matches!(replies[0], HoldReply::Held { .. }));
    assert_eq!(replies[1], HoldReply::Taken { seats: vec![5], candidates_lost: 1 });
    assert!(matches!(replies[2], HoldReply::Held { .. }));
    assert!(matches!(replies[3], HoldReply::Replayed { .. }));
    assert_eq!(replies[4], HoldReply::KeyReused);
    assert_eq!(replies[5], HoldReply::CustomerLimit);
    assert_eq!(stage.version().await, 2);
    assert!(stage.states().await.starts_with("FFFFHHHHF"));
}

#[tokio::test]
async fn two_holds_of_one_call_share_the_seats_of_an_expired_one() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4, 5, 6])).await;
    stage.pass_time(TTL_MS);
    let replies = stage.hold_all(&[wants(2, &[4]), wants(3, &[5]), wants(4, &[5])]).await;
    assert!(matches!(replies[0], HoldReply::Held { .. }));
    assert!(matches!(replies[1], HoldReply::Held { .. }));
    assert_eq!(replies[2], HoldReply::Taken { seats: vec![5], candidates_lost: 1 });
    assert!(stage.states().await.starts_with("FFFFHHF"));
    assert_eq!(stage.deltas_after(1).await.len(), 2);
}

#[tokio::test]
async fn a_seat_given_up_by_a_new_hold_under_an_old_key_is_free_in_the_same_call() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    stage.pass_time(TTL_MS);
    let replies = stage.hold_all(&[wants(1, &[7]), wants(2, &[4])]).await;
    assert!(replies.iter().all(|reply| matches!(reply, HoldReply::Held { .. })), "{replies:?}");
}

#[tokio::test]
async fn sixty_four_scattered_holds_fit_into_one_call() {
    let stage = Stage::new().await;
    let requests: Vec<_> = (0..64u8).map(|n| wants(n + 1, &[u32::from(n)])).collect();
    let replies = stage.hold_all(&requests).await;
    assert!(replies.iter().all(|reply| matches!(reply, HoldReply::Held { .. })));
    let mut many = requests;
    many.push(wants(100, &[70]));
    let refused = stage.store.hold_seats(&stage.partition, EPOCH, &many).await;
    assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
}

#[tokio::test]
async fn what_no_call_can_carry_is_refused_before_it_is_sent() {
    let stage = Stage::new().await;
    let mut unequal = wants(1, &[1]);
    unequal.candidates.push(vec![2, 3]);
    let mut short_lived = wants(1, &[1]);
    short_lived.ttl_ms = 0;
    for request in [wants(1, &[]), unequal, short_lived] {
        let requests = [request];
        let refused = stage.store.hold_seats(&stage.partition, EPOCH, &requests);
        let refused = stage.unchanged(refused).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
}

#[tokio::test]
async fn a_seat_beyond_the_last_fails_the_call_and_changes_nothing() {
    let stage = Stage::new().await;
    let requests = [wants(1, &[1]), wants(2, &[99, 100])];
    let failed = stage.store.hold_seats(&stage.partition, EPOCH, &requests);
    let failed = stage.unchanged(failed).await;
    assert!(matches!(failed, Err(Error::Script { script: "hold_seats", .. })));
}
