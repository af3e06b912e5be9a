//! The usual design, to measure ours beside: one lock key per seat in Redis (`SET NX PX`), a row per
//! seat in Postgres that is locked (`SELECT … FOR UPDATE`) and updated, behind a hyper server.
//!
//! It is written as a good engineer writes it on a quiet day, correct and not slowed down: locks of
//! a hold go in one pipeline, rows of a hold in one statement and in one order, connections are
//! pooled, statements prepared, answers have the product's shape. It does less than the product: no
//! limit per customer, no idempotency, no live map, no best available, no payment.
//!
//! `usual_design (rows | keys) REDIS_URL DATABASE_URL` listens on a free port of the loopback, says
//! where, and serves until it is killed. With `rows` a hold is also written on the seats' rows, so
//! that a seat map can be read from the database; with `keys` it is the lock keys alone and the rows
//! are touched by orders only.

mod answers;
mod events;
mod holds;
mod orders;
mod server;
mod stores;
#[cfg(test)]
mod tests;

use std::{env, sync::Arc};

use anyhow::{Result, bail};
// Linked for its allocator, which is the product's.
use loadtest as _;
use tokio::net::TcpListener;

use crate::stores::{HoldsIn, Stores};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (holds_in, redis, database) = match words[..] {
        ["rows", redis, database] => (HoldsIn::KeysAndRows, redis, database),
        ["keys", redis, database] => (HoldsIn::Keys, redis, database),
        _ => bail!("usual_design (rows | keys) REDIS_URL DATABASE_URL"),
    };
    let stores = Stores::connect(holds_in, redis, database).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    server::serve(listener, Arc::new(stores)).await
}
