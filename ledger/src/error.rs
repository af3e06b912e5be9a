//! What can go wrong in the ledger, and the one table from violated indexes to their meaning.
//!
//! A refusal (seat taken, limit reached) is never an error but an answer of the operation. Texts
//! carry no values: a database's detail line quotes the row, which may be an address or a secret.

use sqlx::error::ErrorKind;

/// Why a connection's first statement fails after the server it belonged to has gone.
pub(crate) const CONNECTION_LOST: &str = "connection lost";
/// Why an operation is given up that found somebody else at work each time.
pub(crate) const LOCKED: &str = "lock not available";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, or did not answer in time. A write that ends so may have
    /// been committed: every operation can be repeated.
    #[error("ledger unavailable: {0}")]
    Unavailable(&'static str),
    /// The database would lose acknowledged commits.
    #[error("the database is not durable: {0}")]
    NotDurable(String),
    /// The address of the database is not understood.
    #[error("database address not understood: {0}")]
    Address(String),
    /// A text that no database column takes.
    #[error("invalid input: {0}")]
    InvalidInput(&'static str),
    /// A rule of the schema refused what the operation wrote.
    #[error("the ledger refused the change: {0:?}")]
    Refused(Rule),
    /// Stored rows contradict each other or cannot be read.
    #[error("the ledger contradicts itself: {0}")]
    Corrupt(&'static str),
    #[error("migrating the ledger failed: {0}")]
    Migration(String),
    /// Any other fault of a statement: the database's code and message.
    #[error("statement failed: {code}: {message}")]
    Statement { code: String, message: String },
    /// Worth another try by the writer itself: lost a race for a lock or a deadlock.
    #[error("gave way to another transaction: {0}")]
    GaveWay(String),
}

/// A rule that the schema keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// I1: one live or sold claim a seat.
    OneClaimASeat,
    /// One valid ticket a seat.
    OneValidTicketASeat,
    OneTicketAUnit,
    OneOrderAHold,
    OneOrderAClaimNumber,
    OneOrderAnIntent,
    OneAttemptANumber,
    OneEntryAReference,
    OneEventASlug,
    OneEventANumber,
    /// Another unique index.
    Unique,
    /// A CHECK: a number or a word outside its range.
    Check,
    Reference,
    /// Money entries are neither changed nor deleted.
    AppendOnly,
}

/// Index name (what Postgres reports), columns (what SQLite reports), meaning.
const RULES: [(&str, &str, Rule); 10] = [
    ("claims_seat", "claims.event_id, claims.seat", Rule::OneClaimASeat),
    ("tickets_seat", "tickets.event_id, tickets.seat", Rule::OneValidTicketASeat),
    ("tickets_unit", "tickets.order_id, tickets.line, tickets.unit", Rule::OneTicketAUnit),
    ("orders_hold", "orders.hold_id", Rule::OneOrderAHold),
    ("orders_claim_number", "orders.claim_number", Rule::OneOrderAClaimNumber),
    ("intents_intent", "intents.intent_id", Rule::OneOrderAnIntent),
    ("intents_pkey", "intents.order_id, intents.attempt", Rule::OneAttemptANumber),
    ("money_entries_pkey", "money_entries.reference, money_entries.kind", Rule::OneEntryAReference),
    ("events_slug", "events.slug", Rule::OneEventASlug),
    ("events_number", "events.number", Rule::OneEventANumber),
];

fn unique_rule(constraint: Option<&str>, message: &str) -> Rule {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    RULES
        .iter()
        .find(|(index, of, _)| constraint == Some(*index) || columns == *of)
        .map_or(Rule::Unique, |(_, _, rule)| *rule)
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_database(&*error),
            sqlx::Error::Io(_) => Self::Unavailable(CONNECTION_LOST),
            sqlx::Error::Tls(_) => Self::Unavailable("no encrypted connection"),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection in time"),
            sqlx::Error::PoolClosed => Self::Unavailable("closed"),
            sqlx::Error::WorkerCrashed => Self::Unavailable("connection's thread ended"),
            sqlx::Error::BeginFailed => Self::Unavailable("no transaction could be begun"),
            sqlx::Error::Protocol(_) => Self::Unavailable("connection out of step"),
            sqlx::Error::Configuration(error) => Self::Address(error.to_string()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
                Self::Corrupt("a column is missing or of another type")
            }
            other => Self::Statement { code: "sqlx".to_owned(), message: other.to_string() },
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> Error {
    let code = error.code().unwrap_or_default().into_owned();
    let message = error.message();
    match error.kind() {
        ErrorKind::UniqueViolation => {
            return Error::Refused(unique_rule(error.constraint(), message));
        }
        ErrorKind::CheckViolation => return Error::Refused(Rule::Check),
        ErrorKind::ForeignKeyViolation => return Error::Refused(Rule::Reference),
        _ => {}
    }
    if message.ends_with("append-only") {
        return Error::Refused(Rule::AppendOnly);
    }
    match code.as_str() {
        // Serialization failure, deadlock, lock not available; SQLite: busy, in its variants.
        "40001" | "40P01" | "55P03" | "5" | "261" | "517" => Error::GaveWay(code),
        "57014" => Error::Unavailable("a statement took too long"),
        // Starting up, too many connections; read only: a server that was demoted.
        "57P03" | "53300" | "25006" => Error::Unavailable("server not ready"),
        // What a shut-down or crashed server says on its connections as a last word.
        "57P01" | "57P02" => Error::Unavailable(CONNECTION_LOST),
        _ if code.starts_with("08") => Error::Unavailable(CONNECTION_LOST),
        _ => Error::Statement { code, message: message.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_means_the_same_in_both_databases() {
        for (index, columns, rule) in RULES {
            assert_eq!(unique_rule(Some(index), "duplicate key value"), rule);
            let text = format!("UNIQUE constraint failed: {columns}");
            assert_eq!(unique_rule(None, &text), rule);
        }
        assert_eq!(unique_rule(Some("inbox_pkey"), ""), Rule::Unique);
    }
}
