//! Group commit: writes that wait at once share one transaction, and so one flush to disk.
//!
//! A lane takes what is waiting (up to [`GROUP_MAX`]), runs it, commits, and only then answers.
//! Mostly all goes well. When an operation fails or wants undone what it wrote, the whole group is
//! rolled back and runs again with a savepoint for each operation: then one that fails takes nothing
//! along, and one that gave way to another transaction is tried again alone. Operations run in the
//! lane's task: a caller that hangs up cuts nothing in half.
//!
//! Never reorders what one caller does in sequence: it waits for each answer.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use domain::time::Clock;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tracing::{Instrument, Span};

use crate::{
    db::{Db, Queued, Tx},
    error::{Error, LOCKED},
};

/// Operations in one transaction, at most: the first of them waits for all. What sharing is worth
/// on a machine tells `examples/order_rate.rs`.
pub(crate) const GROUP_MAX: usize = 128;
/// Operations that may wait; beyond it the ledger is overloaded and says so.
const WAITING_MAX: usize = 4_096;
/// How often an operation that gave way is tried alone.
const TRIES_ALONE: u32 = 5;
const POSTGRES_LANES: usize = 2;

/// What an operation decided about its own writes.
pub(crate) enum Outcome<T> {
    Keep(T),
    /// A refusal: whatever the operation wrote is undone, the answer stands.
    Undo(T),
}

/// What an operation does with its input; may run several times.
pub(crate) type Work<I, T> =
    for<'t> fn(&'t mut Tx, &'t I) -> BoxFuture<'t, Result<Outcome<T>, Error>>;

/// A write with its input and the way to its caller; may run several times, is answered once.
trait Operation: Send {
    /// Runs inside the transaction; `true`: keep what was written.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<bool, Error>>;
    /// Waits for a lock no longer than in a shared transaction, even when it is alone.
    fn is_impatient(&self) -> bool;
    /// The transaction is committed, or `fault` says why not.
    fn answer(self: Box<Self>, fault: Option<Error>);
}

struct Typed<I, T> {
    input: I,
    work: Work<I, T>,
    result: Option<T>,
    is_impatient: bool,
    /// From the queueing to the commit, in the caller's trace.
    span: Span,
    caller: oneshot::Sender<Result<T, Error>>,
}

impl<I: Send + Sync, T: Send> Operation for Typed<I, T> {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<bool, Error>> {
        let span = self.span.clone();
        let work = async move {
            let outcome = AssertUnwindSafe((self.work)(tx, &self.input)).catch_unwind().await;
            let (result, keep) = match outcome {
                Ok(Ok(Outcome::Keep(result))) => (result, true),
                Ok(Ok(Outcome::Undo(result))) => (result, false),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(Error::Corrupt("an operation panicked")),
            };
            self.result = Some(result);
            Ok(keep)
        };
        work.instrument(span).boxed()
    }

    fn is_impatient(&self) -> bool {
        self.is_impatient
    }

    fn answer(self: Box<Self>, fault: Option<Error>) {
        let answer = match (fault, self.result) {
            (Some(fault), _) => Err(fault),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(Error::Unavailable("the operation was not run")),
        };
        // A caller that hung up does not want to know.
        let _ = self.caller.send(answer);
    }
}

/// The queue to the lanes. They end when the last handle is dropped.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Operation>>,
}

struct Lane {
    db: Db,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
}

/// Counters that grow when something was queued, so that a worker in this process need not poll.
pub(crate) struct Signals {
    pub outbox: watch::Sender<u64>,
    pub inbox: watch::Sender<u64>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { outbox: watch::Sender::new(0), inbox: watch::Sender::new(0) }
    }

    fn tell(&self, queued: Queued) {
        if queued.outbox {
            self.outbox.send_modify(|count| *count += 1);
        }
        if queued.inbox {
            self.inbox.send_modify(|count| *count += 1);
        }
    }
}

