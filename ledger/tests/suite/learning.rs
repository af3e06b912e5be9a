use domain::order::{Effect, EndReason, Fact, OrderState, Progress};
use ledger::{BeginIntent, CreateOrder, Evidence, OutboxKind, TicketStatus};

use crate::{on_both, world::World};

on_both!(
    a_paid_order_gets_its_tickets_and_the_money_is_entered,
    an_abandoned_order_frees_its_seats_without_any_intent,
    the_claim_of_an_exposed_intent_waits_for_the_proof,
    an_authorisation_before_the_cancel_is_sent_wins,
    an_authorisation_after_the_cancel_is_sent_waits_for_its_answer,
    three_d_secure_extends_the_deadline_once,
    a_void_intent_makes_room_for_a_second_attempt,
    an_attempt_is_the_same_until_its_intent_is_stored,
    an_intent_that_comes_too_late_is_never_shown_and_is_cancelled,
    money_for_an_ended_order_is_given_back,
    money_through_a_former_intent_never_moves_the_order,
    another_amount_is_put_aside,
    a_refund_voids_the_tickets_and_frees_the_seats,
    facts_in_any_order_lead_where_the_rules_say,
    orders_become_due_and_are_taken_once,
);

async fn a_paid_order_gets_its_tickets_and_the_money_is_entered(world: World) {
    let order = world.paying(&[1, 2]).await;
    assert!(order.intent_exposed);
    let learned = world.learn(&order.id, Fact::Authorised).await;
    assert_eq!((learned.before, learned.after), (OrderState::Paying, OrderState::Committed));
    let counts = world.ledger.claim_counts(&world.event.id).await.unwrap();
    assert_eq!((counts.live_seats, counts.sold_seats), (0, 2), "sold before the capture");
    world.assert_sound().await;
    let capture = world.ledger.outbox_lease(&OutboxKind::PAYMENTS, "w", 10, 1_000).await.unwrap();
    assert_eq!(capture[0].id, format!("capture:{}", order.id));
    assert_eq!(capture[0].amount, Some(order.amount));
    assert_eq!(capture[0].intent, order.intent.as_ref().map(|intent| intent.id.clone()));
    for _ in 0..2 {
        world.learn(&order.id, Fact::Paid).await;
    }
    assert_eq!(world.state(&order).await, OrderState::Ticketed);
    let tickets = world.ledger.tickets_of_order(&order.id).await.unwrap();
    assert_eq!(tickets.iter().map(|ticket| ticket.seat).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(tickets[0].holder.as_deref(), Some("Ada"));
    world.assert_sound().await;
}

async fn an_abandoned_order_frees_its_seats_without_any_intent(world: World) {
    let order = world.order(&[1]).await;
    let early =
        world.ledger.learn(&order.id, Fact::DeadlinePassed, world.evidence()).await.unwrap();
    assert!(!early.unwrap().applied, "the time to pay has not passed");
    world.clock.set(order.pay_before);
    assert_eq!(
        world.ledger.expired_orders(world.now(), 10).await.unwrap(),
        std::slice::from_ref(&order.id)
    );
    world.ledger.learn(&order.id, Fact::DeadlinePassed, world.evidence()).await.unwrap();
    assert_eq!(world.state(&order).await, OrderState::Expired);
    assert!(world.ledger.expired_orders(world.now(), 10).await.unwrap().is_empty());
    // The promotion nobody had begun is withdrawn; Redis hears of the release.
    let queued = world.ledger.outbox_lease(&OutboxKind::INVENTORY, "w", 10, 1_000).await.unwrap();
    assert_eq!(queued.iter().map(|row| row.kind).collect::<Vec<_>>(), [OutboxKind::Release]);
    world.assert_sound().await;
    // Seat and quota are free again.
    let mut again = world.wish(&[1]);
    (again.customer, again.email_customer) = (order.customer, order.email_customer);
    again.customer_limit = 1;
    world.send(again).await;
}

async fn the_claim_of_an_exposed_intent_waits_for_the_proof(world: World) {
    let order = world.paying(&[1]).await;
    world.clock.set(order.pay_before);
    world.learn(&order.id, Fact::DeadlinePassed).await;
    assert_eq!(world.state(&order).await, OrderState::Cancelling);
    let reply = world.ledger.create_order(world.wish(&[1])).await.unwrap();
    assert!(matches!(reply, CreateOrder::SeatsTaken(_)), "no proof yet: {reply:?}");
    world.learn(&order.id, Fact::Void).await;
    let ended = world.reload(&order).await;
    assert_eq!((ended.state, ended.end_reason), (OrderState::Expired, Some(EndReason::Deadline)));
    world.order(&[1]).await;
    world.assert_sound().await;
}

async fn an_authorisation_before_the_cancel_is_sent_wins(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::CancelAsked).await;
    world.learn(&order.id, Fact::Authorised).await;
    assert_eq!(world.state(&order).await, OrderState::Committed);
    let intent = order.intent.unwrap().id;
    assert!(!world.ledger.mark_cancel_sent(&order.id, &intent).await.unwrap());
    let queued = world.ledger.outbox_lease(&OutboxKind::PAYMENTS, "w", 10, 1_000).await.unwrap();
    assert_eq!(queued.iter().map(|row| row.kind).collect::<Vec<_>>(), [OutboxKind::Capture]);
    world.assert_sound().await;
}

