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
    /// The same, locking what it reads as `locking!` does.
    BuiltLocking(Arc<str>),
}

impl Sql {
    /// It begins like one that changes nothing; locks do not count.
    pub(crate) fn is_read(&self) -> bool {
        self.text().starts_with("SELECT")
    }

    /// It gives a row for each that it changed.
    pub(crate) fn is_returning(&self) -> bool {
        self.text().contains(" RETURNING ")
    }

    fn text(&self) -> &str {
        match self {
            Self::Both(text) | Self::Each { sqlite: text, .. } => text,
            Self::Built(text) | Self::BuiltLocking(text) => text,
        }
    }

    /// A built one that locks what it reads.
    pub(crate) fn locking(self) -> Self {
        match self {
            Self::Built(text) => Self::BuiltLocking(text),
            written => written,
        }
    }
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

/// The next `$1` claim numbers, ascending. Orders are never deleted, so SQLite, which has one
/// writer, counts on from the highest; a Postgres sequence may leave gaps, and never goes back.
pub(crate) const NEXT_CLAIM_NUMBERS: Sql = Sql::Each {
    sqlite: "WITH RECURSIVE steps(step) AS \
             (SELECT 1 UNION ALL SELECT step + 1 FROM steps WHERE step < $1) \
             SELECT (SELECT COALESCE(MAX(claim_number), 0) FROM orders) + step AS number FROM steps",
    postgres: "SELECT nextval('claim_numbers') AS number FROM generate_series(1, $1)",
};

pub(crate) use {locking, sharing, taking};

/// Run after the migrations of SQLite.
pub(crate) const SQLITE_EXTRAS: &str = include_str!("dialect/sqlite.sql");
/// Run after the migrations of Postgres.
pub(crate) const POSTGRES_EXTRAS: &str = include_str!("dialect/postgres.sql");

/// How long a statement waits for a lock, how long it may run, and how long a transaction may
/// idle: a stuck neighbour costs this much and no more.
pub(crate) const POSTGRES_SESSION: &str = "SET lock_timeout = '1s'; SET statement_timeout = '3s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET timezone = 'UTC'";

/// Of the sessions whose statements find rows by a key, in the same way whatever the key is:
/// planning them anew each time would cost more than doing them. But a plan is made when a sale
/// begins and its tables are empty, and to read a small table whole is cheaper than its index. For
/// the minute until Postgres counts rows anew, each statement would read a table whole that has
/// thousands of rows by then. So an index is taken where there is one; and where there is none, the
/// cost that the planner puts on it shall not have it compiled.
pub(crate) const POSTGRES_KEYED: &str =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off";

/// Begins a shared transaction, in which a lock is waited for only this long: the operation that would wait, or
/// that is part of a deadlock, gives way and is tried again alone, instead of delaying the others.
pub(crate) const POSTGRES_SHARED: &str = "BEGIN; SET LOCAL lock_timeout = '100ms'";
