//! Every performance figure of the project beside its floor, interleaved in one run. A part a
//! process: `bench holds`, `bench line`, `bench maps`, `bench sale`; `make bench` runs all of them.
//!
//! `bench floor-server` is the bare server, started by the parts as a process of its own.

mod holds;
mod line;
mod maps;
mod sale;

use std::{env, future::Future};

use anyhow::{Result, bail};
use loadtest::servers::Floor;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["holds"] => on_all_cores(holds::measure()),
        ["line"] => on_all_cores(line::measure()),
        ["maps", of_maps @ ..] => maps::run(of_maps),
        ["sale", parts @ ..] => on_all_cores(sale::measure(parts)),
        ["floor-server"] => on_all_cores(Floor::serve()),
        _ => bail!("bench holds | line | maps [sockets] | sale [part …]"),
    }
}

#[tokio::main]
async fn on_all_cores(measurement: impl Future<Output = Result<()>>) -> Result<()> {
    measurement.await
}
