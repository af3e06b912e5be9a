use domain::hold::HoldStatus;
use futures_util::future::join_all;
use inventory::{HoldAnswer, Part, ReadAnswer};
use lua::CellState;

use crate::sale::{Place, Plan, Sale, in_both_places, wait_for};

in_both_places! {
    a_fresh_event_has_its_inventory_at_first_use
    everything_lost_in_mid_sale_is_rebuilt_with_all_claims
    only_one_of_many_rebuilds
    blocks_survive_the_loss_of_the_store
    a_rebuild_that_was_asked_for_keeps_holds_and_takes_new_capacities
    another_process_adopts_what_is_there
    capacities_of_concurrent_changes_are_all_laid
    a_hold_of_an_order_is_told_from_the_ledger_when_the_store_forgot_it
}

async fn a_fresh_event_has_its_inventory_at_first_use(place: Place) {
    let sale = Sale::open(place, Plan::seats(3, 7).areas(&[40])).await;
    let view = sale.view().await;
    assert_eq!((view.epoch, view.states.len()), (1, 21));
    assert_eq!((view.areas[0].capacity, view.areas[0].held), (40, 0));
    assert!(view.states.iter().all(|state| *state == CellState::Free));
}

async fn everything_lost_in_mid_sale_is_rebuilt_with_all_claims(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 10)).await;
    let paying = sale.hold(1, &[0, 1]).await;
    sale.settled_order(&paying, 2_500).await;
    let free = sale.hold(2, &[2]).await;
    sale.settled_order(&free, 0).await;
    sale.hold(3, &[3]).await;
    let epoch = sale.view().await.epoch;

    let sale = &sale;
    let buyers = (10..200).map(|buyer| async move {
        if buyer == 100 {
            sale.lose_everything();
        }
        sale.ask_for_best(buyer, 1).await
    });
    let answers = join_all(buyers).await;
    // What was held before the loss may be held again; what was claimed never.
    for answer in &answers {
        match answer {
            HoldAnswer::Held { record, .. } => assert!(record.seats[0] > 2, "{record:?}"),
            HoldAnswer::SoldOut { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let view = sale.view().await;
    assert!(view.epoch > epoch);
    assert_eq!(view.states[..3], [CellState::Claimed, CellState::Claimed, CellState::Sold]);
}

async fn only_one_of_many_rebuilds(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 10)).await;
    let other = sale.another_process();
    let event = other.event("gala").await.unwrap().unwrap();
    let epoch = sale.view().await.epoch;
    other.view(&event).await.unwrap();
    sale.lose_everything();
    let (inventory, event_here) = (&sale.inventory, &sale.event);
    let (other, event) = (&other, &event);
    let epochs = join_all((0..40).map(|number| async move {
        let view = if number % 2 == 0 {
            inventory.view(event_here).await
        } else {
            other.view(event).await
        };
        view.expect("whoever waits is answered").epoch
    }))
    .await;
    assert!(epochs.iter().all(|found| *found == epoch + 1), "{epochs:?}");
}

async fn blocks_survive_the_loss_of_the_store(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    sale.inventory.block(&sale.event, &[4, 5], &[]).await.unwrap();
    sale.inventory.block(&sale.event, &[], &[5]).await.unwrap();
    sale.lose_everything();
    let view = sale.view().await;
    assert_eq!(view.states[4..6], [CellState::Blocked, CellState::Free]);
}

async fn a_rebuild_that_was_asked_for_keeps_holds_and_takes_new_capacities(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10).areas(&[10])).await;
    let record = sale.hold(1, &[4]).await;
    let id = &sale.event.event.id;
    sale.ledger.set_area_capacities(id, &[(0, 25)]).await.unwrap();
    sale.inventory.forget(id);
    sale.inventory.rebuild(id).await.unwrap();
    let view = sale.view().await;
    assert_eq!((view.areas[0].capacity, view.states[4]), (25, CellState::Held));
    let ReadAnswer::Found { record, .. } = sale.read(&record).await else { panic!("gone") };
    assert_eq!(record.status, HoldStatus::Active);
    let event = sale.inventory.event(id.as_str()).await.unwrap().unwrap();
    assert_eq!(event.chart.areas[0].capacity, 25);
}

async fn another_process_adopts_what_is_there(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    sale.hold(1, &[4]).await;
    let other = sale.another_process();
    let event = other.event("gala").await.unwrap().unwrap();
    assert_eq!(other.view(&event).await.unwrap(), sale.view().await);
}

async fn capacities_of_concurrent_changes_are_all_laid(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10).areas(&[10, 10, 10, 10])).await;
    let other = sale.another_process();
    other.view(&other.event("gala").await.unwrap().unwrap()).await.unwrap();
    let id = &sale.event.event.id;
    let change = async |area: u16| {
        sale.ledger.set_area_capacities(id, &[(area, 20)]).await.unwrap();
        let inventory = if area.is_multiple_of(2) { &sale.inventory } else { &other };
        inventory.forget(id);
        inventory.rebuild(id).await.unwrap();
        sale.view().await.areas[usize::from(area)].capacity
    };
    assert_eq!(join_all((0..4).map(change)).await, [20; 4]);
}

