//! The organizer's part: a sale for the crowd, and the audit afterwards.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::venue::{Kind, generate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{hosts::Hosts, options::Options, random::Random, seats::Seats};

/// The same venue in every run, so that runs compare.
const SEED: u64 = 7;
/// Long enough to pay, short enough that abandoned seats come back within a run.
const HOLD_SECONDS: u32 = 30;
const AUDIT_TIMEOUT: Duration = Duration::from_secs(300);

/// What the crowd comes for.
pub struct Sale {
    pub slug: String,
    pub seats: Seats,
}

/// What the auditor found, as `GET /v1/audit` and `holdfast audit --json` say it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Audit {
    pub clean: bool,
    pub checks: Vec<Check>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Check {
    pub invariant: String,
    pub title: String,
    /// `holds`, `violated`, `not_checked`
    pub outcome: String,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub violations: Vec<Value>,
}

pub struct Organizer {
    http: reqwest::Client,
    hosts: Hosts,
    token: String,
}

impl Organizer {
    pub fn new(hosts: &Hosts, token: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { http, hosts: hosts.clone(), token: token.to_owned() }
    }

    /// Publishes an event with a waiting room, and opens its line.
    pub async fn publish_sale(&self, options: &Options) -> Result<Sale> {
        let slug = format!("load-{}", Random::new().text().to_lowercase().replace(['_', '-'], "x"));
        let event = event(&slug, options)?;
        self.post("/v1/events", &event).await?;
        self.post(&format!("/v1/events/{slug}/publish"), &json!({})).await?;
        let opening = json!({"reason": "the load run begins"});
        self.post(&format!("/v1/events/{slug}/queue/open"), &opening).await?;
        let chart = self.read(&format!("/v1/events/{slug}/chart")).await?;
        Ok(Sale { slug, seats: Seats::of_chart(&chart)? })
    }

    /// The auditor's verdict on every event of the server.
    pub async fn audit(&self) -> Result<Audit> {
        let report = self.read("/v1/audit").await?;
        serde_json::from_value(report).context("the audit cannot be read")
    }

    async fn read(&self, path: &str) -> Result<Value> {
        let request = self.http.get(self.hosts.url(path)).bearer_auth(&self.token);
        let answer = request.timeout(AUDIT_TIMEOUT).send().await?;
        ensure!(answer.status().is_success(), "GET {path} answers {}", answer.status());
        Ok(answer.json().await?)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self
            .http
            .post(self.hosts.url(path))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", Random::new().text())
            .json(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "POST {path} answers {status}: {text}");
        Ok(())
    }
}

fn event(slug: &str, options: &Options) -> Result<Value> {
    let venue = generate(Kind::Arena, options.seats, SEED).context("no such venue")?;
    let categories = venue.plan["categories"].as_array().context("the plan has categories")?;
    let prices: Map<String, Value> = categories
        .iter()
        .filter_map(|category| category["name"].as_str())
        .map(|name| (name.to_owned(), json!(4_500)))
        .collect();
    let starts_at = OffsetDateTime::now_utc() + Duration::from_secs(30 * 24 * 60 * 60);
    Ok(json!({
        "slug": slug,
        "name": "The load run",
        "starts_at": starts_at.replace_nanosecond(0)?.format(&Rfc3339)?,
        "currency": "EUR",
        "prices": prices,
        "seating_plan": venue.plan,
        "seat_flags": venue.seat_flags,
        "sale": {"hold_seconds": HOLD_SECONDS},
        "queue": {"enabled": true, "admit_per_minute": options.admit_per_minute},
    }))
}
