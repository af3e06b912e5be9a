//! The service under load: `holdfast demo` in a private data directory, or the four roles in four
//! processes on a private Redis Cluster and Postgres. Without limits by address.

use std::{
    env,
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use testkit::{PostgresServer, RedisCluster};
use tokio::time::sleep;

use crate::{hosts::Hosts, options::Options};

const START_SECONDS: u64 = 60;

/// Of a server that is started here and sells nothing real.
pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-load-test";
const SIGNING_KEY: &str = "a signing key that only the load test uses";

/// Ended with the value, by its id.
struct Process {
    base: String,
    log: PathBuf,
    child: Child,
    _data: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the processes of one service share.
#[derive(Default)]
struct Stores {
    servers: Option<(RedisCluster, PostgresServer)>,
}

/// A running service; ends with the value, the processes before their stores.
pub struct Server {
    pub hosts: Hosts,
    processes: Vec<Process>,
    _stores: Stores,
}

impl Server {
    pub async fn start(options: &Options) -> Result<Self> {
        let (processes, stores) = match options.apart {
            false => {
                let stores = Stores::default();
                (vec![Process::start(options, &stores, &["demo"], "server").await?], stores)
            }
            true => {
                // Starting them blocks until they answer.
                let start = || (RedisCluster::start(), PostgresServer::start());
                let stores = Stores { servers: Some(tokio::task::spawn_blocking(start).await?) };
                let mut processes = Vec::new();
                for role in ["engine", "waiting-room", "seatmap-ws", "payments"] {
                    let arguments = ["serve", "--roles", role];
                    processes.push(Process::start(options, &stores, &arguments, role).await?);
                }
                (processes, stores)
            }
        };
        let bases: Vec<&str> = processes.iter().map(|process| process.base.as_str()).collect();
        let hosts = match bases[..] {
            [engine, waiting_room, seatmap, payments] => Hosts {
                engine: engine.to_owned(),
                waiting_room: waiting_room.to_owned(),
                seatmap: seatmap.to_owned(),
                payments: payments.to_owned(),
            },
            _ => Hosts::one(bases[0]),
        };
        Ok(Self { hosts, processes, _stores: stores })
    }

    /// The logs of its processes.
    pub fn logs(&self) -> impl Iterator<Item = &Path> {
        self.processes.iter().map(|process| process.log.as_path())
    }
}

impl Process {
    async fn start(
        options: &Options,
        stores: &Stores,
        arguments: &[&str],
        name: &str,
    ) -> Result<Self> {
        let beside = env::current_exe()?.with_file_name("holdfast");
        let program = options.program.clone().unwrap_or(beside);
        ensure!(program.exists(), "{} is not there: cargo build --release", program.display());
        let data = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = options.output.join(format!("{name}.log"));
        let output = File::create(&log).context("the server's log cannot be made")?;
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .env("HOLDFAST_LISTEN", address.to_string())
            .env("HOLDFAST_DATA_DIR", data.path())
            .env("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN)
            .env("HOLDFAST_SIGNING_KEY", SIGNING_KEY)
            .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
            .env("HOLDFAST_HELD_SEATS_PER_ADDRESS", "0")
            .env("HOLDFAST_STRIPE_RATE", &options.stripe_rate)
            .env("HOLDFAST_SANDBOX", "1")
            .env("HOLDFAST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        if let Some((cluster, postgres)) = &stores.servers {
            command.env("HOLDFAST_REDIS_URL", cluster.url());
            command.env("HOLDFAST_DATABASE_URL", postgres.url());
        }
        let child =
            command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        let mut process = Self { base: format!("http://{address}"), log, child, _data: data };
        process.wait_until_ready().await?;
        Ok(process)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        for _ in 0..START_SECONDS * 10 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}; see {}", self.log.display());
            }
            let answer = http.get(format!("{}/readyz", self.base)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        bail!("the server was not ready after {START_SECONDS} s; see {}", self.log.display())
    }
}
