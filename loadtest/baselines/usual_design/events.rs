//! A hall to sell: seats by number, all of one price.

use anyhow::Result;
use serde::Deserialize;

use crate::stores::Stores;

#[derive(Deserialize)]
pub struct NewEvent {
    pub seats: i64,
    pub price: i64,
}

pub async fn create(stores: &Stores, event: &str, new: &NewEvent) -> Result<()> {
    let mut transaction = stores.postgres.begin().await?;
    sqlx::query("INSERT INTO events (event, price) VALUES ($1, $2)")
        .bind(event)
        .bind(new.price)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO seats (event, label) SELECT $1, label FROM generate_series(0, $2 - 1) AS label",
    )
    .bind(event)
    .bind(new.seats)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}
