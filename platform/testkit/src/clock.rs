//! A clock that stands still until a test moves it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use domain::time::{Clock, Timestamp};

/// A clock for tests. Clones show the same time.
#[derive(Clone, Debug)]
pub struct SettableClock(Arc<AtomicI64>);

impl SettableClock {
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves the time by so many milliseconds, backwards when negative.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// The same clock as what the services take.
    pub fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }
}

impl Default for SettableClock {
    /// 1 June 2027, noon: a day like any other.
    fn default() -> Self {
        Self::new(Timestamp(1_811_851_200_000))
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_settable_clock_move_together() {
        let clock = SettableClock::default();
        assert_eq!(clock.now().to_string(), "2027-06-01T12:00:00.000Z");
        let seen_by_the_service = clock.shared();
        clock.advance_millis(1_500);
        assert_eq!(seen_by_the_service.now().to_string(), "2027-06-01T12:00:01.500Z");
    }
}
