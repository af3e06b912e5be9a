//! The waiting room's rules: who stands where, who is let in, what a person waiting is told.
//!
//! Relies on nothing but its arguments: time, randomness and what happened are handed in. Never
//! knows a store or a person; a person is a [`crate::hold::CustomerKey`] here.
//!
//! | | |
//! |---|---|
//! | [`lane`] | lanes, places, ways in |
//! | [`phase`] | what a line is doing, how a pass ends |
//! | [`draw`] | the draw at opening, and how anybody checks it |
//! | [`admission`] | how many are let in this second |
//! | [`pace`] | how long it will take, as an honest interval |
//! | [`odds`] | whether a seat will be left |
//! | [`work`] | proof of work for joins |

pub mod admission;
pub mod draw;
pub mod lane;
pub mod odds;
pub mod pace;
pub mod phase;
pub mod work;

pub use lane::{Lane, Place, Way};
pub use phase::{LinePhase, PassEnd};
