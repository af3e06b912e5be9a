//! Replicas tell each other once a second how many requests they admitted from which address, so
//! that the limit per address holds over all of them. No request waits for it, and while the store
//! is away each counts for itself.

use std::{net::IpAddr, sync::Arc, time::Duration};

use lua::{Notices, Store};
use platform::http::RateLimiter;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);
/// Addresses told at once, those with the most requests first: a limit matters to few.
const ADDRESSES_MAX: usize = 2_000;

/// For ever; may be dropped at any step.
pub async fn exchange(store: Store, limiter: Arc<RateLimiter>) {
    let mut notices = Notices::new("limits", platform::random::token());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let text = write(limiter.take_sums());
        match notices.exchange(&store, &text).await {
            Ok(heard) => heard.iter().for_each(|text| {
                read(text).for_each(|(address, count)| limiter.add_foreign(address, count));
            }),
            Err(error) => tracing::debug!(%error, "sums were not exchanged"),
        }
    }
}

/// `address=count`, comma-separated.
fn write(mut sums: Vec<(IpAddr, u32)>) -> String {
    sums.sort_unstable_by_key(|(_, count)| std::cmp::Reverse(*count));
    sums.truncate(ADDRESSES_MAX);
    let texts: Vec<String> =
        sums.iter().map(|(address, count)| format!("{address}={count}")).collect();
    texts.join(",")
}

fn read(text: &str) -> impl Iterator<Item = (IpAddr, u32)> {
    text.split(',').filter_map(|item| {
        let (address, count) = item.split_once('=')?;
        Some((address.parse().ok()?, count.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_back_as_they_were_told() {
        let sums = vec![("203.0.113.7".parse().unwrap(), 3), ("2001:db8::".parse().unwrap(), 40)];
        let text = write(sums.clone());
        assert_eq!(text, "2001:db8::=40,203.0.113.7=3");
        assert_eq!(read(&text).count(), 2);
        assert!(sums.iter().all(|sum| read(&text).any(|read| read == *sum)));
        assert_eq!(read("").chain(read("x=1,=,1.2.3.4=y")).count(), 0);
    }
}
