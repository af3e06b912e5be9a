//! Redis and Postgres, connected once: commands of all requests share one connection to Redis, which
//! pipelines them by itself; transactions take theirs from a pool.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Result;
use dashmap::DashMap;
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};
use sqlx::{PgPool, postgres::PgPoolOptions};

/// Some for each core that waits for a disk; more only queue up within Postgres.
const POOL: u32 = 32;

/// How long a command may wait on a machine whose cores are all busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a hold is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldsIn {
    Keys,
    KeysAndRows,
}

pub struct Stores {
    pub holds_in: HoldsIn,
    pub redis: MultiplexedConnection,
    pub postgres: PgPool,
    /// Prices of the events that were asked for.
    prices: DashMap<String, i64>,
    last_id: AtomicU64,
}

impl Stores {
    pub async fn connect(holds_in: HoldsIn, redis: &str, database: &str) -> Result<Self> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let redis = redis::Client::open(redis)?;
        let redis = redis.get_multiplexed_async_connection_with_config(&config).await?;
        let postgres = PgPoolOptions::new()
            .min_connections(POOL)
            .max_connections(POOL)
            // A broken connection is found by the statement that meets it.
            .test_before_acquire(false)
            .connect(database)
            .await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&postgres).await?;
        let (prices, last_id) = (DashMap::new(), AtomicU64::new(0));
        Ok(Self { holds_in, redis, postgres, prices, last_id })
    }

    /// The price of a seat; none: there is no such event.
    pub async fn price(&self, event: &str) -> Result<Option<i64>> {
        if let Some(price) = self.prices.get(event) {
            return Ok(Some(*price));
        }
        let read = sqlx::query_scalar("SELECT price FROM events WHERE event = $1");
        let price: Option<i64> = read.bind(event).fetch_optional(&self.postgres).await?;
        if let Some(price) = price {
            self.prices.insert(event.to_owned(), price);
        }
        Ok(price)
    }

    /// New, and not to be guessed where it is a token.
    pub fn new_id(&self, prefix: &str) -> Result<String> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let number = self.last_id.fetch_add(1, Ordering::Relaxed);
        Ok(format!("{prefix}_{number:x}{:032x}", u128::from_le_bytes(random)))
    }
}
