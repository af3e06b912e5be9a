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
mod entering;
mod faults;
mod grace;
mod headers;
mod hold_passes;
mod hold_seats;
mod join_line;
mod laying;
mod leading;
mod line_fail_over;
mod line_laws;
mod line_model;
mod line_random;
mod line_reading;
mod line_support;
mod model;
mod notices;
mod random;
mod reading;
mod rebuilding;
mod support;
