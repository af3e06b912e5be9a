//! Lines: begun once, places reserved, cursors and phases moved, the draw stored.

use domain::{
    event::{EventStatus, Queue},
    queue::Lane,
};
use futures_util::future::join_all;
use ledger::{Error, Line, LinePhase, MoveCursors, NewAct, Rule, SetPhase, StoreDraw, UpdateQueue};

use crate::{
    on_both,
    world::{World, act, new_event, published},
};

on_both!(
    many_that_begin_a_line_at_once_go_on_with_one_secret,
    an_event_without_a_line_is_told_apart,
    a_line_never_shows_its_secret,
    terms_are_given_once,
    ceilings_only_rise_when_many_reserve_at_once,
    a_lane_has_its_own_ceiling,
    a_ceiling_is_settled_only_by_who_knows_it_and_never_below_what_was_released,
    cursors_move_only_forward,
    a_replaced_controller_moves_nothing,
    nothing_is_released_before_the_draw_nor_beyond_the_reserved_places,
    a_phase_is_reached_only_from_where_it_may_begin,
    of_two_organisers_one_pauses,
    a_draw_is_stored_once,
    a_closed_line_is_not_drawn,
    acts_are_kept_with_their_reasons_in_order,
    lines_at_work_are_those_of_published_events_with_the_queue_on,
    new_queue_rules_raise_the_revision_and_are_kept_with_their_reason,
    new_queue_rules_for_an_old_revision_or_an_ended_event_are_refused,
    a_line_survives_its_process,
);

const DRAW: &str = r#"{"rules":"holdfast-draw-1"}"#;

/// A line with a hundred places in each lane, the draw made over ten and two of them.
async fn open_line(world: &World) -> Line {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [7; 32]).await.unwrap();
    for lane in Lane::ALL {
        world.ledger.reserve_ceiling(event, lane, 0, 100).await.unwrap();
    }
    match world.ledger.store_draw(event, 1, [10, 2], DRAW).await.unwrap() {
        StoreDraw::Stored(line) => *line,
        other => panic!("{other:?}"),
    }
}

async fn standing(world: &World) -> Line {
    world.ledger.line(&world.event.id).await.unwrap().unwrap()
}

async fn pause(world: &World, reason: &str) -> SetPhase {
    let (event, open) = (&world.event.id, [LinePhase::Open]);
    let act = act("pause", reason);
    world.ledger.set_phase(event, None, &open, LinePhase::Paused, act).await.unwrap()
}

async fn many_that_begin_a_line_at_once_go_on_with_one_secret(world: World) {
    let event = &world.event.id;
    assert_eq!(world.ledger.line(event).await.unwrap(), None);
    let begun = join_all((0..20).map(|number| world.ledger.ensure_line(event, [number; 32]))).await;
    let lines: Vec<Line> = begun.into_iter().map(Result::unwrap).collect();
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    let line = standing(&world).await;
    assert_eq!(line, lines[0]);
    assert_eq!((line.term, line.phase, line.fence), (0, LinePhase::Early, 0));
    assert_eq!((line.ceilings, line.cursors), ([0; 2], [0; 3]));
    assert_eq!((line.draw, line.sizes, line.opened_at), (None, None, None));
}

async fn an_event_without_a_line_is_told_apart(world: World) {
    let event = &world.event.id;
    let changes = [
        world.ledger.next_term(event).await.map(|_| ()),
        world.ledger.reserve_ceiling(event, Lane::General, 0, 1).await.map(|_| ()),
        world.ledger.move_cursors(event, 1, [0; 3]).await.map(|_| ()),
        world.ledger.store_draw(event, 1, [0; 2], DRAW).await.map(|_| ()),
        world
            .ledger
            .set_phase(event, None, &LinePhase::ALL, LinePhase::Closed, act("close", ""))
            .await
            .map(|_| ()),
    ];
    for change in changes {
        assert!(matches!(change, Err(Error::Corrupt(_))), "{change:?}");
    }
    assert!(!world.ledger.settle_ceiling(event, Lane::General, 0, 0).await.unwrap());
    assert!(world.ledger.acts(event, 10).await.unwrap().is_empty());
}

async fn a_line_never_shows_its_secret(world: World) {
    let line = world.ledger.ensure_line(&world.event.id, [171; 32]).await.unwrap();
    assert_eq!(line.secret, [171; 32]);
    let shown = format!("{line:?}");
    assert!(!shown.contains("171") && !shown.contains("secret"), "{shown}");
}

