//! What an order is of: one line a seat, or some places of an area. Never changes.

use domain::id::OrderId;

use crate::{
    NewOrder, OrderLine,
    db::{Reads, Tx},
    error::Error,
    row::{Arg, Row},
    values::{insert_rows, of_ids},
};

pub(crate) async fn insert<'a>(
    tx: &mut Tx,
    lines: impl Iterator<Item = (&'a NewOrder, &'a OrderLine)>,
) -> Result<(), Error> {
    let rows: Vec<Vec<Arg<'_>>> = lines
        .map(|(new, line)| {
            vec![
                Arg::from(&new.id),
                Arg::from(line.number),
                Arg::from(line.seat),
                Arg::from(line.area),
                Arg::from(&line.label),
                Arg::from(&line.category),
                Arg::from(line.quantity),
                Arg::from(line.price),
            ]
        })
        .collect();
    insert_rows(
        tx,
        "INSERT INTO order_lines (order_id, number, seat, area, label, category, quantity, price)",
        rows,
        "",
    )
    .await?;
    Ok(())
}

/// Of many orders, those of one together and by their numbers.
pub(crate) async fn of_orders(
    source: &mut impl Reads,
    orders: &[&OrderId],
) -> Result<Vec<(OrderId, OrderLine)>, Error> {
    let mut lines = Vec::new();
    for (sql, args) in of_ids(
        "SELECT order_id, number, seat, area, label, category, quantity, price \
         FROM order_lines WHERE order_id",
        orders.iter().map(|order| order.as_str()),
        "ORDER BY order_id, number",
    ) {
        for row in source.rows(sql, &args).await? {
            lines.push((row.parsed("order_id")?, line_of(&row)?));
        }
    }
    Ok(lines)
}

pub(crate) fn line_of(row: &Row) -> Result<OrderLine, Error> {
    Ok(OrderLine {
        number: row.small("number")?,
        seat: row.small_or_null("seat")?,
        area: row.small_or_null("area")?,
        label: row.text("label")?,
        category: row.text("category")?,
        quantity: row.small("quantity")?,
        price: row.int("price")?,
    })
}
