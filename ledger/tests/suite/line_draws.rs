//! A draw's steps in the ledger: entries closed, a round named, each once.

use domain::{queue::Lane, time::Timestamp};
use futures_util::future::join_all;
use ledger::{ClosedEntries, DrawStep, Error, LinePhase, NamedRound, SetPhase, StoreDraw};

use crate::{
    on_both,
    world::{World, act},
};

on_both!(
    entries_are_closed_once_and_a_round_is_named_once,
    of_many_who_close_at_once_one_is_right,
    nothing_is_closed_or_named_before_its_turn,
    a_replaced_controller_closes_and_names_nothing,
    a_ceiling_is_not_settled_below_the_entries_that_were_closed,
);

const ROOTS: [[u8; 32]; 2] = [[1; 32], [2; 32]];

fn round(number: u64) -> NamedRound {
    let source = "https://beacon.example/chain".to_owned();
    NamedRound { source, round: number, at: Timestamp(1_900_000_000_000) }
}

/// A line that is being drawn by the controller with fence 3, with a hundred places in each lane.
async fn draw(world: &World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [7; 32]).await.unwrap();
    for lane in Lane::ALL {
        world.ledger.reserve_ceiling(event, lane, 0, 100).await.unwrap();
    }
    let (from, act) = ([LinePhase::Early], act("open", "doors"));
    let set = world.ledger.set_phase(event, Some(3), &from, LinePhase::Drawing, act).await;
    assert!(matches!(set, Ok(SetPhase::Set(_))), "{set:?}");
}

fn stands<T: std::fmt::Debug>(step: DrawStep<T>) -> T {
    match step {
        DrawStep::Stands(value) => value,
        other => panic!("{other:?}"),
    }
}

async fn entries_are_closed_once_and_a_round_is_named_once(world: World) {
    draw(&world).await;
    let (ledger, event) = (&world.ledger, &world.event.id);
    let closed = stands(ledger.close_entries(event, 3, [10, 2], ROOTS).await.unwrap());
    assert_eq!((closed.sizes, closed.roots), ([10, 2], ROOTS));
    let again = ledger.close_entries(event, 4, [11, 2], [[9; 32]; 2]).await.unwrap();
    assert_eq!(stands(again), closed);
    let named = stands(ledger.name_round(event, 3, round(5)).await.unwrap());
    assert_eq!(named, round(5));
    assert_eq!(stands(ledger.name_round(event, 4, round(6)).await.unwrap()), named);

    let line = ledger.line(event).await.unwrap().unwrap();
    assert_eq!(
        (line.sizes, &line.closed, &line.named),
        (Some([10, 2]), &Some(closed), &Some(named))
    );
    assert_eq!((line.draw, line.opened_at), (None, None));
    let stored = ledger.store_draw(event, 3, [10, 2], "{}").await.unwrap();
    assert!(matches!(stored, StoreDraw::Stored(line) if line.sizes == Some([10, 2])));
}

async fn of_many_who_close_at_once_one_is_right(world: World) {
    draw(&world).await;
    let (ledger, event) = (&world.ledger, &world.event.id);
    let closing = (0..10).map(|size| ledger.close_entries(event, 3, [size, 0], ROOTS));
    let closed: Vec<ClosedEntries> =
        join_all(closing).await.into_iter().map(|step| stands(step.unwrap())).collect();
    assert!(closed.iter().all(|one| *one == closed[0]), "{closed:?}");
    let naming = (0..10).map(|number| ledger.name_round(event, 3, round(number)));
    let named: Vec<NamedRound> =
        join_all(naming).await.into_iter().map(|step| stands(step.unwrap())).collect();
    assert!(named.iter().all(|one| *one == named[0]), "{named:?}");
}

async fn nothing_is_closed_or_named_before_its_turn(world: World) {
    let (ledger, event) = (&world.ledger, &world.event.id);
    ledger.ensure_line(event, [7; 32]).await.unwrap();
    let phase = LinePhase::Early;
    let closed = ledger.close_entries(event, 1, [0; 2], ROOTS).await.unwrap();
    assert_eq!(closed, DrawStep::Wrong { phase });
    let named = ledger.name_round(event, 1, round(5)).await.unwrap();
    assert_eq!(named, DrawStep::Wrong { phase });
    draw(&world).await;
    let named = ledger.name_round(event, 3, round(5)).await;
    assert!(matches!(named, Err(Error::InvalidInput(_))), "{named:?}");
}

async fn a_replaced_controller_closes_and_names_nothing(world: World) {
    draw(&world).await;
    let (ledger, event) = (&world.ledger, &world.event.id);
    let fenced = ledger.close_entries(event, 2, [0; 2], ROOTS).await.unwrap();
    assert_eq!(fenced, DrawStep::Fenced { fence: 3 });
    stands(ledger.close_entries(event, 3, [0; 2], ROOTS).await.unwrap());
    let fenced = ledger.name_round(event, 2, round(5)).await.unwrap();
    assert_eq!(fenced, DrawStep::Fenced { fence: 3 });
    assert_eq!(ledger.line(event).await.unwrap().unwrap().named, None);
}

async fn a_ceiling_is_not_settled_below_the_entries_that_were_closed(world: World) {
    draw(&world).await;
    let (ledger, event) = (&world.ledger, &world.event.id);
    stands(ledger.close_entries(event, 3, [10, 2], ROOTS).await.unwrap());
    assert!(!ledger.settle_ceiling(event, Lane::General, 100, 9).await.unwrap());
    assert!(ledger.settle_ceiling(event, Lane::General, 100, 10).await.unwrap());
    assert!(!ledger.settle_ceiling(event, Lane::Priority, 100, 1).await.unwrap());
}
