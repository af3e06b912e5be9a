//! Stripe's objects: what the sandbox keeps of each, and how it is shown whole.
//!
//! Every member that the API of this version always sends is sent, with `null` where nothing stands; client
//! libraries refuse partial objects.

mod charge;
mod event;
mod intent;
mod method;
mod refund;

pub(crate) use charge::{Charge, ChargeFailure};
pub(crate) use event::Event;
pub(crate) use intent::{Intent, IntentStatus, browser_view};
pub(crate) use method::{Billing, Method};
pub(crate) use refund::Refund;

/// What lists and tables need of an object.
pub(crate) trait Record {
    fn id(&self) -> &str;
    /// Milliseconds since the Unix epoch.
    fn created(&self) -> i64;
}

macro_rules! record {
    ($($name:ident),*) => {$(
        impl Record for $name {
            fn id(&self) -> &str {
                &self.id
            }

            fn created(&self) -> i64 {
                self.created
            }
        }
    )*};
}

record!(Intent, Charge, Refund, Method, Event);

/// Stripe's times are whole seconds.
pub(crate) fn seconds(millis: i64) -> i64 {
    millis.div_euclid(1000)
}
