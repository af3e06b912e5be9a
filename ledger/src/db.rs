//! The door to the two databases: pools and the write transaction.
//!
//! Every statement of the ledger passes [`Reads::rows`] or [`Tx::run`]: that is where a NUL is refused
//! and where a Postgres that stopped answering is given up. Never holds business rules.
//!
//! Whatever awaits a driver is boxed and takes no type of its caller's: the compiler makes an async
//! function anew in every crate that awaits it, down to the driver, unless a box ends the chain.

use std::{future::Future, path::Path, str::FromStr, time::Duration};

use domain::time::Timestamp;
use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres, SqlSafeStr, SqlStr,
    Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tracing::Instrument;

use crate::{
    dialect::{POSTGRES_KEYED, POSTGRES_SESSION, POSTGRES_SHARED, Sql},
    error::{CONNECTION_LOST, Error, LOCKED},
    row::{Arg, Row},
};

/// How long to wait for a connection: an unreachable database is told after this.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Above Postgres's own `statement_timeout`: only a server that is gone gets here.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// A connection unused for this long is tried before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);
const POSTGRES_READERS: u32 = 10;
/// Apart from the readers, so that questions of the public never starve facts about money.
const POSTGRES_WRITERS: u32 = 6;
/// Planned for what they ask about, and apart: an audit takes nobody's turn.
const POSTGRES_SURVEYORS: u32 = 2;
const SQLITE_READERS: u32 = 4;

/// After a server went away and came back, the pool still has connections to the one that went:
/// each fails once and is thrown away. Nothing was done yet on a connection that was just taken, so
/// the next one is tried. What is asked must be harmless to repeat. (A closure would have to be
/// generic over the lifetime of what it borrows and `Send` at once.)
macro_rules! on_a_live_connection {
    ($ask:expr) => {{
        let mut stale = POSTGRES_READERS.max(POSTGRES_WRITERS);
        loop {
            match $ask {
                Err(Error::Unavailable(CONNECTION_LOST)) if stale > 0 => stale -= 1,
                done => break done,
            }
        }
    }};
}

#[derive(Clone)]
pub(crate) enum Db {
    /// One connection that writes; readers beside it.
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres {
        write: PgPool,
        read: PgPool,
        /// For questions about many rows at once.
        survey: PgPool,
    },
}

impl Db {
    /// `url`: empty for `data_dir/holdfast.sqlite3`, `sqlite:PATH`, `postgres://…`.
    pub(crate) fn connect<'a>(
        url: &'a str,
        data_dir: &'a Path,
    ) -> BoxFuture<'a, Result<Self, Error>> {
        Self::connect_to(url, data_dir).boxed()
    }

    async fn connect_to(url: &str, data_dir: &Path) -> Result<Self, Error> {
        if url.is_empty() {
            Self::connect_sqlite(&data_dir.join("holdfast.sqlite3")).await
        } else if let Some(path) = url.strip_prefix("sqlite:") {
            Self::connect_sqlite(Path::new(path.trim_start_matches("//"))).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::connect_postgres(url).await
        } else {
            Err(Error::Address("expected sqlite:PATH or postgres://…".to_owned()))
        }
    }

    async fn connect_sqlite(path: &Path) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|_| Error::Unavailable("the data directory cannot be made"))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).idle_timeout(None);
        let write =
            pool().max_connections(1).max_lifetime(None).connect_with(options.clone()).await?;
        let read = pool()
            .max_connections(SQLITE_READERS)
            .connect_lazy_with(options.create_if_missing(false).pragma("query_only", "ON"));
        Ok(Self::Sqlite { write, read })
    }

    async fn connect_postgres(url: &str) -> Result<Self, Error> {
        let options = postgres_options(url)?;
        let pool = |connections, is_keyed: bool| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .before_acquire(|connection, seen| {
                    Box::pin(async move {
                        if seen.idle_for > IDLE_TRUSTED {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        sqlx::raw_sql(POSTGRES_SESSION).execute(&mut *connection).await?;
                        if is_keyed {
                            sqlx::raw_sql(POSTGRES_KEYED).execute(&mut *connection).await?;
                        }
                        Ok(())
                    })
                })
                .connect_lazy_with(options.clone())
        };
        let db = Self::Postgres {
            write: pool(POSTGRES_WRITERS, true),
            read: pool(POSTGRES_READERS, true),
            survey: pool(POSTGRES_SURVEYORS, false),
        };
        db.clone().row("SELECT CAST(1 AS BIGINT) AS one", &[]).await?;
        Ok(db)
    }

    /// Begins the transaction of a write. `shared`: others wait for it, so it waits for no lock long.
    pub(crate) fn begin(&self, now: Timestamp, shared: bool) -> BoxFuture<'_, Result<Tx, Error>> {
        Box::pin(async move {
            let at = match self {
                Self::Sqlite { write, .. } => {
                    At::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
                }
                Self::Postgres { write, .. } => {
                    let begin = if shared { POSTGRES_SHARED } else { "BEGIN" };
                    At::Postgres(on_a_live_connection!(answer(write.begin_with(begin)).await)?)
                }
            };
            Ok(Tx { at, now, queued: Queued::default(), wrote: false })
        })
    }

    /// The same database for questions about many rows at once.
    pub(crate) fn survey(&self) -> Self {
        match self {
            Self::Sqlite { .. } => self.clone(),
            Self::Postgres { write, survey, .. } => Self::Postgres {
                write: write.clone(),
                read: survey.clone(),
                survey: survey.clone(),
            },
        }
    }

    pub(crate) fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self {
                Self::Sqlite { write, read } => {
                    read.close().await;
                    write.close().await;
                }
                Self::Postgres { write, read, survey } => {
                    survey.close().await;
                    read.close().await;
                    write.close().await;
                }
            }
        })
    }
}

