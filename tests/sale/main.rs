//! Whole sales on the shipped binary: real processes, real stores, HTTP only.
//!
//! Each test starts `holdfast` on stores of its own and speaks to it as a front end would. What is
//! told twice, once per store combination, is one function and a list of combinations.

mod commands;
mod deploy;
mod documents;
mod door;
mod draw;
mod expiry;
mod kill;
mod line;
mod live;
mod logs;
mod loss;
mod manifests;
mod race;
mod readme;
mod refusal;
mod support;
mod trace;
mod webhooks;
