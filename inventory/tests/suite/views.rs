use futures_util::future::join_all;
use inventory::HoldAnswer;
use lua::{CellState, HoldChange, Operation};

use crate::sale::{Place, Plan, Sale, in_both_places};

in_both_places! {
    a_view_shows_what_was_acknowledged_before
    after_random_operations_the_view_is_what_the_store_has
    a_view_without_changes_is_the_same
}

async fn a_view_shows_what_was_acknowledged_before(place: Place) {
    let sale = Sale::open(place, Plan::seats(10, 10)).await;
    let sale = &sale;
    join_all((0..100u32).map(|buyer| async move {
        let HoldAnswer::Held { version, .. } = sale.ask_for(buyer, &[buyer]).await else {
            panic!("not held");
        };
        let view = sale.view().await;
        assert!(view.version >= version);
        assert_eq!(view.states[buyer as usize], CellState::Held);
    }))
    .await;
}

async fn after_random_operations_the_view_is_what_the_store_has(place: Place) {
    let sale = Sale::open(place, Plan::seats(6, 10).areas(&[20])).await;
    let seed = u64::from_be_bytes(random());
    println!("seed {seed}");
    let mut random = Lcg(seed);
    let mut records = Vec::new();
    for step in 0..300u32 {
        let seat = random.below(60);
        match random.below(8) {
            0..3 => {
                if let HoldAnswer::Held { record, .. } = sale.ask_for(step, &[seat]).await {
                    records.push(record);
                }
            }
            3 => {
                if let HoldAnswer::Held { record, .. } = sale.ask_for_best(step, 2).await {
                    records.push(record);
                }
            }
            4 => {
                if let HoldAnswer::Held { record, .. } = sale.ask_for_places(step, 2).await {
                    records.push(record);
                }
            }
            5 if !records.is_empty() => {
                let record = records.swap_remove(random.below(records.len() as u32) as usize);
                let id = sale.id_of(&record);
                sale.inventory.release_hold(&sale.event, &id).await.unwrap();
            }
            6 if !records.is_empty() => {
                let record = &records[random.below(records.len() as u32) as usize];
                let change = HoldChange {
                    add: vec![seat],
                    remove: Vec::new(),
                    areas: Vec::new(),
                    customer_limit: 8,
                    operation: Operation { key: [step as u8; 8], fingerprint: [0; 8] },
                };
                let id = sale.id_of(record);
                sale.inventory.change_hold(&sale.event, &id, change).await.unwrap();
            }
            7 if !records.is_empty() => {
                let record = records.swap_remove(random.below(records.len() as u32) as usize);
                let id = sale.id_of(&record);
                // As it is now: it may have been changed.
                let inventory::ReadAnswer::Found { record, .. } = sale.read(&record).await else {
                    panic!("{id} is gone");
                };
                let order = sale.settled_order(&record, i64::from(random.below(2))).await;
                if random.below(2) == 0
                    && sale.ledger.order(&order).await.unwrap().unwrap().amount > 0
                {
                    sale.cancel(&order).await;
                    sale.inventory.settle_order(&order).await.unwrap();
                }
            }
            _ => {}
        }
        if step % 10 == 0 {
            compare(&sale).await;
        }
    }
    compare(&sale).await;
}

async fn compare(sale: &Sale) {
    let view = sale.view().await;
    let stored = sale.store.read_snapshot(&sale.event.partition).await.unwrap().unwrap();
    assert_eq!((view.epoch, view.version), (stored.epoch, stored.version));
    assert_eq!(view.states.as_ref(), stored.states);
    assert_eq!(view.areas.as_ref(), stored.areas);
}

async fn a_view_without_changes_is_the_same(place: Place) {
    let sale = Sale::open(place, Plan::seats(2, 10)).await;
    sale.hold(1, &[3]).await;
    let (first, second) = (sale.view().await, sale.view().await);
    assert_eq!(first, second);
    assert!(std::sync::Arc::ptr_eq(&first.states, &second.states), "nothing was copied");
}

fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}

/// Knuth's MMIX generator: enough to choose operations.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }
}
