//! `holdfast`: picks roles, reads the configuration, wires the parts together, runs.

mod address;
mod audit;
mod demo;
mod parts;
mod payment;
mod probe;
mod queue;
mod roles;
mod serve;
mod stores;
mod sums;
mod venue;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use domain::time::Clock;
use platform::{
    Settings, SystemClock,
    config::{SettingFlags, listing},
    telemetry,
};

use crate::{
    address::reachable,
    audit::{Report, Seats},
    roles::{Role, Roles},
    stores::Stores,
};

/// Answers are made of many small pieces, on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the auditor waits for a server before it reads the stores itself.
const AUDIT_BY_SERVER_TIMEOUT: Duration = Duration::from_secs(120);

/// Sells seats when everybody comes at once.
#[derive(Parser)]
#[command(name = "holdfast", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    Serve {
        /// Comma-separated: engine, waiting-room, seatmap-ws, payments; all of them when absent
        #[arg(long, value_delimiter = ',')]
        roles: Vec<Role>,
    },
    /// Run everything in one process, with a sample sale and the payment sandbox
    Demo,
    /// Bring the database's schema up to date
    Migrate,
    /// Load the sample sale into the server at HOLDFAST_LISTEN
    Seed,
    /// Check the invariants of a sale; exits 1 when one is violated
    Audit {
        /// An event's id or slug; all events when absent
        #[arg(long)]
        event: Option<String>,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Lay an event's inventory anew from the ledger
    Rebuild {
        /// An event's id or slug
        #[arg(long)]
        event: String,
    },
    /// Draw sample venues
    Venue {
        #[command(subcommand)]
        command: VenueCommand,
    },
    /// Look into the waiting room
    Queue {
        #[command(subcommand)]
        command: QueueCommand,
    },
    /// Ask whether a process is ready; exits 1 when it is not, or does not answer
    Probe {
        /// http://HOLDFAST_LISTEN/readyz when absent
        url: Option<String>,
    },
    /// List every setting with its default and meaning
    Config,
}

#[derive(Subcommand)]
enum QueueCommand {
    /// Check a published draw, and a place in it; exits 1 when anything was altered
    Verify(queue::Check),
}

#[derive(Subcommand)]
enum VenueCommand {
    /// Print a pretix seating plan; the same seed draws the same plan
    Generate(venue::Wish),
}

fn main() -> ExitCode {
    platform::failpoint::setup();
    // One TLS provider for every connection that this process opens.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let settings = Settings::load(&arguments.settings).map_err(anyhow::Error::from);
    let threads = settings.as_ref().map_or(1, |settings| settings.threads);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let outcome = runtime
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(run(arguments.command, settings)));
    telemetry::flush_logs();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("holdfast: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// `settings` matter only to commands that use them.
async fn run(command: Command, settings: Result<Settings>) -> Result<ExitCode> {
    match command {
        Command::Config => print!("{}", listing()),
        Command::Venue { command: VenueCommand::Generate(wish) } => venue::generate(&wish)?,
        Command::Queue { command: QueueCommand::Verify(check) } => {
            return queue::verify(&check).await;
        }
        Command::Probe { url } => {
            let url = match url {
                Some(url) => url,
                None => format!("http://{}/readyz", reachable(settings?.listen)),
            };
            return Ok(probe::probe(&url).await);
        }
        Command::Serve { roles } => {
            serve::serve(settings?, Roles::new(&roles)).await?;
        }
        Command::Demo => {
            let mut settings = settings?;
            settings.sandbox = true;
            serve::demo(settings).await?;
        }
        Command::Migrate => {
            let settings = settings?;
            let ledger = stores::ledger(&settings, Arc::new(SystemClock)).await?;
            ledger.migrate().await?;
            println!("The schema is up to date.");
        }
        Command::Seed => serve::seed(&settings?).await?,
        Command::Rebuild { event } => {
            let settings = settings?;
            let stores = Stores::connect(&settings, Arc::new(SystemClock)).await?;
            let inventory = stores.inventory();
            let found = inventory.event(&event).await?;
            let found = found.with_context(|| format!("there is no event {event}"))?;
            inventory.rebuild(&found.event.id).await?;
            println!("The inventory of {event} is laid anew.");
        }
        Command::Audit { event, json } => {
            let settings = settings?;
            let report = inspect(&settings, event.as_deref()).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                println!("{report}");
            }
            return Ok(ExitCode::from(u8::from(!report.clean)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the server, which alone can see an inventory in its own process; without one, reads the
/// stores from here.
async fn inspect(settings: &Settings, event: Option<&str>) -> Result<Report> {
    let token = settings.organizer_token()?;
    let mut request = reqwest::Client::new()
        .get(format!("http://{}/v1/audit", reachable(settings.listen)))
        .timeout(AUDIT_BY_SERVER_TIMEOUT)
        .bearer_auth(token.expose());
    if let Some(event) = event {
        request = request.query(&[("event", event)]);
    }
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {
            return answer.json().await.context("the server's report cannot be read");
        }
        Ok(answer) => eprintln!(
            "holdfast: the server at {} answers {}; reading the stores instead",
            settings.listen,
            answer.status()
        ),
        Err(_) => eprintln!(
            "holdfast: no server answers at {}; reading the stores instead",
            settings.listen
        ),
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ledger = stores::ledger(settings, clock.clone()).await?;
    let seats = match stores::seats(settings, clock.clone()).await {
        Ok(store) if !store.is_in_process() => Seats::At(store),
        Ok(_) => Seats::OutOfReach("the inventory is inside the server's process".to_owned()),
        Err(error) => Seats::OutOfReach(format!("{error:#}")),
    };
    audit::audit(&ledger, &seats, event, &*clock).await
}
