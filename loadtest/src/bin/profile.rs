//! Where the time of a hold goes: a flame graph of the service while it answers holds over HTTP, 64 at
//! any time, as one SVG. `make profile` builds the program with frame pointers and line tables first;
//! sampling is `perf`'s, the drawing is inferno's.
//!
//! `profile FILE` writes the SVG to FILE.

use std::{
    env, fs,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use inferno::{
    collapse::{Collapse, perf::Folder},
    flamegraph,
};
use loadtest::{
    generator,
    hall::Hall,
    requests::Person,
    servers::{ORGANIZER_TOKEN, Redis, Service},
};

const IN_FLIGHT: usize = 64;
const HOLDS: usize = 60_000;
/// Each hold takes two.
const SEATS: usize = HOLDS * 2;
/// Samples a second of a running thread; odd, so that it meets no timer's rhythm.
const FREQUENCY: &str = "997";

#[tokio::main]
async fn main() -> Result<()> {
    let file = env::args().nth(1).map(PathBuf::from).context("say where to write the SVG")?;
    let redis = Redis::start().await?;
    let service = Service::start(&redis).await?;
    let event = Hall::new("profile", SEATS).publish(service.address, ORGANIZER_TOKEN).await?;
    let hold = |number: usize| Person(number).hold_seats(&event, &[number * 2, number * 2 + 1]);

    let folder = tempfile::tempdir()?;
    let samples = folder.path().join("perf.data");
    let sampling = sample(service.pid(), &samples)?;
    generator::run(service.address, IN_FLIGHT, HOLDS, StatusCode::CREATED, hold).await?;
    end(sampling)?;
    let stacks = stacks(&samples)?;
    draw(&stacks, &file)?;
    println!("{HOLDS} holds, {IN_FLIGHT} in flight: {}", file.display());
    Ok(())
}

fn sample(pid: u32, file: &Path) -> Result<Child> {
    // The clock of the system: counters of the processor are not there on every machine.
    Command::new("perf")
        .args(["record", "--quiet", "--event", "cpu-clock", "--call-graph", "fp"])
        .args(["--freq", FREQUENCY, "--pid", &pid.to_string(), "--output"])
        .arg(file)
        .stdout(Stdio::null())
        .spawn()
        .context("perf does not start (Debian: linux-perf)")
}

/// As Ctrl-C: what was sampled is written.
fn end(mut sampling: Child) -> Result<()> {
    let told = Command::new("kill").args(["-INT", &sampling.id().to_string()]).status()?;
    ensure!(told.success(), "perf ended by itself");
    sampling.wait()?;
    Ok(())
}

/// One line a stack, with how often it was met.
fn stacks(samples: &Path) -> Result<Vec<u8>> {
    let script = Command::new("perf").args(["script", "--input"]).arg(samples).output()?;
    ensure!(script.status.success(), "perf cannot read what it wrote");
    let mut stacks = Vec::new();
    Folder::default().collapse(BufReader::new(&*script.stdout), &mut stacks)?;
    ensure!(!stacks.is_empty(), "nothing was sampled");
    Ok(stacks)
}

fn draw(stacks: &[u8], file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = flamegraph::Options::default();
    options.title = "Holds over HTTP, 64 in flight".to_owned();
    flamegraph::from_reader(&mut options, stacks, fs::File::create(file)?)?;
    Ok(())
}
