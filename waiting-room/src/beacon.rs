//! Public randomness for the draw: a number that nobody, the organiser included, knew when the
//! entries were closed.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::queue::draw::{BEACON_BYTES_MAX, BEACON_ROUND_MAX, Beacon};
use serde::Deserialize;

/// A draw does not wait longer; without an answer it is held on the secret and the entries alone,
/// and says so.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// As drand's HTTP interface gives it.
#[derive(Deserialize)]
struct Round {
    round: u64,
    randomness: String,
}

/// Asks after the entries were closed.
pub async fn fetch(url: &str) -> Option<Beacon> {
    match ask(url).await {
        Ok(beacon) => Some(beacon),
        Err(error) => {
            tracing::error!(url, error, "the draw is held without the beacon");
            None
        }
    }
}

async fn ask(url: &str) -> Result<Beacon, String> {
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client.get(url).send().await.map_err(|error| error.to_string())?;
    let answer = answer.error_for_status().map_err(|error| error.to_string())?;
    let round: Round = answer.json().await.map_err(|error| error.to_string())?;
    let randomness = HEXLOWER_PERMISSIVE
        .decode(round.randomness.as_bytes())
        .ok()
        .filter(|bytes| (1..=BEACON_BYTES_MAX).contains(&bytes.len()))
        .ok_or_else(|| "the randomness is no hexadecimal text of its length".to_owned())?;
    if url.len() > BEACON_BYTES_MAX || round.round > BEACON_ROUND_MAX {
        return Err("the address or the round is too large".to_owned());
    }
    Ok(Beacon { source: url.to_owned(), round: round.round, randomness })
}