async fn terms_are_given_once(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [1; 32]).await.unwrap();
    let many = join_all((0..20).map(|_| world.ledger.next_term(event))).await;
    let mut terms: Vec<u64> = many.into_iter().map(Result::unwrap).collect();
    terms.sort_unstable();
    assert_eq!(terms, (1..=20).collect::<Vec<_>>());
    assert_eq!(standing(&world).await.term, 20);
}

async fn ceilings_only_rise_when_many_reserve_at_once(world: World) {
    let event = world.event.id.clone();
    world.ledger.ensure_line(&event, [1; 32]).await.unwrap();
    let neighbour = world.neighbour().await;
    // Some believe that more has been given out than is reserved, as after a loss of Redis.
    let reserving = (0..100_u64).map(|number| {
        let ledger = if number % 2 == 0 { world.ledger.clone() } else { neighbour.clone() };
        let event = event.clone();
        tokio::spawn(async move {
            let at_least = if number % 10 == 0 { number * 5 } else { 0 };
            let ceiling =
                ledger.reserve_ceiling(&event, Lane::General, at_least, 10).await.unwrap();
            assert!(ceiling >= at_least + 10);
            ceiling
        })
    });
    let mut given: Vec<u64> = join_all(reserving).await.into_iter().map(Result::unwrap).collect();
    given.sort_unstable();
    // Every caller has a block of its own: ten places below its ceiling that are nobody else's.
    assert!(given.windows(2).all(|pair| pair[1] - pair[0] >= 10), "{given:?}");
    let line = standing(&world).await;
    assert_eq!(line.ceilings, [*given.last().unwrap(), 0]);
    assert!(line.ceilings[0] >= 1_000);
}

async fn a_lane_has_its_own_ceiling(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [1; 32]).await.unwrap();
    let reserve = |lane, at_least| world.ledger.reserve_ceiling(event, lane, at_least, 100);
    assert_eq!(reserve(Lane::General, 0).await.unwrap(), 100);
    assert_eq!(reserve(Lane::Priority, 7).await.unwrap(), 107);
    assert_eq!(reserve(Lane::Priority, 50).await.unwrap(), 207, "never back");
    assert_eq!(standing(&world).await.ceilings, [100, 207]);
    let much = reserve(Lane::General, u64::MAX).await;
    assert!(matches!(much, Err(Error::InvalidInput(_))), "{much:?}");
}

async fn a_ceiling_is_settled_only_by_who_knows_it_and_never_below_what_was_released(world: World) {
    let event = &open_line(&world).await.event;
    world.ledger.move_cursors(event, 1, [40, 1, 0]).await.unwrap();
    let settle = |lane, reserved, given| world.ledger.settle_ceiling(event, lane, reserved, given);
    assert!(!settle(Lane::General, 90, 60).await.unwrap(), "another has reserved since");
    assert!(!settle(Lane::General, 100, 39).await.unwrap(), "forty were released");
    assert!(!settle(Lane::General, 100, 101).await.unwrap(), "settling reserves nothing");
    assert!(!settle(Lane::Priority, 100, 1).await.unwrap(), "two were drawn");
    assert_eq!(standing(&world).await.ceilings, [100, 100]);
    assert!(settle(Lane::General, 100, 40).await.unwrap());
    assert!(settle(Lane::Priority, 100, 2).await.unwrap());
    assert_eq!(standing(&world).await.ceilings, [40, 2]);
    let next = world.ledger.reserve_ceiling(event, Lane::General, 40, 100).await.unwrap();
    assert_eq!(next, 140);
}

