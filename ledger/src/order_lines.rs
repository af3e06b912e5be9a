//! What an order is of: one line a seat, or some places of an area. Never changes.

use domain::id::OrderId;

use crate::{
    NewOrder, OrderLine,
    db::{Reads, Tx},
    error::Error,
    row::{Arg, Row, args},
    values::insert_rows,
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

pub(crate) async fn of_order(
    source: &mut impl Reads,
    order: &OrderId,
) -> Result<Vec<OrderLine>, Error> {
    let rows = source
        .rows(
            "SELECT number, seat, area, label, category, quantity, price FROM order_lines \
             WHERE order_id = $1 ORDER BY number",
            args![order],
        )
        .await?;
    rows.iter().map(line_of).collect()
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