async fn an_authorisation_after_the_cancel_is_sent_waits_for_its_answer(world: World) {
    let order = world.paying(&[1]).await;
    let intent = order.intent.clone().unwrap().id;
    world.learn(&order.id, Fact::CancelAsked).await;
    assert!(world.ledger.mark_cancel_sent(&order.id, &intent).await.unwrap());
    assert!(world.ledger.mark_cancel_sent(&order.id, &intent).await.unwrap(), "sending again");
    assert!(!world.learn(&order.id, Fact::Authorised).await.applied);
    world.learn(&order.id, Fact::Void).await;
    assert_eq!(world.state(&order).await, OrderState::Cancelled);
    world.assert_sound().await;
}

async fn three_d_secure_extends_the_deadline_once(world: World) {
    let order = world.paying(&[1]).await;
    for _ in 0..3 {
        world.learn(&order.id, Fact::AuthenticationStarted).await;
    }
    assert_eq!(world.reload(&order).await.pay_before, order.pay_before.plus_seconds(300));
    world.clock.set(order.pay_before);
    assert!(!world.learn(&order.id, Fact::DeadlinePassed).await.applied);
}

async fn a_void_intent_makes_room_for_a_second_attempt(world: World) {
    let order = world.order(&[1]).await;
    let first = world.pay(&order.id).await;
    match world.ledger.begin_intent(&order.id).await.unwrap() {
        BeginIntent::Existing(intent) => {
            assert_eq!((intent.id, intent.attempt), (first.clone(), 1));
            assert_eq!(intent.client_secret, "secret");
        }
        other => panic!("{other:?}"),
    }
    world.learn(&order.id, Fact::Void).await;
    assert_eq!(world.state(&order).await, OrderState::New);
    let second = world.pay(&order.id).await;
    assert_ne!(first, second);
    for intent in [&first, &second] {
        let known = world.ledger.order_by_intent(intent).await.unwrap();
        assert_eq!(known.as_ref(), Some(&order.id));
    }
    world.learn(&order.id, Fact::Authorised).await;
    world.learn(&order.id, Fact::Paid).await;
    let paid = world.ledger.begin_intent(&order.id).await.unwrap();
    assert!(matches!(paid, BeginIntent::AlreadyPaid), "{paid:?}");
    world.assert_sound().await;
}

async fn an_attempt_is_the_same_until_its_intent_is_stored(world: World) {
    let order = world.order(&[1]).await;
    for _ in 0..3 {
        match world.ledger.begin_intent(&order.id).await.unwrap() {
            BeginIntent::Attempt { attempt, order: begun } => {
                assert_eq!((attempt, &begun.id), (1, &order.id));
            }
            other => panic!("{other:?}"),
        }
    }
    for _ in 0..2 {
        assert!(world.ledger.store_intent(&order.id, 1, "pi_1", "secret").await.unwrap());
    }
    assert!(!world.ledger.store_intent(&order.id, 1, "pi_2", "secret").await.unwrap());
}