/// Of a write, in the trace of whoever asks for it.
pub(crate) fn span() -> Span {
    tracing::debug_span!("transaction", otel.kind = "client")
}

impl Writer {
    pub(crate) fn start(db: Db, clock: Arc<dyn Clock>, signals: Arc<Signals>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        let lanes = if matches!(db, Db::Sqlite { .. }) { 1 } else { POSTGRES_LANES };
        let lane = Arc::new(Lane { db, clock, signals });
        for _ in 0..lanes {
            tokio::spawn(Arc::clone(&lane).work(Arc::clone(&receiver)));
        }
        Self { queue: sender }
    }

    /// Runs `work` on `input` in a transaction, perhaps shared with others; answers once committed.
    pub(crate) async fn write<I, T>(&self, input: I, work: Work<I, T>) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.send(span(), input, work, false).await
    }

    /// The same within a span that was begun before, by [`span`].
    pub(crate) async fn write_within<I, T>(
        &self,
        span: Span,
        input: I,
        work: Work<I, T>,
    ) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.send(span, input, work, false).await
    }

    /// The same for many inputs at once: none of them is to wait long for the lock of another.
    pub(crate) async fn write_impatiently<I, T>(
        &self,
        input: I,
        work: Work<I, T>,
    ) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.send(span(), input, work, true).await
    }

    async fn send<I, T>(
        &self,
        span: Span,
        input: I,
        work: Work<I, T>,
        is_impatient: bool,
    ) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let operation = Box::new(Typed { input, work, result: None, is_impatient, span, caller });
        self.queue.try_send(operation).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Unavailable("too many writes wait"),
            mpsc::error::TrySendError::Closed(_) => Error::Unavailable("closed"),
        })?;
        answer.await.map_err(|_| Error::Unavailable("the writer ended"))?
    }
}

impl Lane {
    async fn work(self: Arc<Self>, queue: Arc<Mutex<mpsc::Receiver<Box<dyn Operation>>>>) {
        loop {
            let mut group = Vec::new();
            if queue.lock().await.recv_many(&mut group, GROUP_MAX).await == 0 {
                return;
            }
            metrics::histogram!("holdfast_ledger_group_operations").record(group.len() as f64);
            let gave_way = match group.len() {
                1 => self.run_first(group).await,
                _ => self.run_group(group).await,
            };
            for operation in gave_way {
                // Elsewhere, so that waiting for a lock does not hold up the lane.
                let lane = Arc::clone(&self);
                tokio::spawn(async move { lane.run_alone(operation).await });
            }
        }
    }

    /// Runs each in a transaction of its own; returns those that gave way and have to be tried again.
    async fn run_first(&self, group: Vec<Box<dyn Operation>>) -> Vec<Box<dyn Operation>> {
        let mut gave_way = Vec::new();
        for mut operation in group {
            match self.try_alone(&mut operation, true).await {
                Err(Error::GaveWay(_)) => gave_way.push(operation),
                result => operation.answer(result.err()),
            }
        }
        gave_way
    }

    /// Runs all in one transaction; returns those that gave way and have to be tried alone.
    async fn run_group(&self, mut group: Vec<Box<dyn Operation>>) -> Vec<Box<dyn Operation>> {
        match self.run_plain(&mut group).await {
            Ok(true) => {
                answer_all(group, None);
                Vec::new()
            }
            Ok(false) => self.run_parted(group).await,
            Err(error) => {
                answer_all(group, Some(error));
                Vec::new()
            }
        }
    }

    /// Without savepoints. `false`: some operation failed or wants something undone; nothing of the
    /// group has happened. An error: nothing of it happened, or it is not known.
    async fn run_plain(&self, group: &mut [Box<dyn Operation>]) -> Result<bool, Error> {
        let mut tx = self.db.begin(self.clock.now(), true).await?;
        for operation in group {
            tx.wrote = false;
            match operation.run(&mut tx).await {
                Ok(keep) if keep || !tx.wrote => {}
                Err(Error::Unavailable(reason)) => return Err(Error::Unavailable(reason)),
                _ => {
                    tx.rollback().await?;
                    return Ok(false);
                }
            }
        }
        self.commit(tx).await?;
        Ok(true)
    }

