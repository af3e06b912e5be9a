//! Work in the background. Every task may run in many processes at once, may be cut at any step and
//! may do its work twice.

mod completion;

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Engine;

impl Engine {
    /// Starts every task; they end after the round they are in when `shutdown` is cancelled.
    pub fn spawn_tasks(self: &Arc<Self>, shutdown: CancellationToken, tasks: &TaskTracker) {
        tasks.spawn(completion::run(Arc::clone(self), shutdown));
    }
}
