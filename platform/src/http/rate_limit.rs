//! The rate limit per address: a true sliding window, counted in this process.
//!
//! For each address the times of its admitted requests of the last minute are kept, so the answer
//! is exact at every moment: no request more than the limit in any sixty seconds, and one is
//! admitted again as soon as the oldest falls out. Refused requests are not counted.
//!
//! Replicas tell each other once a second how many they admitted ([`RateLimiter::take_sums`],
//! [`RateLimiter::add_foreign`]); a request itself waits for nobody. What several replicas admit at
//! once is above the limit by at most what they admit in the second before they know.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use domain::time::Clock;

/// Length of the window.
const WINDOW_MS: i64 = 60_000;
/// Addresses remembered at once; from there on newcomers share one window, so that an attacker
/// with many addresses costs no memory. At 100 a minute one address costs about a kilobyte.
const ADDRESSES_MAX: usize = 100_000;
/// Under which name newcomers share a window; nobody sends from this address.
const SHARED: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

/// What a request may do, and what its answer says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub admitted: bool,
    pub limit: u32,
    /// Requests left in the window, this one taken off.
    pub remaining: u32,
    /// Seconds, rounded up, until the oldest counted request falls out of the window.
    pub reset_seconds: u32,
}

/// Counts requests per address.
pub struct RateLimiter {
    limit: u32,
    clock: Arc<dyn Clock>,
    admitted: DashMap<IpAddr, Window>,
    /// Admitted here since the others were told.
    untold: DashMap<IpAddr, u32>,
    /// Whether anybody is to be told.
    has_replicas: AtomicBool,
}

/// Requests of one address in the last minute, the oldest first.
#[derive(Default)]
struct Window {
    here: VecDeque<i64>,
    /// When it was heard, and how many they were.
    elsewhere: VecDeque<(i64, u32)>,
}

impl Window {
    fn count(&self) -> usize {
        let elsewhere: u32 = self.elsewhere.iter().map(|(_, count)| count).sum();
        self.here.len() + elsewhere as usize
    }

    fn oldest(&self) -> Option<i64> {
        let elsewhere = self.elsewhere.front().map(|(at, _)| *at);
        self.here.front().copied().into_iter().chain(elsewhere).min()
    }

    fn forget_old(&mut self, now: i64) {
        while self.here.front().is_some_and(|at| *at <= now - WINDOW_MS) {
            self.here.pop_front();
        }
        while self.elsewhere.front().is_some_and(|(at, _)| *at <= now - WINDOW_MS) {
            self.elsewhere.pop_front();
        }
        // The clock was set back: what lies ahead of it would block the address for as long.
        while self.here.back().is_some_and(|at| *at > now) {
            self.here.pop_back();
        }
        while self.elsewhere.back().is_some_and(|(at, _)| *at > now) {
            self.elsewhere.pop_back();
        }
    }
}

impl RateLimiter {
    /// `limit` requests a minute and address, at least 1.
    pub fn new(limit: u32, clock: Arc<dyn Clock>) -> Self {
        Self {
            limit: limit.max(1),
            clock,
            admitted: DashMap::new(),
            untold: DashMap::new(),
            has_replicas: AtomicBool::new(false),
        }
    }

    /// Counts one request from `bucket` if it fits. Cost: one map lookup, no allocation but the
    /// growth of the address's window.
    pub fn check(&self, bucket: IpAddr) -> Allowance {
        let now = self.clock.now().as_millis();
        let mut window = match self.admitted.get_mut(&bucket) {
            Some(window) => window,
            None => {
                let is_full = self.admitted.len() >= ADDRESSES_MAX;
                self.admitted.entry(if is_full { SHARED } else { bucket }).or_default()
            }
        };
        window.forget_old(now);
        let admitted = window.count() < self.limit as usize;
        if admitted {
            window.here.push_back(now);
        }
        let oldest = window.oldest().unwrap_or(now);
        let count = window.count();
        drop(window);
        if admitted && self.has_replicas.load(Ordering::Relaxed) {
            *self.untold.entry(bucket).or_default() += 1;
        }
        let reset_ms = (oldest + WINDOW_MS - now).clamp(1, WINDOW_MS);
        Allowance {
            admitted,
            limit: self.limit,
            remaining: self.limit.saturating_sub(count as u32),
            reset_seconds: (reset_ms as u32).div_ceil(1000),
        }
    }

    /// Drops addresses that have been silent for a minute.
    pub fn forget_idle(&self) {
        let now = self.clock.now().as_millis();
        self.admitted.retain(|_, window| {
            window.forget_old(now);
            window.count() > 0
        });
    }

    /// What was admitted here since the last call, by address: to be told to the other replicas.
    pub fn take_sums(&self) -> Vec<(IpAddr, u32)> {
        self.has_replicas.store(true, Ordering::Relaxed);
        let addresses: Vec<IpAddr> = self.untold.iter().map(|entry| *entry.key()).collect();
        addresses.iter().filter_map(|address| self.untold.remove(address)).collect()
    }

