//! Work that a client who hangs up must not cut in half.

use tracing::Instrument;

use crate::error::Refusal;

/// Runs to its end in a task of its own, whether or not anybody still waits for the answer.
pub async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    // A panic was logged by the hook; the caller learns only that something went wrong.
    let task = tokio::spawn(work.in_current_span());
    task.await.unwrap_or(Err(Refusal::Internal))
}
