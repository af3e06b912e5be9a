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

/// What an order wants counted.
pub(crate) struct Count<'a> {
    pub event: &'a EventId,
    pub customers: [CustomerKey; 2],
    pub quantity: u32,
    /// Of each customer in this event.
    pub limit: u32,
}

/// Counts for all customers of all `counts`, if none goes beyond the limit; whether it was counted.
/// No customer of an event stands in two of them.
pub(crate) async fn take(tx: &mut Tx, counts: &[Count<'_>]) -> Result<bool, Error> {
    if counts.iter().any(|count| count.quantity > count.limit) {
        return Ok(false);
    }
    let mut of_customers: Vec<(&EventId, CustomerKey, &Count<'_>)> = counts
        .iter()
        .flat_map(|count| {
            sorted(count.customers).into_iter().map(move |customer| (count.event, customer, count))
        })
        .collect();
    of_customers
        .sort_unstable_by(|one, other| (one.0.as_str(), one.1).cmp(&(other.0.as_str(), other.1)));
    let rows: Vec<Vec<Arg<'_>>> = of_customers
        .iter()
        .map(|(event, customer, count)| {
            vec![
                Arg::from(*event),
                Arg::from(customer_text(*customer)),
                Arg::from(count.quantity),
                Arg::from(count.limit),
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
    Ok(counted.len() == of_customers.len())
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