async fn an_intent_that_comes_too_late_is_never_shown_and_is_cancelled(world: World) {
    let order = world.order(&[1]).await;
    world.ledger.begin_intent(&order.id).await.unwrap();
    world.ledger.learn(&order.id, Fact::CancelAsked, world.evidence()).await.unwrap();
    assert!(!world.ledger.store_intent(&order.id, 1, "pi_late", "secret").await.unwrap());
    let late = world.reload(&order).await;
    assert_eq!((late.state, late.intent_exposed), (OrderState::Cancelled, false));
    let queued = world.ledger.outbox_lease(&OutboxKind::PAYMENTS, "w", 10, 1_000).await.unwrap();
    assert_eq!(queued[0].intent.as_deref(), Some("pi_late"));
    assert!(world.ledger.mark_cancel_sent(&order.id, "pi_late").await.unwrap());
    let closed = world.ledger.begin_intent(&order.id).await.unwrap();
    assert!(matches!(closed, BeginIntent::Closed(OrderState::Cancelled)), "{closed:?}");
    world.assert_sound().await;
}

async fn money_for_an_ended_order_is_given_back(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::CancelAsked).await;
    world.learn(&order.id, Fact::Void).await;
    let other = world.order(&[1]).await;
    world.learn(&order.id, Fact::Paid).await;
    assert_eq!(world.state(&order).await, OrderState::Refunding);
    assert!(world.ledger.tickets_of_order(&order.id).await.unwrap().is_empty());
    world.assert_sound().await;
    world.learn(&order.id, Fact::Refunded).await;
    assert_eq!(world.state(&order).await, OrderState::Refunded);
    assert_eq!(world.state(&other).await, OrderState::New, "the seat's new claim is untouched");
    world.assert_sound().await;
}

async fn money_through_a_former_intent_never_moves_the_order(world: World) {
    let order = world.order(&[1]).await;
    let first = world.pay(&order.id).await;
    world.learn(&order.id, Fact::Void).await;
    world.pay(&order.id).await;
    let about_first = Evidence {
        source: "webhook",
        intent: Some(first.clone()),
        amount: Some(order.amount),
        ..Evidence::default()
    };
    for fact in [Fact::Void, Fact::Authorised, Fact::Paid, Fact::Paid] {
        let learned =
            world.ledger.learn(&order.id, fact, about_first.clone()).await.unwrap().unwrap();
        assert_eq!(learned.after, OrderState::Paying, "{fact:?}");
    }
    let mut queued = world.ledger.outbox_lease(&OutboxKind::PAYMENTS, "w", 9, 1_000).await.unwrap();
    queued.sort_by_key(|row| row.kind.as_str());
    let kinds: Vec<_> = queued.iter().map(|row| (row.kind, row.intent.as_deref())).collect();
    assert_eq!(kinds, [(OutboxKind::Cancel, Some(&*first)), (OutboxKind::Refund, Some(&*first))]);
    assert_eq!(world.ledger.quarantined(10).await.unwrap().len(), 2);
    world.assert_sound().await;
    world.ledger.learn(&order.id, Fact::Refunded, about_first).await.unwrap();
    world.learn(&order.id, Fact::Authorised).await;
    world.learn(&order.id, Fact::Paid).await;
    world.assert_sound().await;
}

async fn another_amount_is_put_aside(world: World) {
    let order = world.paying(&[1]).await;
    let evidence = Evidence {
        source: "webhook",
        reference: Some("evt_1".to_owned()),
        intent: order.intent.as_ref().map(|intent| intent.id.clone()),
        amount: Some(order.amount - 1),
    };
    for _ in 0..2 {
        let learned =
            world.ledger.learn(&order.id, Fact::Paid, evidence.clone()).await.unwrap().unwrap();
        assert_eq!(
            (learned.after, learned.effects),
            (OrderState::Paying, vec![Effect::Quarantine])
        );
    }
    let aside = world.ledger.quarantined(10).await.unwrap();
    assert_eq!(aside.len(), 1, "the same oddity is one row");
    assert_eq!(aside[0].reference.as_deref(), Some("evt_1"));
}

