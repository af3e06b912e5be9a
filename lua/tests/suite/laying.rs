//! Each reply of `lay_line` and `add_passes`.

use domain::{hold::CustomerKey, queue::Lane};
use lua::{
    BatchMark, EndedMark, Entered, Error, Graced, LayLine, Laying, LinePhase, PassEnd, PassRecord,
    Termed, keyspace::Keyspace,
};

use crate::{line_support::*, support::*};

fn next() -> LayLine {
    LayLine { term: TERM + 1, ..line() }
}

async fn lay(stage: &Stage, line: &LayLine) -> Termed<[u64; 2]> {
    stage.store.lay_line(&stage.partition, line).await.unwrap().map(|laid| laid.joined)
}

#[tokio::test]
async fn a_laid_line_is_what_the_ledger_knows() {
    let stage = Stage::new().await;
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(1) };
    let ended = PassRecord::Ended { reason: PassEnd::Bought, place: priority(0) };
    let line = LayLine {
        phase: LinePhase::Paused,
        joined: [50, 7],
        ceiling: [64, 8],
        size: [40, 5],
        cursors: [3, 2, 1],
        waiting_max: 1_000,
        draw: Some("{\"size\":40,\n\"root\":\"\\u0000, \"}".to_owned()),
        passes: vec![(customer(1), live), (customer(2), ended)],
        ..line()
    };
    assert_eq!(lay(&stage, &line).await, Termed::Done([50, 7]));
    let read = stage.line().await;
    assert_eq!((read.term, read.fence, read.phase), (TERM, FENCE, LinePhase::Paused));
    assert_eq!((read.joined, read.ceiling, read.size), ([50, 7], [64, 8], [40, 5]));
    assert_eq!((read.cursors, read.waiting_max, read.draw), ([3, 2, 1], 1_000, line.draw));
    assert_eq!((read.inside, read.notes), (1, None));
    assert_eq!((stage.pass(1).await, stage.pass(2).await), (Some(live), Some(ended)));
    let mark = EndedMark { person: customer(2), place: priority(0), reason: PassEnd::Bought };
    assert_eq!(read.ended.items, [mark]);
    // Whoever was released has the turn from now on.
    let batch = BatchMark { at: stage.clock_now(), cursors: [3, 2, 1] };
    assert_eq!(read.batches.items, [batch]);
    // The grace goes on behind the numbers that were lost.
    assert_eq!(stage.grace(3, general(0)).await, Graced::Waiting { number: 1 });
}

#[tokio::test]
async fn a_line_of_this_term_or_a_later_one_is_not_laid_over() {
    let stage = Stage::with_people(2, 1).await;
    for term in [TERM - 1, TERM] {
        let refused = stage.unchanged(async { lay(&stage, &LayLine { term, ..line() }).await });
        let refused = refused.await;
        assert_eq!(refused, Termed::OtherTerm { current: Some(TERM) });
    }
}

#[tokio::test]
async fn people_and_entries_survive_and_indexes_go_on_behind_them() {
    let stage = Stage::with_people(3, 1).await;
    stage.join(with_code(4)).await;
    stage.enter(1, general(0)).await;
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(0) };
    let line = LayLine { joined: [2, 9], passes: vec![(customer(1), live)], ..next() };
    // The ledger knew of fewer people than the entries show.
    assert_eq!(lay(&stage, &line).await, Termed::Done([3, 9]));
    let reply = termed(
        stage
            .store
            .join_line(&stage.partition, TERM + 1, &[newcomer(2), newcomer(5), with_code(6)])
            .await
            .unwrap(),
    );
    assert_eq!(reply.replies, [known(general(1)), new(general(3)), new(priority(9))]);
    let whom = stage.entries(Lane::General).await;
    assert_eq!(whom, [1, 2, 3, 5].map(|number| Some(customer(number))));
    let read = stage.line().await;
    assert_eq!((read.entered.total, read.inside), (0, 1));
    let old = stage.store.renew_pass(&stage.partition, TERM, customer(1), PASS_MS).await;
    assert_eq!(old.unwrap(), Termed::OtherTerm { current: Some(TERM + 1) });
}

#[tokio::test]
async fn who_waits_in_a_grace_that_survives_keeps_the_number() {
    let stage = Stage::with_people(4, 4).await;
    for number in 1..=4 {
        stage.grace(number, general(u64::from(number) - 1)).await;
    }
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(3) };
    let line = LayLine { cursors: [4, 0, 1], passes: vec![(customer(4), live)], ..next() };
    lay(&stage, &line).await;
    let state = |number| stage.store.pass_state(&stage.partition, TERM + 1, customer(number));
    let records = [
        termed(state(1).await.unwrap()).1,
        termed(state(2).await.unwrap()).1,
        termed(state(3).await.unwrap()).1,
        termed(state(4).await.unwrap()).1,
    ];
    let graced = |number| Some(PassRecord::Graced { number });
    assert_eq!(records, [None, graced(1), graced(2), Some(live)]);
}

#[tokio::test]
async fn a_lost_store_is_laid_and_known_people_come_back() {
    let stage = Stage::with_people(3, 1).await;
    stage.store.simulation().unwrap().restore(Keyspace::default());
    assert_eq!(
        lay(
            &stage,
            &LayLine { joined: [100, 0], ceiling: [200, 100], cursors: [1, 0, 0], ..line() }
        )
        .await,
        Termed::Done([100, 0])
    );
    let replies = stage.join_all(&[shows(3, 2), newcomer(9), shows(1, 0)]).await.replies;
    assert_eq!(replies, [known(general(2)), new(general(100)), known(general(0))]);
    assert!(matches!(stage.enter(1, general(0)).await, Entered::New { .. }));
    let entries = stage.entries(Lane::General).await;
    assert_eq!((entries[0], entries[1], entries[2]), (Some(customer(1)), None, Some(customer(3))));
}

