use futures_util::future::join_all;
use ledger::{CreateOrder, Ledger, NewOrder};

use crate::{on_both, world::World};

on_both!(
    every_seat_of_a_race_has_one_winner,
    parallel_orders_of_one_customer_stay_within_the_limit,
    parallel_orders_never_oversell_an_area,
    overlapping_orders_of_two_processes_all_get_an_answer,
    a_fact_told_by_many_at_once_is_applied_once,
);

/// Sends all at once, each in a task of its own, by turns through the given handles.
async fn race(handles: &[Ledger], wishes: Vec<NewOrder>) -> Vec<CreateOrder> {
    let tasks = wishes.into_iter().zip(handles.iter().cycle()).map(|(wish, ledger)| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.create_order(wish).await })
    });
    join_all(tasks).await.into_iter().map(|task| task.unwrap().unwrap()).collect()
}

async fn handles(world: &World) -> Vec<Ledger> {
    let mut handles = vec![world.ledger.clone()];
    if !world.is_sqlite() {
        handles.push(world.neighbour().await);
    }
    handles
}

fn created(replies: &[CreateOrder]) -> usize {
    replies.iter().filter(|reply| matches!(reply, CreateOrder::Created(_))).count()
}

async fn every_seat_of_a_race_has_one_winner(world: World) {
    const SEATS: u32 = 12;
    let handles = handles(&world).await;
    let wishes = (0..64).flat_map(|_| (0..SEATS).map(|seat| world.wish(&[seat]))).collect();
    let replies = race(&handles, wishes).await;
    assert_eq!(created(&replies), SEATS as usize);
    let refused = |reply: &&CreateOrder| matches!(reply, CreateOrder::SeatsTaken(_));
    assert_eq!(replies.iter().filter(refused).count(), 63 * SEATS as usize);
    world.assert_sound().await;
}

async fn parallel_orders_of_one_customer_stay_within_the_limit(world: World) {
    let handles = handles(&world).await;
    let buyer = world.wish(&[]);
    let wishes = (0..100)
        .map(|seat| NewOrder { customer: buyer.customer, customer_limit: 4, ..world.wish(&[seat]) })
        .collect();
    let replies = race(&handles, wishes).await;
    assert_eq!(created(&replies), 4);
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 4);
}

async fn parallel_orders_never_oversell_an_area(world: World) {
    let handles = handles(&world).await;
    let wishes = (0..60).map(|number| world.wish_places(number % 2, 3)).collect();
    let replies = race(&handles, wishes).await;
    assert_eq!(created(&replies), 6, "three orders of three places fit into each area of ten");
    world.assert_sound().await;
}

async fn overlapping_orders_of_two_processes_all_get_an_answer(world: World) {
    let handles = handles(&world).await;
    let wishes = (0..80_u32)
        .map(|number| {
            // Given in both directions; the ledger sorts.
            let mut seats: Vec<u32> = (0..4).map(|step| (number * 7 + step * 3) % 40).collect();
            if number % 2 == 0 {
                seats.reverse();
            }
            world.wish(&seats)
        })
        .collect();
    let replies = race(&handles, wishes).await;
    let live = world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats;
    assert_eq!(created(&replies) * 4, live as usize);
    world.assert_sound().await;
}

async fn a_fact_told_by_many_at_once_is_applied_once(world: World) {
    let handles = handles(&world).await;
    let order = world.paying(&[1, 2]).await;
    let tell = |ledger: Ledger, fact| {
        let (id, intent) = (order.id.clone(), order.intent.clone().unwrap().id);
        let evidence = ledger::Evidence {
            source: "webhook",
            intent: Some(intent),
            amount: Some(order.amount),
            ..ledger::Evidence::default()
        };
        tokio::spawn(async move { ledger.learn(&id, fact, evidence).await.unwrap().unwrap() })
    };
    for fact in [domain::order::Fact::Authorised, domain::order::Fact::Paid] {
        let told = (0..40).map(|number| tell(handles[number % handles.len()].clone(), fact));
        let learned: Vec<_> = join_all(told).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(learned.iter().filter(|learned| learned.applied).count(), 1, "{fact:?}");
    }
    assert_eq!(world.ledger.tickets_of_order(&order.id).await.unwrap().len(), 2);
    world.assert_sound().await;
}
