//! What a sale costs on Redis and Postgres, beside what a user would pick instead, in one run.
//!
//! 1. A hold, and a hold with its order, beside the usual design (`loadtest/baselines/usual_design`).
//! 2. Durable orders a second, and whole paid flows a second, on the cores of this machine.
//! 3. A refused hold beside an accepted one; a large hall nearly full beside a small one half full;
//!    best available beside named seats, among rivals; combined holds beside single ones.
//!
//! After each part the auditor looks at every sale that it made. Ends with an error when something
//! that was measured did not do its work. `bench sale [part …]`.

mod combining;
mod flows;
mod ours;
mod refusals;
mod rivals;
mod sizes;
mod usual;

use anyhow::{Result, bail};
use loadtest::report::Report;

const ROUNDS: usize = 3;
const IN_FLIGHT: usize = 64;
const PARTS: [&str; 7] = ["usual", "orders", "flows", "refusals", "sizes", "rivals", "combining"];

/// `named`: some of [`PARTS`], none for all.
pub async fn measure(named: &[&str]) -> Result<()> {
    let parts = if named.is_empty() { &PARTS[..] } else { named };
    let about = format!(
        "Pairs of adjacent seats; {ROUNDS} rounds, {IN_FLIGHT} in flight where nothing is said; \
         microseconds of CPU of server, Redis and Postgres together per operation. The service is one \
         process with the payment sandbox in it, Postgres has the durability of its defaults, and the \
         generator is on the same cores. The usual design is `loadtest/baselines/usual_design`: a lock \
         key and a row per seat behind the same hyper server; it counts no limit and keeps no map. The \
         auditor of each service found nothing."
    );
    let mut report = Report::new("A sale", about)?;
    for part in parts {
        match *part {
            "usual" => usual::compare(&mut report).await?,
            "orders" => flows::orders(&mut report).await?,
            "flows" => flows::tickets(&mut report).await?,
            "refusals" => refusals::compare(&mut report).await?,
            "sizes" => sizes::compare(&mut report).await?,
            "rivals" => rivals::compare(&mut report).await?,
            "combining" => combining::compare(&mut report).await?,
            unknown => bail!("{unknown}: not among {}", PARTS.join(", ")),
        }
    }
    report.end()
}
