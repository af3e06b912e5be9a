use domain::hold::HoldStatus;
use futures_util::future::join_all;
use inventory::{HoldAnswer, ReadAnswer};
use lua::CellState;

use crate::sale::{Place, Plan, Sale, held, in_both_places, wait_for};

// Without a sweeper, all of them.
in_both_places! {
    a_seat_of_an_expired_hold_is_free_to_the_next_buyer
    expired_seats_are_given_by_best_available
    expired_places_of_an_area_are_free
    an_expired_hold_does_not_count_for_its_customer
    the_view_shows_expired_seats_as_free
}

async fn until_expired(sale: &Sale, record: &lua::HoldRecord) {
    wait_for("the hold's end", async || match sale.read(record).await {
        ReadAnswer::Found { record, .. } if record.status == HoldStatus::Active => None,
        ended => Some(ended),
    })
    .await;
}

async fn a_seat_of_an_expired_hold_is_free_to_the_next_buyer(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 4).hold_seconds(1)).await;
    let record = sale.hold(1, &[0, 1]).await;
    until_expired(&sale, &record).await;
    sale.hold(2, &[1]).await;
    sale.hold(3, &[0]).await;
}

async fn expired_seats_are_given_by_best_available(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 10).hold_seconds(1)).await;
    let first = join_all((0..100).map(|buyer| sale.ask_for_best(buyer, 1))).await;
    for answer in first {
        until_expired(&sale, &held(answer)).await;
    }
    let second = join_all((100..300).map(|buyer| sale.ask_for_best(buyer, 1))).await;
    let held = second.iter().filter(|answer| matches!(answer, HoldAnswer::Held { .. })).count();
    assert_eq!(held, 100);
}

async fn expired_places_of_an_area_are_free(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 1).areas(&[5]).hold_seconds(1)).await;
    let record = held(sale.ask_for_places(1, 5).await);
    assert!(matches!(sale.ask_for_places(2, 1).await, HoldAnswer::AreasShort { .. }));
    until_expired(&sale, &record).await;
    held(sale.ask_for_places(2, 5).await);
    assert_eq!(sale.view().await.areas[0].held, 5);
}

async fn an_expired_hold_does_not_count_for_its_customer(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 20).hold_seconds(1)).await;
    let record = sale.hold(1, &[0, 1, 2, 3, 4, 5, 6, 7]).await;
    let mut more = sale.wish(2, inventory::SeatWish::Seats(vec![8]));
    more.customer = record.customer;
    assert_eq!(sale.ask(more.clone()).await, HoldAnswer::CustomerLimit);
    until_expired(&sale, &record).await;
    held(sale.ask(more).await);
}

async fn the_view_shows_expired_seats_as_free(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 4).hold_seconds(1)).await;
    let record = sale.hold(1, &[0, 1]).await;
    assert_eq!(sale.count(CellState::Held).await, 2);
    until_expired(&sale, &record).await;
    assert_eq!(sale.count(CellState::Free).await, 4);
}
