use domain::order::{Fact, OrderState};
use futures_util::future::join_all;
use ledger::{
    Begin, CreateOrder, Error, Evidence, KeptAnswer, NewOrder, Order, OutboxKind, Ticket,
};
use sqlx::Connection;

use crate::{
    on_both,
    world::{PLACES, World},
};

on_both!(
    an_operation_that_fails_takes_no_other_along,
    a_refusal_among_others_is_undone_alone,
    a_caller_that_hangs_up_cuts_nothing_in_half,
    what_is_done_together_comes_out_as_if_done_alone,
    places_wanted_together_are_never_more_than_there_are,
    payments_told_together_come_out_as_if_told_alone,
    a_key_is_kept_for_the_request_that_is_told_so,
);

async fn an_operation_that_fails_takes_no_other_along(world: World) {
    let wishes: Vec<NewOrder> = (0..60)
        .map(|seat| {
            let mut wish = world.wish(&[seat]);
            match seat % 6 {
                // A NUL, an amount no CHECK lets pass, an attempt on nobody's line number.
                1 => wish.email.push('\0'),
                3 => wish.amount = -1,
                5 => wish.lines.push(wish.lines[0].clone()),
                _ => {}
            }
            wish
        })
        .collect();
    let ids: Vec<_> = wishes.iter().map(|wish| wish.id.clone()).collect();
    // Polled together, they wait together and share transactions.
    let replies = join_all(wishes.into_iter().map(|wish| world.ledger.create_order(wish))).await;
    for (number, (reply, id)) in replies.into_iter().zip(ids).enumerate() {
        let stored = world.ledger.order(&id).await.unwrap();
        match number % 6 {
            1 => assert!(matches!(reply, Err(Error::InvalidInput(_))), "{reply:?}"),
            3 | 5 => assert!(matches!(reply, Err(Error::Refused(_))), "{reply:?}"),
            _ => assert!(matches!(reply, Ok(CreateOrder::Created(_))), "{reply:?}"),
        }
        assert_eq!(stored.is_some(), number % 2 == 0);
    }
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 30);
    world.assert_sound().await;
}

async fn a_refusal_among_others_is_undone_alone(world: World) {
    let wishes: Vec<_> = (0..40).map(|number| world.wish(&[number / 2, 100 + number])).collect();
    let replies = join_all(wishes.into_iter().map(|wish| world.ledger.create_order(wish))).await;
    let created =
        replies.iter().filter(|reply| matches!(reply, Ok(CreateOrder::Created(_)))).count();
    assert_eq!(created, 20);
    // The refused ones left none of their second seats behind.
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 40);
    world.assert_sound().await;
}

