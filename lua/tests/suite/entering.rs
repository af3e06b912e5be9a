//! Each reply of `enter_line`, `renew_pass` and `leave_line`.

use domain::queue::Lane;
use lua::{
    EndedMark, Entered, EnteredMark, EnteredWay, Error, Graced, LineField, LinePhase, PassEnd,
    PassRecord, Termed, Way,
};

use crate::{line_support::*, support::*};

fn ended(reason: PassEnd) -> Entered {
    Entered::Ended { reason }
}

#[tokio::test]
async fn whose_turn_has_come_gets_a_pass() {
    let stage = Stage::with_people(2, 2).await;
    let expires_at = stage.pass_end();
    assert_eq!(stage.enter(2, general(1)).await, Entered::New { expires_at });
    let record = PassRecord::Live { expires_at, place: general(1) };
    assert_eq!(stage.pass(2).await, Some(record));
    let line = stage.line().await;
    let mark =
        EnteredMark { way: EnteredWay::Lane(Lane::General), position: 1, at: stage.clock_now() };
    assert_eq!((line.inside, line.entered.items), (1, vec![mark]));
}

#[tokio::test]
async fn before_the_turn_nobody_enters() {
    let stage = Stage::with_people(3, 2).await;
    assert_eq!(stage.unchanged(stage.enter(3, general(2))).await, Entered::NotYet);
    stage.join(with_code(4)).await;
    assert_eq!(stage.unchanged(stage.enter(4, priority(0))).await, Entered::NotYet);
    stage.admit([2, 1, 0]).await;
    assert!(matches!(stage.enter(4, priority(0)).await, Entered::New { .. }));
    // A position is compared, not the index.
    let way = Way::General { position: 1 };
    assert!(matches!(stage.enter_by(3, way, general(2)).await, Entered::New { .. }));
}

#[tokio::test]
async fn entering_again_renews_the_same_pass() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.pass_time(1_000);
    let expires_at = stage.pass_end();
    assert_eq!(stage.enter(1, general(0)).await, Entered::Renewed { expires_at });
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, Entered::Renewed { expires_at });
    let line = stage.line().await;
    assert_eq!((line.inside, line.entered.total), (1, 1));
    // The line may close meanwhile.
    let closed = [(LineField::Phase, LinePhase::Closed.as_str().to_owned())];
    led(stage.store.set_line(&stage.partition, TERM, FENCE, &closed).await.unwrap());
    assert!(matches!(stage.enter(1, general(0)).await, Entered::Renewed { .. }));
}

#[tokio::test]
async fn a_shorter_life_does_not_shorten_a_pass() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    let expires_at = stage.pass_end();
    let renewed = stage.store.renew_pass(&stage.partition, TERM, customer(1), 1_000);
    let renewed = stage.unchanged(renewed).await.unwrap();
    assert_eq!(renewed, Termed::Done(Entered::Renewed { expires_at }));
}

#[tokio::test]
async fn a_pass_past_its_deadline_stays_ended() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.pass_time(PASS_MS - 1);
    assert!(matches!(stage.renew(1).await, Entered::Renewed { .. }));
    stage.pass_time(PASS_MS);
    assert_eq!(stage.unchanged(stage.renew(1)).await, ended(PassEnd::Idle));
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Idle));
    stage.admit([1, 0, 0]).await;
    assert_eq!(stage.unchanged(stage.renew(1)).await, ended(PassEnd::Idle));
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Idle));
}

#[tokio::test]
async fn who_has_no_pass_renews_none() {
    let stage = Stage::with_people(2, 1).await;
    assert_eq!(stage.unchanged(stage.renew(1)).await, Entered::NotYet);
    stage.grace(1, general(0)).await;
    assert_eq!(stage.unchanged(stage.renew(1)).await, Entered::NotYet);
}

#[tokio::test]
async fn a_place_gives_one_pass() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.leave(1).await;
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Left));
    assert_eq!(stage.join(newcomer(1)).await, new(general(1)));
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Left));
    stage.admit([2, 0, 0]).await;
    assert!(matches!(stage.enter(1, general(1)).await, Entered::New { .. }));
    // The live pass is not that of the place that is shown.
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Left));
}

#[tokio::test]
async fn a_person_enters_by_the_place_they_have() {
    let stage = Stage::with_people(1, 1).await;
    stage.leave(1).await;
    stage.join(newcomer(1)).await;
    stage.leave(1).await;
    // Collected places are worth nothing, not even the earliest.
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Left));
    stage.admit([2, 0, 0]).await;
    assert_eq!(stage.unchanged(stage.enter(1, general(1))).await, ended(PassEnd::Left));
}

#[tokio::test]
async fn a_forgotten_person_enters_by_the_signed_place_and_is_known_again() {
    let stage = Stage::with_line(line()).await;
    stage.join_all(&[newcomer(1), newcomer(2)]).await;
    stage.admit([2, 0, 0]).await;
    assert!(matches!(stage.enter(9, general(1)).await, Entered::New { .. }));
    assert_eq!(stage.join(newcomer(9)).await, known(general(1)));
}

#[tokio::test]
async fn a_closed_line_lets_nobody_in() {
    let stage = Stage::with_people(2, 2).await;
    let closed = [(LineField::Phase, LinePhase::Closed.as_str().to_owned())];
    led(stage.store.set_line(&stage.partition, TERM, FENCE, &closed).await.unwrap());
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Closed));
}

