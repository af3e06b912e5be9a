//! The time that a client has for the head of its next request, at the price of two stores a request.
//!
//! hyper asks its timer for a new sleep before each head and drops it with the head. One of tokio's
//! would be entered into the runtime's wheel and taken out again each time, under a lock. Here a sleep
//! only notes its end beside the connection. One tokio timer a connection runs behind: when it wakes
//! and the end has moved on meanwhile, it sleeps until that one. Ends only move on, so none is missed.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// No sleep is under way.
const NEVER: u64 = u64::MAX;
/// Who wakes does not do so more often.
const PAUSE_MIN: Duration = Duration::from_millis(10);

/// The timer of one connection. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct HeadTimer {
    start: tokio::time::Instant,
    /// Milliseconds from the start on, to the end of the sleep under way.
    end: Arc<AtomicU64>,
}

impl HeadTimer {
    pub(super) fn new() -> Self {
        Self { start: tokio::time::Instant::now(), end: Arc::new(AtomicU64::new(NEVER)) }
    }

    /// Completes when a sleep is over that nobody dropped. Sleeps last `timeout`.
    pub(super) async fn over(&self, timeout: Duration) {
        loop {
            let pause = match self.end.load(Ordering::Relaxed) {
                NEVER => timeout,
                end => Duration::from_millis(end).saturating_sub(self.start.elapsed()),
            };
            tokio::time::sleep(pause.max(PAUSE_MIN)).await;
            if self.is_over() {
                return;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.start.elapsed().as_millis() as u64 >= self.end.load(Ordering::Relaxed)
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::from(tokio::time::Instant::now()) + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let end = deadline.saturating_duration_since(self.start.into_std());
        self.end.store(end.as_millis() as u64 + 1, Ordering::Relaxed);
        Box::pin(Noted(self.clone()))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// A sleep that wakes nobody: who polls the connection after [`HeadTimer::over`] finds it over.
struct Noted(HeadTimer);

impl Future for Noted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.end.store(NEVER, Ordering::Relaxed);
    }
}

impl Sleep for Noted {}
