//! What answers look like: one struct for each JSON shape, filled from the domain's types.
//!
//! Never decides anything; the OpenAPI document is generated from these.

pub mod availability;
pub mod chart;
pub mod event;
pub mod hold;
pub mod order;
pub mod seats;
pub mod ticket;
