//! One answer a key: a repeated request gets what the first one got.
//!
//! While the first runs in this process the second is told so at once. When the key is taken by
//! another process, or by one that died, the second waits for the answer or for the end of the
//! short lease and then does the work itself, which is safe because the work is idempotent.

use std::{collections::HashSet, future::Future, sync::Mutex, sync::PoisonError, time::Duration};

use ledger::{Begin, KeptAnswer};

use crate::Payments;

/// How long a process that died keeps a key.
const LEASE_MS: i64 = 3_000;
const WAIT_ROUNDS: u32 = 50;
const WAIT_PAUSE: Duration = Duration::from_millis(100);

/// A request's place among those with the same key.
#[derive(Clone, Debug)]
pub struct Request {
    /// Digest of who asks, the route and the key.
    pub key: String,
    /// Digest of the body.
    pub fingerprint: String,
}

/// What a request under a key comes to.
pub enum Once<T> {
    /// The work was done now.
    Done(T),
    /// It was done before.
    Replayed(KeptAnswer),
    /// The key was used for something else.
    KeyReused,
    /// The first request still runs.
    InProgress,
}

impl Payments {
    /// Does `work` unless the key has an answer; keeps the one that `kept` makes of its outcome
    /// (none for a refusal: a refused request is tried anew).
    pub(crate) async fn once<T, E: From<ledger::Error>>(
        &self,
        request: &Request,
        work: impl Future<Output = Result<T, E>>,
        kept: impl FnOnce(&T) -> Option<(u16, String)>,
    ) -> Result<Once<T>, E> {
        let Some(_running) = Running::enter(&self.running, &request.key) else {
            return Ok(Once::InProgress);
        };
        match self.begin(request).await? {
            Begin::Fresh => {}
            Begin::Replay(answer) => return Ok(Once::Replayed(answer)),
            Begin::KeyReused => return Ok(Once::KeyReused),
            Begin::InProgress => return Ok(Once::InProgress),
        }
        let outcome = match work.await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.forget(request).await;
                return Err(error);
            }
        };
        match kept(&outcome) {
            Some((status, body)) => {
                let Request { key, fingerprint } = request.clone();
                let answer = KeptAnswer { key, fingerprint, status, body };
                self.ledger.idempotency_finish(answer).await?;
            }
            None => self.forget(request).await,
        }
        Ok(Once::Done(outcome))
    }

    async fn begin(&self, request: &Request) -> Result<Begin, ledger::Error> {
        let Request { key, fingerprint } = request;
        for _ in 0..WAIT_ROUNDS {
            match self.ledger.idempotency_begin(key, fingerprint, LEASE_MS).await? {
                Begin::InProgress => tokio::time::sleep(WAIT_PAUSE).await,
                begin => return Ok(begin),
            }
        }
        Ok(Begin::InProgress)
    }

    /// The lease ends by itself when this fails.
    async fn forget(&self, request: &Request) {
        if let Err(error) = self.ledger.idempotency_forget(&request.key).await {
            tracing::debug!(%error, "an idempotency key keeps its lease");
        }
    }
}

/// The mark of a request that runs in this process.
struct Running<'a> {
    all: &'a Mutex<HashSet<String>>,
    key: &'a str,
}

impl<'a> Running<'a> {
    fn enter(all: &'a Mutex<HashSet<String>>, key: &'a str) -> Option<Self> {
        let new = all.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        new.then_some(Self { all, key })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
    }
}
