//! A private Redis with a connection of our own to it.

use std::time::Duration;

use anyhow::{Context, Result};
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};
use testkit::RedisServer;

use crate::cpu;

/// A benchmark keeps both cores busy and may have to wait for one.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Redis {
    pub server: RedisServer,
    pub connection: MultiplexedConnection,
}

impl Redis {
    pub async fn start() -> Result<Self> {
        let server = RedisServer::start();
        let client = redis::Client::open(server.url())?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
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
