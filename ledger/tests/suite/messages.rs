use domain::{order::Fact, time::Clock};
use ledger::{Begin, KeptAnswer, NewInboxRow, OutboxKind};

use crate::{on_both, world::World};

on_both!(
    a_kept_answer_is_replayed_until_its_time_is_over,
    a_running_request_keeps_its_key_until_its_lease_ends,
    a_refused_request_frees_its_key,
    a_notification_is_kept_once,
    a_notification_that_does_not_matter_is_kept_and_not_taken,
    of_notifications_at_once_each_is_kept_once,
    a_notification_is_retried_and_then_put_aside,
    an_outbox_row_is_taken_again_when_its_lease_ends,
    two_workers_never_take_the_same_row,
    the_inventorys_steps_of_an_order_are_taken_in_order,
    a_worker_is_woken_by_what_it_waits_for,
    a_lease_has_one_owner_and_a_growing_number,
);

fn answer() -> KeptAnswer {
    KeptAnswer {
        key: "key".to_owned(),
        fingerprint: "body".to_owned(),
        status: 200,
        body: "{}".to_owned(),
    }
}

async fn a_kept_answer_is_replayed_until_its_time_is_over(world: World) {
    let ledger = &world.ledger;
    assert_eq!(ledger.idempotency_begin("key", "body", 1_000).await.unwrap(), Begin::Fresh);
    ledger.idempotency_finish(answer()).await.unwrap();
    let again = ledger.idempotency_begin("key", "body", 1_000).await.unwrap();
    assert_eq!(again, Begin::Replay(answer()));
    let other = ledger.idempotency_begin("key", "other", 1_000).await.unwrap();
    assert_eq!(other, Begin::KeyReused);
    ledger.idempotency_forget("key").await.unwrap();
    let kept = ledger.idempotency_begin("key", "body", 1_000).await.unwrap();
    assert_eq!(kept, Begin::Replay(answer()), "an answer is not forgotten");
    world.clock.advance_millis(domain::limits::IDEMPOTENCY_KEPT_MS);
    assert_eq!(ledger.idempotency_begin("key", "other", 1_000).await.unwrap(), Begin::Fresh);
    world.clock.advance_millis(domain::limits::IDEMPOTENCY_KEPT_MS);
    assert_eq!(ledger.idempotency_sweep(10).await.unwrap(), 1);
}

async fn a_running_request_keeps_its_key_until_its_lease_ends(world: World) {
    let ledger = &world.ledger;
    assert_eq!(ledger.idempotency_begin("key", "body", 1_000).await.unwrap(), Begin::Fresh);
    let second = ledger.idempotency_begin("key", "body", 1_000).await.unwrap();
    assert_eq!(second, Begin::InProgress);
    world.clock.advance_millis(1_000);
    assert_eq!(ledger.idempotency_begin("key", "body", 1_000).await.unwrap(), Begin::Fresh);
}

async fn a_refused_request_frees_its_key(world: World) {
    let ledger = &world.ledger;
    ledger.idempotency_begin("key", "body", 1_000).await.unwrap();
    ledger.idempotency_forget("key").await.unwrap();
    assert_eq!(ledger.idempotency_begin("key", "other", 1_000).await.unwrap(), Begin::Fresh);
}

fn notification(number: u32) -> NewInboxRow {
    NewInboxRow {
        event_id: format!("evt_{number}"),
        object_id: "pi_1".to_owned(),
        kind: "paid".to_owned(),
        account: None,
        livemode: false,
        matters: true,
        raw: vec![0, 159, 146, 150],
    }
}

async fn a_notification_is_kept_once(world: World) {
    assert!(world.ledger.inbox_insert(notification(1)).await.unwrap());
    assert!(!world.ledger.inbox_insert(notification(1)).await.unwrap());
    let rows = world.ledger.inbox_lease("w", 10, 1_000).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0].raw, rows[0].attempts), (&notification(1).raw, 1));
    world.ledger.inbox_done("evt_1").await.unwrap();
    world.clock.advance_millis(5_000);
    assert!(world.ledger.inbox_lease("w", 10, 1_000).await.unwrap().is_empty());
}

async fn a_notification_is_retried_and_then_put_aside(world: World) {
    world.ledger.inbox_insert(notification(1)).await.unwrap();
    let received_at = world.clock.now();
    for attempt in 1..=3 {
        assert_eq!(world.ledger.inbox_oldest().await.unwrap(), Some(received_at));
        let rows = world.ledger.inbox_lease("w", 10, 60_000).await.unwrap();
        assert_eq!(rows[0].attempts, attempt);
        world.ledger.inbox_retry("evt_1", "poison", 2_000).await.unwrap();
        assert!(world.ledger.inbox_lease("w", 10, 60_000).await.unwrap().is_empty());
        world.clock.advance_millis(2_000);
    }
    world.ledger.inbox_quarantine("evt_1", "poison").await.unwrap();
    assert!(world.ledger.inbox_lease("w", 10, 60_000).await.unwrap().is_empty());
    assert_eq!(world.ledger.inbox_counts().await.unwrap(), (0, 1));
    assert_eq!(world.ledger.inbox_oldest().await.unwrap(), None);
}

