//! Background tasks by name, and their orderly end.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

type Named = (&'static str, JoinHandle<()>);

/// The background tasks of one process. Clones are the same set.
#[derive(Clone, Default)]
pub struct Tasks {
    stopping: CancellationToken,
    running: Arc<Mutex<Vec<Named>>>,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process is to end. A task that has to finish something watches it; one
    /// that may be cut off anywhere need not, see [`Tasks::spawn`].
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Runs `task` until it ends or the process does; then it is dropped at its next await.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.spawn_to_end(name, async move {
            stopping.run_until_cancelled_owned(task).await;
        });
    }

    /// Runs `task`, which watches [`Tasks::stopping`] itself and is waited for.
    pub fn spawn_to_end(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(_, handle)| !handle.is_finished());
        running.push((name, tokio::spawn(task)));
    }

    /// Cancels [`Tasks::stopping`] and waits for all tasks, each for what is left of `bound`; who
    /// is late is aborted and named in the log.
    pub async fn shut_down(&self, bound: Duration) {
        self.stopping.cancel();
        let deadline = tokio::time::Instant::now() + bound;
        loop {
            let running =
                std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
            if running.is_empty() {
                return;
            }
            for (name, mut handle) in running {
                match tokio::time::timeout_at(deadline, &mut handle).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => tracing::error!(task = name, "a background task has panicked"),
                    Err(_) => {
                        handle.abort();
                        tracing::warn!(task = name, "a background task was cut off");
                    }
                }
            }
        }
    }
}

/// Returns at the first SIGTERM or SIGINT.
pub async fn wait_for_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn tasks_end_with_the_process_and_some_finish_their_work() {
        let tasks = Tasks::new();
        let finished = Arc::new(AtomicBool::new(false));
        tasks.spawn("endless", std::future::pending());
        tasks.spawn_to_end("careful", {
            let (finished, stopping) = (finished.clone(), tasks.stopping());
            async move {
                stopping.cancelled().await;
                tokio::task::yield_now().await;
                finished.store(true, Ordering::SeqCst);
            }
        });
        tasks.shut_down(Duration::from_secs(60)).await;
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_cut_off() {
        let tasks = Tasks::new();
        let alive = Arc::new(());
        let inside = alive.clone();
        tasks.spawn_to_end("stubborn", async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
        tasks.shut_down(Duration::from_millis(1)).await;
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_panicking_task_does_not_disturb_the_others() {
        let tasks = Tasks::new();
        tasks.spawn("broken", async { panic!("on purpose") });
        tasks.spawn("endless", std::future::pending());
        tasks.shut_down(Duration::from_secs(60)).await;
    }
}
