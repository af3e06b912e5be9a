//! Events on their way to the shop.

mod send;
mod sign;

pub(crate) use send::{client, run};
