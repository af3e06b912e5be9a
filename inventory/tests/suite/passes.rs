//! Holds of an event whose queue is on.

use std::time::Duration;

use domain::hold::CustomerKey;
use futures_util::future::join_all;
use inventory::{HoldAnswer, HoldWish, SeatWish};
use lua::{LayLine, LinePhase, LinePlace, PassEnd, PassRecord, Termed};

use crate::sale::{Place, Plan, Sale, best, in_both_places, wait_for};

in_both_places! {
    only_who_has_a_pass_takes_seats
    holds_that_arrive_together_are_judged_each_by_its_own_pass
    best_available_needs_a_pass_also_when_nothing_is_left
    a_purchase_ends_the_pass
    the_flag_survives_the_loss_of_the_store
    a_switched_queue_is_obeyed_at_once_and_after_a_rebuild
    a_lost_flag_is_laid_again
}

const TERM: u64 = 1;

fn inside(sale: &Sale, buyer: u32, wish: SeatWish) -> HoldWish {
    HoldWish { has_pass: true, ..sale.wish(buyer, wish) }
}

async fn ask_inside(sale: &Sale, buyer: u32, seats: &[u32]) -> HoldAnswer {
    sale.ask(inside(sale, buyer, SeatWish::Seats(seats.to_vec()))).await
}

fn person(sale: &Sale, buyer: u32) -> CustomerKey {
    sale.wish(buyer, SeatWish::None).customer
}

/// A line in which buyer 1 has a live pass and buyer 2 an ended one.
async fn lay_line(sale: &Sale) {
    let place = |index| LinePlace { lane: domain::queue::Lane::General, index };
    let expires_at = sale.wish(1, SeatWish::None).created.plus_millis(600_000);
    let live = PassRecord::Live { expires_at, place: place(0) };
    let ended = PassRecord::Ended { reason: PassEnd::Idle, place: place(1) };
    let line = LayLine {
        term: TERM,
        fence: 1,
        phase: LinePhase::Open,
        joined: [2, 0],
        ceiling: [100, 100],
        size: [0, 0],
        cursors: [2, 0, 0],
        waiting_max: 0,
        batches: Vec::new(),
        draw: None,
        passes: vec![(person(sale, 1), live), (person(sale, 2), ended)],
    };
    sale.store.lay_line(&sale.event.partition, &line).await.expect("the store answers");
}

fn is_held(answer: &HoldAnswer) -> bool {
    matches!(answer, HoldAnswer::Held { .. })
}

async fn only_who_has_a_pass_takes_seats(place: Place) {
    let sale = Sale::open(place, Plan::seats(3, 7).behind_a_line()).await;
    assert_eq!(sale.ask_for(1, &[0]).await, HoldAnswer::PassRequired);
    lay_line(&sale).await;
    assert!(is_held(&ask_inside(&sale, 1, &[0]).await));
    assert_eq!(ask_inside(&sale, 2, &[1]).await, HoldAnswer::PassExpired);
    assert_eq!(sale.ask_for(3, &[1]).await, HoldAnswer::PassRequired);
    // A pass that was verified here and that the store has forgotten.
    assert!(is_held(&ask_inside(&sale, 3, &[1]).await));
}

async fn holds_that_arrive_together_are_judged_each_by_its_own_pass(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 10).behind_a_line()).await;
    lay_line(&sale).await;
    let sale = &sale;
    let answers = join_all((2..80).map(|buyer| async move {
        let mut wish = sale.wish(buyer, SeatWish::Seats(vec![buyer]));
        wish.has_pass = buyer % 3 != 0;
        sale.ask(wish).await
    }));
    for (buyer, answer) in (2..).zip(answers.await) {
        match buyer {
            2 => assert_eq!(answer, HoldAnswer::PassExpired),
            _ if buyer % 3 == 0 => assert_eq!(answer, HoldAnswer::PassRequired, "{buyer}"),
            _ => assert!(is_held(&answer), "{buyer}: {answer:?}"),
        }
    }
}

async fn best_available_needs_a_pass_also_when_nothing_is_left(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 4).behind_a_line()).await;
    assert_eq!(sale.ask_for_best(7, 2).await, HoldAnswer::PassRequired);
    assert!(is_held(&sale.ask(inside(&sale, 3, best(4))).await));
    assert_eq!(sale.ask_for_best(7, 2).await, HoldAnswer::PassRequired);
    let sold_out = sale.ask(inside(&sale, 7, best(2))).await;
    assert!(matches!(sold_out, HoldAnswer::SoldOut { .. }));
}

async fn a_purchase_ends_the_pass(place: Place) {
    let sale = Sale::open(place, Plan::seats(3, 7).behind_a_line()).await;
    lay_line(&sale).await;
    let HoldAnswer::Held { record, .. } = ask_inside(&sale, 1, &[0]).await else {
        panic!("not held");
    };
    sale.settled_order(&record, 0).await;
    let state = sale.store.pass_state(&sale.event.partition, TERM, person(&sale, 1)).await;
    let Ok(Termed::Done((_, Some(PassRecord::Ended { reason, .. })))) = state else {
        panic!("the pass goes on: {state:?}");
    };
    assert_eq!(reason, PassEnd::Bought);
    let mut wish = inside(&sale, 1, SeatWish::Seats(vec![1]));
    wish.key.0[11] = 1;
    assert_eq!(sale.ask(wish).await, HoldAnswer::PassExpired);
}

async fn the_flag_survives_the_loss_of_the_store(place: Place) {
    let sale = Sale::open(place, Plan::seats(3, 7).behind_a_line()).await;
    assert!(is_held(&ask_inside(&sale, 1, &[0]).await));
    sale.lose_everything();
    assert_eq!(sale.ask_for(2, &[1]).await, HoldAnswer::PassRequired);
    assert!(is_held(&ask_inside(&sale, 2, &[1]).await));
}

async fn a_switched_queue_is_obeyed_at_once_and_after_a_rebuild(place: Place) {
    let sale = Sale::open(place, Plan::seats(3, 7)).await;
    assert!(is_held(&sale.ask_for(1, &[0]).await));
    let mut event = sale.event.event.clone();
    for required in [true, false] {
        event = sale.ledger.event(&event.id).await.unwrap().unwrap();
        event.queue.enabled = required;
        assert!(sale.ledger.update_event(&event).await.unwrap());
        sale.inventory.forget(&event.id);
        sale.inventory.require_pass(&sale.event, required).await.unwrap();
        for buyer in [2, 3] {
            let seat = buyer + 10 * u32::from(required);
            let answer = sale.ask_for(seat, &[seat]).await;
            match required {
                true => assert_eq!(answer, HoldAnswer::PassRequired),
                false => assert!(is_held(&answer), "{answer:?}"),
            }
            sale.inventory.rebuild(&event.id).await.unwrap();
        }
    }
}

async fn a_lost_flag_is_laid_again(place: Place) {
    let mut plan = Plan::seats(3, 7).behind_a_line();
    plan.settings.heal_every = Duration::from_millis(50);
    let sale = Sale::open(place, plan).await;
    sale.view().await;
    let epoch = sale.view().await.epoch;
    sale.store.require_pass(&sale.event.partition, epoch, false).await.unwrap();
    wait_for("the flag", async || {
        let snapshot = sale.store.read_snapshot(&sale.event.partition).await.unwrap().unwrap();
        snapshot.requires_pass.then_some(())
    })
    .await;
    assert_eq!(sale.ask_for(1, &[0]).await, HoldAnswer::PassRequired);
}
