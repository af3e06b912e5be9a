use std::collections::BTreeSet;

use domain::seat::SeatIndex;
use futures_util::future::join_all;
use inventory::HoldAnswer;
use lua::CellState;

use crate::sale::{Place, Plan, Sale, best, in_both_places};

in_both_places! {
    two_thousand_buyers_of_500_seats_take_every_seat_once
    two_processes_sell_every_seat_once_and_leave_none
    neighbours_are_given_until_only_single_seats_are_left
    seats_that_a_refused_buyer_was_offered_go_to_the_next
    a_repeated_wish_is_replayed_when_nothing_is_left
}

fn tally(answers: &[HoldAnswer]) -> (Vec<SeatIndex>, usize) {
    let mut seats = Vec::new();
    let mut sold_out = 0;
    for answer in answers {
        match answer {
            HoldAnswer::Held { record, .. } => seats.extend(&record.seats),
            HoldAnswer::SoldOut { .. } => sold_out += 1,
            other => panic!("{other:?}"),
        }
    }
    (seats, sold_out)
}

async fn two_thousand_buyers_of_500_seats_take_every_seat_once(place: Place) {
    let sale = Sale::open(place, Plan::seats(20, 25)).await;
    let answers = join_all((0..2_000).map(|buyer| sale.ask_for_best(buyer, 1))).await;
    let (seats, sold_out) = tally(&answers);
    assert_eq!((seats.len(), sold_out), (500, 1_500));
    assert_eq!(BTreeSet::from_iter(seats).len(), 500);
    assert_eq!(sale.count(CellState::Free).await, 0);
}

async fn two_processes_sell_every_seat_once_and_leave_none(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 20)).await;
    let other = sale.another_process();
    let event = other.event("gala").await.unwrap().unwrap();
    let ask = async |buyer: u32| {
        let wish = sale.wish(buyer, best(1));
        if buyer.is_multiple_of(2) {
            sale.ask(wish).await
        } else {
            other.hold(&event, wish).await.expect("the other process answers")
        }
    };
    let answers = join_all((0..600).map(ask)).await;
    let (seats, sold_out) = tally(&answers);
    assert_eq!((seats.len(), sold_out), (200, 400));
    assert_eq!(BTreeSet::from_iter(seats).len(), 200);
}

async fn neighbours_are_given_until_only_single_seats_are_left(place: Place) {
    let sale = Sale::open(place, Plan::seats(4, 5)).await;
    let answers = join_all((0..12).map(|buyer| sale.ask_for_best(buyer, 2))).await;
    let pairs: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            HoldAnswer::Held { record, .. } => Some(record.seats.clone()),
            HoldAnswer::NotEnoughAdjacent { .. } => None,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pairs.len(), 8, "two pairs in each row of five");
    for pair in pairs {
        assert_eq!(pair[1], pair[0] + 1);
        assert_eq!(pair[0] / 5, pair[1] / 5);
    }
    assert_eq!(sale.count(CellState::Free).await, 4);
}

async fn seats_that_a_refused_buyer_was_offered_go_to_the_next(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 8)).await;
    // Each of the first eight holds all the seats they may have; the ninth wants all eight seats.
    let greedy = |buyer: u32| {
        let mut wish = sale.wish(buyer, best(8));
        wish.customer_limit = 4;
        sale.ask(wish)
    };
    let (refused, held) = tokio::join!(join_all((0..8).map(greedy)), sale.ask_for_best(9, 8));
    assert!(refused.iter().all(|answer| *answer == HoldAnswer::CustomerLimit));
    assert!(matches!(held, HoldAnswer::Held { .. }), "{held:?}");
}

async fn a_repeated_wish_is_replayed_when_nothing_is_left(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 2)).await;
    let wish = sale.wish(1, best(2));
    sale.ask(wish.clone()).await;
    assert!(matches!(sale.ask_for_best(2, 2).await, HoldAnswer::SoldOut { .. }));
    assert!(matches!(sale.ask(wish).await, HoldAnswer::Replayed { .. }));
}
