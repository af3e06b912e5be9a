//! How many seats and places of an event one customer has under live and sold claims. A row a
//! customer, changed by one conditional statement: counting first and writing then would let
//! parallel orders through.

use domain::{hold::CustomerKey, id::EventId};

use crate::{
    customer_text,
    db::Tx,
    error::Error,
    row::{Arg, args},
    values::insert_rows,
};

/// Distinct customers in the order in which every transaction locks them.
fn sorted(customers: [CustomerKey; 2]) -> Vec<CustomerKey> {
    let mut customers = customers.to_vec();
    customers.sort_unstable();
    customers.dedup();
    customers
}

/// Counts `quantity` for both customers, if neither goes beyond `limit`; whether it was counted.
pub(crate) async fn take(
    tx: &mut Tx,
    event: &EventId,
    customers: [CustomerKey; 2],
    quantity: u32,
    limit: u32,
) -> Result<bool, Error> {
    if quantity > limit {
        return Ok(false);
    }
    let customers = sorted(customers);
    let rows: Vec<Vec<Arg<'_>>> = customers
        .iter()
        .map(|customer| {
            vec![
                Arg::from(event),
                Arg::from(customer_text(*customer)),
                Arg::from(quantity),
                Arg::from(limit),
            ]
        })
        .collect();
    let counted = insert_rows(
        tx,
        "INSERT INTO quotas (event_id, customer, taken, maximum)",
        rows,
        "ON CONFLICT (event_id, customer) DO UPDATE SET taken = quotas.taken + excluded.taken, \
         maximum = excluded.maximum WHERE quotas.taken + excluded.taken <= excluded.maximum \
         RETURNING customer",
    )
    .await?;
    Ok(counted.len() == customers.len())
}

/// Gives back what an order had counted.
pub(crate) async fn give_back(
    tx: &mut Tx,
    event: &EventId,
    customers: [CustomerKey; 2],
    quantity: u64,
) -> Result<(), Error> {
    let quantity =
        i64::try_from(quantity).map_err(|_| Error::Corrupt("a quantity out of range"))?;
    for customer in sorted(customers) {
        tx.run(
            "UPDATE quotas SET taken = taken - $3 WHERE event_id = $1 AND customer = $2",
            args![event, customer_text(customer), quantity],
        )
        .await?;
    }
    Ok(())
}
