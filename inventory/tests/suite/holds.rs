use std::collections::BTreeMap;

use futures_util::future::join_all;
use inventory::{BlockAnswer, ChangeAnswer, ExtendAnswer, HoldAnswer, ReadAnswer, ReleaseAnswer};
use lua::{CellState, HoldChange, Operation};

use crate::sale::{Place, Plan, Sale, held, in_both_places};

in_both_places! {
    of_500_buyers_of_one_seat_exactly_one_gets_it
    holds_are_answered_in_order_of_arrival
    a_repeated_hold_is_replayed_and_another_body_is_refused
    a_hold_is_changed_extended_and_released
    a_hold_made_anew_under_its_key_hides_the_former
    blocked_seats_cannot_be_held_and_held_seats_cannot_be_blocked
    the_places_of_an_area_are_never_oversold
}

fn operation(number: u8) -> Operation {
    Operation { key: [number; 8], fingerprint: [number; 8] }
}

async fn of_500_buyers_of_one_seat_exactly_one_gets_it(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let answers = join_all((0..500).map(|buyer| sale.ask_for(buyer, &[4]))).await;
    let held = answers.iter().filter(|answer| matches!(answer, HoldAnswer::Held { .. }));
    assert_eq!(held.count(), 1);
    let taken = answers
        .iter()
        .filter(|answer| matches!(answer, HoldAnswer::SeatsTaken { seats, .. } if seats == &[4]));
    assert_eq!(taken.count(), 499);
    assert_eq!(sale.count(CellState::Held).await, 1);
}

async fn holds_are_answered_in_order_of_arrival(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 50)).await;
    let here = &sale;
    // Four buyers to a seat, in order of arrival: `join_all` polls in order.
    let answers =
        join_all((0..200).map(|buyer| async move { here.ask_for(buyer, &[buyer / 4]).await }))
            .await;
    for (buyer, answer) in answers.iter().enumerate() {
        let first = buyer % 4 == 0;
        assert_eq!(matches!(answer, HoldAnswer::Held { .. }), first, "buyer {buyer}: {answer:?}");
    }
}

async fn a_repeated_hold_is_replayed_and_another_body_is_refused(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let wish = sale.wish(1, crate::sale::best(3));
    let record = held(sale.ask(wish.clone()).await);
    let HoldAnswer::Replayed { record: again, .. } = sale.ask(wish.clone()).await else {
        panic!("not replayed");
    };
    assert_eq!(again.seats, record.seats);
    let mut other = wish;
    other.fingerprint = [8; 8];
    assert_eq!(sale.ask(other).await, HoldAnswer::KeyReused);
    assert_eq!(sale.count(CellState::Held).await, 3);
}

async fn a_hold_is_changed_extended_and_released(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[2, 3]).await;
    let id = sale.id_of(&record);
    let (inventory, event) = (&sale.inventory, &sale.event);
    let change = HoldChange {
        add: vec![4],
        remove: vec![2],
        areas: Vec::new(),
        customer_limit: 8,
        operation: operation(1),
    };
    let changed = inventory.change_hold(event, &id, change).await.unwrap();
    let ChangeAnswer::Changed { record, .. } = changed else { panic!("{changed:?}") };
    assert_eq!(record.seats, [3, 4]);
    assert_eq!(sale.state(2).await, CellState::Free);

    let extended = inventory.extend_hold(event, &id, operation(2)).await.unwrap();
    let ExtendAnswer::Extended { record: longer, .. } = extended else { panic!("{extended:?}") };
    assert_eq!(longer.expires_at, record.expires_at.plus_seconds(60));
    let again = inventory.extend_hold(event, &id, operation(3)).await.unwrap();
    assert_eq!(again, ExtendAnswer::LimitReached);

    let released = inventory.release_hold(event, &id).await.unwrap();
    assert!(matches!(released, ReleaseAnswer::Released { .. }));
    assert_eq!(inventory.release_hold(event, &id).await.unwrap(), ReleaseAnswer::AlreadyEnded);
    assert_eq!(sale.count(CellState::Free).await, 10);
}

async fn a_hold_made_anew_under_its_key_hides_the_former(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let first = sale.hold(1, &[2]).await;
    sale.inventory.release_hold(&sale.event, &sale.id_of(&first)).await.unwrap();
    let mut wish = sale.wish(1, inventory::SeatWish::Seats(vec![3]));
    wish.created = first.created.plus_millis(5);
    let second = held(sale.ask(wish).await);
    assert_eq!(sale.read(&first).await, ReadAnswer::Gone);
    assert!(matches!(sale.read(&second).await, ReadAnswer::Found { .. }));
}

async fn blocked_seats_cannot_be_held_and_held_seats_cannot_be_blocked(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let block = async |block: &[u32], unblock: &[u32]| {
        sale.inventory.block(&sale.event, block, unblock).await.unwrap()
    };
    assert!(matches!(block(&[1, 2], &[]).await, BlockAnswer::Changed { .. }));
    assert!(matches!(sale.ask_for(1, &[2, 3]).await, HoldAnswer::SeatsTaken { .. }));
    sale.hold(1, &[3]).await;
    let refused = block(&[3, 4], &[1]).await;
    assert!(matches!(refused, BlockAnswer::SeatsTaken { seats, .. } if seats == [3]));
    assert_eq!(sale.state(1).await, CellState::Blocked);
    assert!(matches!(block(&[], &[1]).await, BlockAnswer::Changed { .. }));
    assert_eq!(sale.ledger.blocks(&sale.event.event.id).await.unwrap(), [2]);
}

async fn the_places_of_an_area_are_never_oversold(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 1).areas(&[100])).await;
    let answers = join_all((0..80).map(|buyer| sale.ask_for_places(buyer, 3))).await;
    let mut outcomes = BTreeMap::new();
    for answer in &answers {
        let outcome = match answer {
            HoldAnswer::Held { .. } => "held",
            HoldAnswer::AreasShort { .. } => "short",
            other => panic!("{other:?}"),
        };
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("held", 33), ("short", 47)]));
    assert_eq!(sale.view().await.areas[0].held, 99);
}
