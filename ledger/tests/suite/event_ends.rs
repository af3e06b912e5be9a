//! How events end: cancelled with their unpaid orders, or completed when they start.

use domain::{
    event::{Event, EventStatus},
    id::{EventId, OrderId},
    order::{EndReason, Fact, OrderState},
};
use futures_util::future::join_all;
use ledger::{BeginIntent, CancelEvent, CreateOrder, InsertEvent, NewOrder};

use crate::{
    on_both,
    world::{World, new_event, published},
};

on_both!(
    cancelling_ends_the_new_orders_and_frees_what_they_had,
    an_event_stays_while_an_order_may_have_money,
    a_draft_is_cancelled_and_a_completed_event_is_not,
    a_closed_event_takes_no_orders,
    an_intent_that_comes_after_the_cancelling_is_never_shown,
    a_started_event_is_completed_once,
    orders_of_a_completed_event_go_on,
    cancelling_races_with_paying,
    cancelling_races_with_ordering,
);

async fn cancel(world: &World) -> CancelEvent {
    world.ledger.cancel_event(&world.event.id).await.unwrap()
}

async fn status(world: &World, event: &EventId) -> EventStatus {
    world.ledger.event(event).await.unwrap().unwrap().status
}

/// Presses Pay, up to the moment at which the provider answers.
async fn begin(world: &World, order: &OrderId) -> u32 {
    match world.ledger.begin_intent(order).await.unwrap() {
        BeginIntent::Attempt { attempt, .. } => attempt,
        other => panic!("no attempt: {other:?}"),
    }
}

async fn another_event(world: &World, number: u8) -> Event {
    let new = new_event(world.now(), &format!("event-{number}"), number);
    let InsertEvent::Inserted(event) = world.ledger.insert_event(new).await.unwrap() else {
        panic!("not inserted")
    };
    assert!(world.ledger.update_event(&published(&event)).await.unwrap());
    event
}

async fn cancelling_ends_the_new_orders_and_frees_what_they_had(world: World) {
    let seats = world.order(&[1, 2]).await;
    let places = world.send(world.wish_places(0, 3)).await;
    let CancelEvent::Cancelled(event) = cancel(&world).await else { panic!("not cancelled") };
    assert_eq!(world.ledger.event(&event.id).await.unwrap(), Some(event.clone()));
    assert_eq!((event.status, event.revision), (EventStatus::Cancelled, world.event.revision + 1));
    for order in [seats, places] {
        let order = world.reload(&order).await;
        assert_eq!(order.state, OrderState::Cancelled);
        assert_eq!(order.end_reason, Some(EndReason::Buyer));
        assert!(world.ledger.claim_of_order(&order.id).await.unwrap().is_none());
        assert!(!order.inventory_settled, "the inventory is still to be told");
    }
    assert_eq!(world.ledger.claim_counts(&event.id).await.unwrap().areas[0].live, 0);
    match cancel(&world).await {
        CancelEvent::Again(again) => assert_eq!(again, event),
        other => panic!("{other:?}"),
    }
    world.assert_sound().await;
}

async fn an_event_stays_while_an_order_may_have_money(world: World) {
    let bystander = world.order(&[9]).await;
    let order = world.paying(&[1]).await;
    let refused = async || {
        let reply = cancel(&world).await;
        assert!(matches!(reply, CancelEvent::HasSoldTickets), "{reply:?}");
        assert_eq!(world.state(&bystander).await, OrderState::New);
        assert_eq!(status(&world, &world.event.id).await, EventStatus::Published);
    };
    refused().await;
    world.learn(&order.id, Fact::Authorised).await;
    refused().await;
    world.learn(&order.id, Fact::Paid).await;
    refused().await;
    world.learn(&order.id, Fact::Refunded).await;

    let other = world.paying(&[2]).await;
    world.learn(&other.id, Fact::CancelAsked).await;
    assert_eq!(world.state(&other).await, OrderState::Cancelling);
    refused().await;
    world.learn(&other.id, Fact::Void).await;
    assert!(matches!(cancel(&world).await, CancelEvent::Cancelled(_)));
    assert_eq!(world.state(&bystander).await, OrderState::Cancelled);
    world.assert_sound().await;
}

