//! Each reply of `join_grace`, and entering by it.

use lua::{Entered, EnteredMark, EnteredWay, Error, GraceWish, Graced, PassEnd, Termed, Way};

use crate::{line_support::*, support::*};

#[tokio::test]
async fn who_missed_the_turn_waits_under_the_next_number_and_keeps_it() {
    let stage = Stage::with_people(3, 3).await;
    assert_eq!(stage.grace(2, general(1)).await, Graced::Waiting { number: 0 });
    let wishes = [(3, 2), (1, 0), (3, 2)];
    let wishes =
        wishes.map(|(number, index)| GraceWish { person: customer(number), place: general(index) });
    let numbers = stage.store.join_grace(&stage.partition, TERM, &wishes).await.unwrap();
    let waiting = |number| Graced::Waiting { number };
    assert_eq!(termed(numbers), [waiting(1), waiting(2), waiting(1)]);
    assert_eq!(stage.unchanged(stage.grace(2, general(1))).await, waiting(0));
    assert_eq!(stage.line().await.graced.items, [2, 3, 1].map(customer));
}

#[tokio::test]
async fn who_waits_in_the_grace_enters_when_it_is_released_and_not_before() {
    let stage = Stage::with_people(2, 2).await;
    stage.grace(1, general(0)).await;
    let way = Way::Grace { number: 0 };
    assert_eq!(stage.unchanged(stage.enter_by(1, way, general(0))).await, Entered::NotYet);
    // The missed turn is over, though its position was released.
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, Entered::NotYet);
    // A number that was not given is worth nothing.
    let stranger = stage.unchanged(stage.enter_by(2, way, general(1))).await;
    assert_eq!(stranger, Entered::NotYet);
    stage.admit([2, 0, 5]).await;
    assert_eq!(stage.line().await.cursors, [2, 0, 1]);
    assert!(matches!(stage.enter_by(1, way, general(0)).await, Entered::New { .. }));
    let mark = EnteredMark { way: EnteredWay::Grace, position: 0, at: stage.clock_now() };
    assert_eq!(stage.line().await.entered.items, [mark]);
}

#[tokio::test]
async fn a_number_that_was_released_and_missed_gives_a_new_one() {
    let stage = Stage::with_people(2, 2).await;
    stage.grace(1, general(0)).await;
    stage.admit([2, 0, 1]).await;
    assert_eq!(stage.grace(1, general(0)).await, Graced::Waiting { number: 1 });
    assert_eq!(stage.line().await.graced.items, [1, 1].map(customer));
}

#[tokio::test]
async fn who_is_inside_or_was_gets_no_grace() {
    let stage = Stage::with_people(2, 2).await;
    stage.enter(1, general(0)).await;
    let expires_at = stage.pass_end();
    let inside = stage.unchanged(stage.grace(1, general(0))).await;
    assert_eq!(inside, Graced::Inside { expires_at });
    stage.pass_time(PASS_MS);
    let idle = Graced::Ended { reason: PassEnd::Idle };
    assert_eq!(stage.unchanged(stage.grace(1, general(0))).await, idle);
    stage.admit([2, 0, 0]).await;
    assert_eq!(stage.unchanged(stage.grace(1, general(0))).await, idle);
    // For a later place there is another turn to miss.
    assert_eq!(stage.join(newcomer(1)).await, new(general(2)));
    assert_eq!(stage.grace(1, general(2)).await, Graced::Waiting { number: 0 });
}

#[tokio::test]
async fn grace_is_for_the_place_that_the_person_has() {
    let stage = Stage::with_people(2, 2).await;
    let left = Graced::Ended { reason: PassEnd::Left };
    assert_eq!(stage.unchanged(stage.grace(1, general(1))).await, left);
    // A used place does not come back by showing another one.
    stage.enter(2, general(1)).await;
    stage.pass_time(PASS_MS);
    stage.admit([2, 0, 0]).await;
    assert_eq!(stage.unchanged(stage.grace(2, priority(7))).await, left);
    // A forgotten person has the place that they showed.
    assert_eq!(stage.grace(9, general(5)).await, Graced::Waiting { number: 0 });
    assert_eq!(stage.join(newcomer(9)).await, known(general(5)));
    assert_eq!(stage.unchanged(stage.grace(9, general(6))).await, left);
}

#[tokio::test]
async fn grace_brings_back_the_earlier_of_two_places() {
    let stage = Stage::with_people(2, 2).await;
    stage.join(shows(9, 5)).await;
    assert_eq!(stage.grace(9, general(3)).await, Graced::Waiting { number: 0 });
    assert_eq!(stage.join(newcomer(9)).await, known(general(3)));
}

#[tokio::test]
async fn another_term_is_told_and_what_no_call_can_carry_is_refused() {
    let stage = Stage::with_people(1, 1).await;
    let wish = GraceWish { person: customer(1), place: general(0) };
    let wishes = [wish];
    let other = stage.store.join_grace(&stage.partition, TERM + 1, &wishes);
    let other = stage.unchanged(other).await.unwrap();
    assert_eq!(other, Termed::OtherTerm { current: Some(TERM) });
    for wishes in [vec![], vec![wish; 257]] {
        let refused = stage.store.join_grace(&stage.partition, TERM, &wishes);
        let refused = stage.unchanged(refused).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
}
