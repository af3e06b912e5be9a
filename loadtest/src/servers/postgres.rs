//! A private Postgres with the durability of its defaults, and what its processes cost.

use anyhow::Result;
use testkit::PostgresServer;

use crate::cpu;

pub struct Postgres {
    server: PostgresServer,
    /// The process from which all others of the server come.
    first: u32,
}

impl Postgres {
    /// Blocks for about a second.
    pub fn start() -> Result<Self> {
        let server = PostgresServer::start();
        let pid = server.query("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)");
        Ok(Self { server, first: pid.trim().parse()? })
    }

    /// URL of an empty database.
    pub fn fresh_database(&self) -> String {
        self.server.fresh_database()
    }

    /// Microseconds of CPU of all its processes so far, those included that have ended.
    pub fn cpu(&self) -> Result<f64> {
        cpu::of_family(self.first)
    }

    /// Writes out what is dirty in a database and counts its rows, so that neither happens within a
    /// measurement.
    pub fn settle(&self, database: &str) {
        self.query_at(database, "VACUUM ANALYZE");
        self.server.query("CHECKPOINT");
    }

    /// Runs SQL on the database of that URL; gives the rows, values parted by `|`.
    pub fn query_at(&self, database: &str, sql: &str) -> String {
        self.server.query_at(database, sql)
    }
}
