//! The door of the shipped binary: what slow browsers, crowds, forgers and foreign pages meet.
//!
//! Spoken to over plain sockets, because no HTTP library would send this. Whatever comes in, the
//! process goes on, and what must always be answered (webhooks, probes) is.

mod crowd;
mod framing;
mod large;
mod pages;
mod slow;
mod strangers;
mod vital;
mod wire;

use crate::support::{Combination, Server, ServerOptions, Stores};

async fn server(options: ServerOptions) -> Server {
    Server::start(Stores::start(Combination::InProcessAndSqlite), options).await
}
