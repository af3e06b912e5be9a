//! Who has which seat. At most one live or sold claim a seat (I1): a partial unique index, and an
//! insert that lets the index decide. A claim is released by an update that joins its proof (I4).

use std::collections::{BTreeMap, HashSet};

use domain::{
    hold::CustomerKey,
    id::{EventId, HoldId, HoldKey, OrderId},
    seat::{AreaIndex, AreaQuantity, SeatIndex},
    time::Timestamp,
};

use crate::{
    Ledger, customer_of,
    db::{Reads, Tx},
    error::Error,
    row::{Arg, Row, args},
    values::{insert_rows, of_ids},
};

/// The live or sold claim of one order, as Redis has to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredClaim {
    pub order: OrderId,
    /// Of the hold the order came from.
    pub key: HoldKey,
    /// Of that hold.
    pub created: Timestamp,
    pub claim_number: u64,
    pub customer: CustomerKey,
    /// Ascending.
    pub seats: Vec<SeatIndex>,
    /// By area.
    pub areas: Vec<AreaQuantity>,
    pub sold: bool,
}

/// What the ledger has of one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaClaims {
    pub area: AreaIndex,
    pub live: u32,
    pub sold: u32,
}

/// How many claims of an event are in which state: compared with Redis to notice drift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimCounts {
    pub live_seats: u32,
    pub sold_seats: u32,
    pub areas: Vec<AreaClaims>,
}

impl Ledger {
    /// Every live and sold claim of an event, by claim number: what a rebuilt inventory needs.
    pub async fn claims(&self, event: &EventId) -> Result<Vec<StoredClaim>, Error> {
        let seats = self
            .read()
            .rows(
                "SELECT claims.order_id, hold_id, claim_number, customer, claims.state, seat \
                 FROM claims JOIN orders ON orders.id = claims.order_id \
                 WHERE claims.event_id = $1 AND claims.state IN ('live', 'sold') \
                 ORDER BY claim_number, seat",
                args![event],
            )
            .await?;
        let areas = self
            .read()
            .rows(
                "SELECT area_claims.order_id, hold_id, claim_number, customer, \
                 area_claims.state, area, quantity \
                 FROM area_claims JOIN orders ON orders.id = area_claims.order_id \
                 WHERE area_claims.event_id = $1 AND area_claims.state IN ('live', 'sold') \
                 ORDER BY claim_number, area",
                args![event],
            )
            .await?;
        gather(&seats, &areas)
    }

    /// The live or sold claim of one order; `None` when it was released.
    pub async fn claim_of_order(&self, order: &OrderId) -> Result<Option<StoredClaim>, Error> {
        let seats = self
            .read()
            .rows(
                "SELECT claims.order_id, hold_id, claim_number, customer, claims.state, seat \
                 FROM claims JOIN orders ON orders.id = claims.order_id \
                 WHERE claims.order_id = $1 AND claims.state IN ('live', 'sold') ORDER BY seat",
                args![order],
            )
            .await?;
        let areas = self
            .read()
            .rows(
                "SELECT area_claims.order_id, hold_id, claim_number, customer, \
                 area_claims.state, area, quantity \
                 FROM area_claims JOIN orders ON orders.id = area_claims.order_id \
                 WHERE area_claims.order_id = $1 AND area_claims.state IN ('live', 'sold') \
                 ORDER BY area",
                args![order],
            )
            .await?;
        Ok(gather(&seats, &areas)?.pop())
    }

    pub async fn claim_counts(&self, event: &EventId) -> Result<ClaimCounts, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT state, COUNT(*) AS seats FROM claims \
                 WHERE event_id = $1 AND state IN ('live', 'sold') GROUP BY state",
                args![event],
            )
            .await?;
        let mut counts = ClaimCounts::default();
        for row in rows {
            let seats = row.small("seats")?;
            if row.text("state")? == "sold" {
                counts.sold_seats = seats;
            } else {
                counts.live_seats = seats;
            }
        }
        let rows = self
            .read()
            .rows(
                "SELECT area, claimed, sold FROM area_counts WHERE event_id = $1 ORDER BY area",
                args![event],
            )
            .await?;
        for row in rows {
            counts.areas.push(AreaClaims {
                area: row.small("area")?,
                live: row.small("claimed")?,
                sold: row.small("sold")?,
            });
        }
        Ok(counts)
    }
}

