//! `open_loop`: how long people wait when they come as they please, at a rate or all at once.
//!
//! Starts a private service on a private Redis and Postgres, or takes one on the loopback; publishes
//! a sale there; sends a crowd by the open loop of `loadtest::open_loop`; asks the auditor; prints a
//! table. Exits 1 when something failed, a threshold was missed or the audit found a violation, 2
//! when the run could not be made, 3 when it is void because the generator was the bottleneck.

mod options;
mod profiles;
mod sale;
mod table;

use std::{net::SocketAddr, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use loadtest::{
    auditor::{self, Audit},
    open_loop::{self, Figures, Verdict},
    servers::{ORGANIZER_TOKEN, Postgres, Redis, Service, Start},
};
use serde::Serialize;

use crate::{options::Options, profiles::Run, sale::sell};

fn main() -> ExitCode {
    let outcome = match open_loop::work_if_asked() {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => measure(&Options::parse()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("open_loop: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// All that is known of a run at its end.
#[derive(Serialize)]
struct Outcome<'a> {
    run: &'a Run,
    figures: &'a Figures,
    audit: &'a Audit,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

#[tokio::main]
async fn measure(options: &Options) -> Result<ExitCode> {
    let place = Place::find(options).await?;
    let mut run = Run::new(options, place.address);
    sell(&mut run.plan, &place.token).await.context("the sale cannot be made")?;
    if !options.json {
        println!("{}", run.about());
    }
    // On a thread of its own: it waits for processes.
    let plan = run.plan.clone();
    let figures = tokio::task::spawn_blocking(move || open_loop::send(&plan)).await??;
    let audit = auditor::ask(place.address, &place.token).await?;
    let verdict = Verdict::of(&figures, &run.limits, &run.thresholds);
    if options.json {
        let outcome = Outcome { run: &run, figures: &figures, audit: &audit, verdict: &verdict };
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{}", table::text(&run, &figures, &audit, &verdict));
    }
    Ok(match verdict {
        Verdict::Void(_) => ExitCode::from(3),
        Verdict::Passed if audit.is_passed() => ExitCode::SUCCESS,
        Verdict::Passed | Verdict::Missed(_) => ExitCode::from(1),
    })
}

/// The service under load. What was started for the run ends with the value, the service first.
struct Place {
    address: SocketAddr,
    token: String,
    _service: Option<Service>,
    _stores: Option<(Redis, Postgres)>,
}

impl Place {
    async fn find(options: &Options) -> Result<Self> {
        if let Some(address) = options.address {
            let token = options.organizer_token()?;
            return Ok(Self { address, token, _service: None, _stores: None });
        }
        let rate = Some(options.stripe_rate.as_str());
        let (service, stores) = match options.in_process {
            true => {
                let start = Start { stripe_rate: rate, ..Start::default() };
                (Service::start_with(start).await?, None)
            }
            false => {
                let redis = Redis::start().await?;
                let postgres = tokio::task::spawn_blocking(Postgres::start).await??;
                let database = postgres.fresh_database();
                let start =
                    Start { redis: Some(&redis), database: Some(&database), stripe_rate: rate };
                (Service::start_with(start).await?, Some((redis, postgres)))
            }
        };
        let (address, token) = (service.address, ORGANIZER_TOKEN.to_owned());
        Ok(Self { address, token, _service: Some(service), _stores: stores })
    }
}
