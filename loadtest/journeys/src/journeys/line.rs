//! Waiting in line: join, ask as often as told, enter.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::{
    figures::{Kind, Verdict},
    person::{Person, Step},
};

const POLL_MS_DEFAULT: u64 = 1_000;

/// Joins and waits; the person has a pass afterwards.
pub async fn wait_in_line(person: &mut Person<'_>) -> Step<()> {
    let joined = Instant::now();
    join(person).await?;
    loop {
        let request = person.at_event(Method::GET, "/queue");
        let status = person.ask("queue: where am I", request).await?.json();
        if status["state"] == "your_turn" {
            break;
        }
        let pause = status["poll_after_ms"].as_u64().unwrap_or(POLL_MS_DEFAULT);
        person.wait(Duration::from_millis(pause)).await?;
    }
    enter(person).await?;
    person.record(Kind::Wait, "in line", joined.elapsed(), &Verdict::Accepted).await;
    Ok(())
}

/// Joins, or finds the place again.
pub async fn join(person: &mut Person<'_>) -> Step<u64> {
    let request = person.at_event(Method::POST, "/queue");
    let body = person.ask("queue: join", request).await?.json();
    let Some(place) = body["place"].as_str() else {
        return Err(person.wrong(Kind::Rest, "queue: join", "no place in the answer").await);
    };
    person.place = Some(place.to_owned());
    Ok(body["index"].as_u64().unwrap_or_default())
}

async fn enter(person: &mut Person<'_>) -> Step<()> {
    let request = person.at_event(Method::POST, "/queue/enter");
    let body = person.ask("queue: enter", request).await?.json();
    let Some(pass) = body["pass"].as_str() else {
        return Err(person.wrong(Kind::Rest, "queue: enter", "no pass in the answer").await);
    };
    person.pass = Some(pass.to_owned());
    Ok(())
}

/// Gives the place up.
pub async fn leave(person: &mut Person<'_>) -> Step<()> {
    let request = person.at_event(Method::DELETE, "/queue");
    person.ask("queue: leave", request).await?;
    Ok(())
}
