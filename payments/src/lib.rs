//! Role payments: between the ledger and Stripe.
//!
//! Presses of Pay become intents, webhooks and reads become facts, facts go through the ledger's
//! `learn`, and what the ledger queued (capture, cancel, refund) is sent. Stripe says whether there
//! is money, the ledger says what follows; this crate decides nothing about seats.
//!
//! Where things are: [`stripe`] talks to Stripe; [`facts`] maps an intent to a fact;
//! [`learning`] brings facts to the ledger; [`start_payment`] is the buyer's operation;
//! [`inbox`] takes webhooks; [`tasks`] run in the background, in any number of processes.

pub mod error;
pub mod facts;
pub mod handlers;
mod idempotency;
pub mod inbox;
pub mod learning;
pub mod router;
pub mod settings;
pub mod signature;
pub mod start_payment;
pub mod stripe;
pub mod tasks;

use std::{collections::HashSet, ops::Deref, sync::Arc};

use domain::time::{Clock, Timestamp};
use ledger::Ledger;
use platform::keys::Keys;
use tokio_util::task::TaskTracker;

pub use router::{openapi, router};
pub use settings::{PaymentsSettings, SettingsError, check_settings};

use crate::{
    signature::Secrets,
    stripe::{Budget, Stripe, Transport, transport::TransportError},
};

/// The role's state. Cheap to clone.
#[derive(Clone)]
pub struct Payments {
    inner: Arc<Inner>,
}

/// What every part of the role reads.
pub struct Inner {
    pub(crate) ledger: Ledger,
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stripe: Stripe,
    pub(crate) secrets: Secrets,
    pub(crate) publishable_key: String,
    pub(crate) livemode: bool,
    /// The poller's own share of the read quota.
    pub(crate) poll_budget: Budget,
    /// Idempotency keys whose first request runs in this process.
    pub(crate) running: std::sync::Mutex<HashSet<String>>,
    /// What must be finished before the process ends.
    pub(crate) tasks: TaskTracker,
}

impl Payments {
    /// `tasks` gets the background work and the money operations in flight: the process waits for
    /// it before it ends. Check the settings with [`check_settings`] first.
    pub fn new(
        ledger: Ledger,
        keys: Keys,
        clock: Arc<dyn Clock>,
        settings: &PaymentsSettings,
        tasks: TaskTracker,
    ) -> Result<Self, TransportError> {
        let transport = Transport::new(&settings.transport(), Budget::new(settings.rate))?;
        let inner = Inner {
            ledger,
            keys,
            clock,
            stripe: Stripe::new(transport),
            secrets: settings.secrets(),
            publishable_key: settings.publishable_key.clone(),
            livemode: settings.livemode(),
            poll_budget: tasks::poller::budget(settings.rate),
            running: std::sync::Mutex::default(),
            tasks,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Deref for Payments {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Payments {
    /// By the role's clock; 0 for what another process's clock puts into the future.
    pub(crate) fn seconds_since(&self, at: Timestamp) -> f64 {
        (self.clock.now().as_millis() - at.as_millis()).max(0) as f64 / 1_000.0
    }

    /// Who holds a lease, for whoever reads the table.
    pub(crate) fn owner(&self, task: &str) -> String {
        format!("payments-{task}-{}-{}", std::process::id(), self.clock.now().as_millis())
    }
}
