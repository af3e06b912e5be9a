//! Stripe's own limits: calls a second of the whole account, and of each endpoint by itself.

use std::collections::HashMap;

use crate::{Rate, failure::RateReason};

/// Token buckets that hold one second's worth. Times in milliseconds.
#[derive(Default)]
pub(crate) struct Limiter {
    account: Bucket,
    endpoints: HashMap<&'static str, Bucket>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Used up, in thousandths of a call.
    used: i64,
    at: i64,
}

impl Bucket {
    fn refill(&mut self, rate: u32, now: i64) {
        let elapsed = now.saturating_sub(self.at).max(0);
        self.used = self.used.saturating_sub(elapsed.saturating_mul(i64::from(rate))).max(0);
        self.at = now;
    }

    fn has_room(&self, rate: u32) -> bool {
        self.used + 1000 <= i64::from(rate) * 1000
    }
}

impl Limiter {
    /// Counts one call, or names the limit it would break; a refused call does not count.
    pub(crate) fn admit(
        &mut self,
        rate: Rate,
        endpoint: &'static str,
        now: i64,
    ) -> Result<(), RateReason> {
        let bucket = self.endpoints.entry(endpoint).or_default();
        bucket.refill(rate.endpoint, now);
        self.account.refill(rate.account, now);
        if rate.account > 0 && !self.account.has_room(rate.account) {
            return Err(RateReason::Account);
        }
        if rate.endpoint > 0 && !bucket.has_room(rate.endpoint) {
            return Err(RateReason::Endpoint);
        }
        self.account.used += if rate.account > 0 { 1000 } else { 0 };
        bucket.used += if rate.endpoint > 0 { 1000 } else { 0 };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_as_many_calls_as_the_rate_says() {
        let mut limiter = Limiter::default();
        let rate = Rate { account: 5, endpoint: 3 };
        let mut admit = |endpoint, now| limiter.admit(rate, endpoint, now);
        for _ in 0..3 {
            assert_eq!(admit("a", 1000), Ok(()));
        }
        assert_eq!(admit("a", 1000), Err(RateReason::Endpoint));
        assert_eq!(admit("b", 1000), Ok(()));
        assert_eq!(admit("b", 1000), Ok(()));
        assert_eq!(admit("b", 1000), Err(RateReason::Account));
        assert_eq!(admit("a", 2000), Ok(()));
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut limiter = Limiter::default();
        assert!((0..1000).all(|_| limiter.admit(Rate::default(), "a", 0).is_ok()));
    }
}
