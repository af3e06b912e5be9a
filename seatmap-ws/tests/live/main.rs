//! Live maps as their clients meet them: real sockets on a loopback port, over the in-process store
//! and over a real Redis.

mod chain;
mod document;
mod drain;
mod encodings;
mod limits;
mod manners;
mod resume;
mod selections;
mod slow_readers;
mod support;
