//! Faults of the sandbox itself. Refusals of API calls are answers, see `failure`.

use std::{io, path::PathBuf};

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be read or written.
    #[error("cannot {doing} {}", path.display())]
    Journal { doing: &'static str, path: PathBuf, source: io::Error },
    /// A line before the last one is not readable: the file was changed by something else.
    #[error("line {line} of {} is not readable", path.display())]
    Corrupt { path: PathBuf, line: usize },
    /// The operating system gives no random bytes.
    #[error("cannot get random bytes")]
    Random,
    /// The HTTP client for webhooks cannot be made.
    #[error("cannot make the webhook client")]
    Client(#[source] reqwest::Error),
}
