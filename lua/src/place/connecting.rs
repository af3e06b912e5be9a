//! One connection for everybody, made when it is needed and made again after it broke.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::{ErrorKind, RedisError, ServerErrorKind};

type Attempt<C> = Shared<BoxFuture<'static, Result<C, RedisError>>>;

/// A connection and how old it is: only who saw a connection break discards that one.
pub(crate) struct Slot<C> {
    state: Mutex<State<C>>,
}

struct State<C> {
    generation: u64,
    attempt: Option<Attempt<C>>,
}

impl<C: Clone + Send + Sync + 'static> Slot<C> {
    pub fn new() -> Self {
        Self { state: Mutex::new(State { generation: 0, attempt: None }) }
    }

    /// The connection, or the outcome of the one attempt that all who wait share.
    pub async fn get<F>(&self, connect: impl FnOnce() -> F) -> Result<(u64, C), RedisError>
    where
        F: Future<Output = Result<C, RedisError>> + Send + 'static,
    {
        let (generation, attempt) = {
            let mut state = self.lock();
            let begin = || connect().boxed().shared();
            let attempt = state.attempt.get_or_insert_with(begin).clone();
            (state.generation, attempt)
        };
        match attempt.await {
            Ok(connection) => Ok((generation, connection)),
            Err(error) => {
                self.discard(generation);
                Err(error)
            }
        }
    }

    /// Whoever asks next connects anew.
    pub fn discard(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation {
            state.generation += 1;
            state.attempt = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Discards a connection unless its call ended well, also when the caller is cut off: an answer
/// that never came says nothing good about who should have sent it.
pub(super) struct Discard<'a, C: Clone + Send + Sync + 'static> {
    slot: &'a Slot<C>,
    generation: u64,
    armed: bool,
}

impl<'a, C: Clone + Send + Sync + 'static> Discard<'a, C> {
    pub(super) fn new(slot: &'a Slot<C>, generation: u64) -> Self {
        Self { slot, generation, armed: true }
    }

    /// Passes the outcome of the call on.
    pub(super) fn after<T>(mut self, outcome: Result<T, RedisError>) -> Result<T, RedisError> {
        self.armed = outcome.as_ref().err().is_some_and(breaks_connection);
        outcome
    }
}

impl<C: Clone + Send + Sync + 'static> Drop for Discard<'_, C> {
    fn drop(&mut self) {
        if self.armed {
            self.slot.discard(self.generation);
        }
    }
}

/// True when a new connection may do better.
fn breaks_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    ServerErrorKind::ReadOnly
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::BusyLoading
                )
        )
}
