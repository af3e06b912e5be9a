//! The role `engine`: the catalogue, holds, orders and tickets over HTTP.
//!
//! [`mod@router`] has all routes on one page; a handler reads the request, an operation (`hold_seats`,
//! `create_order`, …) does the work, `views` say what answers look like, [`error`] how refusals do.
//! Relies on `inventory` for who may try for a seat and on `ledger` for who has it. Never decides
//! about a seat or about money itself, and never speaks to the payment provider.

mod chart_cache;
mod detached;
mod email;
mod event_rules;
mod events;
mod handlers;
mod idempotency;
mod meters;
mod owners;
mod pages;
mod replies;
mod tasks;
mod wish;

mod cancel_event;
mod cancel_order;
mod change_blocks;
mod change_event;
mod change_hold;
mod create_event;
mod create_order;
mod extend_hold;
mod hold_seats;
mod list_events;
mod publish_event;
mod read_hold;
mod release_hold;

pub mod error;
pub mod openapi;
pub mod router;
pub mod views;

use std::sync::Arc;

use domain::{ticket::TicketKey, time::Clock};
use inventory::Inventory;
use ledger::Ledger;
use platform::Keys;

pub use openapi::{openapi, openapi_router};
pub use router::router;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    /// Seats held at once from one address; 0: no cap.
    pub held_seats_per_address: u32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { held_seats_per_address: 200 }
    }
}

/// Everything that the operations work with.
pub struct Engine {
    inventory: Inventory,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    keys: Keys,
    ticket_key: TicketKey,
    settings: EngineSettings,
    charts: chart_cache::ChartCache,
}

impl Engine {
    pub fn new(
        inventory: Inventory,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        keys: Keys,
        settings: EngineSettings,
    ) -> Arc<Self> {
        let seed = keys.ticket_seeds()[0];
        Arc::new(Self {
            inventory,
            ledger,
            clock,
            ticket_key: TicketKey::from_seed(seed),
            keys,
            settings,
            charts: chart_cache::ChartCache::default(),
        })
    }
}
