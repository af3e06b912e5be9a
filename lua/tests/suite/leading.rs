//! What the line's leader does: each reply of `admit`, `set_line` and `close_entries`, and of
//! `raise_ceilings`.

use lua::{
    BatchMark, Controlled, EndedMark, Error, LayLine, Laying, LineField, LinePhase, PassEnd,
    PassRecord, Termed,
};

use crate::{line_support::*, support::*};

fn early() -> LayLine {
    LayLine { phase: LinePhase::Early, ..line() }
}

fn phase(phase: LinePhase) -> [(LineField, String); 1] {
    [(LineField::Phase, phase.as_str().to_owned())]
}

#[tokio::test]
async fn cursors_move_forward_and_never_beyond_who_stands_there() {
    let stage = Stage::with_people(3, 0).await;
    stage.join(with_code(4)).await;
    let admitted = stage.admit([2, 9, 9]).await;
    assert_eq!((admitted.cursors, admitted.joined), ([2, 1, 0], [3, 1]));
    // Backward and again: nothing moves.
    let again = stage.unchanged(stage.admit([1, 0, 0])).await;
    assert_eq!(again.cursors, [2, 1, 0]);
    stage.pass_time(1_000);
    assert_eq!(stage.admit([70, 1, 0]).await.cursors, [3, 1, 0]);
    let line = stage.line().await;
    let at = stage.clock_now();
    let batches = [
        BatchMark { at: at.plus_millis(-1_000), cursors: [2, 1, 0] },
        BatchMark { at, cursors: [3, 1, 0] },
    ];
    assert_eq!((line.cursors, line.batches.items), ([3, 1, 0], batches.to_vec()));
}

#[tokio::test]
async fn nothing_is_released_before_the_draw() {
    let stage = Stage::with_line(early()).await;
    stage.join(newcomer(1)).await;
    assert_eq!(stage.unchanged(stage.admit([1, 0, 0])).await.cursors, [0; 3]);
    led(stage.store.close_entries(&stage.partition, TERM, FENCE).await.unwrap());
    assert_eq!(stage.unchanged(stage.admit([1, 0, 0])).await.cursors, [0; 3]);
    let open = phase(LinePhase::Open);
    led(stage.store.set_line(&stage.partition, TERM, FENCE, &open).await.unwrap());
    assert_eq!(stage.admit([1, 0, 0]).await.cursors, [1, 0, 0]);
}

#[tokio::test]
async fn idle_passes_are_ended_and_make_room() {
    let stage = Stage::with_people(3, 3).await;
    for number in 1..=3 {
        stage.enter(number, general(u64::from(number) - 1)).await;
        stage.pass_time(10);
    }
    stage.pass_time(PASS_MS - 30);
    let admitted = stage.admit([3, 0, 0]).await;
    assert_eq!((admitted.inside, admitted.ended_now), (2, vec![customer(1)]));
    stage.pass_time(20);
    let some = stage.store.admit(&stage.partition, TERM, FENCE, [3, 0, 0], 1).await.unwrap();
    assert_eq!(led(some).ended_now, [customer(2)]);
    assert_eq!(stage.admit([3, 0, 0]).await.ended_now, [customer(3)]);
    let record = PassRecord::Ended { reason: PassEnd::Idle, place: general(2) };
    assert_eq!(stage.pass(3).await, Some(record));
    let mark = |number: u8| EndedMark {
        person: customer(number),
        place: general(u64::from(number) - 1),
        reason: PassEnd::Idle,
    };
    assert_eq!(stage.line().await.ended.items, [1, 2, 3].map(mark));
    assert!(stage.unchanged(stage.admit([3, 0, 0])).await.ended_now.is_empty());
}

#[tokio::test]
async fn many_idle_passes_end_in_one_call() {
    let stage = Stage::with_line(LayLine { joined: [5_000, 0], ..line() }).await;
    let expires_at = stage.clock_now().plus_millis(5);
    let passes = (0..3_000u32).map(|number| {
        let mut person = customer(1);
        person.0[..4].copy_from_slice(&number.to_be_bytes());
        (person, PassRecord::Live { expires_at, place: general(u64::from(number)) })
    });
    let passes: Vec<_> = passes.collect();
    let added =
        stage.store.add_passes(&stage.partition, TERM, &passes, Laying::Ends).await.unwrap();
    assert_eq!(added, Termed::Done(3_000));
    stage.pass_time(5);
    let admitted = stage.store.admit(&stage.partition, TERM, FENCE, [0; 3], 5_000).await.unwrap();
    let admitted = led(admitted);
    assert_eq!((admitted.ended_now.len(), admitted.inside), (3_000, 0));
}

#[tokio::test]
async fn a_lower_fence_changes_nothing() {
    let stage = Stage::with_people(2, 0).await;
    let (store, partition) = (&stage.store, &stage.partition);
    led(store.set_line(partition, TERM, FENCE + 2, &[]).await.unwrap());
    let fenced = Controlled::Fenced { fence: FENCE + 2 };
    let admitted = stage.unchanged(store.admit(partition, TERM, FENCE, [1, 0, 0], 9)).await;
    assert_eq!(admitted.unwrap(), Controlled::Fenced { fence: FENCE + 2 });
    let paused = phase(LinePhase::Paused);
    let set = stage.unchanged(store.set_line(partition, TERM, FENCE + 1, &paused)).await;
    assert_eq!(set.unwrap(), fenced);
    let closed = stage.unchanged(store.close_entries(partition, TERM, FENCE + 1)).await;
    assert_eq!(closed.unwrap(), Controlled::Fenced { fence: FENCE + 2 });
}

