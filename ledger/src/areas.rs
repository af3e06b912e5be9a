//! Places of general admission: capacity, claimed and sold of each area. The CHECK
//! `claimed + sold <= capacity` is the rule; a conditional update keeps from running into it.

use std::collections::BTreeMap;

use domain::{
    id::{EventId, OrderId},
    seat::{AreaIndex, AreaQuantity},
};
use futures_util::FutureExt;

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    row::{self, Arg, args},
    values::{insert_rows, of_ids},
    writer::Outcome,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetCapacities {
    Set,
    /// These areas have more claimed and sold than the new capacity; nothing was changed.
    BelowSold(Vec<AreaIndex>),
}

impl Ledger {
    /// New capacities for some areas, all or none.
    pub async fn set_area_capacities(
        &self,
        event: &EventId,
        capacities: &[(AreaIndex, u32)],
    ) -> Result<SetCapacities, Error> {
        let mut capacities = capacities.to_vec();
        capacities.sort_unstable();
        self.write((event.clone(), capacities), |tx, (event, capacities)| {
            async move {
                insert(tx, event, capacities).await?;
                let mut below = Vec::new();
                for (area, capacity) in capacities {
                    let changed = tx
                        .run(
                            "UPDATE area_counts SET capacity = $3 \
                             WHERE event_id = $1 AND area = $2 AND claimed + sold <= $3",
                            args![event, *area, *capacity],
                        )
                        .await?;
                    if changed == 0 {
                        below.push(*area);
                    }
                }
                Ok(if below.is_empty() {
                    Outcome::Keep(SetCapacities::Set)
                } else {
                    Outcome::Undo(SetCapacities::BelowSold(below))
                })
            }
            .boxed()
        })
        .await
    }

    /// The capacity of every area that has one in the ledger, by index.
    pub async fn area_capacities(&self, event: &EventId) -> Result<Vec<(AreaIndex, u32)>, Error> {
        let rows = self
            .read()
            .rows(
                "SELECT area, capacity FROM area_counts WHERE event_id = $1 ORDER BY area",
                args![event],
            )
            .await?;
        rows.iter().map(|row| Ok((row.small("area")?, row.small("capacity")?))).collect()
    }
}

/// Rows for areas that have none yet.
pub(crate) async fn insert(
    tx: &mut Tx,
    event: &EventId,
    capacities: &[(AreaIndex, u32)],
) -> Result<(), Error> {
    let rows: Vec<Vec<Arg<'_>>> = capacities
        .iter()
        .map(|(area, capacity)| vec![Arg::from(event), Arg::from(*area), Arg::from(*capacity)])
        .collect();
    insert_rows(
        tx,
        "INSERT INTO area_counts (event_id, area, capacity)",
        rows,
        "ON CONFLICT DO NOTHING",
    )
    .await?;
    Ok(())
}

/// Claims places for a new order; the areas that have too few left. `wanted` sorted by area.
pub(crate) async fn claim(
    tx: &mut Tx,
    event: &EventId,
    order: &OrderId,
    wanted: &[AreaQuantity],
    capacities: &[(AreaIndex, u32)],
) -> Result<Vec<AreaIndex>, Error> {
    let mut full = Vec::new();
    for want in wanted {
        if take(tx, event, want).await? {
            continue;
        }
        // Perhaps the area has no row yet: events may have come from elsewhere.
        let capacity: Vec<_> =
            capacities.iter().filter(|(area, _)| *area == want.area).copied().collect();
        insert(tx, event, &capacity).await?;
        if !take(tx, event, want).await? {
            full.push(want.area);
        }
    }
    if full.is_empty() {
        let claims: Vec<_> =
            wanted.iter().map(|places| Wanted { event, order, places: *places }).collect();
        insert_claims(tx, &claims).await?;
    }
    Ok(full)
}

/// Places of an area, wanted for a new order.
pub(crate) struct Wanted<'a> {
    pub event: &'a EventId,
    pub order: &'a OrderId,
    pub places: AreaQuantity,
}

