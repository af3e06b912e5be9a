//! The servers that a benchmark measures, each a process of its own that ends with its value.

mod floor;
mod postgres;
mod process;
mod redis;
mod service;

pub use floor::Floor;
pub use postgres::Postgres;
pub use process::{Process, beside};
pub use redis::Redis;
pub use service::{Service, Start};

pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-benchmark";
pub const SIGNING_KEY: &str = "a signing key that only the benchmark uses";
