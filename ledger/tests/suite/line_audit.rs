//! What the audit tells of lines that were broken behind the ledger's back.

use domain::{hold::CustomerKey, queue::Lane};
use ledger::{InsertPass, Invariant};

use crate::{on_both, world::World};

on_both!(
    a_line_that_let_people_in_has_no_violations,
    a_cursor_beyond_the_reserved_places_is_found,
    a_cursor_that_moved_before_the_draw_is_found,
    two_passes_of_one_place_are_found,
    a_pass_for_a_place_that_was_not_released_is_found,
    a_pass_before_the_draw_is_found,
    more_passes_than_released_places_are_found,
);

async fn broken(world: &World) -> Vec<Invariant> {
    let mut found: Vec<_> =
        world.ledger.audit(None).await.unwrap().iter().map(|found| found.invariant).collect();
    found.dedup();
    found
}

/// Ten places drawn, a hundred reserved, the general cursor at `released`.
async fn line(world: &World, released: u64) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [1; 32]).await.unwrap();
    world.ledger.reserve_ceiling(event, Lane::General, 0, 100).await.unwrap();
    world.ledger.store_draw(event, 1, [10, 0], "{}").await.unwrap();
    world.ledger.move_cursors(event, 1, [released, 0, 0]).await.unwrap();
}

async fn enter(world: &World, number: u8, index: u64) {
    let (event, person) = (&world.event.id, CustomerKey([number; 12]));
    let until = world.now().plus_seconds(600);
    let entered = world.ledger.insert_pass(event, person, Lane::General, index, until).await;
    assert!(matches!(entered.unwrap(), InsertPass::Inserted(_)));
}

async fn a_line_that_let_people_in_has_no_violations(world: World) {
    line(&world, 13).await;
    for (number, index) in [(1, 0), (2, 9), (3, 12)] {
        enter(&world, number, index).await;
    }
    world.assert_sound().await;
}

async fn a_cursor_beyond_the_reserved_places_is_found(world: World) {
    line(&world, 13).await;
    world
        .sql(if world.is_sqlite() {
            "PRAGMA ignore_check_constraints = ON; UPDATE lines SET ceiling_general = 12"
        } else {
            "ALTER TABLE lines DROP CONSTRAINT lines_cursor; UPDATE lines SET ceiling_general = 12"
        })
        .await;
    let found = world.ledger.audit(Some(&world.event.id)).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].invariant, found[0].subject.as_str()), (Invariant::Line1, "general lane"));
    assert_eq!(found[0].detail, "released or drawn beyond the reserved places");
}

async fn a_cursor_that_moved_before_the_draw_is_found(world: World) {
    let event = &world.event.id;
    world.ledger.ensure_line(event, [1; 32]).await.unwrap();
    world.ledger.reserve_ceiling(event, Lane::Priority, 0, 100).await.unwrap();
    world
        .sql(if world.is_sqlite() {
            "PRAGMA ignore_check_constraints = ON; UPDATE lines SET cursor_priority = 1"
        } else {
            "ALTER TABLE lines DROP CONSTRAINT lines_draw; UPDATE lines SET cursor_priority = 1"
        })
        .await;
    let found = world.ledger.audit(None).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].invariant, found[0].subject.as_str()),
        (Invariant::Line1, "priority lane")
    );
    assert_eq!(found[0].detail, "released before the draw");
}

async fn two_passes_of_one_place_are_found(world: World) {
    line(&world, 13).await;
    enter(&world, 1, 12).await;
    world
        .sql(
            "CREATE TABLE copies AS SELECT * FROM passes; DROP TABLE passes; \
             ALTER TABLE copies RENAME TO passes; INSERT INTO passes SELECT * FROM passes",
        )
        .await;
    assert_eq!(broken(&world).await, [Invariant::Line2]);
}

async fn a_pass_for_a_place_that_was_not_released_is_found(world: World) {
    line(&world, 13).await;
    enter(&world, 1, 13).await;
    enter(&world, 2, 100).await;
    let found = world.ledger.audit(None).await.unwrap();
    let mut subjects: Vec<_> = found.iter().map(|found| found.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["place 100 of lane 0", "place 13 of lane 0"]);
    assert_eq!(broken(&world).await, [Invariant::Line2]);
}

async fn a_pass_before_the_draw_is_found(world: World) {
    enter(&world, 1, 0).await;
    assert_eq!(broken(&world).await, [Invariant::Line2], "no line at all");
    let event = &world.event.id;
    world.ledger.ensure_line(event, [1; 32]).await.unwrap();
    world.ledger.reserve_ceiling(event, Lane::General, 0, 100).await.unwrap();
    assert!(broken(&world).await.contains(&Invariant::Line2), "a line without a draw");
}

async fn more_passes_than_released_places_are_found(world: World) {
    line(&world, 2).await;
    for (number, index) in [(1, 0), (2, 5)] {
        enter(&world, number, index).await;
    }
    world.assert_sound().await;
    enter(&world, 3, 7).await;
    assert_eq!(broken(&world).await, [Invariant::Line2]);
}
