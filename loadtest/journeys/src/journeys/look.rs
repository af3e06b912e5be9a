//! Looking: the list, the event, the chart, how much is left, and the live map.

use std::time::{Duration, Instant};

use reqwest::{Method, header::IF_NONE_MATCH};

use crate::{
    figures::{Kind, Verdict},
    person::{Person, Step},
    socket::LiveMap,
};

const LOOKS: usize = 4;
/// More than a heartbeat's time in some, so that these are seen too.
const WATCH_MS: std::ops::Range<u64> = 3_000..13_000;

/// The window shopper.
pub async fn browse(person: &mut Person<'_>) -> Step<()> {
    let request = person.at(Method::GET, "/v1/events");
    person.ask("events", request).await?;
    person.think(100..400).await?;
    let request = person.at_event(Method::GET, "");
    person.ask("event", request).await?;
    let request = person.at_event(Method::GET, "/chart");
    let chart = person.ask("chart", request).await?;
    let etag = chart.etag.unwrap_or_default();
    for _ in 0..LOOKS {
        person.think(300..900).await?;
        availability(person).await?;
    }
    let request = person.at_event(Method::GET, "/chart").header(IF_NONE_MATCH, etag);
    let again = person.ask("chart, unchanged", request).await?;
    if again.status != 304 {
        return Err(person.wrong(Kind::Rest, "chart, unchanged", "sent whole again").await);
    }
    Ok(())
}

pub async fn availability(person: &mut Person<'_>) -> Step<()> {
    let request = person.at_event(Method::GET, "/availability");
    person.ask("availability", request).await?;
    Ok(())
}

/// Somebody who only watches the seats go.
pub async fn watch(person: &mut Person<'_>) -> Step<()> {
    let map = open_map(person).await?;
    let watched = person.think(WATCH_MS).await;
    close_map(person, &map).await?;
    watched
}

/// Opens the live map, measured to its snapshot.
pub async fn open_map(person: &mut Person<'_>) -> Step<LiveMap> {
    person.wait(Duration::ZERO).await?;
    let opened = Instant::now();
    match LiveMap::open(person.load.clone(), &person.device).await {
        Ok(map) => {
            let took = opened.elapsed();
            person.record(Kind::Socket, "open to snapshot", took, &Verdict::Accepted).await;
            Ok(map)
        }
        Err(error) => {
            let stop = person.wrong(Kind::Socket, "open to snapshot", &error.to_string()).await;
            person.think(500..1_000).await?;
            Err(stop)
        }
    }
}

/// Leaves the map; a map that lost its way is an error.
pub async fn close_map(person: &mut Person<'_>, map: &LiveMap) -> Step<()> {
    match map.broken() {
        Some(reason) => Err(person.wrong(Kind::Socket, "stay on the map", reason).await),
        None => Ok(()),
    }
}
