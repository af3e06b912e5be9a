//! What the crowd comes for: halls with seats enough, or a line in which people wait already.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hyper::{Method, StatusCode};
use loadtest::{
    generator,
    hall::Hall,
    journey::Journey,
    open_loop::Plan,
    requests::{Joined, Person},
};
use serde_json::Value;

/// People in the line where statuses are asked for.
const WAITING: usize = 1_000;

/// Publishes what the plan needs, and writes it into the plan. Each run has events of its own.
pub async fn sell(plan: &mut Plan, token: &str) -> Result<()> {
    let run = std::process::id();
    let is_line = plan.waves.iter().any(|wave| wave.journey == Journey::Status);
    let halls = plan.pairs().div_ceil(plan.pairs_in_event).max(1);
    for number in 0..halls {
        let slug = format!("open-loop-{run}-{number}");
        let hall = Hall { has_queue: is_line, ..Hall::new(slug, plan.pairs_in_event * 2) };
        plan.events.push(hall.publish(plan.address, token).await?);
        if is_line {
            stand_in_line(plan, &hall, token).await?;
        }
    }
    // The first one to come must not pay for everybody's chart.
    for event in &plan.events {
        let look = loadtest::requests::availability(event);
        generator::ask(Method::GET, plan.address, StatusCode::OK, look).await?;
    }
    Ok(())
}

async fn stand_in_line(plan: &mut Plan, hall: &Hall, token: &str) -> Result<()> {
    for number in 0..WAITING {
        let join = Person(number).join(&hall.slug);
        let answer = generator::ask(Method::POST, plan.address, StatusCode::CREATED, join).await?;
        plan.places.push(serde_json::from_slice::<Joined>(&answer)?.place);
    }
    let open = format!("/v1/events/{}/queue/open", hall.slug);
    let open = hall.organizer(token, open, "{}".into());
    generator::ask(Method::POST, plan.address, StatusCode::OK, open).await?;
    let last = plan.places.last().context("nobody waits")?;
    for _ in 0..300 {
        let status = Person(WAITING - 1).queue_status(&hall.slug, last);
        let answer = generator::ask(Method::GET, plan.address, StatusCode::OK, status).await?;
        let status: Value = serde_json::from_slice(&answer)?;
        if status["state"] != "early" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the line does not open")
}
