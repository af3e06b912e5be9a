//! The stage of a test: a server with its events, and browsers before it.

mod browser;
mod checks;
mod driver;
mod events;
mod input;
mod look;
#[expect(unused_imports, dead_code, reason = "shared with the sale's tests, which use all of it")]
#[path = "../../sale/support/mod.rs"]
mod sale;

pub use browser::Browser;
pub use checks::Refusal;
pub use events::{club, theatre, with_line, with_line_in};
pub use input::Key;
pub use look::Look;
pub use sale::{Buyer, Server};

use serde_json::json;

use driver::Driver;
use sale::{Combination, ServerOptions, Stores};

/// A running server and the program that opens browsers.
pub struct Stage {
    pub server: Server,
    driver: Driver,
}

impl Stage {
    pub async fn start() -> Self {
        let stores = Stores::start(Combination::InProcessAndSqlite);
        Self {
            server: Server::start(stores, ServerOptions::default().with("HOLDFAST_LOG", "warn"))
                .await,
            driver: Driver::start(),
        }
    }

    /// A browser of its own, with nothing kept.
    pub async fn open(&self, look: Look) -> Browser {
        Browser::open(&self.driver.url, &self.server.base, look).await
    }

    /// What the organiser does with the line: `open`, `pause`, `resume`, `drain` or `close`.
    pub async fn line(&self, event: &str, step: &str) {
        let path = format!("/v1/events/{event}/queue/{step}");
        self.server.organizer("POST", &path, json!({"reason": "a test"}), 200).await;
    }
}
