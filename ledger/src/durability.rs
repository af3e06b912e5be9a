//! Whether the database keeps what it acknowledges (I10), and the schema brought up to date.
//!
//! Measured on Postgres with `synchronous_commit = off`: 149 of 113,888 acknowledged commits were
//! lost over six crashes; with `on`, none of 51,272. Money is not served on the former.

use futures_util::FutureExt;
use sqlx::{Connection, PgConnection};

use crate::{
    Ledger,
    db::{Db, Reads, postgres_connection},
    dialect::{POSTGRES_EXTRAS, SQLITE_EXTRAS},
    error::Error,
    migrations::migrator,
    writer::Outcome,
};

pub(crate) async fn migrate(db: &Db) -> Result<(), Error> {
    let failed = |error: sqlx::migrate::MigrateError| match error {
        sqlx::migrate::MigrateError::Execute(error) => match Error::from(error) {
            unavailable @ Error::Unavailable(_) => unavailable,
            other => Error::Migration(other.to_string()),
        },
        other => Error::Migration(other.to_string()),
    };
    match db {
        Db::Sqlite { write, .. } => {
            migrator().run(write).await.map_err(failed)?;
            sqlx::raw_sql(SQLITE_EXTRAS).execute(write).await?;
        }
        Db::Postgres { write, .. } => {
            // A connection of its own: waiting for another migrating process has no time limit.
            let mut connection: PgConnection = postgres_connection(write).await?;
            // It would notice, at each start, that everything is there already.
            sqlx::raw_sql("SET client_min_messages = warning").execute(&mut connection).await?;
            migrator().run(&mut connection).await.map_err(failed)?;
            // Several processes may get here at once; replacing a function twice at once fails.
            sqlx::raw_sql("BEGIN; SELECT pg_advisory_xact_lock(4806501)")
                .execute(&mut connection)
                .await?;
            sqlx::raw_sql(POSTGRES_EXTRAS).execute(&mut connection).await?;
            sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
            connection.close().await?;
        }
    }
    Ok(())
}

impl Ledger {
    /// Refuses a database that may forget an acknowledged commit.
    ///
    /// # Errors
    /// [`Error::NotDurable`] with the setting that is wrong. Postgres: `synchronous_commit`,
    /// `fsync` or `full_page_writes` off, or standbys attached of which none is synchronous.
    /// SQLite: not WAL with `synchronous = FULL`.
    pub async fn check_durability(&self) -> Result<(), Error> {
        match &self.inner.db {
            Db::Sqlite { .. } => self.check_sqlite().await,
            Db::Postgres { .. } => self.check_postgres().await,
        }
    }

    async fn check_sqlite(&self) -> Result<(), Error> {
        // Through the writing connection: the setting belongs to it.
        let (mode, synchronous) = self
            .write((), |tx, ()| {
                async move {
                    let mode = tx.row("PRAGMA journal_mode", &[]).await?;
                    let synchronous = tx.row("PRAGMA synchronous", &[]).await?;
                    Ok(Outcome::Undo((
                        mode.map(|row| row.text("journal_mode")).transpose()?,
                        synchronous.map(|row| row.int("synchronous")).transpose()?,
                    )))
                }
                .boxed()
            })
            .await?;
        if mode.as_deref() != Some("wal") {
            return Err(Error::NotDurable("journal_mode is not wal".to_owned()));
        }
        if synchronous.is_none_or(|level| level < 2) {
            return Err(Error::NotDurable("synchronous is below full".to_owned()));
        }
        Ok(())
    }

    async fn check_postgres(&self) -> Result<(), Error> {
        let settings = self
            .read()
            .row(
                "SELECT current_setting('synchronous_commit') AS synchronous_commit, \
                 current_setting('fsync') AS fsync, \
                 current_setting('full_page_writes') AS full_page_writes, \
                 current_setting('synchronous_standby_names') AS standby_names, \
                 (SELECT COUNT(*) FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup') \
                     AS standbys, \
                 (SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) \
                     AS synchronous, \
                 (SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state IS NULL) AS unseen",
                &[],
            )
            .await?
            .ok_or(Error::Corrupt("no settings"))?;
        let number = |column| settings.int(column);
        let read = Settings {
            synchronous_commit: settings.text("synchronous_commit")?,
            fsync: settings.text("fsync")?,
            full_page_writes: settings.text("full_page_writes")?,
            standbys_named: !settings.text("standby_names")?.is_empty(),
            standbys: number("standbys")?,
            synchronous: number("synchronous")?,
            unseen: number("unseen")?,
        };
        read.judge().map_err(|reason| Error::NotDurable(reason.to_owned()))
    }
}

/// What a Postgres server says of itself.
struct Settings {
    synchronous_commit: String,
    fsync: String,
    full_page_writes: String,
    standbys_named: bool,
    /// Attached now.
    standbys: i64,
    /// Of these: synchronous.
    synchronous: i64,
    /// Of these: their state is not shown to this user.
    unseen: i64,
}

impl Settings {
    fn judge(&self) -> Result<(), &'static str> {
        if self.synchronous_commit == "off" {
            return Err("synchronous_commit is off");
        }
        if self.fsync != "on" {
            return Err("fsync is off");
        }
        if self.full_page_writes != "on" {
            return Err("full_page_writes is off");
        }
        if self.standbys == 0 {
            return Ok(());
        }
        // Who may not see the state of the standbys sees at least whether some were named.
        if self.synchronous == 0 && !(self.unseen > 0 && self.standbys_named) {
            return Err("standbys are attached and none is synchronous");
        }
        if self.synchronous_commit == "local" {
            return Err("synchronous_commit is local: commits do not wait for the standby");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(commit: &str, standbys: i64, synchronous: i64) -> Settings {
        Settings {
            synchronous_commit: commit.to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            standbys_named: synchronous > 0,
            standbys,
            synchronous,
            unseen: 0,
        }
    }

    #[test]
    fn a_server_that_may_forget_commits_is_refused() {
        assert!(settings("off", 0, 0).judge().is_err());
        assert!(settings("on", 2, 0).judge().is_err());
        assert!(settings("local", 1, 1).judge().is_err());
        assert!(Settings { fsync: "off".into(), ..settings("on", 0, 0) }.judge().is_err());
        let torn = Settings { full_page_writes: "off".into(), ..settings("on", 0, 0) };
        assert!(torn.judge().is_err());
    }

    #[test]
    fn a_server_that_keeps_commits_is_taken() {
        assert!(settings("on", 0, 0).judge().is_ok());
        assert!(settings("local", 0, 0).judge().is_ok());
        assert!(settings("remote_apply", 2, 1).judge().is_ok());
        let unseen = Settings { unseen: 1, standbys_named: true, ..settings("on", 1, 0) };
        assert!(unseen.judge().is_ok());
    }
}
