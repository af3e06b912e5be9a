//! The store combinations on which Holdfast must sell alike.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use testkit::{PostgresServer, RedisCluster, RedisServer};

/// Where inventory and ledger live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    InProcessAndSqlite,
    RedisAndPostgres,
    ClusterAndPostgres,
    RedisAndSqlite,
}

/// The private servers of one test; they end with it.
#[derive(Default)]
pub struct Stores {
    pub redis: Option<RedisServer>,
    pub cluster: Option<RedisCluster>,
    pub postgres: Option<PostgresServer>,
}

impl Stores {
    pub fn start(combination: Combination) -> Self {
        let mut stores = Self::default();
        match combination {
            Combination::InProcessAndSqlite => {}
            Combination::RedisAndSqlite => stores.redis = Some(RedisServer::start()),
            Combination::RedisAndPostgres => {
                stores.redis = Some(RedisServer::start());
                stores.postgres = Some(PostgresServer::start());
            }
            Combination::ClusterAndPostgres => {
                stores.cluster = Some(RedisCluster::start());
                stores.postgres = Some(PostgresServer::start());
            }
        }
        stores
    }

    pub fn redis_url(&self) -> String {
        match (&self.redis, &self.cluster) {
            (Some(redis), _) => redis.url(),
            (None, Some(cluster)) => cluster.url(),
            (None, None) => String::new(),
        }
    }

    pub fn database_url(&self) -> String {
        self.postgres.as_ref().map(PostgresServer::url).unwrap_or_default()
    }
}

/// Sends one inline command to the Redis at `port`; gives the reply's first line.
pub fn redis(port: u16, command: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    connection.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    connection.write_all(format!("{command}\r\n").as_bytes()).expect("sent");
    let mut buffer = [0; 65536];
    let length = connection.read(&mut buffer).expect("a reply");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}