#[tokio::test]
async fn who_leaves_gives_up_place_and_pass() {
    let stage = Stage::with_people(3, 1).await;
    stage.enter(1, general(0)).await;
    let left = stage.leave(1).await;
    assert!(left.had_pass && left.had_place);
    assert_eq!(stage.line().await.inside, 0);
    let record = PassRecord::Ended { reason: PassEnd::Left, place: general(0) };
    assert_eq!(stage.pass(1).await, Some(record));
    let left = stage.leave(2).await;
    assert!(!left.had_pass && left.had_place);
    let marks = [1, 2].map(|number| EndedMark {
        person: customer(number),
        place: general(u64::from(number) - 1),
        reason: PassEnd::Left,
    });
    assert_eq!(stage.line().await.ended.items, marks);
    for number in [1, 2, 7] {
        let left = stage.unchanged(stage.leave(number)).await;
        assert!(!left.had_pass && !left.had_place);
    }
    // The draw is over: who stood where does not change any more.
    assert_eq!(stage.entries(Lane::General).await.iter().flatten().count(), 3);
}

#[tokio::test]
async fn an_idle_pass_that_is_left_was_idle() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.pass_time(PASS_MS);
    let left = stage.leave(1).await;
    assert!(!left.had_pass && left.had_place);
    assert_eq!(stage.line().await.ended.items[0].reason, PassEnd::Idle);
}

#[tokio::test]
async fn before_the_draw_a_left_entry_is_nobodys() {
    let stage = Stage::with_line(lua::LayLine { phase: LinePhase::Early, ..line() }).await;
    stage.join_all(&[newcomer(1), with_code(2), newcomer(3)]).await;
    stage.leave(1).await;
    stage.leave(2).await;
    assert_eq!(stage.entries(Lane::General).await, [None, Some(customer(3))]);
    assert_eq!(stage.entries(Lane::Priority).await, [None]);
    assert_eq!(stage.join(newcomer(1)).await, new(general(2)));
    let mine = |entry: &&Option<_>| **entry == Some(customer(1));
    assert_eq!(stage.entries(Lane::General).await.iter().filter(mine).count(), 1);
}

#[tokio::test]
async fn who_waits_in_the_grace_can_leave_it() {
    let stage = Stage::with_people(1, 1).await;
    stage.grace(1, general(0)).await;
    let left = stage.leave(1).await;
    assert!(left.had_place && !left.had_pass);
    assert_eq!(stage.join(newcomer(1)).await, new(general(1)));
}

#[tokio::test]
async fn who_waits_in_the_grace_does_not_use_a_place_a_second_time() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.leave(1).await;
    assert_eq!(stage.join(newcomer(1)).await, new(general(1)));
    assert_eq!(stage.grace(1, general(1)).await, Graced::Waiting { number: 0 });
    stage.admit([2, 0, 1]).await;
    assert_eq!(stage.unchanged(stage.enter(1, general(0))).await, ended(PassEnd::Left));
    let again = stage.unchanged(stage.grace(1, general(0))).await;
    assert_eq!(again, Graced::Ended { reason: PassEnd::Left });
    assert_eq!(stage.unchanged(stage.join(shows(1, 0))).await, known(general(1)));
    assert!(matches!(stage.enter(1, general(1)).await, Entered::New { .. }));
}

#[tokio::test]
async fn another_term_is_told_and_a_life_that_cannot_be_is_refused() {
    let stage = Stage::with_people(1, 1).await;
    let (store, partition, person) = (&stage.store, &stage.partition, customer(1));
    let other = Termed::OtherTerm { current: Some(TERM) };
    let way = Way::General { position: 0 };
    let enter = |term, life| store.enter_line(partition, term, person, way, general(0), life);
    assert_eq!(stage.unchanged(enter(TERM + 1, PASS_MS)).await.unwrap(), other);
    let renewed = store.renew_pass(partition, TERM + 1, person, PASS_MS);
    assert_eq!(stage.unchanged(renewed).await.unwrap(), other);
    let left = store.leave_line(partition, TERM + 1, person);
    let left = stage.unchanged(left).await.unwrap();
    assert_eq!(left, Termed::OtherTerm { current: Some(TERM) });
    for life in [0, -1, 86_400_001] {
        let refused = stage.unchanged(enter(TERM, life)).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
        let refused = store.renew_pass(partition, TERM, person, life);
        assert!(matches!(refused.await, Err(Error::OutOfBounds { .. })));
    }
}

#[tokio::test]
async fn an_entry_cut_at_any_command_can_be_asked_for_again() {
    for command in 1.. {
        let stage = Stage::with_people(1, 1).await;
        stage.store.simulation().unwrap().fail_at(Some(command));
        let way = Way::General { position: 0 };
        let cut =
            stage.store.enter_line(&stage.partition, TERM, customer(1), way, general(0), PASS_MS);
        if cut.await.is_ok() {
            assert!(command > 6);
            return;
        }
        let entered = stage.enter(1, general(0)).await;
        assert!(matches!(entered, Entered::New { .. } | Entered::Renewed { .. }), "{entered:?}");
        assert_eq!(stage.line().await.inside, 1, "cut at {command}");
    }
}
