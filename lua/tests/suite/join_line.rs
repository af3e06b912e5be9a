//! Each reply of `join_line`.

use domain::{hold::CustomerKey, queue::Lane};
use lua::{Error, Join, Joined, LayLine, LineField, LinePhase, LinePlace, PassEnd, Termed};

use crate::{line_support::*, support::*};

#[tokio::test]
async fn people_get_the_next_index_of_their_lane() {
    let stage = Stage::with_line(line()).await;
    let joins = [newcomer(1), with_code(2), newcomer(3), with_code(4), newcomer(5)];
    let reply = stage.join_all(&joins).await;
    let places = [general(0), priority(0), general(1), priority(1), general(2)];
    assert_eq!(reply.replies, places.map(new));
    assert_eq!((reply.joined, reply.now), ([3, 2], stage.clock_now()));
    assert_eq!(stage.line().await.joined, [3, 2]);
    let whom = |numbers: &[u8]| numbers.iter().map(|n| Some(customer(*n))).collect::<Vec<_>>();
    assert_eq!(stage.entries(Lane::General).await, whom(&[1, 3, 5]));
    assert_eq!(stage.entries(Lane::Priority).await, whom(&[2, 4]));
}

#[tokio::test]
async fn who_joins_again_keeps_the_place_and_costs_no_index() {
    let stage = Stage::with_line(line()).await;
    stage.join_all(&[newcomer(1), newcomer(2)]).await;
    let again = stage.unchanged(stage.join(newcomer(1))).await;
    assert_eq!(again, known(general(0)));
    // Whatever lane is asked for, and whatever is shown.
    assert_eq!(stage.unchanged(stage.join(with_code(2))).await, known(general(1)));
    assert_eq!(stage.unchanged(stage.join(shows(2, 77))).await, known(general(1)));
    assert_eq!(stage.join(newcomer(3)).await, new(general(2)));
}

#[tokio::test]
async fn fifty_tabs_in_one_call_are_one_place() {
    let stage = Stage::with_line(line()).await;
    let mut joins = vec![newcomer(1); 50];
    joins.push(newcomer(2));
    let reply = stage.join_all(&joins).await;
    assert_eq!(reply.replies[0], new(general(0)));
    assert!(reply.replies[1..50].iter().all(|joined| *joined == known(general(0))));
    assert_eq!((reply.replies[50], reply.joined), (new(general(1)), [2, 0]));
    assert_eq!(stage.entries(Lane::General).await, [Some(customer(1)), Some(customer(2))]);
}

#[tokio::test]
async fn people_of_one_bucket_are_told_apart() {
    let stage = Stage::with_line(line()).await;
    let of_bucket = |last: u8| {
        let mut person = [9; 12];
        person[11] = last;
        Join { person: CustomerKey(person), ..newcomer(0) }
    };
    let joins: Vec<Join> = (0..40).map(of_bucket).collect();
    let reply = stage.join_all(&joins).await;
    assert_eq!(reply.joined, [40, 0]);
    for (index, join) in joins.into_iter().enumerate() {
        assert_eq!(stage.join(join).await, known(general(index as u64)));
    }
}

#[tokio::test]
async fn a_full_line_takes_nobody_until_people_go_in() {
    let stage = Stage::with_line(LayLine { waiting_max: 3, ..line() }).await;
    let joins = [newcomer(1), newcomer(2), with_code(3), newcomer(4), newcomer(1)];
    let reply = stage.join_all(&joins).await;
    assert_eq!(reply.replies[3], Joined::Full);
    assert_eq!((reply.replies[4], reply.joined), (known(general(0)), [2, 1]));
    assert_eq!(stage.unchanged(stage.join(newcomer(4))).await, Joined::Full);
    stage.admit([1, 1, 0]).await;
    let reply = stage.join_all(&[newcomer(4), newcomer(5), newcomer(6)]).await;
    assert_eq!(reply.replies, [new(general(2)), new(general(3)), Joined::Full]);
    assert_eq!(stage.entries(Lane::General).await.len(), 4);
}