fn postgres_options(url: &str) -> Result<PgConnectOptions, Error> {
    // The parser's own text may quote the address, and with it a password.
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| Error::Address("not a valid postgres:// address".to_owned()))?
        .application_name("holdfast")
        .statement_cache_capacity(256)
        // Its texts are long and name no order.
        .disable_statement_logging())
}

/// A connection beside the pool and without its time limits, for migrations.
pub(crate) async fn postgres_connection(pool: &PgPool) -> Result<PgConnection, Error> {
    Ok(PgConnection::connect_with(&pool.connect_options()).await?)
}

/// What a transaction queued for workers, to be told once it is committed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Queued {
    pub outbox: bool,
    pub inbox: bool,
}

/// A write transaction. Dropped without [`Tx::commit`], it never happened.
pub(crate) struct Tx {
    at: At,
    now: Timestamp,
    pub(crate) queued: Queued,
    /// A statement may have changed something since this was last set to false.
    pub(crate) wrote: bool,
}

enum At {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// One moment for everything in this transaction.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs a statement that returns nothing; the number of rows it touched.
    pub(crate) fn run<'a>(
        &'a mut self,
        sql: impl Into<Sql>,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<u64, Error>> {
        self.execute(sql.into(), args)
    }

    fn execute<'a>(
        &'a mut self,
        sql: Sql,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async move {
            let touched = match &mut self.at {
                At::Sqlite(tx) => bind_sqlite(sql, args)?.execute(&mut **tx).await?.rows_affected(),
                At::Postgres(tx) => {
                    let query = bind_postgres(sql, args)?;
                    answer(query.execute(&mut **tx)).await?.rows_affected()
                }
            };
            self.wrote |= touched > 0;
            Ok(touched)
        })
    }

    /// Savepoints and settings: text without arguments.
    pub(crate) fn control(&mut self, text: &'static str) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            match &mut self.at {
                At::Sqlite(tx) => sqlx::raw_sql(text).execute(&mut **tx).await.map(|_| ())?,
                At::Postgres(tx) => {
                    answer(sqlx::raw_sql(text).execute(&mut **tx)).await.map(|_| ())?;
                }
            }
            Ok(())
        })
    }

    /// An error leaves open whether the commit happened.
    pub(crate) fn commit(self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            match self.at {
                At::Sqlite(tx) => Ok(tx.commit().await?),
                At::Postgres(tx) => answer(tx.commit()).await,
            }
        })
    }

    pub(crate) fn rollback(self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            match self.at {
                At::Sqlite(tx) => Ok(tx.rollback().await?),
                At::Postgres(tx) => answer(tx.rollback()).await,
            }
        })
    }
}

