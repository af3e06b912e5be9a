//! Best available beside named seats: 32 rivals at two processes, who all want the same best rows.

use std::net::SocketAddr;

use anyhow::Result;
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{self, Call, Connection, run_each},
    report::Report,
    requests::Person,
    rounds::interleave,
};

use super::{
    ROUNDS,
    ours::{Ours, hold, pair},
};

const RIVALS: usize = 32;
/// Of one measurement.
const HOLDS: usize = 3_000;
/// More than are wanted: which pairs are left for the last ones is chance.
const SEATS: usize = HOLDS * 3;

pub async fn compare(report: &mut Report) -> Result<()> {
    let ours = Ours::start_many(2).await?;
    let addresses = ours.addresses();
    let mut lost = 0.0;
    let mut won = 0;
    let best = async || {
        let event = ours.hall(SEATS).await?;
        let first = ours.people(HOLDS).start;
        let (before, lost_before) = (ours.cpu().await?, candidates_lost(&addresses).await?);
        let each = async |connection: &mut Connection, place: usize| {
            let call = Person(first + place).hold_best(&event, 2);
            connection.ask_for(&Method::POST, call, StatusCode::CREATED).await.map(drop)
        };
        run_each(&addresses, RIVALS, HOLDS, each).await?;
        lost += candidates_lost(&addresses).await? - lost_before;
        won += HOLDS;
        Ok((ours.cpu().await? - before) / HOLDS as f64)
    };
    let named = async || {
        let event = ours.hall(SEATS).await?;
        let first = ours.people(HOLDS).start;
        let before = ours.cpu().await?;
        let each = async |connection: &mut Connection, place: usize| {
            hold(connection, Person(first + place), &event, &pair(place, SEATS)).await.map(drop)
        };
        run_each(&addresses, RIVALS, HOLDS, each).await?;
        Ok((ours.cpu().await? - before) / HOLDS as f64)
    };
    let ratio = interleave(ROUNDS, best, named).await?;
    report.ratio("best available / named, 32 rivals, 2 processes", &ratio, 1.5);
    let misses = lost / won as f64;
    let name = "wishes that lost all candidates, of one met";
    report.figure(name, misses, "", "at most 0.5", misses <= 0.5);
    ours.audit().await
}

/// As the processes count it.
async fn candidates_lost(addresses: &[SocketAddr]) -> Result<f64> {
    let mut sum = 0.0;
    for address in addresses {
        let call = Call { path: "/metrics".into(), headers: Vec::new(), body: String::new() };
        let text = generator::ask(Method::GET, *address, StatusCode::OK, call).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        // Nothing is told of what never happened.
        let line =
            text.lines().find_map(|line| line.strip_prefix("holdfast_candidates_lost_total "));
        sum += line.map_or(Ok(0.0), |count| count.trim().parse::<f64>())?;
    }
    Ok(sum)
}