async fn a_draft_is_cancelled_and_a_completed_event_is_not(world: World) {
    let new = new_event(world.now(), "draft", 7);
    let draft = new.id.clone();
    world.ledger.insert_event(new).await.unwrap();
    let reply = world.ledger.cancel_event(&draft).await.unwrap();
    assert!(matches!(reply, CancelEvent::Cancelled(_)), "{reply:?}");

    world.clock.advance_millis(86_400_000);
    assert_eq!(
        world.ledger.complete_started_events().await.unwrap(),
        std::slice::from_ref(&world.event.id)
    );
    let reply = cancel(&world).await;
    assert!(matches!(reply, CancelEvent::InvalidTransition), "{reply:?}");
    let unknown = EventId::new(world.now(), [200; 12]);
    let reply = world.ledger.cancel_event(&unknown).await.unwrap();
    assert!(matches!(reply, CancelEvent::Missing), "{reply:?}");
}

async fn a_closed_event_takes_no_orders(world: World) {
    let kept = world.wish(&[1]);
    world.send(kept.clone()).await;
    let new = new_event(world.now(), "draft", 7);
    let draft = NewOrder { event: new.id.clone(), ..world.wish(&[1]) };
    world.ledger.insert_event(new).await.unwrap();
    cancel(&world).await;
    for wish in [world.wish(&[2]), draft] {
        let reply = world.ledger.create_order(wish).await.unwrap();
        assert!(matches!(reply, CreateOrder::EventClosed), "{reply:?}");
    }
    let reply = world.ledger.create_order(kept).await.unwrap();
    assert!(matches!(reply, CreateOrder::Replayed(_)), "{reply:?}");
    world.assert_sound().await;
}

async fn an_intent_that_comes_after_the_cancelling_is_never_shown(world: World) {
    let order = world.order(&[1]).await;
    let attempt = begin(&world, &order.id).await;
    assert!(matches!(cancel(&world).await, CancelEvent::Cancelled(_)));
    assert!(!world.ledger.store_intent(&order.id, attempt, "pi_late", "secret").await.unwrap());
    let queued =
        world.ledger.outbox_lease(&ledger::OutboxKind::PAYMENTS, "w", 9, 1_000).await.unwrap();
    let cancels: Vec<_> = queued.iter().map(|row| (row.kind, row.intent.as_deref())).collect();
    assert_eq!(cancels, [(ledger::OutboxKind::Cancel, Some("pi_late"))]);
    world.assert_sound().await;
}

async fn a_started_event_is_completed_once(world: World) {
    let neighbour = world.neighbour().await;
    world.clock.advance_millis(86_400_000 - 1);
    assert_eq!(world.ledger.complete_started_events().await.unwrap(), []);
    let later = another_event(&world, 2).await;
    world.clock.advance_millis(1);
    let (one, other) =
        tokio::join!(world.ledger.complete_started_events(), neighbour.complete_started_events());
    let completed = [one.unwrap(), other.unwrap()].concat();
    assert_eq!(completed, std::slice::from_ref(&world.event.id));
    let event = world.ledger.event(&world.event.id).await.unwrap().unwrap();
    assert_eq!(event.status, EventStatus::Completed);
    assert_eq!(event.revision, world.event.revision + 1);
    assert!(!world.ledger.update_event(&world.event).await.unwrap(), "read before it was");
    assert_eq!(status(&world, &later.id).await, EventStatus::Published);
}

async fn orders_of_a_completed_event_go_on(world: World) {
    let order =
        world.send(NewOrder { pay_before: world.now().plus_seconds(90_000), ..world.wish(&[1]) });
    let order = order.await;
    world.clock.advance_millis(86_400_000);
    world.ledger.complete_started_events().await.unwrap();
    let reply = world.ledger.create_order(world.wish(&[2])).await.unwrap();
    assert!(matches!(reply, CreateOrder::EventClosed), "{reply:?}");
    world.pay(&order.id).await;
    world.learn(&order.id, Fact::Authorised).await;
    world.learn(&order.id, Fact::Paid).await;
    assert_eq!(world.state(&order).await, OrderState::Ticketed);
    world.assert_sound().await;
}

