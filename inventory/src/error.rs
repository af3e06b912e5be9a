//! The one fault that callers of this crate see: a part cannot be reached, try again soon.

use std::fmt;

/// What an operation needed and did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The store of the hot path does not answer.
    Redis,
    /// The ledger does not answer.
    Database,
    /// The stores answer, but the event's inventory is lost or being laid anew.
    Inventory,
}

impl Part {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Database => "database",
            Self::Inventory => "inventory",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operation was not done, or it is unknown whether it was; all of them may be repeated. The
/// cause is logged where it was met, with the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} is unavailable")]
pub struct Unavailable {
    pub part: Part,
}

impl Unavailable {
    pub const REDIS: Self = Self { part: Part::Redis };
    pub const DATABASE: Self = Self { part: Part::Database };
    pub const INVENTORY: Self = Self { part: Part::Inventory };

    /// Logs why the hot path's store failed.
    pub(crate) fn redis(doing: &'static str, error: lua::Error) -> Self {
        tracing::warn!(%error, doing, "redis failed");
        Self::REDIS
    }

    /// Logs why the ledger failed.
    pub(crate) fn database(doing: &'static str, error: ledger::Error) -> Self {
        tracing::warn!(%error, doing, "the ledger failed");
        Self::DATABASE
    }
}
