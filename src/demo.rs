//! `holdfast demo`: a sample sale, loaded through the public API as an organiser would.

use anyhow::{Context, Result, ensure};
use domain::{
    time::Timestamp,
    venue::{Kind, generate},
};
use serde_json::{Value, json};

/// The sample sale's venues are drawn from this seed.
const SEED: u64 = 7;
/// Seats of the sample theatre.
const THEATRE_SEATS: u32 = 2_000;
/// Places of the sample club.
const CLUB_PLACES: u32 = 600;
/// From the first start to the draw of the theatre's waiting room.
const THEATRE_OPENS_AFTER_SECONDS: i64 = 5;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Creates and publishes the sample events that are not there yet; what is there goes on.
pub async fn load_sample_sale(base: &str, organizer_token: &str, now: Timestamp) -> Result<()> {
    let organizer = Organizer { http: reqwest::Client::new(), base, token: organizer_token };
    for event in [theatre(now)?, club_night(now)] {
        let slug = event["slug"].as_str().context("a sample event has a slug")?.to_owned();
        if organizer.has(&slug).await? {
            continue;
        }
        organizer.post("/v1/events", &slug, &event).await?;
        organizer.post(&format!("/v1/events/{slug}/publish"), &slug, &json!({})).await?;
    }
    Ok(())
}

/// An evening in a theatre, in three weeks.
fn theatre(now: Timestamp) -> Result<Value> {
    let venue = generate(Kind::Theatre, THEATRE_SEATS, SEED)?;
    let categories = venue.plan["categories"].as_array().context("the plan has categories")?;
    // The best category costs 90.00, each further one a fifth less.
    let prices: serde_json::Map<String, Value> = categories
        .iter()
        .filter_map(|category| category["name"].as_str())
        .scan(9_000_i64, |price, name| {
            let this = (name.to_owned(), json!(*price));
            *price = *price * 4 / 5 / 50 * 50;
            Some(this)
        })
        .collect();
    Ok(json!({
        "slug": "theatre",
        "name": "The Winter's Tale",
        "description": "An evening in the theatre. Numbered seats, best available or picked from the map.",
        "starts_at": now.plus_seconds(21 * DAY_SECONDS),
        "currency": "EUR",
        "prices": prices,
        "seating_plan": venue.plan,
        "seat_flags": venue.seat_flags,
        // Whoever comes at once sees the draw; whoever comes later stands in line for a moment.
        "queue": {
            "enabled": true,
            "opens_at": now.plus_seconds(THEATRE_OPENS_AFTER_SECONDS),
            "admit_per_minute": 600,
        },
    }))
}

/// A standing night, in two weeks.
fn club_night(now: Timestamp) -> Value {
    json!({
        "slug": "club-night",
        "name": "Club night",
        "description": "Standing only.",
        "starts_at": now.plus_seconds(14 * DAY_SECONDS),
        "currency": "EUR",
        "prices": {"Standing": 1_800, "Balcony": 2_600},
        "areas": [
            {"name": "Dance floor", "capacity": CLUB_PLACES * 5 / 6, "category": "Standing"},
            {"name": "Balcony", "capacity": CLUB_PLACES / 6, "category": "Balcony"},
        ],
    })
}

/// An organiser's calls to the server that was just started.
struct Organizer<'a> {
    http: reqwest::Client,
    base: &'a str,
    token: &'a str,
}

impl Organizer<'_> {
    async fn has(&self, slug: &str) -> Result<bool> {
        let url = format!("{}/v1/events/{slug}", self.base);
        let answer = self.http.get(url).bearer_auth(self.token).send().await?;
        // A draft left behind by a start that was cut short is published by the second call below.
        if !answer.status().is_success() {
            return Ok(false);
        }
        let event: Value = answer.json().await?;
        if event["status"] == "draft" {
            self.post(&format!("/v1/events/{slug}/publish"), slug, &json!({})).await?;
        }
        Ok(true)
    }

    async fn post(&self, path: &str, slug: &str, body: &Value) -> Result<()> {
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(self.token)
            .header("Idempotency-Key", format!("sample-sale {path} {slug}"))
            .json(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "the sample event {slug} was refused: {status} {text}");
        Ok(())
    }
}
