//! The scripts from outside, by their bindings.
//!
//! `support` makes a stage: an event's inventory at some place, and buyers. Files named after a
//! script ask for each of its replies; `conformance` runs the same functions at every place.

mod blocks;
mod change_hold;
mod claims;
mod conformance;
mod connections;
mod differential;
mod ending;
mod faults;
mod headers;
mod hold_seats;
mod model;
mod random;
mod reading;
mod rebuilding;
mod support;