async fn a_refund_voids_the_tickets_and_frees_the_seats(world: World) {
    let mut wish = world.wish(&[1]);
    wish.lines.extend(world.wish_places(0, 2).lines.into_iter().map(|mut line| {
        line.number = 7;
        line
    }));
    wish.amount = 7_500;
    let order = world.send(wish).await;
    world.pay(&order.id).await;
    world.learn(&order.id, Fact::Authorised).await;
    world.learn(&order.id, Fact::Paid).await;
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().areas[0].sold, 2);
    world.learn(&order.id, Fact::Refunded).await;
    assert_eq!(world.state(&order).await, OrderState::Refunded);
    let tickets = world.ledger.tickets_of_order(&order.id).await.unwrap();
    assert_eq!(tickets.len(), 3);
    assert!(tickets.iter().all(|ticket| ticket.status == TicketStatus::Void));
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().areas[0].sold, 0);
    world.order(&[1]).await;
    world.assert_sound().await;
}

/// Random facts, twice, late and out of order, beside the pure rules as the model.
async fn facts_in_any_order_lead_where_the_rules_say(world: World) {
    for seed in 1..=24_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut draw = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let order = world.paying(&[u32::try_from(seed).unwrap()]).await;
        let intent = order.intent.clone().unwrap().id;
        let mut model = Progress {
            state: OrderState::Paying,
            end_reason: None,
            cancel_sent: false,
            deadline_extended: false,
            intent_exposed: true,
        };
        for step in 0..12 {
            let told = format!("seed {seed}, step {step}, {model:?}");
            if model.state == OrderState::New {
                break; // Another intent would be another order's story.
            }
            let choice = draw(Fact::ALL.len() + 1);
            let Some(fact) = Fact::ALL.get(choice).copied() else {
                let sent = world.ledger.mark_cancel_sent(&order.id, &intent).await.unwrap();
                model.cancel_sent |= sent;
                continue;
            };
            if fact == Fact::DeadlinePassed {
                world.clock.advance_millis(2_000_000);
            }
            let expected = domain::order::learn(model, fact);
            let learned = world.learn(&order.id, fact).await;
            assert_eq!(
                (learned.after, &learned.effects),
                (expected.state, &expected.effects),
                "{told}, {fact:?}"
            );
            model.state = expected.state;
            model.end_reason = expected.end_reason;
            model.deadline_extended |= expected.effects.contains(&Effect::ExtendDeadline);
        }
        let stored = world.reload(&order).await;
        assert_eq!((stored.state, stored.end_reason), (model.state, model.end_reason));
    }
    let violations = world.ledger.audit(None).await.unwrap();
    let stuck = ledger::Invariant::I9;
    let broken: Vec<_> = violations.iter().filter(|found| found.invariant != stuck).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

async fn orders_become_due_and_are_taken_once(world: World) {
    let order = world.paying(&[1]).await;
    world.order(&[2]).await;
    assert!(world.ledger.due_orders(world.now(), 10, 5_000).await.unwrap().is_empty());
    world.clock.advance_millis(3_000);
    let due = world.ledger.due_orders(world.now(), 10, 5_000).await.unwrap();
    assert_eq!(due.iter().map(|due| &due.id).collect::<Vec<_>>(), [&order.id]);
    assert!(world.ledger.due_orders(world.now(), 10, 5_000).await.unwrap().is_empty());
    world.ledger.check_soon(&order.id).await.unwrap();
    assert_eq!(world.ledger.due_orders(world.now(), 10, 5_000).await.unwrap().len(), 1);
    world.learn(&order.id, Fact::Paid).await;
    world.clock.advance_millis(60_000);
    assert!(world.ledger.due_orders(world.now(), 10, 5_000).await.unwrap().is_empty());
}
