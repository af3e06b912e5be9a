//! HTTP in, operations called, HTTP out.

pub mod payment;
pub mod webhook;