async fn cursors_move_only_forward(world: World) {
    let event = &open_line(&world).await.event;
    let shift = |cursors| world.ledger.move_cursors(event, 1, cursors);
    assert_eq!(shift([5, 1, 0]).await.unwrap(), MoveCursors::Moved([5, 1, 0]));
    assert_eq!(shift([3, 2, 9]).await.unwrap(), MoveCursors::Moved([5, 2, 9]));
    let (targets, before) = ([9, 30, 2, 41, 7, 55, 12], standing(&world).await.revision);
    let moved = join_all(targets.into_iter().map(|target| shift([target, 0, 0]))).await;
    assert!(moved.iter().all(|moved| matches!(moved, Ok(MoveCursors::Moved([5..=55, 2, 9])))));
    let line = standing(&world).await;
    assert_eq!((line.cursors, line.revision), ([55, 2, 9], before + 7));
    world.assert_sound().await;
    let steps = world.ledger.steps(event, 100).await.unwrap();
    assert!(steps.is_sorted_by_key(|step| step.at));
    let told: Vec<_> = steps.iter().map(|step| step.cursors).collect();
    assert!(
        told.windows(2).all(|pair| pair[0].iter().zip(pair[1]).all(|(a, b)| *a <= b)),
        "{told:?}"
    );
    assert_eq!(
        told.last(),
        world.ledger.line(event).await.unwrap().map(|line| line.cursors).as_ref()
    );
    assert_eq!(world.ledger.steps(event, 1).await.unwrap(), steps[steps.len() - 1..]);
}

async fn a_replaced_controller_moves_nothing(world: World) {
    let event = &open_line(&world).await.event;
    let ledger = &world.ledger;
    let lease = |owner| ledger.acquire_lease("line:gala", owner, 5_000);
    let old = lease("old").await.unwrap().unwrap();
    assert_eq!(ledger.move_cursors(event, old, [5, 0, 0]).await.unwrap(), moved(5));
    world.clock.advance_millis(5_001);
    let new = lease("new").await.unwrap().unwrap();
    assert!(new > old);
    // Until the new one has moved something the old one may: no position is released twice.
    assert_eq!(ledger.move_cursors(event, old, [6, 0, 0]).await.unwrap(), moved(6));
    assert_eq!(ledger.move_cursors(event, new, [6, 0, 0]).await.unwrap(), moved(6));
    let before = standing(&world).await;
    let fenced = ledger.move_cursors(event, old, [50, 1, 1]).await.unwrap();
    assert_eq!(fenced, MoveCursors::Fenced { fence: new });
    let late = [LinePhase::Open];
    let phase = ledger.set_phase(event, Some(old), &late, LinePhase::Draining, act("drain", ""));
    assert_eq!(phase.await.unwrap(), SetPhase::Fenced { fence: new });
    assert_eq!(standing(&world).await, before);
    // An organiser's act has no fence and leaves it as it is.
    assert!(matches!(pause(&world, "fire alarm").await, SetPhase::Set(_)));
    assert_eq!(standing(&world).await.fence, new);
}

fn moved(general: u64) -> MoveCursors {
    MoveCursors::Moved([general, 0, 0])
}

async fn nothing_is_released_before_the_draw_nor_beyond_the_reserved_places(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [7; 32]).await.unwrap();
    world.ledger.reserve_ceiling(event, Lane::General, 0, 100).await.unwrap();
    let refused = |moved: &Result<_, Error>| matches!(moved, Err(Error::Refused(Rule::Check)));
    let early = world.ledger.move_cursors(event, 1, [1, 0, 0]).await;
    assert!(refused(&early), "{early:?}");
    let drawn = world.ledger.store_draw(event, 1, [101, 0], DRAW).await;
    assert!(matches!(drawn, Err(Error::Refused(Rule::Check))), "{drawn:?}");
    world.ledger.store_draw(event, 1, [10, 0], DRAW).await.unwrap();
    for beyond in [[101, 0, 0], [0, 1, 0]] {
        let refusal = world.ledger.move_cursors(event, 1, beyond).await;
        assert!(refused(&refusal), "{refusal:?}");
    }
    assert_eq!(world.ledger.move_cursors(event, 1, [100, 0, 0]).await.unwrap(), moved(100));
}

async fn a_phase_is_reached_only_from_where_it_may_begin(world: World) {
    let line = open_line(&world).await;
    assert!(matches!(pause(&world, "doors not open yet").await, SetPhase::Set(_)));
    assert_eq!(pause(&world, "again").await, SetPhase::Wrong { phase: LinePhase::Paused });
    let paused = standing(&world).await;
    assert_eq!((paused.phase, paused.revision), (LinePhase::Paused, line.revision + 1));
    let resumed = world
        .ledger
        .set_phase(
            &line.event,
            Some(3),
            &[LinePhase::Paused],
            LinePhase::Open,
            act("resume", "doors open"),
        )
        .await
        .unwrap();
    match resumed {
        SetPhase::Set(line) => assert_eq!((line.phase, line.fence), (LinePhase::Open, 3)),
        other => panic!("{other:?}"),
    }
    let acts = world.ledger.acts(&line.event, 10).await.unwrap();
    let reasons: Vec<_> = acts.iter().map(|act| act.reason.as_str()).collect();
    assert_eq!(reasons, ["doors open", "doors not open yet"], "a refused act leaves none");
}

