//! What can go wrong at the store. A refusal is no error: it is a reply.

/// A fault of the store or of this crate's use of it. The texts hold no keys and no values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the store cannot be understood; tells what is wrong, never the address, which
    /// may hold a password.
    #[error("the address of the store is not valid: {0}")]
    Address(&'static str),
    /// The store cannot be reached, does not answer in time, or is failing over. Whether the call
    /// took effect is unknown; every script may be repeated.
    #[error("the store is unavailable")]
    Unavailable(#[source] Option<redis::RedisError>),
    /// The store refused or broke off a script: a defect, or keys of another program.
    #[error("the script {script} failed: {reason}")]
    Script { script: &'static str, reason: String },
    /// A script answered what its binding does not know: another layout is in use.
    #[error("the answer of {script} is not understood")]
    Malformed { script: &'static str },
    /// More requests, seats or quantities than a call may carry; nothing was sent.
    #[error("{what} is out of bounds")]
    OutOfBounds { what: &'static str },
}

impl Error {
    /// True when the same call may succeed later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
