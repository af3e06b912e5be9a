//! A hold: the lock keys of all its seats, or none of them; then, where holds are in rows too, the
//! seats' rows.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::stores::{HoldsIn, Stores};

pub const HOLD_SECONDS: i64 = 1_800;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Labels, as the product takes them.
    pub seats: Vec<String>,
}

/// What is kept of a hold, as long as its locks live.
#[derive(Serialize, Deserialize)]
pub struct Record {
    pub event: String,
    pub seats: Vec<i64>,
    pub token: String,
}

pub enum Answer {
    Held { id: String, record: Record },
    Taken(Vec<i64>),
}

pub fn record_key(id: &str) -> String {
    format!("hold:{id}")
}

pub fn lock_key(event: &str, seat: i64) -> String {
    format!("lock:{event}:{seat}")
}

/// `seats` are sorted and distinct.
pub async fn create(stores: &Stores, event: &str, seats: Vec<i64>) -> Result<Answer> {
    let (id, token) = (stores.new_id("hld")?, stores.new_id("tok")?);
    let record = Record { event: event.to_owned(), seats, token };
    let taken = lock(stores, &id, &record).await?;
    if !taken.is_empty() {
        return Ok(Answer::Taken(taken));
    }
    if stores.holds_in == HoldsIn::KeysAndRows {
        let taken = hold_rows(stores, &id, &record).await;
        if !matches!(&taken, Ok(taken) if taken.is_empty()) {
            unlock(stores, &id, &record, &record.seats).await?;
            return Ok(Answer::Taken(taken?));
        }
    }
    Ok(Answer::Held { id, record })
}

/// Gives the seats that others have; then nothing is locked.
async fn lock(stores: &Stores, id: &str, record: &Record) -> Result<Vec<i64>> {
    let millis = HOLD_SECONDS * 1_000;
    let mut pipeline = redis::pipe();
    for seat in &record.seats {
        let key = lock_key(&record.event, *seat);
        pipeline.cmd("SET").arg(key).arg(id).arg("NX").arg("PX").arg(millis);
    }
    // Along with the locks, so that a hold costs one round trip.
    let text = serde_json::to_string(record)?;
    pipeline.cmd("SET").arg(record_key(id)).arg(text).arg("PX").arg(millis).ignore();
    let won: Vec<Option<String>> = pipeline.query_async(&mut stores.redis.clone()).await?;
    let of = |is_won: bool| -> Vec<i64> {
        let seats = record.seats.iter().zip(&won);
        seats.filter(|(_, won)| won.is_some() == is_won).map(|(seat, _)| *seat).collect()
    };
    let taken = of(false);
    if !taken.is_empty() {
        unlock(stores, id, record, &of(true)).await?;
    }
    Ok(taken)
}

/// The locks were won a moment ago and live for minutes: they are still this hold's.
async fn unlock(stores: &Stores, id: &str, record: &Record, seats: &[i64]) -> Result<()> {
    let mut keys = vec![record_key(id)];
    keys.extend(seats.iter().map(|seat| lock_key(&record.event, *seat)));
    let () = redis::cmd("DEL").arg(keys).query_async(&mut stores.redis.clone()).await?;
    Ok(())
}

/// Gives the seats that are not to be had; then nothing is written.
async fn hold_rows(stores: &Stores, id: &str, record: &Record) -> Result<Vec<i64>> {
    let mut transaction = stores.postgres.begin().await?;
    // Always in the order of the labels, so that two holds do not wait for each other.
    let rows: Vec<(i64, bool)> = sqlx::query_as(
        "SELECT label, state = 'free' OR (state = 'held' AND held_until < now())
         FROM seats WHERE event = $1 AND label = ANY($2) ORDER BY label FOR UPDATE",
    )
    .bind(&record.event)
    .bind(&record.seats)
    .fetch_all(&mut *transaction)
    .await?;
    let is_free = |seat: &&i64| rows.iter().any(|(label, is_free)| label == *seat && *is_free);
    let taken: Vec<i64> = record.seats.iter().filter(|seat| !is_free(seat)).copied().collect();
    if !taken.is_empty() {
        transaction.rollback().await?;
        return Ok(taken);
    }
    sqlx::query(
        "UPDATE seats SET state = 'held', hold = $3, held_until = now() + $4 * interval '1 second'
         WHERE event = $1 AND label = ANY($2)",
    )
    .bind(&record.event)
    .bind(&record.seats)
    .bind(id)
    .bind(HOLD_SECONDS)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(taken)
}
