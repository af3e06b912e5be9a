//! The role `waiting-room`: places in an event's line, the draw at opening, admission, passes.
//!
//! [`mod@router`] has all routes on one page; a handler reads the request, an operation (`join_line`,
//! `enter_line`, …) does the work, `views` say what answers look like, [`error`] how refusals do.
//!
//! A line (`lines`) is what this process knows of an event's line: a `state` that a follower
//! reads from the store four times a second. Whoever stands in line is answered from it alone. One
//! process at a time *controls* a line: it holds the draw and moves the cursors, each step first in
//! the ledger, then in the store.
//!
//! Relies on `lua` for numbers given and passes live, on `ledger` for what must outlive the store
//! (cursors, the draw, who has entered), on `domain::queue` for every rule, on `inventory` for the
//! seats that are free. Never decides about a seat or about money.

mod admitting;
mod beacon;
mod codes;
mod following;
mod free;
mod idempotency;
mod joining;
mod laying;
mod lines;
mod meters;
mod open_streams;
mod proofs;
mod standing;
mod state;
mod stream;
mod tasks;
mod work;

mod change_phase;
mod change_settings;
mod enter_line;
mod join_line;
mod leave_line;
mod make_codes;
mod read_status;
mod show_line;

pub mod error;
mod handlers;
pub mod openapi;
pub mod router;
pub mod views;

/// The operations without HTTP around them, for simulations that take them by the million. Not for
/// services: what only HTTP checks is not checked.
pub mod simulation {
    pub use crate::{
        change_settings::change_settings,
        codes::make as make_code,
        enter_line::{EnterAnswer, enter_line},
        join_line::{Asker, JoinAnswer, join_line},
        leave_line::leave_line,
        read_status::{Tokens, read_status},
        standing::PlaceState,
    };
}

use std::sync::Arc;

use dashmap::DashMap;
use domain::{
    id::EventId,
    time::{Clock, Timestamp},
};
use inventory::Inventory;
use ledger::Ledger;
use lua::Store;
use platform::Keys;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use openapi::openapi;
pub use router::router;
pub use tasks::Rounds;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct WaitingRoomSettings {
    /// Whether joining may ask for work at all.
    pub proof_of_work: bool,
    /// Where the draw finds public randomness.
    pub draw_beacon: Option<String>,
    /// Orders that the payment provider's quota lets be paid; `None`: no quota.
    pub payments_per_minute: Option<f64>,
}

/// Everything that the operations work with.
pub struct WaitingRoom {
    inventory: Inventory,
    ledger: Ledger,
    store: Store,
    clock: Arc<dyn Clock>,
    keys: Keys,
    settings: WaitingRoomSettings,
    lines: lines::Lines,
    work: work::Load,
    /// Makes the controller take its next step at once.
    wake: Notify,
    trees: proofs::Trees,
    /// Since when a draw's beacon has been asked in vain.
    unanswered: DashMap<EventId, Timestamp>,
    streams: Arc<open_streams::OpenStreams>,
    /// Ends the event streams, which end by nothing else.
    closing: CancellationToken,
    /// Names this process in leases.
    owner: String,
}

impl WaitingRoom {
    pub fn new(
        inventory: Inventory,
        ledger: Ledger,
        store: Store,
        clock: Arc<dyn Clock>,
        keys: Keys,
        settings: WaitingRoomSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            inventory,
            ledger,
            store,
            clock,
            keys,
            settings,
            lines: lines::Lines::default(),
            work: work::Load::default(),
            wake: Notify::new(),
            trees: proofs::Trees::default(),
            unanswered: DashMap::new(),
            streams: Arc::default(),
            closing: CancellationToken::new(),
            owner: format!("waiting-room-{}", &platform::random::token()[..12]),
        })
    }

    /// Ends every event stream; their clients come back, to another process. To be called when the
    /// listener drains.
    pub fn end_streams(&self) {
        self.closing.cancel();
    }
}
