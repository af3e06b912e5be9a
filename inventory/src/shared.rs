//! One run of something costly for everybody who waits for it.
//!
//! Runs go on in tasks of their own, so that a caller who hangs up cuts nothing in half.

use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

struct State<T> {
    running: bool,
    /// Told by the run under way.
    aboard: Vec<oneshot::Sender<T>>,
    /// Told by the next one.
    waiting: Vec<oneshot::Sender<T>>,
}

/// Cheap to clone; clones share.
pub(crate) struct Shared<T> {
    state: Arc<Mutex<State<T>>>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone() }
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        let state = State { running: false, aboard: Vec::new(), waiting: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl<T: Clone + Send + 'static> Shared<T> {
    /// The answer of a run that may have begun before this call. None: the run panicked.
    pub(crate) async fn join<F, R>(&self, run: F) -> Option<T>
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        if self.enter(|state| state.aboard.push(tell)) {
            self.spawn(run);
        }
        told.await.ok()
    }

    /// The answer of a run that began after this call. None: the run panicked.
    pub(crate) async fn run_after<F, R>(&self, run: F) -> Option<T>
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let begins = self.enter(|state| {
            let list = if state.running { &mut state.waiting } else { &mut state.aboard };
            list.push(tell);
        });
        if begins {
            self.spawn(run);
        }
        told.await.ok()
    }

    /// Starts a run and waits for nothing, unless one is under way.
    pub(crate) fn start<F, R>(&self, run: F)
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = T> + Send + 'static,
    {
        if self.enter(|_| {}) {
            self.spawn(run);
        }
    }

    /// True when the caller has to start the runs.
    fn enter(&self, add: impl FnOnce(&mut State<T>)) -> bool {
        let mut state = self.lock();
        add(&mut state);
        !mem::replace(&mut state.running, true)
    }

    fn spawn<F, R>(&self, run: F)
    where
        F: Fn() -> R + Send + 'static,
        R: Future<Output = T> + Send + 'static,
    {
        let shared = self.clone();
        tokio::spawn(async move {
            let mut guard = Runs(Some(shared.clone()));
            loop {
                let answer = run().await;
                let mut state = shared.lock();
                for tell in mem::take(&mut state.aboard) {
                    // Whoever does not wait any more is not told.
                    let _ = tell.send(answer.clone());
                }
                if state.waiting.is_empty() {
                    state.running = false;
                    guard.0 = None;
                    return;
                }
                state.aboard = mem::take(&mut state.waiting);
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frees those who wait when a run panics or its runtime ends.
struct Runs<T>(Option<Shared<T>>);

impl<T> Drop for Runs<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.running = false;
            state.aboard.clear();
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Runs that wait to be let through, and number themselves.
    #[derive(Clone)]
    struct Work {
        runs: Arc<AtomicU32>,
        gate: Arc<Semaphore>,
    }

    impl Work {
        fn new() -> Self {
            Self { runs: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
        }

        fn run(&self) -> impl Fn() -> futures_util::future::BoxFuture<'static, u32> + use<> {
            let work = self.clone();
            move || {
                let work = work.clone();
                Box::pin(async move {
                    let number = work.runs.fetch_add(1, Ordering::SeqCst) + 1;
                    work.gate.acquire().await.expect("open").forget();
                    number
                })
            }
        }
    }

    #[tokio::test]
    async fn who_needs_a_later_run_does_not_get_the_one_under_way() {
        let (shared, work) = (Shared::default(), Work::new());
        let first = shared.run_after(work.run());
        tokio::pin!(first);
        assert!(futures_util::poll!(&mut first).is_pending());
        while work.runs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let (second, third) = (shared.run_after(work.run()), shared.run_after(work.run()));
        let joined = shared.join(work.run());
        tokio::pin!(second, third, joined);
        assert!(futures_util::poll!(&mut second).is_pending());
        assert!(futures_util::poll!(&mut third).is_pending());
        assert!(futures_util::poll!(&mut joined).is_pending());
        work.gate.add_permits(2);
        let answers = tokio::join!(first, second, third, joined);
        assert_eq!(answers, (Some(1), Some(2), Some(2), Some(1)));
    }

    #[tokio::test]
    async fn a_run_goes_on_when_its_caller_hangs_up() {
        let (shared, work) = (Shared::default(), Work::new());
        {
            let first = shared.join(work.run());
            tokio::pin!(first);
            assert!(futures_util::poll!(&mut first).is_pending());
        }
        work.gate.add_permits(1);
        assert_eq!(shared.join(work.run()).await, Some(1));
    }

    #[tokio::test]
    async fn a_run_that_panics_leaves_the_next_in_peace() {
        let shared: Shared<u32> = Shared::default();
        let broken = || async { panic!("on purpose") };
        assert_eq!(shared.join(broken).await, None);
        assert_eq!(shared.join(|| async { 7 }).await, Some(7));
    }
}