#[tokio::test]
async fn a_draining_and_a_closed_line_know_who_stands_in_them_and_take_nobody() {
    for phase in [LinePhase::Draining, LinePhase::Closed] {
        let stage = Stage::with_line(line()).await;
        stage.join(newcomer(1)).await;
        let fields = [(LineField::Phase, phase.as_str().to_owned())];
        led(stage.store.set_line(&stage.partition, TERM, FENCE, &fields).await.unwrap());
        let joins = [newcomer(1), newcomer(2), with_code(3)];
        let reply = stage.unchanged(stage.join_all(&joins)).await;
        assert_eq!(reply.replies, [known(general(0)), Joined::Closed, Joined::Closed]);
        assert_eq!(stage.join(shows(4, 7)).await, known(general(7)));
    }
}

#[tokio::test]
async fn no_index_is_given_beyond_the_ceiling() {
    let stage = Stage::with_line(LayLine { ceiling: [2, 1], ..line() }).await;
    let joins = [newcomer(1), newcomer(2), newcomer(3), with_code(4), with_code(5), newcomer(1)];
    let reply = stage.join_all(&joins).await;
    let places = [new(general(0)), new(general(1)), Joined::Ceiling, new(priority(0))];
    assert_eq!(reply.replies[..4], places);
    assert_eq!(reply.replies[4..], [Joined::Ceiling, known(general(0))]);
    assert_eq!(stage.unchanged(stage.join(newcomer(3))).await, Joined::Ceiling);
    let raised = stage.store.raise_ceilings(&stage.partition, TERM, [3, 0]).await.unwrap();
    assert_eq!(raised, Termed::Done([3, 1]));
    assert_eq!(stage.join(newcomer(3)).await, new(general(2)));
    assert_eq!(stage.unchanged(stage.join(with_code(5))).await, Joined::Ceiling);
}

#[tokio::test]
async fn a_shown_place_is_honoured_and_indexes_go_on_behind_it() {
    let stage = Stage::with_line(LayLine { joined: [4, 0], ..line() }).await;
    let reply =
        stage.join_all(&[newcomer(1), shows(2, 2), newcomer(3), shows(4, 9), newcomer(5)]).await;
    let expected =
        [new(general(4)), known(general(2)), new(general(5)), known(general(9)), new(general(10))];
    assert_eq!((reply.replies, reply.joined), (expected.to_vec(), [11, 0]));
    let entries = stage.entries(Lane::General).await;
    let standing: Vec<_> =
        entries.iter().enumerate().filter_map(|(at, who)| Some((at, (*who)?))).collect();
    let expected = [(2, 2), (4, 1), (5, 3), (9, 4), (10, 5)];
    assert_eq!(standing, expected.map(|(at, number)| (at, customer(number))));
    assert_eq!(stage.join(newcomer(4)).await, known(general(9)));
}

#[tokio::test]
async fn indexes_before_a_shown_place_count_as_waiting() {
    let stage = Stage::with_line(LayLine { waiting_max: 3, ..line() }).await;
    let reply = stage.join_all(&[shows(1, 1), newcomer(2), newcomer(3)]).await;
    assert_eq!(reply.replies, [known(general(1)), new(general(2)), Joined::Full]);
}

#[tokio::test]
async fn an_entry_that_stands_is_not_overwritten_by_a_shown_place() {
    let stage = Stage::with_line(line()).await;
    stage.join(newcomer(1)).await;
    // Both were promised the place, as only a lost fail-over can make it: both keep it.
    assert_eq!(stage.join(shows(2, 0)).await, known(general(0)));
    assert_eq!(stage.entries(Lane::General).await, [Some(customer(1))]);
}

#[tokio::test]
async fn a_shown_place_is_above_the_ceiling_when_the_ledger_was_restored() {
    let stage = Stage::with_line(LayLine { ceiling: [2, 2], ..line() }).await;
    let reply = stage.join_all(&[shows(1, 5), newcomer(2)]).await;
    assert_eq!(reply.replies, [known(general(5)), Joined::Ceiling]);
    assert_eq!(stage.line().await.joined, [6, 0]);
}

