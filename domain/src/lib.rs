//! The rules of Holdfast without any input or output: what is valid, what follows from what.
//!
//! Relies on nothing but its arguments. Never reads a clock, a random source, a file or a socket,
//! so that the same code runs in production, in tests, in simulation and in the auditor.

pub mod best_available;
pub mod chart;
pub mod event;
pub mod hold;
pub mod id;
pub mod label;
pub mod limits;
pub mod money;
pub mod order;
pub mod plan;
pub mod queue;
pub mod seat;
pub mod slug;
pub mod ticket;
pub mod time;
pub mod venue;
