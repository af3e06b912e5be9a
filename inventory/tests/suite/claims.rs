use std::time::Duration;

use domain::{hold::HoldStatus, order::OrderState};
use futures_util::future::join_all;
use inventory::{HoldAnswer, ReadAnswer, ReleaseAnswer, Settled};
use lua::CellState;

use crate::sale::{Place, Plan, Sale, held, in_both_places, wait_for};

in_both_places! {
    an_order_promotes_its_hold_and_a_sale_commits_it
    an_order_given_up_frees_its_seats
    a_hold_given_back_before_its_order_is_settled_ends_the_order
    the_worker_ends_an_order_whose_hold_was_given_back
    an_order_sold_in_spite_of_its_hold_given_back_stands
    the_worker_settles_what_nobody_else_does
    settling_beside_the_worker_changes_nothing
    a_claim_that_the_store_lost_is_healed
    a_claim_that_the_store_kept_for_no_order_is_freed
}

async fn an_order_promotes_its_hold_and_a_sale_commits_it(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let paid = sale.hold(1, &[0, 1]).await;
    let order = sale.settled_order(&paid, 2_500).await;
    assert_eq!(sale.state(0).await, CellState::Claimed);
    assert!(sale.ledger.order(&order).await.unwrap().unwrap().inventory_settled);
    let ReadAnswer::Found { record, .. } = sale.read(&paid).await else { panic!("gone") };
    assert_eq!(record.status, HoldStatus::Paying);
    let stored = sale.ledger.order(&order).await.unwrap().unwrap();
    assert_eq!(record.expires_at, stored.pay_before);
    let released = sale.inventory.release_hold(&sale.event, &sale.id_of(&paid)).await.unwrap();
    assert_eq!(released, ReleaseAnswer::InPayment);

    let free = sale.hold(2, &[2]).await;
    sale.settled_order(&free, 0).await;
    assert_eq!(sale.state(2).await, CellState::Sold);
    let ReadAnswer::Found { record, .. } = sale.read(&free).await else { panic!("gone") };
    assert_eq!(record.status, HoldStatus::Sold);
}

async fn an_order_given_up_frees_its_seats(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10).areas(&[10])).await;
    let mut wish = sale.wish(1, inventory::SeatWish::Seats(vec![0]));
    wish.areas = vec![domain::seat::AreaQuantity { area: 0, quantity: 2 }];
    let record = held(sale.ask(wish).await);
    let order = sale.settled_order(&record, 2_500).await;
    sale.cancel(&order).await;
    sale.inventory.settle_order(&order).await.unwrap();
    assert_eq!(sale.state(0).await, CellState::Free);
    let areas = sale.view().await.areas;
    assert_eq!((areas[0].held, areas[0].sold), (0, 0));
    sale.hold(2, &[0]).await;
}

async fn a_hold_given_back_before_its_order_is_settled_ends_the_order(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[0, 1]).await;
    let order = sale.order(&record, 2_500).await;
    let released = sale.inventory.release_hold(&sale.event, &sale.id_of(&record)).await.unwrap();
    assert!(matches!(released, ReleaseAnswer::Released { .. }));
    let rival = sale.hold(2, &[0]).await;
    assert_eq!(sale.inventory.settle_order(&order).await, Ok(Settled::GivenUp));
    let stored = sale.ledger.order(&order).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.inventory_settled), (OrderState::Cancelled, true));
    assert_eq!(sale.inventory.settle_order(&order).await, Ok(Settled::GivenUp));
    assert_eq!((sale.state(0).await, sale.state(1).await), (CellState::Held, CellState::Free));
    // The rival's order meets no claim of the other's.
    sale.settled_order(&rival, 2_500).await;
    assert_eq!(sale.state(0).await, CellState::Claimed);
    assert!(sale.ledger.audit(None).await.unwrap().is_empty());
}

