//! A stand-in for Stripe that speaks Stripe's own HTTP API, for what a ticket sale uses of it: payment intents,
//! payment methods of test cards, charges, refunds, events, idempotency keys, rate limits and signed webhooks.
//!
//! It is one account in test mode. Its state is a journal in the data directory and outlives a killed process.
//! `POST /control` makes it misbehave: late, repeated, mixed-up or lost webhooks, wrong answers before or after
//! the effect, slow calls. It relies on nothing of the rest of the workspace and is never linked by the code that
//! talks to Stripe, so that both agree only because both follow Stripe. It never reads the system's clock, never
//! moves money, and keeps no card number.

// For the objects, which are one JSON literal each.
#![recursion_limit = "256"]

mod account;
mod auth;
mod call;
mod cards;
mod challenge;
mod control;
mod error;
mod failure;
mod faults;
mod idempotency;
mod ids;
mod journal;
mod limits;
mod objects;
mod operations;
mod params;
mod pipeline;
mod rate;
mod reply;
mod router;
mod state;
mod transaction;
mod webhooks;

use std::{path::PathBuf, sync::Arc};

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use error::Error;

use crate::account::Shared;

/// The current time in milliseconds since the Unix epoch; the sandbox reads no other clock.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Subscribed to events of all types.
pub const ALL_EVENTS: &[&str] = &["*"];

/// API calls a second, as Stripe counts them: all together, and each endpoint by itself. 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    pub account: u32,
    pub endpoint: u32,
}

/// What a sandbox is started with.
#[derive(Clone)]
pub struct SandboxOptions {
    /// The journal is in the folder `sandbox` of this one.
    pub data_dir: PathBuf,
    /// `sk_test_…`: may do everything.
    pub secret_key: String,
    /// `pk_test_…`: a browser's; may pay for an intent whose client secret it sends along.
    pub publishable_key: String,
    /// `whsec_…`; several, comma-separated, give a signature each.
    pub webhook_secret: String,
    /// Where events are sent, plain HTTP; with `None`, events are recorded and not sent.
    pub webhook_url: Option<String>,
    /// Types of the events that are sent, as a webhook endpoint is subscribed to; or [`ALL_EVENTS`].
    pub enabled_events: &'static [&'static str],
    pub now: Now,
    /// Until `POST /control` has set something else.
    pub rate: Rate,
}

/// One Stripe account in test mode. A clone is another handle of the same account.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

impl Sandbox {
    /// Reads the journal and rewrites it. Two sandboxes must not share a data directory.
    pub fn open(options: SandboxOptions) -> Result<Self, Error> {
        Ok(Self { shared: Shared::open(options)? })
    }

    /// The HTTP API: `/v1/…`, `/control` and `/3ds/…`, to be nested wherever it is wanted.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.shared))
    }

    /// Sends webhooks until told to stop. What is undelivered then is sent by the next run.
    pub async fn run(&self, shutdown: CancellationToken) {
        webhooks::run(Arc::clone(&self.shared), shutdown).await;
    }

    /// Sends webhooks to this address from now on, those that wait already included.
    pub fn set_webhook_url(&self, url: impl Into<Option<String>>) {
        self.shared.set_webhook_url(url.into());
    }
}