async fn of_two_organisers_one_pauses(world: World) {
    open_line(&world).await;
    let both = join_all([pause(&world, "one"), pause(&world, "other")]).await;
    let set = both.iter().filter(|phase| matches!(phase, SetPhase::Set(_))).count();
    assert_eq!(set, 1, "{both:?}");
    assert_eq!(world.ledger.acts(&world.event.id, 10).await.unwrap().len(), 1);
}

async fn a_draw_is_stored_once(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [7; 32]).await.unwrap();
    world.ledger.reserve_ceiling(event, Lane::General, 0, 100).await.unwrap();
    let early = [LinePhase::Early];
    let drawing = act("draw", "its time has come");
    world.ledger.set_phase(event, Some(4), &early, LinePhase::Drawing, drawing).await.unwrap();
    let late = world.ledger.store_draw(event, 3, [9, 0], "{}").await.unwrap();
    assert_eq!(late, StoreDraw::Fenced { fence: 4 });
    let texts: Vec<String> = (0..10).map(|number| format!(r#"{{"draw":{number}}}"#)).collect();
    let storing = texts.iter().map(|text| world.ledger.store_draw(event, 4, [10, 0], text));
    let stored = join_all(storing).await.into_iter().map(Result::unwrap);
    let (first, others): (Vec<_>, Vec<_>) =
        stored.partition(|stored| matches!(stored, StoreDraw::Stored(_)));
    assert_eq!(first.len(), 1);
    let line = standing(&world).await;
    let draw = line.draw.clone().unwrap();
    assert!(others.into_iter().all(|other| other == StoreDraw::Already(draw.clone())));
    assert_eq!((line.phase, line.sizes), (LinePhase::Open, Some([10, 0])));
    assert_eq!((line.opened_at, line.fence), (Some(world.now()), 4));
    // Even a later controller finds the one draw.
    let again = world.ledger.store_draw(event, 9, [11, 0], "{}").await.unwrap();
    assert_eq!(again, StoreDraw::Already(draw));
}

async fn a_closed_line_is_not_drawn(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [7; 32]).await.unwrap();
    let early = [LinePhase::Early];
    let closed = act("close", "the show is off");
    world.ledger.set_phase(event, None, &early, LinePhase::Closed, closed).await.unwrap();
    let drawn = world.ledger.store_draw(event, 1, [0, 0], DRAW).await.unwrap();
    assert_eq!(drawn, StoreDraw::Wrong { phase: LinePhase::Closed });
    assert_eq!(standing(&world).await.draw, None);
}