/// What can be asked: the pools and an open transaction.
pub(crate) trait Reads: Send {
    fn ask<'a>(
        &'a mut self,
        sql: Sql,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<Vec<Row>, Error>>;

    fn rows<'a>(
        &'a mut self,
        sql: impl Into<Sql>,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        self.ask(sql.into(), args)
    }

    /// The first row, if there is one.
    fn row<'a>(
        &'a mut self,
        sql: impl Into<Sql>,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<Option<Row>, Error>> {
        let rows = self.rows(sql, args);
        Box::pin(async move { Ok(rows.await?.into_iter().next()) })
    }
}

impl Reads for Db {
    fn ask<'a>(
        &'a mut self,
        sql: Sql,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        let span = tracing::debug_span!("SELECT", otel.kind = "client");
        let work = async move {
            let rows: Result<Vec<Row>, Error> = match self {
                Self::Sqlite { read, .. } => {
                    let rows = bind_sqlite(sql, args)?.fetch_all(&*read).await;
                    rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
                        .map_err(Error::from)
                }
                Self::Postgres { read, .. } => {
                    let rows = on_a_live_connection!(
                        answer(bind_postgres(sql.clone(), args)?.fetch_all(&*read)).await
                    );
                    rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
                }
            };
            // Only the writer tries again by itself.
            rows.map_err(|error| match error {
                Error::GaveWay(_) => Error::Unavailable(LOCKED),
                other => other,
            })
        };
        work.instrument(span).boxed()
    }
}

impl Reads for Tx {
    fn ask<'a>(
        &'a mut self,
        sql: Sql,
        args: &'a [Arg<'a>],
    ) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        let (is_read, is_returning) = (sql.is_read(), sql.is_returning());
        Box::pin(async move {
            let rows: Vec<Row> = match &mut self.at {
                At::Sqlite(tx) => {
                    let rows = bind_sqlite(sql, args)?.fetch_all(&mut **tx).await?;
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                At::Postgres(tx) => {
                    let rows = answer(bind_postgres(sql, args)?.fetch_all(&mut **tx)).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
            };
            let changed_nothing = is_read || (is_returning && rows.is_empty());
            self.wrote |= !changed_nothing;
            Ok(rows)
        })
    }
}

async fn answer<T>(call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER_TIMEOUT, call).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Error::Unavailable("no answer in time")),
    }
}

fn text_of(sql: Sql, postgres: bool) -> SqlStr {
    match sql {
        Sql::Both(text) => text.into_sql_str(),
        Sql::Each { sqlite, postgres: other } => {
            if postgres {
                other.into_sql_str()
            } else {
                sqlite.into_sql_str()
            }
        }
        Sql::BuiltLocking(text) if postgres => {
            AssertSqlSafe(format!("{text} FOR UPDATE")).into_sql_str()
        }
        Sql::Built(text) | Sql::BuiltLocking(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

/// Postgres refuses a NUL and SQLite keeps it: it is refused here, for both.
fn without_nul(text: &str) -> Result<&str, Error> {
    if text.contains('\0') { Err(Error::InvalidInput("a text with a NUL")) } else { Ok(text) }
}

macro_rules! bind {
    ($name:ident, $database:ty, $postgres:literal) => {
        fn $name<'q>(
            sql: Sql,
            args: &[Arg<'_>],
        ) -> Result<
            sqlx::query::Query<'q, $database, <$database as sqlx::Database>::Arguments>,
            Error,
        > {
            let mut query = sqlx::query(text_of(sql, $postgres));
            for arg in args {
                query = match arg {
                    Arg::Int(value) => query.bind(*value),
                    Arg::Text(value) => query.bind(value.map(without_nul).transpose()?),
                    Arg::Owned(value) => query.bind(without_nul(value)?),
                    Arg::Bytes(value) => query.bind(*value),
                };
            }
            Ok(query)
        }
    };
}

bind!(bind_sqlite, Sqlite, false);
bind!(bind_postgres, Postgres, true);
