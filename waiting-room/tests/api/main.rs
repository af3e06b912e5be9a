//! The role's whole API without a socket: what somebody who waits and an organiser can ask for and
//! what they get, over the in-process store and, where it matters, over a real Redis, a cluster and
//! Postgres. The work in the background is done round by round, by a clock that a test sets.

mod background;
mod beacon;
mod clocks;
mod codes;
mod controlling;
mod draw;
mod entering;
mod joining;
mod loss;
mod organising;
mod pages;
mod permissions;
mod streams;
mod support;
mod tokens;
mod waiting;
mod work;
