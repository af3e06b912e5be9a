use domain::order::Fact;
use ledger::Invariant;

use crate::{on_both, world::World};

on_both!(
    a_clean_run_has_no_violations,
    two_live_claims_are_found,
    area_counts_that_differ_are_found,
    a_ticket_without_a_paid_order_is_found,
    a_paid_order_without_tickets_is_found,
    a_capture_beside_an_unsold_claim_is_found,
    a_release_without_proof_is_found,
    an_untrue_proof_is_found,
    an_intent_without_end_is_found,
    money_that_does_not_balance_is_found,
    a_stuck_order_is_found_a_minute_after_its_time,
    money_entries_are_append_only,
    another_events_violations_are_not_told,
);

/// The invariants broken, each once.
async fn broken(world: &World) -> Vec<Invariant> {
    let mut found: Vec<_> =
        world.ledger.audit(None).await.unwrap().iter().map(|found| found.invariant).collect();
    found.dedup();
    found
}

async fn ticketed(world: &World, seats: &[u32]) -> ledger::Order {
    let order = world.paying(seats).await;
    world.learn(&order.id, Fact::Authorised).await;
    world.learn(&order.id, Fact::Paid).await;
    world.reload(&order).await
}

async fn a_clean_run_has_no_violations(world: World) {
    ticketed(&world, &[1, 2]).await;
    world.order(&[3]).await;
    world.paying(&[4]).await;
    let committed = world.paying(&[5]).await;
    world.learn(&committed.id, Fact::Authorised).await;
    let refunded = ticketed(&world, &[6]).await;
    world.learn(&refunded.id, Fact::Refunded).await;
    let cancelled = world.paying(&[7]).await;
    world.learn(&cancelled.id, Fact::CancelAsked).await;
    world.assert_sound().await;
    world.learn(&cancelled.id, Fact::Void).await;
    let captured_in_vain = world.paying(&[8]).await;
    world.learn(&captured_in_vain.id, Fact::Authorised).await;
    world.learn(&captured_in_vain.id, Fact::Void).await;
    world.assert_sound().await;
}

async fn two_live_claims_are_found(world: World) {
    world.order(&[1]).await;
    world.order(&[2]).await;
    world.sql("DROP INDEX claims_seat; UPDATE claims SET seat = 1").await;
    assert_eq!(broken(&world).await, [Invariant::I1]);
}

async fn area_counts_that_differ_are_found(world: World) {
    world.send(world.wish_places(0, 3)).await;
    world.sql("UPDATE area_counts SET claimed = 2 WHERE area = 0").await;
    assert_eq!(broken(&world).await, [Invariant::I1]);
}

async fn a_ticket_without_a_paid_order_is_found(world: World) {
    ticketed(&world, &[1]).await;
    world.sql("UPDATE orders SET state = 'committed'").await;
    let found = broken(&world).await;
    assert!(found.contains(&Invariant::I2), "{found:?}");
}

async fn a_paid_order_without_tickets_is_found(world: World) {
    ticketed(&world, &[1]).await;
    world.sql("DELETE FROM tickets").await;
    let found = broken(&world).await;
    assert!(found.contains(&Invariant::I2) && found.contains(&Invariant::I6), "{found:?}");
}

async fn a_capture_beside_an_unsold_claim_is_found(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::Authorised).await;
    world.sql("UPDATE claims SET state = 'live'").await;
    assert_eq!(broken(&world).await, [Invariant::I3]);
}

async fn a_release_without_proof_is_found(world: World) {
    let order = world.order(&[1]).await;
    world.ledger.learn(&order.id, Fact::CancelAsked, world.evidence()).await.unwrap();
    world.assert_sound().await;
    world.sql("DELETE FROM release_proofs").await;
    assert_eq!(broken(&world).await, [Invariant::I4]);
}

async fn an_untrue_proof_is_found(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::CancelAsked).await;
    world.learn(&order.id, Fact::Void).await;
    world.sql("UPDATE release_proofs SET proof = 'no_intent'").await;
    assert_eq!(broken(&world).await, [Invariant::I4]);
}

async fn an_intent_without_end_is_found(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::CancelAsked).await;
    world.learn(&order.id, Fact::Void).await;
    world.sql("UPDATE intents SET state = 'stored'; UPDATE outbox SET state = 'done'").await;
    assert_eq!(broken(&world).await, [Invariant::I5]);
}

async fn money_that_does_not_balance_is_found(world: World) {
    ticketed(&world, &[1]).await;
    world
        .sql(
            "INSERT INTO money_entries (reference, kind, order_id, event_id, from_account, \
             to_account, amount, currency, at) SELECT 're_1', 'refund', id, event_id, \
             'organizer', 'buyer', 1, 'EUR', 0 FROM orders",
        )
        .await;
    assert_eq!(broken(&world).await, [Invariant::I2, Invariant::I6]);
}

async fn a_stuck_order_is_found_a_minute_after_its_time(world: World) {
    let order = world.order(&[1]).await;
    world.clock.set(order.pay_before.plus_seconds(60));
    world.assert_sound().await;
    world.clock.advance_millis(1);
    let found = world.ledger.audit(None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].invariant, found[0].subject.as_str()), (Invariant::I9, order.id.as_str()));
}

async fn money_entries_are_append_only(world: World) {
    ticketed(&world, &[1]).await;
    for change in ["UPDATE money_entries SET amount = 1", "DELETE FROM money_entries"] {
        assert!(world.try_sql(change).await.is_err(), "{change}");
    }
    world.assert_sound().await;
}

async fn another_events_violations_are_not_told(world: World) {
    world.order(&[1]).await;
    world.order(&[2]).await;
    world.sql("DROP INDEX claims_seat; UPDATE claims SET seat = 1").await;
    let other = domain::id::EventId::new(world.now(), [9; 12]);
    assert!(world.ledger.audit(Some(&other)).await.unwrap().is_empty());
    assert_eq!(world.ledger.audit(Some(&world.event.id)).await.unwrap().len(), 1);
}
