//! Waiting by asking.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Asks `probe` every 10 ms until it gives a value; panics with `what` after `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < end, "waited {seconds} s for: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
