//! The whole service, as the program beside this one runs it.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Result, bail};
use hyper::{Method, StatusCode};
use tempfile::TempDir;

use super::{ORGANIZER_TOKEN, Process, Redis, SIGNING_KEY, process};
use crate::generator::{self, Call};

const START_SECONDS: u64 = 60;

/// On which stores it runs. Without limits by address.
#[derive(Default)]
pub struct Start<'a> {
    /// None: in the service's own process.
    pub redis: Option<&'a Redis>,
    /// A Postgres database's URL; none: an SQLite file of its own.
    pub database: Option<&'a str>,
    /// `HOLDFAST_STRIPE_RATE`; none: its default.
    pub stripe_rate: Option<&'a str>,
}

pub struct Service {
    pub address: SocketAddr,
    process: Process,
    _data: TempDir,
}

impl Service {
    /// Over a Redis, with an SQLite ledger.
    pub async fn start(redis: &Redis) -> Result<Self> {
        Self::start_with(Start { redis: Some(redis), ..Start::default() }).await
    }

    pub async fn start_with(start: Start<'_>) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(process::beside("holdfast")?);
        command
            .arg("serve")
            .env("HOLDFAST_LISTEN", address.to_string())
            .env("HOLDFAST_DATA_DIR", data.path())
            .env("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN)
            .env("HOLDFAST_SIGNING_KEY", SIGNING_KEY)
            .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
            .env("HOLDFAST_SANDBOX", "1")
            .env("HOLDFAST_LOG", "warn")
            .stdout(Stdio::null());
        if let Some(redis) = start.redis {
            command.env("HOLDFAST_REDIS_URL", redis.server.url());
        }
        if let Some(database) = start.database {
            command.env("HOLDFAST_DATABASE_URL", database);
        }
        if let Some(rate) = start.stripe_rate {
            command.env("HOLDFAST_STRIPE_RATE", rate);
        }
        let process = Process::spawn(&mut command)?;
        let mut service = Self { address, process, _data: data };
        service.wait_until_ready().await?;
        Ok(service)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..START_SECONDS * 50 {
            let call = Call { path: "/readyz".into(), headers: Vec::new(), body: String::new() };
            if generator::ask(Method::GET, self.address, StatusCode::OK, call).await.is_ok() {
                return Ok(());
            }
            if !self.process.is_running()? {
                bail!("the service ended at its start");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("nothing is ready at {}", self.address)
    }

    /// Of its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Microseconds of its CPU so far.
    pub fn cpu(&self) -> Result<f64> {
        self.process.cpu()
    }
}
