//! The servers that a benchmark measures, each a process of its own that ends with its value.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;
use testkit::RedisServer;
use tokio::net::{TcpListener, TcpStream};

use crate::{cpu, floor};

pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-benchmark";
pub const SIGNING_KEY: &str = "a signing key that only the benchmark uses";
const FLOOR_SERVER: &str = "floor-server";

/// A child process; ended with the value, by its id.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A private Redis with a connection of our own to it.
pub struct Redis {
    pub server: RedisServer,
    pub connection: MultiplexedConnection,
}

impl Redis {
    pub async fn start() -> Result<Self> {
        let server = RedisServer::start();
        let client = redis::Client::open(server.url())?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self { server, connection })
    }

    /// Microseconds of its CPU so far.
    pub async fn cpu(&self) -> Result<f64> {
        cpu::of_redis(&mut self.connection.clone()).await
    }

    /// Bytes that it uses for data.
    pub async fn memory(&self) -> Result<f64> {
        let text = self.info("memory").await?;
        let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.context("INFO memory lacks a line")?.trim().parse()?)
    }

    /// How often each command was called so far, within scripts too.
    pub async fn calls(&self) -> Result<Vec<(String, u64)>> {
        let text = self.info("commandstats").await?;
        let calls = text.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
        });
        Ok(calls.collect())
    }

    async fn info(&self, section: &str) -> Result<String> {
        let mut connection = self.connection.clone();
        Ok(redis::cmd("INFO").arg(section).query_async(&mut connection).await?)
    }
}

/// The whole service over a Redis.
pub struct Service {
    pub address: SocketAddr,
    process: Process,
    _data: TempDir,
}

impl Service {
    /// The program beside this one, in the same profile.
    pub async fn start(redis: &Redis) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let program = env::current_exe()?.with_file_name("holdfast");
        ensure!(program.exists(), "build the program first: cargo build --release");
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Process(
            Command::new(program)
                .arg("serve")
                .env("HOLDFAST_LISTEN", address.to_string())
                .env("HOLDFAST_DATA_DIR", data.path())
                .env("HOLDFAST_REDIS_URL", redis.server.url())
                .env("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN)
                .env("HOLDFAST_SIGNING_KEY", SIGNING_KEY)
                .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
                .env("HOLDFAST_SANDBOX", "1")
                .env("HOLDFAST_LOG", "warn")
                .stdout(Stdio::null())
                .spawn()?,
        );
        let service = Self { address, process, _data: data };
        for _ in 0..500 {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(service);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("nothing listens on {address}")
    }

    /// Microseconds of its CPU so far.
    pub fn cpu(&self) -> Result<f64> {
        cpu::of_process(self.process.0.id())
    }
}

/// The bare hyper server, as a process of its own: the benchmark itself, started anew.
pub struct Floor {
    pub address: SocketAddr,
    process: Process,
}

impl Floor {
    /// To be called first in `main`: whether this process is to be the server, which then serves
    /// until it is killed.
    pub async fn serve_if_asked() -> Result<()> {
        if env::args().nth(1).as_deref() != Some(FLOOR_SERVER) {
            return Ok(());
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        floor::serve(listener).await
    }

    pub fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let mut process = Process(command.arg(FLOOR_SERVER).stdout(Stdio::piped()).spawn()?);
        let output = process.0.stdout.take().context("the floor's output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { address: line.trim().parse()?, process })
    }

    /// Microseconds of its CPU so far.
    pub fn cpu(&self) -> Result<f64> {
        cpu::of_process(self.process.0.id())
    }
}
