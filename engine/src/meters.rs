//! What this role counts. Holds are counted where they are decided, in the inventory.

use crate::error::Refusal;

/// One attempt to make an order: `created`, `replayed`, or the refusal's code.
pub fn order(outcome: &'static str) {
    metrics::counter!("holdfast_orders_total", "outcome" => outcome).increment(1);
}

pub fn order_refused(refusal: &Refusal) {
    order(refusal.code());
}
