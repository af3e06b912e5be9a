//! What every service stands on: settings, keys, clock, HTTP manners, telemetry, health, shutdown.
//!
//! Relies on `domain` for ids, limits and the clock's trait. Knows no route of its own except the
//! operators' (`/livez`, `/readyz`, `/metrics`), no store and no payment provider. HTTP status codes
//! of refusals that every service shares are decided in [`http`] and nowhere else.

pub mod clock;
pub mod config;
pub mod failpoint;
pub mod health;
pub mod http;
pub mod keys;
pub mod random;
pub mod secret;
pub mod serve;
pub mod shutdown;
pub mod telemetry;
pub mod tokens;

pub use clock::SystemClock;
pub use config::Settings;
pub use failpoint::failpoint;
pub use keys::Keys;
pub use secret::Secret;
pub use shutdown::Tasks;