#[tokio::test]
async fn whose_pass_has_ended_gets_a_new_place() {
    let stage = Stage::with_people(2, 2).await;
    stage.enter(1, general(0)).await;
    assert_eq!(stage.join(newcomer(1)).await, known(general(0)));
    stage.leave(1).await;
    assert_eq!(stage.join(newcomer(1)).await, new(general(2)));
    assert_eq!(stage.join(newcomer(1)).await, known(general(2)));
    // Idle: the member is still there.
    stage.enter(2, general(1)).await;
    stage.pass_time(PASS_MS);
    stage.admit([2, 0, 0]).await;
    assert_eq!(stage.join(newcomer(2)).await, new(general(3)));
    assert_eq!(stage.join(shows(2, 1)).await, known(general(3)));
}

#[tokio::test]
async fn a_place_that_was_left_is_not_honoured_again() {
    let stage = Stage::with_people(3, 0).await;
    stage.leave(1).await;
    assert_eq!(stage.join(shows(1, 0)).await, new(general(3)));
    stage.leave(1).await;
    // Nor any earlier one.
    assert_eq!(stage.join(shows(1, 0)).await, new(general(4)));
}

#[tokio::test]
async fn another_term_and_no_line_are_told_and_nothing_changes() {
    let stage = Stage::with_line(line()).await;
    let joins = [newcomer(1)];
    let other = stage.store.join_line(&stage.partition, TERM - 1, &joins);
    let other = stage.unchanged(other).await.unwrap();
    assert_eq!(other, Termed::OtherTerm { current: Some(TERM) });
    let stage = Stage::new().await;
    let none = stage.store.join_line(&stage.partition, TERM, &joins);
    let none = stage.unchanged(none).await.unwrap();
    assert_eq!(none, Termed::OtherTerm { current: None });
}

#[tokio::test]
async fn what_no_call_can_carry_is_refused_before_it_is_sent() {
    let stage = Stage::with_line(line()).await;
    for joins in [vec![], vec![newcomer(1); 257], vec![shows(1, 40_000_001)]] {
        let refused = stage.store.join_line(&stage.partition, TERM, &joins);
        let refused = stage.unchanged(refused).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
    assert_eq!(stage.join_all(&[newcomer(1); 256]).await.joined, [1, 0]);
}

/// Every index is somebody's or nobody's, never two people's; who was told a place has it.
#[tokio::test]
async fn joins_cut_at_any_command_give_no_index_twice() {
    for command in 1.. {
        // Twenty were given before this term; one of them is shown.
        let stage = Stage::with_line(LayLine { joined: [20, 0], ..line() }).await;
        stage.join_all(&[newcomer(1), newcomer(2)]).await;
        let joins = [newcomer(1), newcomer(3), with_code(4), newcomer(5), shows(6, 9), newcomer(7)];
        stage.store.simulation().unwrap().fail_at(Some(command));
        let cut = stage.store.join_line(&stage.partition, TERM, &joins).await;
        if cut.is_ok() {
            assert!(command > 12, "{command}");
            return;
        }
        let newcomers: Vec<Join> = (20..30).map(newcomer).collect();
        let mut seen = std::collections::BTreeMap::new();
        for round in [&newcomers[..], &joins[..], &newcomers[..]] {
            let replies = stage.join_all(round).await.replies;
            for (join, joined) in round.iter().zip(replies) {
                let (Joined::New { lane, index } | Joined::Known { lane, index }) = joined else {
                    panic!("cut at {command}: {joined:?}");
                };
                let place = LinePlace { lane, index };
                let other = seen.insert(place, join.person).filter(|other| *other != join.person);
                assert_eq!(other, None, "cut at {command}: two people at {place:?}");
            }
        }
        assert!(seen.contains_key(&general(9)), "cut at {command}: the shown place");
    }
}

#[tokio::test]
async fn an_ended_pass_says_why() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    stage.leave(1).await;
    let ended = stage.line().await.ended;
    assert_eq!((ended.items[0].person, ended.items[0].reason), (customer(1), PassEnd::Left));
}