/// Claims places for new orders where every area has enough for all of them; whether it has.
pub(crate) async fn claim_all(tx: &mut Tx, wanted: &[Wanted<'_>]) -> Result<bool, Error> {
    // In the order in which every transaction locks them.
    let mut sums: BTreeMap<(&EventId, AreaIndex), u32> = BTreeMap::new();
    for Wanted { event, places, .. } in wanted {
        let sum = sums.entry((*event, places.area)).or_default();
        *sum = sum.saturating_add(places.quantity);
    }
    for ((event, area), quantity) in sums {
        if !take(tx, event, &AreaQuantity { area, quantity }).await? {
            return Ok(false);
        }
    }
    insert_claims(tx, wanted).await?;
    Ok(true)
}

async fn insert_claims(tx: &mut Tx, wanted: &[Wanted<'_>]) -> Result<(), Error> {
    let rows: Vec<Vec<Arg<'_>>> = wanted
        .iter()
        .map(|Wanted { event, order, places }| {
            vec![
                Arg::from(*order),
                Arg::from(*event),
                Arg::from(places.area),
                Arg::from(places.quantity),
                Arg::from("live"),
            ]
        })
        .collect();
    insert_rows(
        tx,
        "INSERT INTO area_claims (order_id, event_id, area, quantity, state)",
        rows,
        "",
    )
    .await?;
    Ok(())
}

async fn take(tx: &mut Tx, event: &EventId, want: &AreaQuantity) -> Result<bool, Error> {
    let changed = tx
        .run(
            "UPDATE area_counts SET claimed = claimed + $3 \
             WHERE event_id = $1 AND area = $2 AND claimed + sold + $3 <= capacity",
            args![event, want.area, want.quantity],
        )
        .await?;
    Ok(changed == 1)
}

/// Live places of orders become sold; the order of each claim, and how many places it is of.
pub(crate) async fn sell(tx: &mut Tx, orders: &[&OrderId]) -> Result<Vec<(OrderId, u32)>, Error> {
    let mut sold = Vec::new();
    // In the order in which every transaction locks them.
    let mut sums: BTreeMap<(EventId, AreaIndex), u64> = BTreeMap::new();
    for (sql, args) in of_ids(
        "UPDATE area_claims SET state = 'sold' WHERE state = 'live' AND order_id",
        orders.iter().map(|order| order.as_str()),
        "RETURNING order_id, event_id, area, quantity",
    ) {
        for row in tx.rows(sql, &args).await? {
            let quantity: u32 = row.small("quantity")?;
            let sum = sums.entry((row.parsed("event_id")?, row.small("area")?)).or_default();
            *sum += u64::from(quantity);
            sold.push((row.parsed("order_id")?, quantity));
        }
    }
    for ((event, area), quantity) in sums {
        tx.run(
            "UPDATE area_counts SET claimed = claimed - $3, sold = sold + $3 \
             WHERE event_id = $1 AND area = $2",
            args![&event, area, row::count(quantity)?],
        )
        .await?;
    }
    Ok(sold)
}

/// Live and sold places of an order are given back, if a proof is recorded; how many.
pub(crate) async fn release(tx: &mut Tx, event: &EventId, order: &OrderId) -> Result<u64, Error> {
    let mut released = 0;
    let parts = [
        (
            "UPDATE area_claims SET state = 'released' WHERE order_id = $1 AND state = 'live' \
             AND EXISTS (SELECT 1 FROM release_proofs \
                         WHERE release_proofs.order_id = area_claims.order_id) \
             RETURNING area, quantity",
            "UPDATE area_counts SET claimed = claimed - $3 WHERE event_id = $1 AND area = $2",
        ),
        (
            "UPDATE area_claims SET state = 'released' WHERE order_id = $1 AND state = 'sold' \
             AND EXISTS (SELECT 1 FROM release_proofs \
                         WHERE release_proofs.order_id = area_claims.order_id) \
             RETURNING area, quantity",
            "UPDATE area_counts SET sold = sold - $3 WHERE event_id = $1 AND area = $2",
        ),
    ];
    for (claims, counts) in parts {
        let rows = tx.rows(claims, args![order]).await?;
        for quantity in sorted(&rows)? {
            tx.run(counts, args![event, quantity.area, quantity.quantity]).await?;
            released += u64::from(quantity.quantity);
        }
    }
    Ok(released)
}

/// In the order in which every transaction locks them.
fn sorted(rows: &[crate::row::Row]) -> Result<Vec<AreaQuantity>, Error> {
    let mut quantities = rows
        .iter()
        .map(|row| Ok(AreaQuantity { area: row.small("area")?, quantity: row.small("quantity")? }))
        .collect::<Result<Vec<_>, Error>>()?;
    quantities.sort_unstable_by_key(|quantity| quantity.area);
    Ok(quantities)
}
