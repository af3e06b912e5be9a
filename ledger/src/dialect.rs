//! The few things that SQLite and Postgres do not say alike. Everything else is one text.
//!
//! Never decides what a query means: both texts of an [`Sql`] have the same arguments and columns.

use std::sync::Arc;

/// A statement. Most are one text for both databases and come from a literal.
#[derive(Clone)]
pub(crate) enum Sql {
    Both(&'static str),
    Each {
        sqlite: &'static str,
        postgres: &'static str,
    },
    /// Made of literals and a number of rows only, never of values: see `values.rs`.
    Built(Arc<str>),
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Both(text)
    }
}

/// Reads a row and keeps others from changing it until the transaction ends. SQLite needs no word
/// for it: its one write transaction has the whole file.
macro_rules! locking {
    ($text:literal) => {
        $crate::dialect::Sql::Each { sqlite: $text, postgres: concat!($text, " FOR UPDATE") }
    };
}

/// Reads a row and keeps others from taking it with `locking!` until the transaction ends; any
/// number may share it. Plain changes of the row go on beside it.
macro_rules! sharing {
    ($text:literal) => {
        $crate::dialect::Sql::Each { sqlite: $text, postgres: concat!($text, " FOR KEY SHARE") }
    };
}

/// Takes rows in two parts: which (a select with its LIMIT), and what becomes of them. The second
/// part has to repeat the condition: that, not the skipping, is what keeps two workers apart.
macro_rules! taking {
    ($which:literal, $change:literal) => {
        $crate::dialect::Sql::Each {
            sqlite: concat!("WITH picked AS MATERIALIZED (", $which, ") ", $change),
            postgres: concat!(
                "WITH picked AS MATERIALIZED (",
                $which,
                " FOR UPDATE SKIP LOCKED) ",
                $change
            ),
        }
    };
}

/// A statement with the next claim number in it. Orders are never deleted, so SQLite, which has one
/// writer, counts on from the highest; a Postgres sequence may leave gaps, and never goes back.
macro_rules! with_claim_number {
    ($before:literal, $after:literal) => {
        $crate::dialect::Sql::Each {
            sqlite: concat!(
                $before,
                "(SELECT COALESCE(MAX(claim_number), 0) + 1 FROM orders)",
                $after
            ),
            postgres: concat!($before, "nextval('claim_numbers')", $after),
        }
    };
}

pub(crate) use {locking, sharing, taking, with_claim_number};

/// Run after the migrations of SQLite.
pub(crate) const SQLITE_EXTRAS: &str = include_str!("dialect/sqlite.sql");
/// Run after the migrations of Postgres.
pub(crate) const POSTGRES_EXTRAS: &str = include_str!("dialect/postgres.sql");

/// How long a statement waits for a lock, how long it may run, and how long a transaction may
/// idle: a stuck neighbour costs this much and no more.
pub(crate) const POSTGRES_SESSION: &str = "SET lock_timeout = '1s'; SET statement_timeout = '3s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET timezone = 'UTC'";

/// In a shared transaction a lock is waited for only this long: the operation that would wait, or
/// that is part of a deadlock, gives way and is tried again alone, instead of delaying the others.
pub(crate) const POSTGRES_SHARED: &str = "SET LOCAL lock_timeout = '100ms'";
