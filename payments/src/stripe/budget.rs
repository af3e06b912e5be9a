//! How many requests a second Stripe may get from this process: one bucket for the account and one
//! for each endpoint, and when they run dry, the more urgent request goes first.
//!
//! Relies on tokio's monotonic clock. Never drops a request: whoever waits too long is told so
//! before anything was sent.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How urgent a request is; also which endpoint's quota it counts against. The first is the most
/// urgent: what gives seats and money back, then what earns, then what can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Cancel,
    Capture,
    Refund,
    Confirm,
    Create,
    Read,
}

impl Priority {
    pub const COUNT: usize = 6;

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Confirm => "confirm",
            Self::Create => "create",
            Self::Read => "read",
        }
    }
}

/// Requests a second: of the whole account, and of one endpoint. Zero: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub account: u32,
    pub endpoint: u32,
}

impl Rate {
    /// Stripe's own limits.
    pub const DEFAULT: Self = Self { account: 100, endpoint: 25 };
    pub const OFF: Self = Self { account: 0, endpoint: 0 };
}

/// The text is neither `0` nor `account/endpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Stripe rate is written as account/endpoint, for example 100/25, or 0")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let number = |text: &str| text.trim().parse().map_err(|_| RateError);
        match text.split_once('/') {
            None if number(text)? == 0 => Ok(Self::OFF),
            None => Err(RateError),
            Some((account, endpoint)) => {
                Ok(Self { account: number(account)?, endpoint: number(endpoint)? })
            }
        }
    }
}

/// Tokens that grow with time, up to one second's worth.
#[derive(Debug)]
struct Bucket {
    per_second: f64,
    tokens: f64,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second), tokens: f64::from(per_second) }
    }

    fn refill(&mut self, elapsed: Duration) {
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.per_second).min(self.per_second);
    }

    fn has_token(&self) -> bool {
        self.per_second == 0.0 || self.tokens >= 1.0
    }

    fn take(&mut self) {
        if self.per_second > 0.0 {
            self.tokens -= 1.0;
        }
    }

    fn until_next(&self) -> Duration {
        if self.has_token() {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((1.0 - self.tokens) / self.per_second)
    }
}

#[derive(Debug)]
struct State {
    account: Bucket,
    endpoints: [Bucket; Priority::COUNT],
    waiting: [bool; Priority::COUNT],
    refilled: Instant,
}

impl State {
    /// Takes a token, or says how long to sleep before asking again.
    fn try_take(&mut self, priority: Priority) -> Result<(), Duration> {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.refilled);
        self.refilled = now;
        self.account.refill(elapsed);
        for bucket in &mut self.endpoints {
            bucket.refill(elapsed);
        }
        let mine = priority as usize;
        let more_urgent =
            (0..mine).any(|other| self.waiting[other] && self.endpoints[other].has_token());
        if self.account.has_token() && self.endpoints[mine].has_token() && !more_urgent {
            self.account.take();
            self.endpoints[mine].take();
            self.waiting[mine] = false;
            return Ok(());
        }
        self.waiting[mine] = true;
        let until = self.account.until_next().max(self.endpoints[mine].until_next());
        Err(until.clamp(Duration::from_millis(2), Duration::from_millis(250)))
    }
}

/// The bucket. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Budget {
    state: Arc<Mutex<State>>,
    /// Who is next of each priority; fair, so that a class is first come, first served.
    turns: Arc<[tokio::sync::Mutex<()>; Priority::COUNT]>,
    rate: Rate,
}

impl Budget {
    /// Keeps below `rate` by a tenth: Stripe's windows are not ours.
    pub fn new(rate: Rate) -> Self {
        let below = |limit: u32| if limit == 0 { 0 } else { (limit - limit / 10).max(1) };
        let state = State {
            account: Bucket::new(below(rate.account)),
            endpoints: std::array::from_fn(|_| Bucket::new(below(rate.endpoint))),
            waiting: [false; Priority::COUNT],
            refilled: Instant::now(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            turns: Arc::new(std::array::from_fn(|_| tokio::sync::Mutex::new(()))),
            rate,
        }
    }

    /// What was asked for at start.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Waits for a token, at most `longest`; false when there was none in that time.
    pub async fn take(&self, priority: Priority, longest: Duration) -> bool {
        tokio::time::timeout(longest, self.wait_for_token(priority)).await.is_ok()
    }

    async fn wait_for_token(&self, priority: Priority) {
        let _turn = self.turns[priority as usize].lock().await;
        let _waiting = Waiting { budget: self, priority };
        loop {
            let attempt = self.lock().try_take(priority);
            match attempt {
                Ok(()) => return,
                Err(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the mark «waiting» back when its owner stops, by a token or by giving up.
struct Waiting<'a> {
    budget: &'a Budget,
    priority: Priority,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.budget.lock().waiting[self.priority as usize] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_rate_is_two_numbers_or_off() {
        assert_eq!("100/25".parse(), Ok(Rate::DEFAULT));
        assert_eq!("0".parse(), Ok(Rate::OFF));
        assert_eq!("100".parse::<Rate>(), Err(RateError));
        assert_eq!("fast".parse::<Rate>(), Err(RateError));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dry_bucket_refuses_who_cannot_wait() {
        let budget = Budget::new(Rate { account: 2, endpoint: 2 });
        assert!(budget.take(Priority::Read, LONG).await);
        assert!(budget.take(Priority::Read, LONG).await);
        assert!(!budget.take(Priority::Read, Duration::from_millis(10)).await);
        assert!(budget.take(Priority::Read, LONG).await);
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nobody_waits() {
        let budget = Budget::new(Rate::OFF);
        for _ in 0..1000 {
            assert!(budget.take(Priority::Read, Duration::ZERO).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_more_urgent_of_two_who_wait_goes_first() {
        let budget = Budget::new(Rate { account: 1, endpoint: 10 });
        assert!(budget.take(Priority::Create, LONG).await);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for priority in [Priority::Read, Priority::Create, Priority::Capture, Priority::Cancel] {
            let (budget, order) = (budget.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                assert!(budget.take(priority, LONG).await);
                order.lock().unwrap().push(priority);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            [Priority::Cancel, Priority::Capture, Priority::Create, Priority::Read]
        );
    }
}
