//! The four roles in four processes, on a Redis and a Postgres that want passwords.

use testkit::{PostgresServer, RedisServer};

use super::cast::{DATABASE_PASSWORD, OTHER_PASSWORD, REDIS_PASSWORD, settings};
use crate::support::{Combination, Server, Stores, redis};

/// Whom Postgres knows by a password.
const KEEPER: &str = "keeper";

pub struct House {
    pub engine: Server,
    pub line: Server,
    pub maps: Server,
    pub payments: Server,
    stores: Stores,
}

impl House {
    pub async fn open() -> Self {
        let stores = Stores::start(Combination::RedisAndPostgres);
        let (redis_url, database_url) = (lock_redis(&stores), lock_postgres(&stores));
        let start = async |role: &str| {
            let options = settings()
                .with_roles(role)
                .with("HOLDFAST_REDIS_URL", &redis_url)
                .with("HOLDFAST_DATABASE_URL", &database_url);
            Server::start(Stores::default(), options).await
        };
        Self {
            engine: start("engine").await,
            line: start("waiting-room").await,
            maps: start("seatmap-ws").await,
            payments: start("payments").await,
            stores,
        }
    }

    fn roles(&self) -> [(&'static str, &Server); 4] {
        [
            ("engine", &self.engine),
            ("waiting-room", &self.line),
            ("seatmap-ws", &self.maps),
            ("payments", &self.payments),
        ]
    }

    /// Each store refuses its users and goes away, one after the other; `meanwhile` is done in each
    /// state. In the end all is well again.
    pub async fn lose_the_stores(&mut self, meanwhile: impl AsyncFn(&Self)) {
        let port = redis_server(&self.stores).port();
        change_redis_password(port, REDIS_PASSWORD, OTHER_PASSWORD);
        meanwhile(self).await;
        change_redis_password(port, OTHER_PASSWORD, REDIS_PASSWORD);
        self.wait_until_all_are_ready().await;

        change_postgres_password(postgres(&self.stores), OTHER_PASSWORD);
        meanwhile(self).await;
        change_postgres_password(postgres(&self.stores), DATABASE_PASSWORD);
        self.wait_until_all_are_ready().await;

        self.stores.postgres.as_mut().expect("a Postgres").stop();
        meanwhile(self).await;
        self.stores.postgres.as_mut().expect("a Postgres").restart();
        self.wait_until_all_are_ready().await;

        redis_server(&self.stores).pause();
        meanwhile(self).await;
        redis_server(&self.stores).resume();
        self.wait_until_all_are_ready().await;
    }

    async fn wait_until_all_are_ready(&self) {
        for (_, server) in self.roles() {
            server.wait_until_ready().await;
        }
    }

    /// `/metrics` of each role.
    pub async fn metrics(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (role, server) in self.roles() {
            let answer = server.http.get(format!("{}/metrics", server.base)).send().await;
            let text = answer.expect("an answer").text().await.expect("a text");
            all.push((format!("metrics of {role}"), text));
        }
        all
    }

    /// Ends all processes in order; all that each of them has written.
    pub async fn close(mut self) -> Vec<(String, String)> {
        for (_, server) in self.roles() {
            server.ask_to_end();
        }
        for server in [&mut self.engine, &mut self.line, &mut self.maps, &mut self.payments] {
            server.wait_until_dead().await;
        }
        let logs = self.roles().map(|(role, server)| (format!("log of {role}"), server.log()));
        logs.into()
    }
}

fn redis_server(stores: &Stores) -> &RedisServer {
    stores.redis.as_ref().expect("a Redis")
}

fn postgres(stores: &Stores) -> &PostgresServer {
    stores.postgres.as_ref().expect("a Postgres")
}

/// From now on Redis wants a password; its URL with it.
fn lock_redis(stores: &Stores) -> String {
    let port = redis_server(stores).port();
    let told = redis(port, &format!("CONFIG SET requirepass {REDIS_PASSWORD}"));
    assert!(told.starts_with("+OK"), "{told}");
    format!("redis://:{REDIS_PASSWORD}@127.0.0.1:{port}")
}

/// Whoever is connected has to log in anew, and cannot with the old one.
fn change_redis_password(port: u16, from: &str, to: &str) {
    let commands = format!("AUTH {from}\r\nCONFIG SET requirepass {to}\r\nCLIENT KILL TYPE normal");
    assert!(redis(port, &commands).starts_with("+OK"));
}

/// A database of somebody who needs a password; its URL with it.
fn lock_postgres(stores: &Stores) -> String {
    let postgres = postgres(stores);
    postgres.query(&format!("CREATE ROLE {KEEPER} LOGIN PASSWORD '{DATABASE_PASSWORD}'"));
    postgres.query(&format!("CREATE DATABASE sale OWNER {KEEPER}"));
    let rules = postgres.query("SHOW hba_file");
    let open = std::fs::read_to_string(&rules).expect("the rules");
    let locked = format!("host all {KEEPER} 127.0.0.1/32 scram-sha-256\n{open}");
    std::fs::write(&rules, locked).expect("the rules");
    postgres.query("SELECT pg_reload_conf()");
    let url =
        |password| format!("postgres://{KEEPER}:{password}@127.0.0.1:{}/sale", postgres.port());
    assert_eq!(postgres.query_at(&url(DATABASE_PASSWORD), "SELECT 1"), "1");
    url(DATABASE_PASSWORD)
}

fn change_postgres_password(postgres: &PostgresServer, to: &str) {
    postgres.query(&format!("ALTER ROLE {KEEPER} PASSWORD '{to}'"));
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{KEEPER}'"
    );
    postgres.query(&end);
}
