//! A schema that is brought up to date with rows in it.

use sqlx::{Connection, Executor, Row};
use testkit::PostgresServer;

/// The schema before waiting rooms, with one event whose queue is on and one whose is off.
const BEFORE: &str = concat!(
    include_str!("../../migrations/0001_ledger.sql"),
    "INSERT INTO events (id, number, slug, status, name, starts_at, currency, prices, sale, queue, \
     created_at, revision) VALUES \
     ('evt_1', 1, 'on', 'published', 'On', 0, 'EUR', '{}', '{}', '{\"enabled\":true,\"opens_at\":null}', 0, 1), \
     ('evt_2', 2, 'off', 'published', 'Off', 0, 'EUR', '{}', '{}', '{\"enabled\":false}', 0, 1);"
);
const AFTER: &str = include_str!("../../migrations/0002_lines.sql");
const QUEUED: &str =
    "SELECT slug FROM events WHERE queue_enabled = 1 AND status = 'published' ORDER BY slug";

#[tokio::test]
async fn queues_that_were_on_before_there_were_lines_stay_on_in_sqlite() {
    let mut database = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    database.execute(sqlx::raw_sql(BEFORE)).await.unwrap();
    database.execute(sqlx::raw_sql(AFTER)).await.unwrap();
    let rows = database.fetch_all(QUEUED).await.unwrap();
    let slugs: Vec<String> = rows.iter().map(|row| row.get("slug")).collect();
    assert_eq!(slugs, ["on"]);
}

#[tokio::test]
async fn queues_that_were_on_before_there_were_lines_stay_on_in_postgres() {
    let url = PostgresServer::shared().fresh_database();
    let mut database = sqlx::PgConnection::connect(&url).await.unwrap();
    database.execute(sqlx::raw_sql(BEFORE)).await.unwrap();
    database.execute(sqlx::raw_sql(AFTER)).await.unwrap();
    let rows = database.fetch_all(QUEUED).await.unwrap();
    let slugs: Vec<String> = rows.iter().map(|row| row.get("slug")).collect();
    assert_eq!(slugs, ["on"]);
}
