//! Talking to Stripe: requests built by the async-stripe crates, sent by a pooled client of our own,
//! under one budget, read into the few fields that matter here.
//!
//! The same code speaks to Stripe and to the payment sandbox; only `STRIPE_API_BASE` differs.

pub mod budget;
pub mod client;
pub mod error;
mod insist;
pub mod objects;
mod span;
pub mod transport;

pub use budget::{Budget, Priority, Rate};
pub use client::{NewIntent, Stripe};
pub use error::Error;
pub use objects::{EVENT_TYPES, Intent, IntentStatus, Refund};
pub use transport::{Transport, TransportSettings};