/// Whoever is first, a cancelled event never has an order that may be paid.
async fn cancelling_races_with_paying(world: World) {
    const ROUNDS: u8 = 60;
    let neighbour = world.neighbour().await;
    let (mut cancelled, mut stayed) = (0, 0);
    for round in 2..2 + ROUNDS {
        let event = another_event(&world, round).await;
        let mut orders = Vec::new();
        for seat in 0..4 {
            let wish = NewOrder { event: event.id.clone(), ..world.wish(&[seat]) };
            let order = world.send(wish).await;
            let attempt = begin(&world, &order.id).await;
            orders.push((order.id, attempt));
        }
        let pay = |ledger: ledger::Ledger| {
            let tasks: Vec<_> = orders
                .iter()
                .map(|(order, attempt)| {
                    let (ledger, order, attempt) = (ledger.clone(), order.clone(), *attempt);
                    tokio::spawn(async move {
                        let intent = format!("pi_{order}");
                        ledger.store_intent(&order, attempt, &intent, "secret").await.unwrap()
                    })
                })
                .collect();
            async move {
                join_all(tasks).await.into_iter().filter(|task| *task.as_ref().unwrap()).count()
            }
        };
        let end = |ledger: ledger::Ledger| {
            let id = event.id.clone();
            let task = tokio::spawn(async move { ledger.cancel_event(&id).await.unwrap() });
            async move { task.await.unwrap() }
        };
        // By turns through the same process and another, and either first.
        let other = if round % 2 == 0 { &neighbour } else { &world.ledger };
        let (paying, reply) = if round % 4 < 2 {
            let first = end(other.clone());
            let second = pay(world.ledger.clone());
            let (reply, paying) = tokio::join!(first, second);
            (paying, reply)
        } else {
            let first = pay(world.ledger.clone());
            let second = end(other.clone());
            tokio::join!(first, second)
        };
        let found = status(&world, &event.id).await;
        let mut states = Vec::new();
        for (order, _) in &orders {
            states.push(world.ledger.order(order).await.unwrap().unwrap().state);
        }
        match reply {
            CancelEvent::Cancelled(_) => {
                cancelled += 1;
                assert_eq!((found, paying), (EventStatus::Cancelled, 0));
                assert!(states.iter().all(|state| *state == OrderState::Cancelled), "{states:?}");
            }
            CancelEvent::HasSoldTickets => {
                stayed += 1;
                assert_eq!((found, paying), (EventStatus::Published, 4));
                assert!(states.iter().all(|state| *state == OrderState::Paying), "{states:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    println!("cancelled {cancelled}, stayed {stayed}");
    world.assert_sound().await;
}

/// Orders of two processes stream in; once the event is cancelled none is left.
async fn cancelling_races_with_ordering(world: World) {
    let handles = [world.ledger.clone(), world.neighbour().await];
    for round in 0..10_u8 {
        let event = another_event(&world, round + 2).await;
        let tasks: Vec<_> = (0..80_u32)
            .map(|seat| {
                let ledger = handles[seat as usize % 2].clone();
                let mut wish = NewOrder { event: event.id.clone(), ..world.wish(&[seat]) };
                if round % 3 == 2 {
                    wish.lines[0].price = 0;
                    wish.amount = 0;
                }
                tokio::spawn(async move { ledger.create_order(wish).await.unwrap() })
            })
            .collect();
        let reply = handles[1].cancel_event(&event.id).await.unwrap();
        let mut created = 0;
        for task in tasks {
            match task.await.unwrap() {
                CreateOrder::Created(_) => created += 1,
                CreateOrder::EventClosed => {}
                other => panic!("{other:?}"),
            }
        }
        let counts = world.ledger.claim_counts(&event.id).await.unwrap();
        match reply {
            CancelEvent::Cancelled(_) => {
                assert_eq!((counts.live_seats, counts.sold_seats), (0, 0), "{created} were made");
                assert_eq!(status(&world, &event.id).await, EventStatus::Cancelled);
            }
            CancelEvent::HasSoldTickets => assert_eq!(counts.sold_seats, created),
            other => panic!("{other:?}"),
        }
        println!("round {round}: {created} orders made");
    }
    world.assert_sound().await;
}