    /// With a savepoint for each.
    async fn run_parted(&self, group: Vec<Box<dyn Operation>>) -> Vec<Box<dyn Operation>> {
        let mut decided = Vec::with_capacity(group.len());
        let mut gave_way = Vec::new();
        let mut waiting = group.into_iter();
        let fault = match self.db.begin(self.clock.now(), true).await {
            Ok(tx) => self.fill(tx, &mut waiting, &mut decided, &mut gave_way).await.err(),
            Err(error) => Some(error),
        };
        match fault {
            None => {
                for (operation, failed) in decided {
                    operation.answer(failed);
                }
            }
            Some(error) => {
                answer_all(
                    decided.into_iter().map(|(operation, _)| operation).chain(waiting),
                    Some(error),
                );
            }
        }
        gave_way
    }

    async fn fill(
        &self,
        mut tx: Tx,
        waiting: &mut std::vec::IntoIter<Box<dyn Operation>>,
        decided: &mut Vec<(Box<dyn Operation>, Option<Error>)>,
        gave_way: &mut Vec<Box<dyn Operation>>,
    ) -> Result<(), Error> {
        let mut mark = "SAVEPOINT operation";
        for mut operation in waiting.by_ref() {
            if let Err(error) = tx.control(mark).await {
                decided.push((operation, None));
                return Err(error);
            }
            let result = operation.run(&mut tx).await;
            let keep = matches!(result, Ok(true));
            let lost = matches!(result, Err(Error::Unavailable(_)));
            match result {
                Ok(_) => decided.push((operation, None)),
                Err(Error::GaveWay(_)) => gave_way.push(operation),
                Err(error) => decided.push((operation, Some(error))),
            }
            if lost {
                return Err(Error::Unavailable("the connection was lost in a shared transaction"));
            }
            mark = if keep {
                "RELEASE SAVEPOINT operation; SAVEPOINT operation"
            } else {
                "ROLLBACK TO SAVEPOINT operation"
            };
        }
        if mark.starts_with("ROLLBACK") {
            tx.control(mark).await?;
        }
        self.commit(tx).await
    }

    async fn commit(&self, tx: Tx) -> Result<(), Error> {
        let queued = tx.queued;
        tx.commit().await?;
        self.signals.tell(queued);
        Ok(())
    }

    async fn run_alone(&self, mut operation: Box<dyn Operation>) {
        for attempt in 1.. {
            let is_impatient = operation.is_impatient();
            match self.try_alone(&mut operation, is_impatient).await {
                Err(Error::GaveWay(_)) if attempt < TRIES_ALONE => {
                    metrics::counter!("holdfast_ledger_gave_way_total").increment(1);
                    tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
                }
                Err(Error::GaveWay(_)) => {
                    return operation.answer(Some(Error::Unavailable(LOCKED)));
                }
                result => return operation.answer(result.err()),
            }
        }
    }

    async fn try_alone(
        &self,
        operation: &mut Box<dyn Operation>,
        is_impatient: bool,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin(self.clock.now(), is_impatient).await?;
        if operation.run(&mut tx).await? {
            self.commit(tx).await?;
        } else {
            tx.rollback().await?;
        }
        Ok(())
    }
}

/// Answers operations of one transaction. `fault`: why it failed; nothing of it happened, or it is
/// not known, and every caller may repeat.
fn answer_all(operations: impl IntoIterator<Item = Box<dyn Operation>>, fault: Option<Error>) {
    let reason = fault.map(|error| {
        tracing::warn!(%error, "a shared transaction failed");
        match error {
            Error::Unavailable(reason) => reason,
            _ => "a shared transaction failed",
        }
    });
    for operation in operations {
        operation.answer(reason.map(Error::Unavailable));
    }
}