    /// What another replica has admitted, as heard now.
    pub fn add_foreign(&self, bucket: IpAddr, count: u32) {
        if count == 0 {
            return;
        }
        let now = self.clock.now().as_millis();
        let is_full = self.admitted.len() >= ADDRESSES_MAX && !self.admitted.contains_key(&bucket);
        let bucket = if is_full { SHARED } else { bucket };
        // More than the limit says no more than the limit.
        let count = count.min(self.limit);
        self.admitted.entry(bucket).or_default().elsewhere.push_back((now, count));
    }

    /// How many addresses are remembered.
    pub fn addresses(&self) -> usize {
        self.admitted.len()
    }

    /// Calls [`RateLimiter::forget_idle`] every ten seconds, for ever.
    pub async fn run_forgetting(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_secs(10));
        loop {
            ticks.tick().await;
            self.forget_idle();
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::SettableClock;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    fn limiter(limit: u32) -> (RateLimiter, SettableClock) {
        let clock = SettableClock::default();
        (RateLimiter::new(limit, clock.shared()), clock)
    }

    #[test]
    fn one_more_than_the_limit_is_refused_until_the_oldest_falls_out() {
        let (limiter, clock) = limiter(3);
        for remaining in [2, 1, 0] {
            let allowance = limiter.check(address(1));
            assert!(allowance.admitted);
            assert_eq!((allowance.limit, allowance.remaining), (3, remaining));
            clock.advance_millis(10_000);
        }
        // Admitted at 0, 10 and 20 s; now it is 30 s.
        let refused = limiter.check(address(1));
        assert!(!refused.admitted);
        assert_eq!((refused.remaining, refused.reset_seconds), (0, 30));
        clock.advance_millis(29_999);
        let refused = limiter.check(address(1));
        assert_eq!((refused.admitted, refused.reset_seconds), (false, 1));
        clock.advance_millis(1);
        assert!(limiter.check(address(1)).admitted, "the request of 0 s has fallen out");
        assert!(!limiter.check(address(1)).admitted, "and no other");
    }

    #[test]
    fn no_sixty_seconds_see_more_than_the_limit() {
        let (limiter, clock) = limiter(20);
        let mut admitted = Vec::new();
        for step in 0..5_000i64 {
            if limiter.check(address(1)).admitted {
                admitted.push(clock.now().as_millis());
            }
            clock.advance_millis(37 + (step * 7919) % 401);
        }
        assert!(admitted.len() > 100);
        for run in admitted.windows(21) {
            assert!(run[20] - run[0] >= WINDOW_MS, "{run:?}");
        }
    }

    #[test]
    fn addresses_do_not_count_for_each_other() {
        let (limiter, _) = limiter(1);
        assert!(limiter.check(address(1)).admitted);
        assert!(!limiter.check(address(1)).admitted);
        assert!(limiter.check(address(2)).admitted);
    }

    #[test]
    fn refused_requests_do_not_prolong_the_wait() {
        let (limiter, clock) = limiter(1);
        assert!(limiter.check(address(1)).admitted);
        for _ in 0..100 {
            clock.advance_millis(599);
            assert!(!limiter.check(address(1)).admitted);
        }
        clock.advance_millis(100);
        assert!(limiter.check(address(1)).admitted);
    }

    #[test]
    fn a_silent_address_is_forgotten() {
        let (limiter, clock) = limiter(5);
        limiter.check(address(1));
        clock.advance_millis(30_000);
        limiter.check(address(2));
        clock.advance_millis(30_000);
        limiter.forget_idle();
        assert_eq!(limiter.addresses(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lock_anybody_out() {
        let (limiter, clock) = limiter(1);
        assert!(limiter.check(address(1)).admitted);
        clock.advance_millis(-3_600_000);
        assert!(limiter.check(address(1)).admitted);
    }

    #[test]
    fn newcomers_share_a_window_when_too_many_addresses_are_known() {
        let (limiter, _) = limiter(1);
        for number in 0..ADDRESSES_MAX as u32 {
            assert!(limiter.check(IpAddr::V4(number.into())).admitted);
        }
        assert!(limiter.check(address(1)).admitted);
        assert!(!limiter.check(address(2)).admitted);
        assert_eq!(limiter.addresses(), ADDRESSES_MAX + 1);
    }

    #[test]
    fn what_another_replica_admitted_counts_for_a_minute_from_when_it_was_heard() {
        let (limiter, clock) = limiter(5);
        limiter.add_foreign(address(1), 3);
        assert_eq!(limiter.check(address(1)).remaining, 1);
        assert_eq!(limiter.check(address(1)).remaining, 0);
        assert!(!limiter.check(address(1)).admitted);
        assert!(limiter.check(address(2)).admitted, "the others are not meant");
        clock.advance_millis(60_000);
        assert_eq!(limiter.check(address(1)).remaining, 4);
    }

    #[test]
    fn what_was_admitted_here_is_told_once() {
        let (limiter, _) = limiter(3);
        limiter.check(address(1));
        assert!(limiter.take_sums().is_empty(), "nobody was listening");
        for _ in 0..5 {
            limiter.check(address(1));
        }
        assert_eq!(limiter.take_sums(), [(address(1), 2)], "the refused ones are not counted");
        assert!(limiter.take_sums().is_empty());
        limiter.add_foreign(address(1), 1);
        assert!(limiter.take_sums().is_empty(), "what was heard is not told on");
    }
}
