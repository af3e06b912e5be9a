//! From a request to an operation and back: what to read from the request, in which order to check
//! it, which status a success has. Nothing is decided here.

pub mod lines;
pub mod pages;
pub mod places;
