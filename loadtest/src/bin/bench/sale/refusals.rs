//! A refused hold beside an accepted one, and what a refusal asks Redis.

use std::time::Instant;

use anyhow::Result;
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{Connection, run_each},
    report::Report,
    requests::Person,
    rounds::interleave,
    servers::Redis,
};

use super::{
    IN_FLIGHT, ROUNDS,
    ours::{Ours, pair},
};

/// Of one measurement.
const HOLDS: usize = 4_000;
const SEATS: usize = HOLDS * 2;
/// One after the other, so that none shares its command with another.
const LONE: usize = 1_000;

pub async fn compare(report: &mut Report) -> Result<()> {
    let ours = Ours::start().await?;
    let full = ours.hall(SEATS).await?;
    ours.hold_all(&full, HOLDS, |place| pair(place, SEATS)).await?;
    let refused = async || {
        let before = ours.cpu().await?;
        refuse(&ours, &full, IN_FLIGHT, HOLDS).await?;
        Ok((ours.cpu().await? - before) / HOLDS as f64)
    };
    let accepted = async || {
        let event = ours.hall(SEATS).await?;
        let before = ours.cpu().await?;
        ours.hold_all(&event, HOLDS, |place| pair(place, SEATS)).await?;
        Ok((ours.cpu().await? - before) / HOLDS as f64)
    };
    let ratio = interleave(ROUNDS, refused, accepted).await?;
    report.ratio("a refused hold / an accepted one", &ratio, 0.65);

    let (began, before) = (Instant::now(), scripts(&ours.redis).await?);
    refuse(&ours, &full, 1, LONE).await?;
    let (took, asked) = (began.elapsed(), scripts(&ours.redis).await? - before);
    let before = scripts(&ours.redis).await?;
    tokio::time::sleep(took).await;
    let idle = scripts(&ours.redis).await? - before;
    let each = (asked - idle).max(0.0) / LONE as f64;
    let name = "Redis commands of a lone refusal";
    report.figure(name, each, "", "at most 0.1", each <= 0.1);
    ours.audit().await
}

/// New people want what is taken.
async fn refuse(ours: &Ours, event: &str, in_flight: usize, count: usize) -> Result<()> {
    let first = ours.people(count).start;
    let each = async |connection: &mut Connection, place: usize| {
        let call = Person(first + place).hold_seats(event, &pair(place, SEATS));
        connection.ask_for(&Method::POST, call, StatusCode::CONFLICT).await.map(drop)
    };
    run_each(&[ours.address()], in_flight, count, each).await
}

/// Script calls so far: the service asks Redis about seats by nothing else.
async fn scripts(redis: &Redis) -> Result<f64> {
    let calls = redis.calls().await?;
    Ok(calls.iter().filter(|(name, _)| name == "evalsha").map(|(_, calls)| *calls as f64).sum())
}
