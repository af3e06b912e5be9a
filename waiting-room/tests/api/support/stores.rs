//! The places where a line may be kept, and the databases beside them.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use domain::id::EventId;
use testkit::{PostgresServer, RedisCluster, RedisServer, Reply, RespClient};

/// Each test of a list in every place: in process, on a Redis of its own, on a cluster, and with the
/// ledger in Postgres.
macro_rules! in_every_place {
    ($($name:ident)*) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Stores::in_process()).await;
            })*
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Stores::redis()).await;
            })*
        }
        mod on_cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Stores::cluster()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Stores::postgres()).await;
            })*
        }
    };
}
pub(crate) use in_every_place;

/// Where a world keeps things.
#[derive(Default)]
pub struct Stores {
    pub store_url: String,
    pub ledger_url: String,
    redis: Option<Mutex<RedisServer>>,
    is_cluster: bool,
}

impl Stores {
    pub fn in_process() -> Self {
        Self::default()
    }

    /// A server of the test's own.
    pub fn redis() -> Self {
        let redis = RedisServer::start();
        let store_url = redis.url();
        Self { store_url, redis: Some(Mutex::new(redis)), ..Self::default() }
    }

    /// One cluster for all tests of the process: events do not meet in it.
    pub fn cluster() -> Self {
        Self { store_url: shared_cluster().url(), is_cluster: true, ..Self::default() }
    }

    /// A store that the test keeps itself.
    pub fn at(store_url: String) -> Self {
        Self { store_url, ..Self::default() }
    }

    /// The store in process, the ledger in a database of its own.
    pub fn postgres() -> Self {
        let ledger_url = PostgresServer::shared().fresh_database();
        Self { ledger_url, ..Self::default() }
    }

    /// Whether the store's time is this machine's.
    pub fn has_real_time(&self) -> bool {
        !self.store_url.is_empty()
    }

    /// The server of the test's own.
    ///
    /// # Panics
    /// When the store is another.
    pub fn own_redis(&self) -> MutexGuard<'_, RedisServer> {
        let redis = self.redis.as_ref().expect("a Redis of the test's own");
        redis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Redis loses what it has of the event; the in-process store is not touched.
    pub fn lose(&self, event: &EventId) {
        if self.is_cluster {
            for port in shared_cluster().ports() {
                let mut node = RespClient::connect(port).expect("a node");
                let keys = node.command(&["KEYS", &format!("*{event}*")]).expect("an answer");
                let Reply::Array(keys) = keys else { panic!("no list: {keys:?}") };
                let mut delete = vec!["DEL".to_owned()];
                delete.extend(keys.iter().map(Reply::text));
                if delete.len() > 1 {
                    // A replica refuses, and gets it from its master.
                    node.command(&delete).expect("an answer");
                }
            }
        } else if self.redis.is_some() {
            self.own_redis().command(&["FLUSHALL"]);
        }
    }
}

fn shared_cluster() -> &'static RedisCluster {
    static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
    CLUSTER.get_or_init(RedisCluster::start)
}
