//! Public randomness for the draw, as drand's HTTP interface gives it: a chain of numbered rounds, of
//! which each appears at a time that its number says and is known to nobody before.
//!
//! A round is named when the entries are closed, while it does not exist, and the draw takes that one
//! and no other. Never believes an answer about another round. Checks no signature: whoever doubts a
//! value asks the beacon, or another of its servers, for the round that the draw names.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{
    queue::draw::{BEACON_BYTES_MAX, BEACON_ROUND_MAX, Beacon},
    time::Timestamp,
};
use ledger::NamedRound;
use serde::{Deserialize, de::DeserializeOwned};

/// One answer. Whoever leads a line asks between its steps, and must be back before its lease ends.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const ANSWER_BYTES_MAX: usize = 8_192;
/// Rounds further apart would keep a sale waiting.
const PERIOD_SECONDS_MAX: i64 = 60;
/// After 31,688 years seconds are no seconds.
const GENESIS_SECONDS_MAX: i64 = 1_000_000_000_000;
/// What drand gives has 32.
const RANDOMNESS_BYTES: std::ops::RangeInclusive<usize> = 32..=64;

/// When a chain's rounds appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Chain {
    /// Seconds since 1970 at which round 1 appeared.
    genesis_time: i64,
    /// Seconds between two rounds.
    period: i64,
}

#[derive(Deserialize)]
struct Round {
    round: u64,
    randomness: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no answer")]
    NoAnswer(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    #[error("the answer is not what a beacon says")]
    Malformed(#[from] serde_json::Error),
    #[error("the beacon's address is longer than {BEACON_BYTES_MAX} bytes")]
    LongSource,
    #[error("the chain begins or goes on at times that no draw can wait for")]
    Chain,
    #[error("asked for another round, the beacon answers round {0}")]
    OtherRound(u64),
    #[error("the randomness is no hexadecimal text of its length")]
    Randomness,
}

/// A beacon's address without what names a round of it.
pub fn source(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix("/public/latest").unwrap_or(url)
}

/// The first round that appears at least one period after `closed_at`, so that nobody can have
/// known it then.
pub async fn round_after(source: &str, closed_at: Timestamp) -> Result<NamedRound, Error> {
    if source.len() > BEACON_BYTES_MAX {
        return Err(Error::LongSource);
    }
    let chain: Chain = ask(&format!("{source}/info")).await?;
    let (round, at) = chain.round_after(closed_at).ok_or(Error::Chain)?;
    Ok(NamedRound { source: source.to_owned(), round, at })
}

/// The value of the round that was named.
pub async fn value(named: &NamedRound) -> Result<Beacon, Error> {
    let NamedRound { source, round, .. } = named;
    let told: Round = ask(&format!("{source}/public/{round}")).await?;
    if told.round != *round {
        return Err(Error::OtherRound(told.round));
    }
    let randomness = HEXLOWER_PERMISSIVE
        .decode(told.randomness.as_bytes())
        .ok()
        .filter(|bytes| RANDOMNESS_BYTES.contains(&bytes.len()))
        .ok_or(Error::Randomness)?;
    Ok(Beacon { source: source.clone(), round: *round, randomness })
}

async fn ask<T: DeserializeOwned>(url: &str) -> Result<T, Error> {
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut answer = client.get(url).send().await?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(Error::Status(answer.status().as_u16()));
    }
    let mut text = Vec::new();
    while let Some(part) = answer.chunk().await? {
        text.extend_from_slice(&part);
        if text.len() > ANSWER_BYTES_MAX {
            return Err(Error::TooLong);
        }
    }
    Ok(serde_json::from_slice(&text)?)
}

impl Chain {
    /// Number and time.
    fn round_after(self, closed_at: Timestamp) -> Option<(u64, Timestamp)> {
        let is_known = (1..=PERIOD_SECONDS_MAX).contains(&self.period)
            && (0..=GENESIS_SECONDS_MAX).contains(&self.genesis_time);
        if !is_known {
            return None;
        }
        let (genesis, period) = (self.genesis_time * 1_000, self.period * 1_000);
        // Since round 1; a chain that has not begun has no rounds that are due.
        let since = u64::try_from(closed_at.as_millis() + period - genesis).ok()?;
        let periods = since.div_ceil(period as u64);
        let round = periods + 1;
        let at = Timestamp(genesis + periods as i64 * period);
        (round <= BEACON_ROUND_MAX).then_some((round, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICKNET: Chain = Chain { genesis_time: 1_692_803_367, period: 3 };

    fn at(seconds: i64, millis: i64) -> Timestamp {
        Timestamp((QUICKNET.genesis_time + seconds) * 1_000 + millis)
    }

    #[test]
    fn the_named_round_appears_a_period_after_the_closing_at_the_soonest() {
        assert_eq!(QUICKNET.round_after(at(0, 0)), Some((2, at(3, 0))));
        assert_eq!(QUICKNET.round_after(at(0, 1)), Some((3, at(6, 0))));
        assert_eq!(QUICKNET.round_after(at(2, 999)), Some((3, at(6, 0))));
        assert_eq!(QUICKNET.round_after(at(3, 0)), Some((3, at(6, 0))));
        for millis in 0..10_000 {
            let closed_at = at(3_000, millis);
            let (round, due) = QUICKNET.round_after(closed_at).expect("a round");
            let waited = due.as_millis() - closed_at.as_millis();
            assert!((3_000..6_000).contains(&waited), "{waited} ms");
            // drand's own rule says the same of that moment.
            let since = due.as_millis() / 1_000 - QUICKNET.genesis_time;
            assert_eq!(round, (since / 3 + 1) as u64);
        }
    }

    #[test]
    fn a_chain_that_no_draw_can_wait_for_names_no_round() {
        let closed_at = at(100, 0);
        for (genesis_time, period) in [
            (QUICKNET.genesis_time, 0),
            (QUICKNET.genesis_time, -3),
            (QUICKNET.genesis_time, 61),
            (QUICKNET.genesis_time, i64::MAX),
            (QUICKNET.genesis_time + 1_000, 3),
            (i64::MAX, 3),
            (i64::MIN, 3),
            (-1, 3),
        ] {
            assert_eq!(Chain { genesis_time, period }.round_after(closed_at), None);
        }
    }

    #[test]
    fn an_address_of_the_latest_round_is_that_of_its_chain() {
        let chain = "https://api.drand.sh/52db9ba7";
        for url in [chain, "https://api.drand.sh/52db9ba7/"] {
            assert_eq!(source(url), chain);
        }
        assert_eq!(source("https://api.drand.sh/52db9ba7/public/latest"), chain);
    }
}