fn gather(seats: &[Row], areas: &[Row]) -> Result<Vec<StoredClaim>, Error> {
    let mut claims = BTreeMap::new();
    for row in seats {
        entry(&mut claims, row)?.seats.push(row.small("seat")?);
    }
    for row in areas {
        let area = AreaQuantity { area: row.small("area")?, quantity: row.small("quantity")? };
        entry(&mut claims, row)?.areas.push(area);
    }
    Ok(claims.into_values().collect())
}

fn entry<'m>(
    claims: &'m mut BTreeMap<u64, StoredClaim>,
    row: &Row,
) -> Result<&'m mut StoredClaim, Error> {
    let claim_number = row.small("claim_number")?;
    let hold: HoldId = row.parsed("hold_id")?;
    let claim = StoredClaim {
        order: row.parsed("order_id")?,
        key: hold.key,
        created: hold.created,
        claim_number,
        customer: customer_of(&row.text("customer")?)?,
        seats: Vec::new(),
        areas: Vec::new(),
        sold: row.text("state")? == "sold",
    };
    Ok(claims.entry(claim_number).or_insert(claim))
}

/// A seat of an event, wanted for a new order.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub event: &'a EventId,
    pub seat: SeatIndex,
    pub order: &'a OrderId,
}

/// Claims seats for new orders; those that are another's, by event and seat. Of one seat wanted
/// twice, one is.
pub(crate) async fn claim<'a>(
    tx: &mut Tx,
    mut wanted: Vec<Wanted<'a>>,
) -> Result<Vec<Wanted<'a>>, Error> {
    // In any other order two transactions could wait for each other.
    wanted.sort_unstable_by(|one, other| {
        (one.event.as_str(), one.seat).cmp(&(other.event.as_str(), other.seat))
    });
    let rows: Vec<Vec<Arg<'_>>> = wanted
        .iter()
        .map(|wanted| {
            vec![
                Arg::from(wanted.order),
                Arg::from(wanted.event),
                Arg::from(wanted.seat),
                Arg::from("live"),
            ]
        })
        .collect();
    let claimed = insert_rows(
        tx,
        "INSERT INTO claims (order_id, event_id, seat, state)",
        rows,
        "ON CONFLICT (event_id, seat) WHERE state IN ('live', 'sold') DO NOTHING \
         RETURNING order_id, seat",
    )
    .await?;
    let claimed = claimed
        .iter()
        .map(|row| Ok((row.text("order_id")?, row.small("seat")?)))
        .collect::<Result<HashSet<(String, SeatIndex)>, Error>>()?;
    wanted.retain(|wanted| !claimed.contains(&(wanted.order.as_str().to_owned(), wanted.seat)));
    Ok(wanted)
}

/// Live seats of orders become sold; the order of each.
pub(crate) async fn sell(tx: &mut Tx, orders: &[&OrderId]) -> Result<Vec<OrderId>, Error> {
    let mut sold = Vec::new();
    for (sql, args) in of_ids(
        "UPDATE claims SET state = 'sold' WHERE state = 'live' AND order_id",
        orders.iter().map(|order| order.as_str()),
        "RETURNING order_id",
    ) {
        for row in tx.rows(sql, &args).await? {
            sold.push(row.parsed("order_id")?);
        }
    }
    Ok(sold)
}

/// Live and sold seats of an order are given back, if a proof is recorded; how many.
pub(crate) async fn release(tx: &mut Tx, order: &OrderId) -> Result<u64, Error> {
    tx.run(
        "UPDATE claims SET state = 'released' WHERE order_id = $1 AND state IN ('live', 'sold') \
         AND EXISTS (SELECT 1 FROM release_proofs WHERE release_proofs.order_id = claims.order_id)",
        args![order],
    )
    .await
}
