//! The sandbox over a real loopback listener, spoken to as a shop's server, a browser and Stripe's client
//! libraries speak to Stripe.

mod browser;
mod client;
mod errors;
mod faults;
mod idempotency;
mod payments;
mod refunds;
mod restart;
mod support;
mod webhooks;