#[tokio::test]
async fn a_higher_fence_shuts_the_former_leader_out() {
    let stage = Stage::with_people(2, 0).await;
    let (store, partition) = (&stage.store, &stage.partition);
    // An admission that moves nothing does it as well.
    led(store.admit(partition, TERM, FENCE + 1, [0; 3], 9).await.unwrap());
    assert_eq!(stage.line().await.fence, FENCE + 1);
    let late = store.admit(partition, TERM, FENCE, [2, 0, 0], 9).await.unwrap();
    assert_eq!(late, Controlled::Fenced { fence: FENCE + 1 });
    led(store.admit(partition, TERM, FENCE + 3, [1, 0, 0], 9).await.unwrap());
    assert_eq!(stage.line().await.fence, FENCE + 3);
}

#[tokio::test]
async fn a_leader_sets_fields_all_at_once() {
    let stage = Stage::with_line(line()).await;
    let fields = [
        (LineField::Phase, "paused".to_owned()),
        (LineField::WaitingMax, "7".to_owned()),
        (LineField::Draw, "{\"seed\":\"00\"}".to_owned()),
        (LineField::Notes, "{\"pace\":null}".to_owned()),
    ];
    led(stage.store.set_line(&stage.partition, TERM, FENCE, &fields).await.unwrap());
    let line = stage.line().await;
    assert_eq!((line.phase, line.waiting_max), (LinePhase::Paused, 7));
    assert_eq!(line.draw.as_deref(), Some("{\"seed\":\"00\"}"));
    assert_eq!(line.notes.as_deref(), Some("{\"pace\":null}"));
}

#[tokio::test]
async fn entries_close_once_and_latecomers_stand_behind() {
    let stage = Stage::with_line(early()).await;
    stage.join_all(&[newcomer(1), newcomer(2), with_code(3)]).await;
    let close = || stage.store.close_entries(&stage.partition, TERM, FENCE);
    assert_eq!(close().await.unwrap(), Controlled::Done([2, 1]));
    assert_eq!(stage.join(newcomer(4)).await, new(general(2)));
    assert_eq!(stage.unchanged(close()).await.unwrap(), Controlled::Done([2, 1]));
    let line = stage.line().await;
    assert_eq!((line.phase, line.size, line.joined), (LinePhase::Drawing, [2, 1], [3, 1]));
}

#[tokio::test]
async fn ceilings_are_raised_and_never_lowered() {
    let stage = Stage::with_line(line()).await;
    let raise = |ceilings| stage.store.raise_ceilings(&stage.partition, TERM, ceilings);
    assert_eq!(raise([150, 120]).await.unwrap(), Termed::Done([150, 120]));
    assert_eq!(stage.unchanged(raise([149, 3])).await.unwrap(), Termed::Done([150, 120]));
    assert_eq!(stage.line().await.ceiling, [150, 120]);
}

#[tokio::test]
async fn another_term_is_told_and_a_sweep_has_a_bound() {
    let stage = Stage::with_people(1, 0).await;
    let (store, partition) = (&stage.store, &stage.partition);
    let current = Some(TERM);
    let set = stage.unchanged(store.set_line(partition, TERM - 1, FENCE, &[])).await.unwrap();
    assert_eq!(set, Controlled::OtherTerm { current });
    let closed = stage.unchanged(store.close_entries(partition, TERM - 1, FENCE)).await;
    assert_eq!(closed.unwrap(), Controlled::OtherTerm { current });
    let admitted = stage.unchanged(store.admit(partition, TERM - 1, FENCE, [1, 0, 0], 9)).await;
    assert_eq!(admitted.unwrap(), Controlled::OtherTerm { current });
    let raised = stage.unchanged(store.raise_ceilings(partition, TERM - 1, [900; 2])).await;
    assert_eq!(raised.unwrap(), Termed::OtherTerm { current });
    let refused = stage.unchanged(store.admit(partition, TERM, FENCE, [0; 3], 5_001)).await;
    assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
}

#[tokio::test]
async fn an_admission_cut_at_any_command_can_be_repeated() {
    for command in 1.. {
        let stage = Stage::with_people(3, 2).await;
        stage.enter(1, general(0)).await;
        stage.enter(2, general(1)).await;
        stage.pass_time(PASS_MS);
        stage.store.simulation().unwrap().fail_at(Some(command));
        let cut = stage.store.admit(&stage.partition, TERM, FENCE + 1, [3, 0, 0], 9).await;
        if cut.is_ok() {
            assert!(command > 9);
            return;
        }
        let again = stage.store.admit(&stage.partition, TERM, FENCE + 1, [3, 0, 0], 9).await;
        let again = led(again.unwrap());
        assert_eq!((again.cursors, again.inside), ([3, 0, 0], 0), "cut at {command}");
        let line = stage.line().await;
        assert_eq!(line.batches.items.last().unwrap().cursors, [3, 0, 0], "cut at {command}");
        for number in [1, 2] {
            let told = line.ended.items.iter().any(|mark| mark.person == customer(number));
            assert!(told, "cut at {command}: {number} is told");
            assert!(matches!(stage.pass(number).await, Some(PassRecord::Ended { .. })));
        }
    }
}
