//! One suite over both databases: each test runs on SQLite and on a private Postgres.

mod audit;
mod catalogue;
mod durability;
mod event_ends;
mod group_commit;
mod learning;
mod line_audit;
mod line_draws;
mod lines;
mod messages;
mod migrations;
mod orders;
mod passes;
mod races;
mod world;

/// Makes of each function a test on SQLite and one on Postgres.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
