//! Private instances of real servers for tests: Redis alone, under Sentinel and as a cluster, and
//! Postgres; a public randomness beacon; and a clock that a test sets.
//!
//! Relies on the programs `redis-server`, `kill`, `setpriv` and those of Postgres; a missing one
//! fails the test with the command that installs it. Every server listens on a free port of
//! 127.0.0.1, keeps its data in a temporary directory and ends with its value, or with the test
//! process, however that ends. Never skips a test, and never touches a server it did not start.

mod beacon;
mod clock;
mod cluster;
mod port;
mod postgres;
mod process;
mod redis;
mod resp;
mod scratch;
mod sentinel;
mod wait;

pub use beacon::BeaconServer;
pub use clock::SettableClock;
pub use cluster::RedisCluster;
pub use port::free_port;
pub use postgres::PostgresServer;
pub use redis::RedisServer;
pub use resp::{Reply, RespClient};
pub use sentinel::RedisSentinel;
pub use wait::wait_for;
