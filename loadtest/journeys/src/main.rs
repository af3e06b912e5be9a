//! `load`: a crowd that does what people do at a sale, and the verdict on the sale afterwards.
//!
//! Starts a private `holdfast demo` or takes one on the loopback, publishes a sale of its own there,
//! lets goose's users walk the journeys for a while, asks the auditor, and writes one page that
//! opens without a network. Exits 1 when the audit finds a violation or a threshold is missed, 2
//! when the run could not be made. Load goes to this machine only.
//!
//! The loop is closed: who waits for an answer sends nothing meanwhile. So these latencies tell what
//! the people of this crowd saw and whether today is slower than the baseline, and no headline is
//! made of them. See docs/load.md.

mod baseline;
mod crowd;
mod figures;
mod hosts;
mod journeys;
mod judgement;
mod load;
mod loopback;
mod options;
mod organizer;
mod person;
mod progress;
mod random;
mod report;
mod seats;
mod server;
mod socket;

use std::{fs, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;

use crate::{
    baseline::Run,
    hosts::Hosts,
    judgement::{Judgement, Thresholds},
    load::Load,
    options::Options,
    organizer::Organizer,
    report::Report,
    server::Server,
};

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(run(&options)));
    match outcome {
        Ok(passed) => ExitCode::from(u8::from(!passed)),
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the run passed.
async fn run(options: &Options) -> Result<bool> {
    fs::create_dir_all(&options.output).context("the output folder cannot be made")?;
    let mut server = None;
    let hosts = match &options.host {
        Some(host) => Hosts::one(&loopback::check(host)?),
        None => server.insert(Server::start(options).await?).hosts.clone(),
    };
    let organizer = Organizer::new(&hosts, &options.organizer_token()?);
    let sale = organizer.publish_sale(options).await?;
    let place = &hosts.engine;
    println!("A sale of {} seats at {place}, {} people at once.", options.seats, options.users);

    let load = Arc::new(Load::new(hosts, sale, Duration::from_secs(options.run_seconds())));
    let rows = crowd::walk(load.clone(), options).await?;
    let audit = organizer.audit().await?;

    let run = Run::new(options, rows);
    let thresholds = Thresholds::of(options);
    let judgement = Judgement::new(&run, &thresholds, &audit, options.baseline()?, options);
    let report = Report { run: &run, judgement: &judgement, audit: &audit, load: &load };
    print!("{}", report.text());
    let page = options.output.join("report.html");
    fs::write(&page, report.html()).context("the report cannot be written")?;
    run.write(&options.output.join("report.json"))?;
    if let Some(path) = &options.write_baseline {
        run.write(path)?;
    }
    println!("{}", page.display());
    if let Some(server) = &server
        && !judgement.passed()
    {
        server.logs().for_each(|log| println!("The server's log: {}", log.display()));
    }
    Ok(judgement.passed())
}