async fn an_outbox_row_is_taken_again_when_its_lease_ends(world: World) {
    world.order(&[1]).await;
    let queued_at = world.clock.now();
    world.callers_do_nothing();
    let lease = || world.ledger.outbox_lease(&OutboxKind::INVENTORY, "w", 10, 1_000);
    assert_eq!(lease().await.unwrap().len(), 1);
    assert!(lease().await.unwrap().is_empty(), "the worker may still be at it");
    // The worker died: nothing was said.
    world.clock.advance_millis(1_000);
    let waiting = world.ledger.outbox_waiting().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].rows, waiting[0].oldest), (1, 1, queued_at));
    let again = lease().await.unwrap();
    assert_eq!(again[0].attempts, 2);
    world.ledger.outbox_retry(&again[0].id, "no answer", 500).await.unwrap();
    assert!(lease().await.unwrap().is_empty());
    world.clock.advance_millis(500);
    let last = lease().await.unwrap();
    world.ledger.outbox_done(&last[0].id).await.unwrap();
    world.clock.advance_millis(5_000);
    assert!(lease().await.unwrap().is_empty());
    assert!(world.ledger.outbox_waiting().await.unwrap().is_empty());
}

async fn two_workers_never_take_the_same_row(world: World) {
    for seat in 0..40 {
        world.order(&[seat]).await;
    }
    world.callers_do_nothing();
    let neighbour = world.neighbour().await;
    let tasks = (0..8).map(|number| {
        let ledger = if number % 2 == 0 { world.ledger.clone() } else { neighbour.clone() };
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..10 {
                let owner = format!("w{number}");
                let rows =
                    ledger.outbox_lease(&OutboxKind::INVENTORY, &owner, 5, 60_000).await.unwrap();
                taken.extend(rows.into_iter().map(|row| row.id));
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for task in futures_util::future::join_all(tasks).await {
        taken.extend(task.unwrap());
    }
    let all = taken.len();
    taken.sort();
    taken.dedup();
    assert_eq!((all, taken.len()), (40, 40));
}

async fn the_inventorys_steps_of_an_order_are_taken_in_order(world: World) {
    let order = world.paying(&[1]).await;
    let lease = || world.ledger.outbox_lease(&OutboxKind::INVENTORY, "w", 10, 1_000);
    assert!(lease().await.unwrap().is_empty(), "whoever made the order promotes it");
    world.callers_do_nothing();
    let promote = lease().await.unwrap();
    // The order is sold and refunded while a worker is at the promotion.
    for fact in [Fact::Authorised, Fact::Paid, Fact::Refunded] {
        world.learn(&order.id, fact).await;
    }
    assert!(lease().await.unwrap().is_empty(), "first the promotion has to be done");
    world.ledger.outbox_done(&promote[0].id).await.unwrap();
    let next = lease().await.unwrap();
    assert_eq!(next.iter().map(|row| row.kind).collect::<Vec<_>>(), [OutboxKind::Release]);
}

async fn a_worker_is_woken_by_what_it_waits_for(world: World) {
    let (mut outbox, mut inbox) = (world.ledger.outbox_notify(), world.ledger.inbox_notify());
    let order = world.paying(&[1]).await;
    assert!(!outbox.has_changed().unwrap(), "whoever made the order promotes it");
    let idle = NewInboxRow { matters: false, ..notification(2) };
    world.ledger.inbox_insert(idle).await.unwrap();
    assert!(!inbox.has_changed().unwrap(), "nobody has to look at it");
    world.ledger.inbox_insert(notification(1)).await.unwrap();
    inbox.changed().await.unwrap();
    assert!(!outbox.has_changed().unwrap());
    world.learn(&order.id, Fact::Authorised).await;
    outbox.changed().await.unwrap();
    assert!(!inbox.has_changed().unwrap());
}

async fn a_notification_that_does_not_matter_is_kept_and_not_taken(world: World) {
    let idle = NewInboxRow { matters: false, ..notification(1) };
    assert!(world.ledger.inbox_insert(idle.clone()).await.unwrap());
    assert!(!world.ledger.inbox_insert(idle).await.unwrap());
    assert!(world.ledger.inbox_lease("w", 10, 1_000).await.unwrap().is_empty());
    assert_eq!(world.ledger.inbox_counts().await.unwrap(), (0, 0));
}

async fn of_notifications_at_once_each_is_kept_once(world: World) {
    let sent = (0..60).map(|number| world.ledger.inbox_insert(notification(number % 20)));
    let kept = futures_util::future::join_all(sent).await;
    assert_eq!(kept.into_iter().filter(|kept| *kept.as_ref().unwrap()).count(), 20);
    let rows = world.ledger.inbox_lease("w", 100, 1_000).await.unwrap();
    let done = rows.iter().map(|row| world.ledger.inbox_done(&row.event_id));
    assert!(futures_util::future::join_all(done).await.into_iter().all(|done| done.is_ok()));
    world.clock.advance_millis(5_000);
    assert!(world.ledger.inbox_lease("w", 100, 1_000).await.unwrap().is_empty());
}

async fn a_lease_has_one_owner_and_a_growing_number(world: World) {
    let ledger = &world.ledger;
    assert_eq!(ledger.acquire_lease("sweep", "a", 1_000).await.unwrap(), Some(1));
    assert_eq!(ledger.acquire_lease("sweep", "b", 1_000).await.unwrap(), None);
    assert_eq!(ledger.acquire_lease("sweep", "a", 1_000).await.unwrap(), Some(1));
    world.clock.advance_millis(1_000);
    assert_eq!(ledger.acquire_lease("sweep", "b", 1_000).await.unwrap(), Some(2));
    ledger.release_lease("sweep", "a").await.unwrap();
    assert_eq!(ledger.acquire_lease("sweep", "a", 1_000).await.unwrap(), None, "not its to give");
    ledger.release_lease("sweep", "b").await.unwrap();
    assert_eq!(ledger.acquire_lease("sweep", "a", 1_000).await.unwrap(), Some(3));
}
