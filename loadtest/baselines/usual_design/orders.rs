//! An order: the seats' rows locked, checked and sold in one transaction.

use anyhow::Result;
use serde::Deserialize;

use crate::{
    holds::{Record, lock_key, record_key},
    stores::{HoldsIn, Stores},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    pub hold_id: String,
    pub email: String,
}

pub enum Answer {
    Ordered { id: String, token: String, record: Record, amount: i64 },
    UnknownHold,
    Taken(Vec<i64>),
}

pub async fn create(stores: &Stores, token: &str, wish: &Wish) -> Result<Answer> {
    let key = record_key(&wish.hold_id);
    let text: Option<String> =
        redis::cmd("GET").arg(key).query_async(&mut stores.redis.clone()).await?;
    let Some(record) = text.map(|text| serde_json::from_str::<Record>(&text)).transpose()? else {
        return Ok(Answer::UnknownHold);
    };
    if record.token != token {
        return Ok(Answer::UnknownHold);
    }
    let price = stores.price(&record.event).await?.unwrap_or_default();
    let (id, amount) = (stores.new_id("ord")?, price * record.seats.len() as i64);
    let taken = sell(stores, &id, wish, &record, amount).await?;
    if !taken.is_empty() {
        return Ok(Answer::Taken(taken));
    }
    keep_locked(stores, &record).await?;
    Ok(Answer::Ordered { id, token: stores.new_id("tok")?, record, amount })
}

/// Gives the seats that are not this hold's; then nothing is written. The locks are not asked: a
/// hold's record ends with them, and the rows decide.
async fn sell(
    stores: &Stores,
    order: &str,
    wish: &Wish,
    record: &Record,
    amount: i64,
) -> Result<Vec<i64>> {
    let mut transaction = stores.postgres.begin().await?;
    let rows: Vec<(i64, String, Option<String>)> = sqlx::query_as(
        "SELECT label, state, hold FROM seats
         WHERE event = $1 AND label = ANY($2) ORDER BY label FOR UPDATE",
    )
    .bind(&record.event)
    .bind(&record.seats)
    .fetch_all(&mut *transaction)
    .await?;
    let is_ours = |state: &str, hold: &Option<String>| match stores.holds_in {
        HoldsIn::Keys => state == "free",
        HoldsIn::KeysAndRows => state == "held" && hold.as_ref() == Some(&wish.hold_id),
    };
    let is_to_be_had = |seat: &&i64| {
        rows.iter().any(|(label, state, hold)| label == *seat && is_ours(state, hold))
    };
    let taken: Vec<i64> = record.seats.iter().filter(|seat| !is_to_be_had(seat)).copied().collect();
    if !taken.is_empty() {
        transaction.rollback().await?;
        return Ok(taken);
    }
    sqlx::query(
        "UPDATE seats SET state = 'sold', ordered_by = $3 WHERE event = $1 AND label = ANY($2)",
    )
    .bind(&record.event)
    .bind(&record.seats)
    .bind(order)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO orders (id, event, hold, email, seats, amount) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(order)
    .bind(&record.event)
    .bind(&wish.hold_id)
    .bind(&wish.email)
    .bind(&record.seats)
    .bind(amount)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(taken)
}

/// A sold seat's lock stays, so that the next one to want it is refused without the database.
async fn keep_locked(stores: &Stores, record: &Record) -> Result<()> {
    let mut pipeline = redis::pipe();
    for seat in &record.seats {
        pipeline.cmd("SET").arg(lock_key(&record.event, *seat)).arg("sold").ignore();
    }
    let () = pipeline.query_async(&mut stores.redis.clone()).await?;
    Ok(())
}
