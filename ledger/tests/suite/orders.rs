use domain::{order::OrderState, seat::AreaQuantity};
use ledger::{CreateOrder, OutboxKind, TicketStatus};

use crate::{
    on_both,
    world::{PLACES, World},
};

on_both!(
    an_order_is_read_back_as_it_was_written,
    the_second_order_of_a_seat_is_refused_and_leaves_nothing,
    the_same_key_and_body_get_the_same_answer,
    the_same_key_with_another_body_is_refused,
    a_hold_has_one_order,
    a_customer_never_exceeds_the_limit_by_either_identity,
    an_area_is_never_oversold,
    an_order_that_costs_nothing_is_ticketed_at_once,
    claim_numbers_only_grow,
    claims_are_told_for_a_rebuild,
    a_text_with_a_nul_is_refused_at_the_door,
    what_is_logged_of_an_order_tells_nothing_of_its_buyer,
);

async fn an_order_is_read_back_as_it_was_written(world: World) {
    let wish = world.wish(&[9, 3]);
    let order = world.send(wish.clone()).await;
    assert_eq!(order, world.ledger.order(&wish.id).await.unwrap().unwrap());
    assert_eq!(order, world.ledger.order_by_hold(&wish.hold).await.unwrap().unwrap());
    assert_eq!(order.state, OrderState::New);
    assert_eq!((order.email, order.name, order.lines), (wish.email, wish.name, wish.lines));
    assert!(!order.inventory_settled, "Redis has not been told yet");
    world.callers_do_nothing();
    let queued = world.ledger.outbox_lease(&OutboxKind::INVENTORY, "w", 10, 1_000).await.unwrap();
    assert_eq!(queued.len(), 1);
    assert_eq!((queued[0].kind, &queued[0].order), (OutboxKind::Promote, &wish.id));
    world.ledger.outbox_done(&queued[0].id).await.unwrap();
    assert!(world.ledger.order(&wish.id).await.unwrap().unwrap().inventory_settled);
    world.assert_sound().await;
}

async fn the_second_order_of_a_seat_is_refused_and_leaves_nothing(world: World) {
    world.order(&[1, 2]).await;
    let second = world.wish(&[4, 2, 3]);
    match world.ledger.create_order(second.clone()).await.unwrap() {
        CreateOrder::SeatsTaken(seats) => assert_eq!(seats, [2]),
        other => panic!("{other:?}"),
    }
    assert!(world.ledger.order(&second.id).await.unwrap().is_none());
    // Neither its seats, nor its key, nor its count were kept.
    let again = ledger::NewOrder { lines: world.wish(&[4, 3]).lines, amount: 5_000, ..second };
    world.send(again).await;
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 4);
    world.assert_sound().await;
}

