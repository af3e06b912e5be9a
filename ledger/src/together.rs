//! Writes of one kind that wait at once become a few statements over many rows, where one by one
//! each would send its own.
//!
//! The inputs that wait are one operation of the [`Writer`](crate::writer), and in it a function
//! that does the plain course of all of them. Those that it leaves out, and all of them when it
//! fails, are done one by one by the function that knows every course: so the plain one may give up
//! at whatever is not plain. Never reorders what one caller does in sequence: it waits for each
//! answer.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};
use tracing::Span;

use crate::{
    db::Tx,
    error::Error,
    writer::{Outcome, Work, Writer, span},
};

/// Inputs of one operation, at most.
const TOGETHER_MAX: usize = 64;
/// Operations of one kind under way; meanwhile the next one gathers.
const UNDER_WAY_MAX: usize = 1;
const WAITING_MAX: usize = 4_096;
/// An operation that waits for somebody's lock holds up those behind it no longer than this.
pub(crate) const PLACE_KEPT: Duration = Duration::from_millis(250);

/// The plain course of many inputs: an answer for each, `None` for one of which nothing was written
/// and which is to be done by itself. Undone as a whole: all are done by themselves.
pub(crate) type Many<I, T> =
    for<'t> fn(&'t mut Tx, &'t [I]) -> BoxFuture<'t, Result<Outcome<Vec<Option<T>>>, Error>>;

/// How one kind of write is done.
pub(crate) struct Kind<I, T> {
    pub one: Work<I, T>,
    pub many: Many<I, T>,
}

impl<I, T> Clone for Kind<I, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, T> Copy for Kind<I, T> {}

struct Waiting<I, T> {
    input: I,
    /// From here to the commit, in the caller's trace.
    span: Span,
    caller: oneshot::Sender<Result<T, Error>>,
}

/// The queue of one kind. What gathers ends when this is dropped.
pub(crate) struct Together<I, T> {
    queue: mpsc::Sender<Waiting<I, T>>,
}

impl<I, T> Together<I, T>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    pub(crate) fn start(writer: &Arc<Writer>, kind: Kind<I, T>) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(gather(Arc::clone(writer), kind, waiting));
        Self { queue }
    }

    /// Does `input`, perhaps with others; answers once committed.
    pub(crate) async fn write(&self, input: I) -> Result<T, Error> {
        let (caller, answer) = oneshot::channel();
        let waiting = Waiting { input, span: span(), caller };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Unavailable("too many writes wait"),
            mpsc::error::TrySendError::Closed(_) => Error::Unavailable("closed"),
        })?;
        answer.await.map_err(|_| Error::Unavailable("the writer ended"))?
    }
}

async fn gather<I, T>(
    writer: Arc<Writer>,
    kind: Kind<I, T>,
    mut waiting: mpsc::Receiver<Waiting<I, T>>,
) where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let room = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    loop {
        let place = Arc::clone(&room).acquire_owned().await.expect("never closed");
        let mut batch = Vec::new();
        if waiting.recv_many(&mut batch, TOGETHER_MAX).await == 0 {
            return;
        }
        let writer = Arc::clone(&writer);
        tokio::spawn(async move {
            let mut work = pin!(work(&writer, kind, batch));
            if timeout(PLACE_KEPT, &mut work).await.is_err() {
                drop(place);
                work.await;
            }
        });
    }
}

async fn work<I, T>(writer: &Writer, kind: Kind<I, T>, batch: Vec<Waiting<I, T>>)
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let (inputs, callers): (Vec<I>, Vec<_>) =
        batch.into_iter().map(|Waiting { input, span, caller }| (input, (span, caller))).unzip();
    let inputs: Arc<[I]> = inputs.into();
    let answers = match &inputs[..] {
        [_] => vec![None],
        _ => match write_many(writer, kind.many, &inputs).await {
            Ok(answers) if answers.len() == inputs.len() => {
                answers.into_iter().map(|answer| answer.map(Ok)).collect()
            }
            Err(Error::Unavailable(reason)) => {
                inputs.iter().map(|_| Some(Err(Error::Unavailable(reason)))).collect()
            }
            // Somebody among them is at fault: who is, comes out one by one.
            _ => inputs.iter().map(|_| None).collect(),
        },
    };
    let each = callers.into_iter().zip(answers).enumerate().map(|(place, (caller, answer))| {
        let inputs = &inputs;
        let (span, caller) = caller;
        async move {
            let answer = match answer {
                Some(answer) => answer,
                None => write_one(writer, span, kind.one, inputs, place).await,
            };
            // A caller that hung up does not want to know.
            let _ = caller.send(answer);
        }
    });
    join_all(each).await;
}

async fn write_many<I, T>(
    writer: &Writer,
    many: Many<I, T>,
    inputs: &Arc<[I]>,
) -> Result<Vec<Option<T>>, Error>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let input = (Arc::clone(inputs), many);
    writer
        .write_impatiently(input, |tx, (inputs, many)| {
            async move {
                let by_themselves = || Outcome::Undo(inputs.iter().map(|_| None).collect());
                match many(tx, inputs).await {
                    Ok(Outcome::Undo(_)) => Ok(by_themselves()),
                    // One of them waits for somebody: the others need not.
                    Err(Error::GaveWay(_)) => {
                        tx.wrote = true;
                        Ok(by_themselves())
                    }
                    done => done,
                }
            }
            .boxed()
        })
        .await
}

async fn write_one<I, T>(
    writer: &Writer,
    span: Span,
    one: Work<I, T>,
    inputs: &Arc<[I]>,
    place: usize,
) -> Result<T, Error>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let input = (Arc::clone(inputs), place, one);
    writer.write_within(span, input, |tx, (inputs, place, one)| one(tx, &inputs[*place])).await
}
