//! What live maps cost beside what they cannot cost less than, in one run: a hall of 50,000 seats.
//!
//! 1. CPU of the gateway per delivered frame, beside a bare loop of non-blocking writes of as many
//!    bytes on the very same connections; memory of an idle socket.
//! 2. CPU of the gateway at 2,000 seat changes a second, beside 10 a second.
//! 3. From the store's write to the viewer at a steady rate of holds, with a tenth of the viewers
//!    stalled beside none.
//! 4. Bytes of a whole sale for one viewer, beside one JSON message a change.
//!
//! CPU is this process's alone: viewers, sale and Redis are processes of their own. Ends with an
//! error when something that was measured did not do its work. `bench maps [sockets]`; needs twice as
//! many file descriptors.

mod gateway;
mod helper;
mod sale;
mod sell_out;
mod viewers;

use std::{env, fs, process, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use loadtest::{cpu, report::Report, rounds::interleave, servers::Redis};
use seatmap_ws::{Delta, Format, Frame};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use self::{gateway::Gateway, helper::Helper, viewers::LATEST_MS};

pub const SEATS: u32 = 50_000;
const ROUNDS: usize = 3;
const SOCKETS: usize = 5_000;
const PHASE: Duration = Duration::from_millis(1_000);
/// Until what came before is over.
const SETTLE: Duration = Duration::from_millis(250);
/// Changes and frames a second where a frame's cost is measured: four seats a frame.
const CHANGES: u32 = 40;
const FRAMES: u32 = 10;
/// Pairs of seats held a second, and as many released, where lateness is measured.
const HOLDS: u32 = 400;
/// Flips of half the hall that overfill a stalled reader's buffers.
const FLIPS: usize = 12;

/// `words`: the number of sockets, none for the usual one; or what this program says to itself.
pub fn run(words: &[&str]) -> Result<()> {
    let one = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    match *words {
        ["viewers", address, event, count, format] => {
            one()?.block_on(viewers::run(address.parse()?, event, count.parse()?, format))
        }
        ["sale", url, event] => {
            one()?.block_on(sale::run(url, event.parse().ok().context("an event's id")?))
        }
        ["idle", sockets] => idle(sockets.parse()?),
        [] => measure(SOCKETS),
        [sockets] => measure(sockets.parse()?),
        _ => bail!("bench maps [sockets]"),
    }
}

#[tokio::main]
async fn measure(sockets: usize) -> Result<()> {
    let about = format!("{SEATS} seats, {sockets} viewers.");
    let mut report = Report::new("Live maps", about)?;
    let redis = Redis::start().await?;
    let gateway = Gateway::start(&redis.server.url()).await?;
    let sale = Helper::start(&["sale", &redis.server.url(), gateway.event.as_str()])?;
    let mut bench = Bench { _redis: redis, gateway, viewers: Vec::new(), sale };
    bench.open(sockets, "bin").await?;

    bench.frames_beside_writes(&mut report).await?;
    bench.storm_beside_trickle(&mut report).await?;
    bench.stalled_beside_none(&mut report, sockets / 10).await?;
    drop(bench);
    let idle = idle_apart(sockets)?;
    report.figure("memory of an idle socket", idle, "KB", "at most 8", idle <= 8.0);
    sell_out::compare(&mut report);
    report.end()
}

/// What a socket takes that is told nothing, in a process whose allocator gives back at once what it
/// does not need: else a chart that was read once hides a thousand sockets.
fn idle_apart(sockets: usize) -> Result<f64> {
    let output = process::Command::new(env::current_exe()?)
        .args(["maps", "idle", &sockets.to_string()])
        .env("MIMALLOC_PURGE_DELAY", "0")
        .stderr(process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "idle sockets were not measured");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

#[tokio::main]
async fn idle(sockets: usize) -> Result<()> {
    let redis = Redis::start().await?;
    let gateway = Gateway::start(&redis.server.url()).await?;
    let sale = Helper::start(&["sale", &redis.server.url(), gateway.event.as_str()])?;
    let mut bench = Bench { _redis: redis, gateway, viewers: Vec::new(), sale };
    let warm = sockets / 5;
    bench.open(warm, "bin").await?;
    let before = resident_kilobytes()?;
    bench.open(sockets - warm, "bin").await?;
    println!("{}", (resident_kilobytes()? - before) / (sockets - warm) as f64);
    Ok(())
}

struct Bench {
    _redis: Redis,
    gateway: Gateway,
    viewers: Vec<Helper>,
    sale: Helper,
}

impl Bench {
    /// More viewers, and a frame for everybody.
    async fn open(&mut self, count: usize, format: &str) -> Result<()> {
        let wanted = self.totals()?[2] + count as u64;
        let (address, count) = (self.gateway.address.to_string(), count.to_string());
        self.viewers.push(Helper::start(&[
            "viewers",
            &address,
            self.gateway.event.as_str(),
            &count,
            format,
        ])?);
        while self.totals()?[2] < wanted {
            sleep(Duration::from_millis(100)).await;
        }
        self.sale.ask("blocks 20")?;
        sleep(PHASE).await;
        self.sale.ask("blocks 0")?;
        sleep(SETTLE).await;
        Ok(())
    }

    /// Frames, bytes and open sockets.
    fn totals(&mut self) -> Result<[u64; 3]> {
        let mut totals = [0; 3];
        for viewers in &mut self.viewers {
            let counts = viewers.ask("?")?;
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        Ok(totals)
    }

    /// Until nobody is told anything more.
    async fn quiet(&mut self) -> Result<()> {
        let mut bytes = self.totals()?[1];
        loop {
            sleep(SETTLE).await;
            match self.totals()?[1] {
                same if same == bytes => return Ok(()),
                more => bytes = more,
            }
        }
    }

    async fn frames_beside_writes(&mut self, report: &mut Report) -> Result<()> {
        let changes = (0..CHANGES / FRAMES).map(|seat| (seat * 7_919, 3)).collect();
        let delta =
            Delta { partition: 0, epoch: 1, from: 9_000, version: 9_004, changes, areas: vec![] };
        let bytes = Frame::Delta(delta).bytes(Format::Binary);
        let bench = Mutex::new(&mut *self);
        let frames = async || bench.lock().await.frames().await;
        let writes = async || bench.lock().await.writes(&bytes).await;
        let ratio = interleave(ROUNDS, frames, writes).await?;
        report.ratio("µs of CPU a frame / a bare write", &ratio, 1.4);
        self.gateway.forget_connections();
        Ok(())
    }

    async fn frames(&mut self) -> Result<f64> {
        self.sale.ask(&format!("blocks {CHANGES}"))?;
        sleep(SETTLE).await;
        let (cpu, before) = (own_cpu()?, self.totals()?);
        sleep(PHASE).await;
        let (cpu, after) = (own_cpu()? - cpu, self.totals()?);
        self.sale.ask("blocks 0")?;
        sleep(SETTLE).await;
        Ok(cpu / (after[0] - before[0]) as f64)
    }

    async fn writes(&mut self, bytes: &[u8]) -> Result<f64> {
        let (cpu, before) = (own_cpu()?, self.totals()?);
        let times = PHASE.as_millis() as u32 * FRAMES / 1_000;
        self.gateway.write(bytes.to_vec(), times, Duration::from_secs(1) / FRAMES).await?;
        let cpu = own_cpu()? - cpu;
        sleep(SETTLE).await;
        Ok(cpu / (self.totals()?[0] - before[0]) as f64)
    }

    async fn storm_beside_trickle(&mut self, report: &mut Report) -> Result<()> {
        let bench = Mutex::new(&mut *self);
        let storm = async || bench.lock().await.load(2_000).await;
        let trickle = async || bench.lock().await.load(10).await;
        let ratio = interleave(ROUNDS, storm, trickle).await?;
        report.ratio("% of a core, 2,000 changes/s / 10 changes/s", &ratio, 1.25);
        Ok(())
    }

    /// Percent of a core at so many changes a second.
    async fn load(&mut self, rate: u32) -> Result<f64> {
        self.sale.ask(&format!("blocks {rate}"))?;
        sleep(SETTLE).await;
        let (cpu, began) = (own_cpu()?, Instant::now());
        sleep(PHASE).await;
        let share = (own_cpu()? - cpu) / began.elapsed().as_micros() as f64;
        self.sale.ask("blocks 0")?;
        sleep(SETTLE).await;
        Ok(share * 100.0)
    }

    async fn stalled_beside_none(&mut self, report: &mut Report, stalled: usize) -> Result<()> {
        self.open(stalled, "json").await?;
        let before = resident_kilobytes()?;
        let mut healthy = vec![0; LATEST_MS + 1];
        let bench = Mutex::new((&mut *self, &mut healthy));
        let with = async || {
            let (bench, _) = &mut *bench.lock().await;
            Ok(percentile(&bench.latencies(true).await?, 99))
        };
        let without = async || {
            let (bench, healthy) = &mut *bench.lock().await;
            let counts = bench.latencies(false).await?;
            healthy.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
            Ok(percentile(&counts, 99))
        };
        let ratio = interleave(ROUNDS, with, without).await?;
        report.ratio("ms to a viewer at p99, a tenth stalled / none", &ratio, 1.1);
        let more = (resident_kilobytes()? - before).max(0.0) / stalled as f64;
        report.fact("memory more for each that stalled", more, "KB");
        for (name, percent) in [("ms from write to viewer, median", 50), ("the same, p99", 99)] {
            let value = percentile(&healthy, percent);
            report.figure(name, value, "ms", "at most 250", value <= 250.0);
        }
        Ok(())
    }

    /// How many frames told a hold how many milliseconds after it was written; only those who read.
    async fn latencies(&mut self, is_stalled: bool) -> Result<Vec<u64>> {
        if is_stalled {
            self.viewers.last_mut().context("no viewers")?.ask("pause")?;
            for _ in 0..FLIPS {
                self.sale.ask("flip")?;
                sleep(Duration::from_millis(150)).await;
            }
        }
        self.quiet().await?;
        let (last, others) = self.viewers.split_last_mut().context("no viewers")?;
        self.sale.ask(&format!("holds {HOLDS}"))?;
        sleep(SETTLE * 2).await;
        others.iter_mut().try_for_each(|viewers| viewers.ask("note").map(drop))?;
        self.sale.ask("written")?;
        sleep(PHASE).await;
        let written = self.sale.ask("written")?;
        self.sale.ask("holds 0")?;
        sleep(SETTLE).await;
        let words: Vec<String> = written.iter().map(u64::to_string).collect();
        let mut counts = vec![0; LATEST_MS + 1];
        for viewers in others {
            let late = viewers.ask(&format!("late {}", words.join(" ")))?;
            ensure!(
                late.iter().sum::<u64>() > 0,
                "nothing was told of {} holds",
                written.len() / 2
            );
            counts.iter_mut().zip(late).for_each(|(count, more)| *count += more);
        }
        last.ask("read")?;
        sleep(SETTLE).await;
        Ok(counts)
    }
}

/// The value that so many percent of all do not exceed.
fn percentile(counts: &[u64], percent: u64) -> f64 {
    let wanted = counts.iter().sum::<u64>() * percent / 100;
    let mut sum = 0;
    let place = counts.iter().position(|count| {
        sum += count;
        sum > wanted
    });
    place.unwrap_or(counts.len()) as f64
}

fn own_cpu() -> Result<f64> {
    cpu::of_process(process::id())
}

fn resident_kilobytes() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
