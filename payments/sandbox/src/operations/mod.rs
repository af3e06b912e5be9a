//! What each endpoint does. An operation reads all its parameters first, so that a refusal of a parameter comes
//! before any effect; then it changes objects through the transaction and answers with one of them.

mod attempt;
mod cancel;
mod capture;
mod charges;
mod confirm;
mod events;
mod expand;
mod fields;
mod intents;
mod lists;
mod methods;
mod refunds;
mod settle;

pub(crate) use cancel::cancel_intent;
pub(crate) use capture::capture_intent;
pub(crate) use charges::{list_charges, retrieve_charge};
pub(crate) use confirm::{confirm_intent, end_challenge};
pub(crate) use events::{list_events, retrieve_event};
pub(crate) use expand::expand;
pub(crate) use intents::{create_intent, list_intents, retrieve_intent, update_intent};
pub(crate) use methods::{create_method, retrieve_method};
pub(crate) use refunds::{create_refund, list_refunds, retrieve_refund, update_refund};
pub(crate) use settle::settle;
