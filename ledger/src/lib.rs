//! The ledger: who has a seat, under which order, and what became of the money. The only door to
//! SQL; SQLite or Postgres behind one text of each query.
//!
//! Relies on the database for every rule that matters: unique indexes, CHECKs and row locks, never
//! a count made beforehand. Relies on [`domain::order::learn`] for what a fact means.
//! Never speaks to Redis or to the payment provider: what has to be done there is a row of the
//! outbox, written in the same transaction. Never logs an address, a token or a secret.
//!
//! | module | |
//! |---|---|
//! | [`events`], [`cancel_event`], `complete_events`, `charts`, `blocks`, `epochs`, `areas` | the catalogue and the inventory's frame |
//! | [`create_order`], [`orders`], `order_lines`, `claims`, `quotas` | from hold to claim |
//! | [`learn`], `effects`, [`intents`], [`tickets`], `money`, `release_proofs`, [`due`] | from claim to ticket, or back |
//! | [`idempotency`], [`inbox`], [`outbox`], [`quarantine`], [`leases`] | what was asked, heard, has to be done, is odd, is whose turn |
//! | [`lines`], `ceilings`, [`line_steps`], [`line_draws`], [`line_acts`], [`passes`] | waiting rooms: what must outlive Redis |
//! | [`audit`], [`durability`] | whether it all holds |
//! | `db`, `row`, `values`, `dialect`, `writer`, `together`, `trace`, [`error`] | the databases themselves |

mod areas;
pub mod audit;
mod blocks;
pub mod cancel_event;
mod ceilings;
mod charts;
pub mod claims;
mod complete_events;
pub mod create_order;
mod db;
mod dialect;
pub mod due;
pub mod durability;
mod effects;
mod epochs;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod inbox;
pub mod intents;
pub mod learn;
pub mod leases;
pub mod line_acts;
pub mod line_draws;
pub mod line_steps;
pub mod lines;
mod migrations;
mod money;
mod order_lines;
mod order_reads;
pub mod orders;
pub mod outbox;
pub mod passes;
pub mod quarantine;
mod quotas;
mod release_proofs;
mod row;
pub mod tickets;
mod together;
mod trace;
mod values;
mod writer;

use std::{path::Path, sync::Arc};

use domain::{hold::CustomerKey, id::OrderId, time::Clock};
use tokio::sync::watch;

pub use areas::SetCapacities;
pub use audit::{Invariant, Violation};
pub use cancel_event::CancelEvent;
pub use claims::{AreaClaims, ClaimCounts, StoredClaim};
pub use create_order::{CreateOrder, NewOrder};
pub use error::{Error, Rule};
pub use events::{InsertEvent, NewEvent, UpdateQueue};
pub use idempotency::{Begin, KeptAnswer};
pub use inbox::{InboxRow, NewInboxRow};
pub use intents::{BeginIntent, Intent, Payable};
pub use learn::{Evidence, Learned};
pub use line_acts::{Act, NewAct};
pub use line_draws::{ClosedEntries, DrawStep, NamedRound};
pub use line_steps::{MoveCursors, SetPhase, StoreDraw};
pub use lines::{Line, LineAtWork, LinePhase};
pub use orders::{Order, OrderLine};
pub use outbox::{OutboxKind, OutboxRow, OutboxWaiting};
pub use passes::{InsertPass, PassEnd, PassRow, RenewPass};
pub use quarantine::Quarantined;
pub use tickets::{Ticket, TicketStatus};

use db::{Db, Reads};
use order_reads::OrderReads;
use together::Together;
use writer::{Signals, Work, Writer};

/// A handle on the ledger; cheap to clone. Belongs to the tokio runtime it was made in.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
    writer: Arc<Writer>,
    keys: Together<idempotency::NewKey, Begin>,
    answers: Together<KeptAnswer, ()>,
    orders: Together<create_order::Input, CreateOrder>,
    attempts: Together<OrderId, BeginIntent>,
    intents: Together<intents::NewIntent, bool>,
    facts: Together<learn::Input, Option<Learned>>,
    inbox: Together<NewInboxRow, bool>,
    inbox_done: Together<String, ()>,
    outbox_done: Together<String, ()>,
    order_reads: OrderReads,
}

impl Ledger {
    /// Opens the database. `url`: empty for the SQLite file `holdfast.sqlite3` in `data_dir` (made
    /// if missing), `sqlite:PATH`, or `postgres://…`. The schema is not touched: see
    /// [`Ledger::migrate`].
    ///
    /// # Errors
    /// [`Error::Address`] for any other address, [`Error::Unavailable`] within two seconds when
    /// there is no answer.
    pub async fn connect(url: &str, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self::start(Db::connect(url, data_dir).await?, clock))
    }

    /// Not in an async function: those are compiled anew in each crate that calls them, and all
    /// writes with this one.
    fn start(db: Db, clock: Arc<dyn Clock>) -> Self {
        quarantine::count(0);
        let signals = Arc::new(Signals::new());
        let writer = Arc::new(Writer::start(db.clone(), Arc::clone(&clock), Arc::clone(&signals)));
        let inner = Inner {
            keys: Together::start(&writer, idempotency::BEGIN),
            answers: Together::start(&writer, idempotency::FINISH),
            orders: Together::start(&writer, create_order::CREATE),
            attempts: Together::start(&writer, intents::BEGIN),
            intents: Together::start(&writer, intents::STORE),
            facts: Together::start(&writer, learn::LEARN),
            inbox: Together::start(&writer, inbox::INSERT),
            inbox_done: Together::start(&writer, inbox::DONE),
            outbox_done: Together::start(&writer, outbox::DONE),
            order_reads: OrderReads::start(&db),
            db,
            clock,
            signals,
            writer,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Brings the schema up to date. May run in several processes at once, and again.
    pub async fn migrate(&self) -> Result<(), Error> {
        durability::migrate(&self.inner.db).await
    }

    /// One round trip to the database.
    pub async fn ping(&self) -> Result<(), Error> {
        self.read().row("SELECT CAST(1 AS BIGINT) AS one", &[]).await?;
        Ok(())
    }

    /// Closes all connections; what still waits to be written fails with [`Error::Unavailable`].
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Grows with every commit in this process that queued outbox rows: a worker waits for
    /// `changed()` beside its own interval. Rows of other processes are only found by asking.
    pub fn outbox_notify(&self) -> watch::Receiver<u64> {
        self.inner.signals.outbox.subscribe()
    }

    /// The same for [`Ledger::inbox_insert`].
    pub fn inbox_notify(&self) -> watch::Receiver<u64> {
        self.inner.signals.inbox.subscribe()
    }

    fn read(&self) -> Db {
        self.inner.db.clone()
    }

    /// For questions about many rows at once.
    fn survey(&self) -> Db {
        self.inner.db.survey()
    }

    async fn write<I, T>(&self, input: I, work: Work<I, T>) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.inner.writer.write(input, work).await
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

/// A customer in its column.
fn customer_text(customer: CustomerKey) -> String {
    data_encoding::HEXLOWER.encode(&customer.0)
}

fn customer_of(text: &str) -> Result<CustomerKey, Error> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .map(CustomerKey)
        .ok_or(Error::Corrupt("a customer that is not one"))
}