#[tokio::test]
async fn added_passes_do_not_replace_any() {
    let stage = Stage::with_people(3, 3).await;
    stage.enter(1, general(0)).await;
    stage.leave(2).await;
    stage.grace(3, general(2)).await;
    let (first, second) = (stage.pass(1).await, stage.pass(2).await);
    let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(2) };
    let bought = PassRecord::Ended { reason: PassEnd::Bought, place: general(9) };
    let own = PassRecord::Live { expires_at: stage.pass_end(), place: general(1) };
    let passes = [(1, live), (2, own), (3, live)].map(|(number, pass)| (customer(number), pass));
    let passes: Vec<_> = passes.into_iter().chain([(customer(4), bought)]).collect();
    let added =
        stage.store.add_passes(&stage.partition, TERM, &passes, Laying::Ends).await.unwrap();
    assert_eq!(added, Termed::Done(2));
    assert_eq!((stage.pass(1).await, stage.pass(2).await), (first, second));
    assert_eq!((stage.pass(3).await, stage.pass(4).await), (Some(live), Some(bought)));
    assert_eq!(stage.line().await.inside, 2);
    let again = stage.store.add_passes(&stage.partition, TERM, &passes, Laying::Ends);
    assert_eq!(stage.unchanged(again).await.unwrap(), Termed::Done(0));
    let other = stage.store.add_passes(&stage.partition, TERM + 1, &passes, Laying::Ends);
    let other = stage.unchanged(other).await.unwrap();
    assert_eq!(other, Termed::OtherTerm { current: Some(TERM) });
}

#[tokio::test]
async fn twenty_thousand_passes_are_laid_in_one_call() {
    let stage = Stage::new().await;
    let passes = (0..20_000u32).map(|number| {
        let mut person = CustomerKey([7; 12]);
        person.0[..4].copy_from_slice(&number.to_be_bytes());
        let place = general(u64::from(number));
        let record = match number % 2 {
            0 => PassRecord::Live { expires_at: stage.pass_end(), place },
            _ => PassRecord::Ended { reason: PassEnd::Idle, place },
        };
        (person, record)
    });
    let mut line = LayLine { joined: [20_000, 0], passes: passes.collect(), ..line() };
    lay(&stage, &line).await;
    assert_eq!(stage.line().await.inside, 10_000);
    line.passes.push(line.passes[0]);
    let refused = stage.store.lay_line(&stage.partition, &LayLine { term: 9, ..line }).await;
    assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
}

#[tokio::test]
async fn a_line_that_cannot_be_is_refused_before_it_is_sent() {
    let stage = Stage::new().await;
    let far = [40_000_001, 0];
    let impossible = [
        LayLine { term: 0, ..line() },
        LayLine { term: 1_000_000_000_000_000, ..line() },
        LayLine { joined: far, ..line() },
        LayLine { cursors: [0, 0, 40_000_001], ..line() },
    ];
    for line in impossible {
        let refused = stage.unchanged(stage.store.lay_line(&stage.partition, &line)).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
}

#[tokio::test]
async fn a_laying_cut_at_any_command_leaves_no_line_or_the_old_one_and_can_be_repeated() {
    for command in 1.. {
        let stage = Stage::with_people(3, 2).await;
        stage.enter(1, general(0)).await;
        stage.grace(2, general(1)).await;
        let live = PassRecord::Live { expires_at: stage.pass_end(), place: general(0) };
        let line = LayLine { cursors: [2, 0, 0], passes: vec![(customer(1), live)], ..next() };
        stage.store.simulation().unwrap().fail_at(Some(command));
        let cut = stage.store.lay_line(&stage.partition, &line).await;
        if cut.is_ok() {
            assert!(command > 9);
            return;
        }
        let reader = lua::Reader::default();
        let left = stage.store.read_line(&stage.partition, &reader).await.unwrap();
        assert!(left.is_none_or(|line| line.term == TERM), "cut at {command}");
        lay(&stage, &line).await;
        let read = stage.line().await;
        assert_eq!((read.term, read.joined, read.inside), (TERM + 1, [3, 0], 1));
        assert_eq!(read.graced.items, [customer(2)], "cut at {command}");
    }
}

#[tokio::test]
async fn a_line_is_laid_with_the_times_at_which_people_were_released() {
    let stage = Stage::new().await;
    let mark = |ago: i64, cursors| BatchMark { at: stage.clock_now().plus_millis(-ago), cursors };
    let batches = vec![mark(90_000, [2, 0, 0]), mark(5_000, [3, 1, 0])];
    let laid = LayLine { cursors: [3, 1, 0], batches: batches.clone(), ..line() };
    lay(&stage, &laid).await;
    assert_eq!(stage.line().await.batches.items, batches, "nobody gets a second turn");
    // Where the times end before the cursors, the rest has its turn from now on.
    let further = LayLine { cursors: [5, 1, 0], batches: batches.clone(), ..next() };
    lay(&stage, &further).await;
    let now = BatchMark { at: stage.clock_now(), cursors: [5, 1, 0] };
    assert_eq!(stage.line().await.batches.items, [batches, vec![now]].concat());
}