async fn the_worker_ends_an_order_whose_hold_was_given_back(place: Place) {
    let mut plan = Plan::seats(1, 10);
    plan.settings.outbox = true;
    let sale = Sale::open(place, plan).await;
    let record = sale.hold(1, &[0]).await;
    sale.inventory.release_hold(&sale.event, &sale.id_of(&record)).await.unwrap();
    sale.hold(2, &[0]).await;
    let order = sale.order(&record, 2_500).await;
    wait_for("the worker", async || {
        let stored = sale.ledger.order(&order).await.unwrap().unwrap();
        (stored.state == OrderState::Cancelled && stored.inventory_settled).then_some(())
    })
    .await;
    // Whoever made the order hears of it, though the worker was first.
    assert_eq!(sale.inventory.settle_order(&order).await, Ok(Settled::GivenUp));
    assert_eq!(sale.state(0).await, CellState::Held);
}

async fn an_order_sold_in_spite_of_its_hold_given_back_stands(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[0]).await;
    let order = sale.order(&record, 0).await;
    sale.inventory.release_hold(&sale.event, &sale.id_of(&record)).await.unwrap();
    assert_eq!(sale.inventory.settle_order(&order).await, Ok(Settled::Done));
    assert_eq!(sale.state(0).await, CellState::Sold);
}

async fn the_worker_settles_what_nobody_else_does(place: Place) {
    let mut plan = Plan::seats(10, 10);
    plan.settings.outbox = true;
    let sale = Sale::open(place, plan).await;
    let here = &sale;
    let records =
        join_all((0..40).map(|buyer| async move { here.hold(buyer, &[buyer]).await })).await;
    let orders = join_all(records.iter().map(|record| sale.order(record, 2_500))).await;
    for order in &orders {
        wait_for("the worker", async || {
            sale.ledger.order(order).await.unwrap().unwrap().inventory_settled.then_some(())
        })
        .await;
    }
    assert_eq!(sale.count(CellState::Claimed).await, 40);
    join_all(orders.iter().map(|order| sale.cancel(order))).await;
    wait_for("the worker", async || (sale.count(CellState::Free).await == 100).then_some(())).await;
}

async fn settling_beside_the_worker_changes_nothing(place: Place) {
    let mut plan = Plan::seats(10, 10);
    plan.settings.outbox = true;
    let sale = Sale::open(place, plan).await;
    let sale = &sale;
    join_all((0..60u32).map(|buyer| async move {
        let record = sale.hold(buyer, &[buyer]).await;
        let order = sale.settled_order(&record, 2_500).await;
        sale.inventory.settle_order(&order).await.unwrap();
        if buyer % 2 == 0 {
            sale.cancel(&order).await;
            sale.inventory.settle_order(&order).await.unwrap();
            sale.inventory.settle_order(&order).await.unwrap();
        }
    }))
    .await;
    wait_for("the worker", async || (sale.count(CellState::Claimed).await == 30).then_some(()))
        .await;
    assert_eq!(sale.count(CellState::Free).await, 70);
}

async fn a_claim_that_the_store_lost_is_healed(place: Place) {
    let mut plan = Plan::seats(1, 10).areas(&[10]);
    plan.settings.heal_every = Duration::from_millis(50);
    let sale = Sale::open(place, plan).await;
    let record = sale.hold(1, &[0]).await;
    sale.order(&record, 2_500).await;
    let places = held(sale.ask_for_places(2, 4).await);
    sale.order(&places, 0).await;
    sale.forget_outbox().await;
    wait_for("healing", async || {
        let view = sale.view().await;
        (view.states[0] == CellState::Claimed && view.areas[0].sold == 4).then_some(())
    })
    .await;
}

async fn a_claim_that_the_store_kept_for_no_order_is_freed(place: Place) {
    let mut plan = Plan::seats(1, 10);
    plan.settings.heal_every = Duration::from_millis(50);
    let sale = Sale::open(place, plan).await;
    let record = sale.hold(1, &[0]).await;
    let order = sale.settled_order(&record, 2_500).await;
    sale.cancel(&order).await;
    sale.forget_outbox().await;
    wait_for("healing", async || (sale.state(0).await == CellState::Free).then_some(())).await;
    assert!(matches!(sale.ask_for(2, &[0]).await, HoldAnswer::Held { .. }));
}
