//! From a request to an operation and back: what to read from the request, in which order to check
//! it, which status a success has. Nothing is decided here.

pub mod events;
pub mod holds;
pub mod orders;
pub mod seats;
pub mod tickets;