async fn a_hold_of_an_order_is_told_from_the_ledger_when_the_store_forgot_it(place: Place) {
    let sale = Sale::open(place, Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[4]).await;
    let order = sale.settled_order(&record, 2_500).await;
    sale.cancel(&order).await;
    sale.lose_everything();
    let ReadAnswer::Found { record, .. } = sale.read(&record).await else { panic!("gone") };
    assert_eq!((record.status, record.seats), (HoldStatus::Released, vec![4]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_is_named() {
    let mut sale = Sale::open(Place::redis(), Plan::seats(1, 10)).await;
    sale.view().await;
    sale.redis.as_mut().expect("a redis").kill();
    let error = sale.inventory.view(&sale.event).await.expect_err("no store");
    assert_eq!(error.part, Part::Redis);
    let mut redis = sale.redis.take().expect("a redis");
    redis.restart();
    wait_for("the store's return", async || sale.inventory.view(&sale.event).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_redis_is_noticed_without_any_request() {
    let mut sale = Sale::open(Place::redis(), Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[4]).await;
    sale.settled_order(&record, 0).await;
    let epoch = sale.view().await.epoch;
    let mut redis = sale.redis.take().expect("a redis");
    redis.restart();
    let partition = sale.event.partition.clone();
    let snapshot =
        wait_for("the rebuild", async || sale.store.read_snapshot(&partition).await.ok().flatten())
            .await;
    assert!(snapshot.epoch > epoch);
    assert_eq!(snapshot.states[4], CellState::Sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_went_back_is_noticed_and_keeps_what_it_still_has() {
    let sale = Sale::open(Place::in_process(), Plan::seats(1, 10)).await;
    let kept = sale.hold(1, &[1]).await;
    sale.view().await;
    let place = sale.store.simulation().expect("in process");
    let before = place.keyspace();
    let lost = sale.hold(2, &[2]).await;
    let claimed = sale.hold(3, &[3]).await;
    sale.settled_order(&claimed, 2_500).await;
    let epoch = sale.view().await.epoch;

    place.restore(before);
    let view = sale.view().await;
    assert!(view.epoch > epoch);
    let states = [CellState::Free, CellState::Held, CellState::Free, CellState::Claimed];
    assert_eq!(view.states[..4], states);
    let ReadAnswer::Found { record, .. } = sale.read(&kept).await else { panic!("gone") };
    assert_eq!(record.status, HoldStatus::Active);
    assert_eq!(sale.read(&lost).await, ReadAnswer::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_meets_a_store_gone_back_is_answered_under_the_new_epoch() {
    let sale = Sale::open(Place::in_process(), Plan::seats(1, 10)).await;
    sale.hold(1, &[1]).await;
    let place = sale.store.simulation().expect("in process");
    let before = place.keyspace();
    let claimed = sale.hold(2, &[2]).await;
    sale.settled_order(&claimed, 2_500).await;
    sale.view().await;
    place.restore(before);
    // The store takes this one for free; the ledger's claim is on the seat.
    let answer = sale.ask_for(3, &[2]).await;
    assert!(matches!(answer, HoldAnswer::SeatsTaken { .. }), "{answer:?}");
    assert_eq!(sale.state(2).await, CellState::Claimed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_came_back_with_an_old_copy_is_noticed_without_any_request() {
    let mut sale = Sale::open(Place::redis(), Plan::seats(1, 10)).await;
    let kept = sale.hold(1, &[1]).await;
    let mut redis = sale.redis.take().expect("a redis");
    redis.command(&["SAVE"]);
    let claimed = sale.hold(2, &[2]).await;
    sale.settled_order(&claimed, 2_500).await;
    let epoch = sale.view().await.epoch;
    redis.restart();
    let partition = sale.event.partition.clone();
    let snapshot = wait_for("the rebuild", async || {
        let read = sale.store.read_snapshot(&partition).await.ok().flatten();
        read.filter(|snapshot| snapshot.epoch > epoch)
    })
    .await;
    assert_eq!(snapshot.states[1..3], [CellState::Held, CellState::Claimed]);
    let ReadAnswer::Found { record, .. } = sale.read(&kept).await else { panic!("gone") };
    assert_eq!(record.status, HoldStatus::Active);
}

/// Nothing is lost here, and no version tells of it: only the server's replication id does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fail_over_lays_the_inventory_anew() {
    let mut sale = Sale::open(Place::sentinel(), Plan::seats(1, 10)).await;
    let record = sale.hold(1, &[1]).await;
    sale.settled_order(&record, 0).await;
    sale.hold(2, &[2]).await;
    let epoch = sale.view().await.epoch;
    let mut sentinel = sale.sentinel.take().expect("a sentinel");
    let sentinel = tokio::task::spawn_blocking(move || {
        sentinel.fail_over();
        sentinel
    });
    let _sentinel = sentinel.await.expect("a fail-over");
    wait_for("the new epoch", async || {
        let view = sale.inventory.view(&sale.event).await.ok()?;
        (view.epoch > epoch && view.states[1] == CellState::Sold).then_some(())
    })
    .await;
    sale.hold(3, &[3]).await;
}