async fn a_caller_that_hangs_up_cuts_nothing_in_half(world: World) {
    let wish = world.wish(&[1, 2]);
    {
        let mut call = Box::pin(world.ledger.create_order(wish.clone()));
        // Asked once, so that it is sent; then nobody waits any more.
        let _ = futures_util::poll!(&mut call);
    }
    // What is sent later is committed later.
    world.order(&[3]).await;
    for _ in 0..500 {
        if world.ledger.order(&wish.id).await.unwrap().is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let order = world.ledger.order(&wish.id).await.unwrap().expect("it is there, whole");
    assert_eq!(order.seats(), [1, 2]);
    world.assert_sound().await;
}

async fn what_is_done_together_comes_out_as_if_done_alone(world: World) {
    let plain: Vec<_> = (0..20).map(|seat| world.wish(&[seat, 100 + seat])).collect();
    let mut reused = world.wish(&[200]);
    reused.answer.key = plain[11].answer.key.clone();
    reused.answer.fingerprint = "another".to_owned();
    let mut of_one_hold = world.wish(&[201]);
    of_one_hold.hold = plain[12].hold;
    // Eight and two are more than one customer may have.
    let mut of_one_customer = world.wish(&[202, 203, 204, 205, 206, 207, 208, 209]);
    of_one_customer.customer = plain[13].customer;
    let odd = [plain[10].clone(), reused, of_one_hold, of_one_customer];
    let sent = odd.into_iter().chain([world.wish(&[210]), world.wish_places(0, 2)]);
    let sent = plain.iter().cloned().chain(sent);
    let replies = join_all(sent.map(|wish| world.ledger.create_order(wish))).await;
    let replies: Vec<_> = replies.into_iter().map(|reply| reply.expect("an answer")).collect();
    let created = |place: usize| matches!(replies[place], CreateOrder::Created(_));
    assert!((0..10).chain(14..20).chain([24, 25]).all(created), "{replies:?}");
    // Of two that meet, one is done, and the other is told why not.
    for (one, other) in [(10, 20), (11, 21), (12, 22), (13, 23)] {
        assert!(created(one) != created(other), "{:?} {:?}", replies[one], replies[other]);
        let refused = if created(one) { other } else { one };
        match (&replies[refused], one) {
            (CreateOrder::Replayed(_), 10) | (CreateOrder::KeyReused, 11) => {}
            (CreateOrder::OrderExists, 12) | (CreateOrder::CustomerLimit, 13) => {}
            (unexpected, _) => panic!("{one}: {unexpected:?}"),
        }
    }
    let orders: Vec<_> = replies
        .iter()
        .filter_map(|reply| match reply {
            CreateOrder::Created(order) => Some(order),
            _ => None,
        })
        .collect();
    let ids: Vec<_> = orders.iter().map(|order| &order.id).collect();
    let stored = world.ledger.orders(&ids).await.unwrap();
    assert_eq!(stored.len(), orders.len());
    assert!(orders.iter().all(|order| stored.contains(order)), "told as they are stored");
    world.assert_sound().await;
}

async fn places_wanted_together_are_never_more_than_there_are(world: World) {
    // The first order makes the area known to the ledger; then four times two are left.
    world.send(world.wish_places(0, 2)).await;
    let wishes: Vec<_> = (0..4).map(|_| world.wish_places(0, 2)).collect();
    let wishes = wishes.into_iter().chain((0..20).map(|seat| world.wish(&[seat])));
    for reply in join_all(wishes.map(|wish| world.ledger.create_order(wish))).await {
        assert!(matches!(reply, Ok(CreateOrder::Created(_))), "{reply:?}");
    }
    let late = (0..3).map(|_| world.ledger.create_order(world.wish_places(0, 2)));
    for reply in join_all(late).await {
        assert!(matches!(&reply, Ok(CreateOrder::AreasFull(areas)) if *areas == [0]), "{reply:?}");
    }
    let counts = world.ledger.claim_counts(&world.event.id).await.unwrap();
    assert_eq!((counts.areas[0].live, counts.live_seats), (PLACES, 20));
    world.assert_sound().await;
}

/// Everything that the ledger says about some payments, in the order in which they were made.
#[derive(Debug, PartialEq)]
struct Told {
    answers: Vec<String>,
    orders: Vec<Order>,
    tickets: Vec<Ticket>,
    outbox: Vec<String>,
    quarantined: Vec<String>,
}

/// Twenty plain orders are paid beside others for which something is odd. `together`: each step of
/// all at once, else one after the other.
async fn pay_all(world: &World, together: bool) -> Told {
    let mut orders = Vec::new();
    for seat in 0..28 {
        orders.push(world.order(&[seat, 100 + seat]).await);
    }
    for _ in 0..3 {
        orders.push(world.send(world.wish_places(0, 2)).await);
    }
    let of = |place: usize| orders[place].clone();
    let [ended, pressed_before, again] = [of(20), of(21), of(22)];
    world.learn(&ended.id, Fact::CancelAsked).await;
    world.ledger.begin_intent(&pressed_before.id).await.unwrap();
    // Its first intent is void.
    world.pay(&again.id).await;
    world.learn(&again.id, Fact::Void).await;
    let mut answers = Vec::new();

    let press = async |order: &Order| {
        let begun = world.ledger.begin_intent(&order.id).await.unwrap();
        format!("{begun:?}")
    };
    let mut unknown = of(0);
    unknown.id = world.wish(&[]).id;
    let pressing: Vec<Order> = orders.iter().chain([&unknown]).cloned().collect();
    answers.extend(in_turn(together, pressing.iter().map(press)).await);

    let (too_late, stored_before) = (of(23), of(24));
    world.learn(&too_late.id, Fact::CancelAsked).await;
    let intent_of = |order: &Order| format!("pi_{}", order.id);
    let stored = intent_of(&stored_before);
    world.ledger.store_intent(&stored_before.id, 1, &stored, "secret").await.unwrap();
    let store = async |order: &Order| {
        let attempt = if order.id == again.id { 2 } else { 1 };
        let stored =
            world.ledger.store_intent(&order.id, attempt, &intent_of(order), "secret").await;
        format!("{:?}", stored.map_err(|error| error.to_string()))
    };
    answers.extend(in_turn(together, pressing.iter().map(store)).await);

    let learn = async |order: &Order, fact: Fact| {
        let mut evidence = Evidence {
            source: "webhook",
            reference: None,
            intent: Some(intent_of(order)),
            amount: Some(order.amount),
        };
        if order.id == orders[25].id {
            evidence.amount = Some(order.amount - 1);
        }
        if order.id == orders[26].id {
            evidence.intent = Some("pi_another".to_owned());
        }
        let learned = world.ledger.learn(&order.id, fact, evidence).await.unwrap();
        format!("{learned:?}")
    };
    // One of them is told at once that it is paid.
    let fact_of = |order: &Order| match order.id == orders[27].id {
        true => Fact::Paid,
        false => Fact::Authorised,
    };
    let authorise = pressing.iter().map(|order| learn(order, fact_of(order)));
    answers.extend(in_turn(together, authorise).await);
    let paid = pressing.iter().map(|order| learn(order, Fact::Paid));
    answers.extend(in_turn(together, paid).await);

    let mut tickets = Vec::new();
    for order in &mut orders {
        *order = world.reload(order).await;
        tickets.extend(world.ledger.tickets_of_order(&order.id).await.unwrap());
    }
    let kinds = [OutboxKind::INVENTORY, OutboxKind::PAYMENTS].concat();
    let mut outbox: Vec<String> = world
        .ledger
        .outbox_lease(&kinds, "w", 1_000, 1_000)
        .await
        .unwrap()
        .into_iter()
        .map(|row| format!("{} {:?} {:?}", row.id, row.intent, row.amount))
        .collect();
    outbox.sort_unstable();
    let quarantined = world.ledger.quarantined(100).await.unwrap();
    let mut quarantined: Vec<String> = quarantined.iter().map(|row| format!("{row:?}")).collect();
    quarantined.sort_unstable();
    world.assert_sound().await;
    Told { answers, orders, tickets, outbox, quarantined }
}

async fn in_turn<T>(together: bool, work: impl Iterator<Item: Future<Output = T>>) -> Vec<T> {
    if together {
        return join_all(work).await;
    }
    let mut done = Vec::new();
    for one in work {
        done.push(one.await);
    }
    done
}

async fn payments_told_together_come_out_as_if_told_alone(world: World) {
    let alone = pay_all(&World::sqlite().await, false).await;
    let together = pay_all(&world, true).await;
    let ticketed = |order: &&Order| order.state == OrderState::Ticketed;
    assert_eq!(alone.orders.iter().filter(ticketed).count(), 27, "{:#?}", alone.answers);
    assert_eq!(alone.quarantined.len(), 7, "{:#?}", alone.quarantined);
    assert_eq!(together, alone);
}

/// So many at once that sorting them may turn equal ones around.
async fn a_key_is_kept_for_the_request_that_is_told_so(world: World) {
    const LEASE_MS: i64 = 60_000;
    let mut requests: Vec<(String, String)> =
        (0..50).map(|number| (format!("key-{}", number % 25), format!("body-{number}"))).collect();
    requests.rotate_left(7);
    let begin = |(key, body): &(String, String)| {
        let (ledger, key, body) = (world.ledger.clone(), key.clone(), body.clone());
        async move { ledger.idempotency_begin(&key, &body, LEASE_MS).await.unwrap() }
    };
    let begun = join_all(requests.iter().map(begin)).await;
    let fresh: Vec<_> =
        requests.iter().zip(&begun).filter(|(_, begun)| **begun == Begin::Fresh).collect();
    assert_eq!(fresh.len(), 25, "{begun:?}");
    assert!(begun.iter().all(|begun| matches!(begun, Begin::Fresh | Begin::KeyReused)));
    for ((key, body), _) in fresh {
        let answer = KeptAnswer {
            key: key.clone(),
            fingerprint: body.clone(),
            status: 201,
            body: "{}".to_owned(),
        };
        world.ledger.idempotency_finish(answer.clone()).await.unwrap();
        let again = world.ledger.idempotency_begin(key, body, LEASE_MS).await.unwrap();
        assert_eq!(again, Begin::Replay(answer), "{key}");
    }
}

#[tokio::test]
async fn an_order_that_waits_for_a_lock_holds_up_nobody() {
    let world = World::postgres().await;
    let first = world.order(&[1]).await;
    let mut somebody = sqlx::PgConnection::connect(&world.url).await.unwrap();
    let hold_on = sqlx::raw_sql("BEGIN; SELECT * FROM quotas FOR UPDATE");
    hold_on.execute(&mut somebody).await.unwrap();

    let mut stuck = Vec::new();
    // As many as may be under way at once, and some behind them.
    for number in 0..4 {
        let ledger = world.ledger.clone();
        let wish = NewOrder { customer: first.customer, ..world.wish(&[10 + number]) };
        stuck.push(tokio::spawn(async move { ledger.create_order(wish).await }));
        // Taken by itself, before the next one is there.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    // Those that came with them, and those that come behind.
    for seats in [100..140, 200..240] {
        let others = seats.map(|seat| world.ledger.create_order(world.wish(&[seat])));
        for reply in join_all(others).await {
            assert!(matches!(reply, Ok(CreateOrder::Created(_))), "{reply:?}");
        }
    }
    assert!(stuck.iter().all(|stuck| !stuck.is_finished()), "the lock is still held");

    sqlx::raw_sql("ROLLBACK").execute(&mut somebody).await.unwrap();
    for reply in join_all(stuck).await {
        let reply = reply.unwrap();
        assert!(matches!(reply, Ok(CreateOrder::Created(_))), "{reply:?}");
    }
    world.assert_sound().await;
}
