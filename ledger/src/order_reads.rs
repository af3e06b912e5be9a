//! Orders that are asked for at once are read by one statement.
//!
//! Whoever asks hears what was committed when it asked, or later. While nothing is under way a lone
//! question goes at once; what comes meanwhile gathers. When one of them cannot be read, each is read
//! by itself, so that it spoils no other.

use std::{collections::HashMap, pin::pin, sync::Arc};

use domain::id::OrderId;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};
use tracing::Instrument;

use crate::{
    db::{ANSWER_TIMEOUT, Db},
    error::Error,
    orders::{self, Order},
    together::PLACE_KEPT,
};

/// Orders of one statement, at most.
const TOGETHER_MAX: usize = 64;
/// Statements under way; meanwhile the next one gathers. One that takes long keeps no place.
const UNDER_WAY_MAX: usize = 1;
const WAITING_MAX: usize = 4_096;

type Answer = Result<Option<Order>, Error>;

struct Waiting {
    id: OrderId,
    caller: oneshot::Sender<Answer>,
}

/// The queue. What gathers ends when this is dropped.
pub(crate) struct OrderReads {
    queue: mpsc::Sender<Waiting>,
}

impl OrderReads {
    pub(crate) fn start(db: &Db) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(gather(db.clone(), waiting));
        Self { queue }
    }

    pub(crate) async fn read(&self, id: &OrderId) -> Answer {
        let (caller, answer) = oneshot::channel();
        let answered = async move {
            let waiting = Waiting { id: id.clone(), caller };
            self.queue.try_send(waiting).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Error::Unavailable("too many reads wait"),
                mpsc::error::TrySendError::Closed(_) => Error::Unavailable("closed"),
            })?;
            match timeout(ANSWER_TIMEOUT, answer).await {
                Ok(answer) => answer.map_err(|_| Error::Unavailable("the reader ended"))?,
                Err(_) => Err(Error::Unavailable("no answer in time")),
            }
        };
        answered.instrument(tracing::debug_span!("SELECT", otel.kind = "client")).await
    }
}

async fn gather(db: Db, mut waiting: mpsc::Receiver<Waiting>) {
    let room = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    loop {
        let place = Arc::clone(&room).acquire_owned().await.expect("never closed");
        let mut batch = Vec::new();
        if waiting.recv_many(&mut batch, TOGETHER_MAX).await == 0 {
            return;
        }
        // Whose caller hung up, or was answered that it took too long.
        batch.retain(|waiting| !waiting.caller.is_closed());
        let db = db.clone();
        tokio::spawn(async move {
            let mut answering = pin!(answer(db, batch));
            if timeout(PLACE_KEPT, &mut answering).await.is_err() {
                drop(place);
                answering.await;
            }
        });
    }
}

async fn answer(mut db: Db, batch: Vec<Waiting>) {
    let mut ids: Vec<&OrderId> = batch.iter().map(|waiting| &waiting.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = orders::load_many(&mut db, &ids).await;
    let found: Result<HashMap<OrderId, Order>, Error> =
        found.map(|orders| orders.into_iter().map(|order| (order.id.clone(), order)).collect());
    for Waiting { id, caller } in batch {
        let answer = match &found {
            Ok(orders) => Ok(orders.get(&id).cloned()),
            Err(Error::Unavailable(reason)) => Err(Error::Unavailable(reason)),
            Err(_) => orders::load(&mut db, &id).await,
        };
        // A caller that hung up does not want to know.
        let _ = caller.send(answer);
    }
}