async fn acts_are_kept_with_their_reasons_in_order(world: World) {
    let event = &world.event.id;
    for (number, reason) in (0_i64..).zip(["first", "second", "third"]) {
        world.clock.advance_millis(number);
        let detail = Some(format!(r#"{{"number":{number}}}"#));
        let kept = NewAct { detail: detail.clone(), ..act("settings", reason) };
        let kept = world.ledger.record_act(event, kept).await.unwrap();
        assert_eq!((kept.at, kept.reason.as_str(), kept.detail), (world.now(), reason, detail));
    }
    let other = domain::id::EventId::new(world.now(), [9; 12]);
    world.ledger.record_act(&other, act("settings", "elsewhere")).await.unwrap();
    let acts = world.ledger.acts(event, 2).await.unwrap();
    let reasons: Vec<_> = acts.iter().map(|act| act.reason.as_str()).collect();
    assert_eq!(reasons, ["third", "second"]);
    assert!(acts[0].number > acts[1].number);
    let many = (0..20).map(|_| world.ledger.record_act(&other, act("settings", "many")));
    assert!(join_all(many).await.iter().all(Result::is_ok));
    let mut numbers: Vec<u64> =
        world.ledger.acts(&other, 100).await.unwrap().iter().map(|act| act.number).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 21);
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
}

async fn lines_at_work_are_those_of_published_events_with_the_queue_on(world: World) {
    assert!(world.ledger.lines_at_work().await.unwrap().is_empty());
    let on = Queue { enabled: true, ..Queue::default() };
    let mut ids = Vec::new();
    for (number, slug) in (2_u8..).zip(["draft", "queued", "also-queued"]) {
        let new = ledger::NewEvent { queue: on.clone(), ..new_event(world.now(), slug, number) };
        let inserted = world.ledger.insert_event(new).await.unwrap();
        let ledger::InsertEvent::Inserted(event) = inserted else { panic!("{inserted:?}") };
        if slug != "draft" {
            assert!(world.ledger.update_event(&published(&event)).await.unwrap());
        }
        ids.push(event.id);
    }
    let line = world.ledger.ensure_line(&ids[1], [1; 32]).await.unwrap();
    world.ledger.ensure_line(&world.event.id, [1; 32]).await.unwrap();
    let at_work = world.ledger.lines_at_work().await.unwrap();
    let found: Vec<_> = at_work.iter().map(|at_work| &at_work.event.id).collect();
    assert_eq!(found, [&ids[1], &ids[2]]);
    assert_eq!((&at_work[0].line, &at_work[1].line), (&Some(line), &None));
    // Switched on and off later, by either way of changing an event.
    world.ledger.update_queue(&world.event.id, on, None, None).await.unwrap();
    let mut event = world.ledger.event(&ids[2]).await.unwrap().unwrap();
    event.queue.enabled = false;
    assert!(world.ledger.update_event(&event).await.unwrap());
    let at_work = world.ledger.lines_at_work().await.unwrap();
    let found: Vec<_> = at_work.iter().map(|at_work| &at_work.event.id).collect();
    assert_eq!(found, [&world.event.id, &ids[1]]);
}

async fn new_queue_rules_raise_the_revision_and_are_kept_with_their_reason(world: World) {
    let rules = Queue {
        enabled: true,
        admit_per_minute: Some(5_000),
        max_waiting: Some(1_000_000),
        invite_only: true,
        priority_share: 35,
        proof_of_work: false,
        ..Queue::default()
    };
    let event = &world.event;
    let act = Some(act("settings", "more doors"));
    let expected = Some(event.revision);
    let updated = world.ledger.update_queue(&event.id, rules.clone(), expected, act).await.unwrap();
    let UpdateQueue::Updated(updated) = updated else { panic!("{updated:?}") };
    assert_eq!((&updated.queue, updated.revision), (&rules, event.revision + 1));
    assert_eq!(world.ledger.event(&event.id).await.unwrap(), Some(updated));
    let acts = world.ledger.acts(&event.id, 10).await.unwrap();
    assert_eq!(acts.len(), 1);
    assert_eq!((acts[0].kind.as_str(), acts[0].reason.as_str()), ("settings", "more doors"));
}

async fn new_queue_rules_for_an_old_revision_or_an_ended_event_are_refused(world: World) {
    let event = &world.event.id;
    let update = |expected, reason: &str| {
        let rules = Queue { enabled: true, ..Queue::default() };
        world.ledger.update_queue(event, rules, expected, Some(act("settings", reason)))
    };
    let old = update(Some(world.event.revision - 1), "old").await.unwrap();
    assert!(matches!(old, UpdateQueue::OtherRevision), "{old:?}");
    let unknown = domain::id::EventId::new(world.now(), [9; 12]);
    let rules = Queue::default();
    let unknown = world.ledger.update_queue(&unknown, rules, None, None).await.unwrap();
    assert!(matches!(unknown, UpdateQueue::UnknownEvent), "{unknown:?}");
    let ended = domain::event::Event { status: EventStatus::Completed, ..world.event.clone() };
    assert!(world.ledger.update_event(&ended).await.unwrap());
    let late = update(None, "late").await.unwrap();
    assert!(matches!(late, UpdateQueue::Ended), "{late:?}");
    assert!(world.ledger.acts(event, 10).await.unwrap().is_empty());
    assert_eq!(world.ledger.event(event).await.unwrap().unwrap().queue, Queue::default());
}

async fn a_line_survives_its_process(world: World) {
    let event = &open_line(&world).await.event;
    world.ledger.move_cursors(event, 1, [5, 0, 0]).await.unwrap();
    let before = standing(&world).await;
    world.ledger.close().await;
    let next = world.neighbour().await;
    assert_eq!(next.line(event).await.unwrap(), Some(before));
}