async fn the_same_key_and_body_get_the_same_answer(world: World) {
    let wish = world.wish(&[1]);
    world.send(wish.clone()).await;
    for _ in 0..2 {
        match world.ledger.create_order(wish.clone()).await.unwrap() {
            CreateOrder::Replayed(answer) => assert_eq!(answer, wish.answer),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 1);
}

async fn the_same_key_with_another_body_is_refused(world: World) {
    let first = world.wish(&[1]);
    world.send(first.clone()).await;
    let mut other = world.wish(&[2]);
    other.answer.key = first.answer.key;
    other.answer.fingerprint = "another body".to_owned();
    let reply = world.ledger.create_order(other).await.unwrap();
    assert!(matches!(reply, CreateOrder::KeyReused), "{reply:?}");
}

async fn a_hold_has_one_order(world: World) {
    let first = world.wish(&[1]);
    world.send(first.clone()).await;
    let mut other = world.wish(&[2]);
    other.hold = first.hold;
    let reply = world.ledger.create_order(other).await.unwrap();
    assert!(matches!(reply, CreateOrder::OrderExists), "{reply:?}");
}

async fn a_customer_never_exceeds_the_limit_by_either_identity(world: World) {
    let first = world.wish(&[1, 2, 3, 4, 5]);
    world.send(first.clone()).await;
    let mut same_device = world.wish(&[11, 12, 13, 14]);
    same_device.customer = first.customer;
    let reply = world.ledger.create_order(same_device).await.unwrap();
    assert!(matches!(reply, CreateOrder::CustomerLimit), "{reply:?}");
    let mut same_address = world.wish(&[11, 12, 13, 14]);
    same_address.email_customer = first.email_customer;
    let reply = world.ledger.create_order(same_address).await.unwrap();
    assert!(matches!(reply, CreateOrder::CustomerLimit), "{reply:?}");
    let mut within = world.wish(&[11, 12, 13]);
    (within.customer, within.email_customer) = (first.customer, first.email_customer);
    world.send(within).await;
    let many = world.wish(&(20..29).collect::<Vec<_>>());
    let reply = world.ledger.create_order(many).await.unwrap();
    assert!(matches!(reply, CreateOrder::CustomerLimit), "{reply:?}");
}

async fn an_area_is_never_oversold(world: World) {
    world.send(world.wish_places(0, 7)).await;
    let reply = world.ledger.create_order(world.wish_places(0, 4)).await.unwrap();
    assert!(matches!(&reply, CreateOrder::AreasFull(areas) if areas == &[0]), "{reply:?}");
    world.send(world.wish_places(0, PLACES - 7)).await;
    let counts = world.ledger.claim_counts(&world.event.id).await.unwrap();
    assert_eq!((counts.areas[0].live, counts.areas[0].sold), (PLACES, 0));
    // An area that the ledger meets for the first time.
    let mut unknown = world.wish_places(5, 2);
    unknown.area_capacities = vec![(5, 2)];
    world.send(unknown).await;
    world.assert_sound().await;
}

async fn an_order_that_costs_nothing_is_ticketed_at_once(world: World) {
    let mut wish = world.wish(&[4]);
    wish.lines.extend(world.wish_places(1, 3).lines.into_iter().map(|mut line| {
        line.number = 2;
        line
    }));
    wish.lines.iter_mut().for_each(|line| line.price = 0);
    wish.amount = 0;
    let order = world.send(wish).await;
    assert_eq!(order.state, OrderState::Ticketed);
    let tickets = world.ledger.tickets_of_order(&order.id).await.unwrap();
    assert_eq!(tickets.len(), 4);
    assert!(tickets.iter().all(|ticket| ticket.status == TicketStatus::Valid));
    assert_eq!(world.ledger.ticket(&tickets[0].id).await.unwrap().as_ref(), Some(&tickets[0]));
    let queued = world.ledger.outbox_lease(&OutboxKind::INVENTORY, "w", 10, 1_000).await.unwrap();
    assert_eq!(queued.iter().map(|row| row.kind).collect::<Vec<_>>(), [OutboxKind::Sell]);
    let refused = world.ledger.cancel_event(&world.event.id).await.unwrap();
    assert!(matches!(refused, ledger::CancelEvent::HasSoldTickets), "{refused:?}");
    world.assert_sound().await;
}

async fn claim_numbers_only_grow(world: World) {
    let mut last = 0;
    for seat in 0..5 {
        let order = world.order(&[seat]).await;
        assert!(order.claim_number > last);
        last = order.claim_number;
    }
}

async fn claims_are_told_for_a_rebuild(world: World) {
    let mut wish = world.wish(&[8, 2]);
    wish.lines.extend(world.wish_places(0, 2).lines.into_iter().map(|mut line| {
        line.number = 9;
        line
    }));
    wish.amount = 10_000;
    let order = world.send(wish.clone()).await;
    let claims = world.ledger.claims(&world.event.id).await.unwrap();
    assert_eq!(claims.len(), 1);
    let claim = &claims[0];
    assert_eq!((claim.key, claim.created), (wish.hold.key, wish.hold.created));
    assert_eq!(claim.claim_number, order.claim_number);
    assert_eq!(claim.seats, [2, 8]);
    assert_eq!(claim.areas, [AreaQuantity { area: 0, quantity: 2 }]);
    assert!(!claim.sold);
    assert_eq!(world.ledger.claim_of_order(&order.id).await.unwrap().as_ref(), Some(claim));
}

async fn a_text_with_a_nul_is_refused_at_the_door(world: World) {
    let mut wish = world.wish(&[1]);
    wish.name = Some("A\0da".to_owned());
    let refused = world.ledger.create_order(wish.clone()).await;
    assert!(matches!(refused, Err(ledger::Error::InvalidInput(_))), "{refused:?}");
    assert!(world.ledger.order(&wish.id).await.unwrap().is_none());
}

async fn what_is_logged_of_an_order_tells_nothing_of_its_buyer(world: World) {
    let wish = world.wish(&[1]);
    let order = world.send(wish.clone()).await;
    world.pay(&order.id).await;
    let order = world.reload(&order).await;
    let replayed = world.ledger.create_order(wish).await.unwrap();
    let logged = format!("{order:?} {:?} {replayed:?} {:?}", order.intent, world.ledger);
    for private in ["example.org", "Ada", "secret", "{\"order\""] {
        assert!(!logged.contains(private), "{private} in {logged}");
    }
}
