//! Background work. Every task may run in any number of processes at once: rows are leased, facts
//! are learned under the order's lock, and calls carry keys derived from the order.

pub mod deadlines;
pub mod gauges;
pub mod inbox;
pub mod outbox;
pub mod poller;

use std::{future::Future, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Payments;

/// After a round that failed as a whole (the ledger is away).
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// What a round leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// There may be more at once.
    More,
    /// Nothing to do until somebody calls or the idle time is over.
    Idle,
}

/// One kind of background work.
pub(crate) trait Worker: Send + Sync + 'static {
    const NAME: &'static str;
    /// The longest sleep between two rounds.
    const IDLE: Duration;

    fn round(&mut self) -> impl Future<Output = Result<Round, ledger::Error>> + Send;

    /// Ends when there is a reason to look before the idle time is over.
    fn called(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// The next change of one of the ledger's counters; never, once the ledger is gone.
async fn changed(counter: &mut watch::Receiver<u64>) {
    if counter.changed().await.is_err() {
        std::future::pending().await
    }
}

impl Payments {
    /// Starts every task; they end after the round they are in when `shutdown` is cancelled.
    pub fn spawn_tasks(&self, shutdown: &CancellationToken) {
        self.spawn(deadlines::Deadlines(self.clone()), shutdown);
        self.spawn(gauges::Gauges(self.clone()), shutdown);
        self.spawn(inbox::InboxWorker::new(self.clone()), shutdown);
        self.spawn(outbox::OutboxWorker::new(self.clone()), shutdown);
        self.spawn(poller::Poller::new(self.clone()), shutdown);
    }

    fn spawn<W: Worker>(&self, worker: W, shutdown: &CancellationToken) {
        // There from the start: a series that begins is no increase.
        count_faults::<W>(0);
        let shutdown = shutdown.clone();
        self.tasks.spawn(async move { run(worker, shutdown).await });
    }
}

fn count_faults<W: Worker>(faults: u64) {
    metrics::counter!("holdfast_payments_task_faults_total", "task" => W::NAME).increment(faults);
}

async fn run<W: Worker>(mut worker: W, shutdown: CancellationToken) {
    let mut failing = false;
    while !shutdown.is_cancelled() {
        let pause = match worker.round().await {
            Ok(Round::More) => {
                failing = false;
                continue;
            }
            Ok(Round::Idle) => {
                failing = false;
                W::IDLE
            }
            Err(error) => {
                count_faults::<W>(1);
                if !failing {
                    tracing::warn!(task = W::NAME, %error, "a round failed; it is tried again");
                }
                failing = true;
                PAUSE_AFTER_FAULT
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
            () = worker.called(), if !failing => {}
        }
    }
}
