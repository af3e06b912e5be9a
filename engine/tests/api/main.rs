//! The role's whole API over an in-process store and an SQLite file: what a buyer and an organiser
//! can ask for and what they get, without a socket.

mod availability;
mod bad_input;
mod blocks;
mod catalogue;
mod documents;
mod event_lifecycle;
mod free_orders;
mod holds;
mod orders;
mod passes;
mod permissions;
mod support;
mod tickets;
