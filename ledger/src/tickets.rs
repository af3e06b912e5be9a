//! Tickets: proof of what was bought. Their ids follow from the order line, so that issuing twice
//! makes the same ones; at most one valid ticket a seat.

use domain::{
    id::{EventId, OrderId, TicketId},
    seat::{AreaIndex, SeatIndex},
    time::Timestamp,
};
use sha2::{Digest, Sha256};

use crate::{
    Ledger,
    db::{Reads, Tx},
    error::Error,
    order_lines,
    orders::Locked,
    row::{Arg, Row, args},
    values::insert_rows,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStatus {
    Valid,
    Void,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub order: OrderId,
    pub event: EventId,
    pub line: u32,
    /// From 0 within the line.
    pub unit: u32,
    pub seat: Option<SeatIndex>,
    pub area: Option<AreaIndex>,
    /// The seat's label, or the area's name.
    pub label: String,
    pub category: String,
    pub status: TicketStatus,
    /// The buyer's name, when one was given: never logged.
    pub holder: Option<String>,
    pub issued_at: Timestamp,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket")
            .field("id", &self.id)
            .field("label", &self.label)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The id of one unit of an order line.
pub fn ticket_id(order: &OrderId, ordered_at: Timestamp, line: u32, unit: u32) -> TicketId {
    let mut digest = Sha256::new();
    digest.update(b"ticket\0");
    digest.update(order.as_str());
    digest.update(b"\0");
    digest.update(line.to_be_bytes());
    digest.update(unit.to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut random = [0; domain::id::ID_RANDOM_BYTES];
    random.copy_from_slice(&digest[..domain::id::ID_RANDOM_BYTES]);
    TicketId::new(ordered_at, random)
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, order_id, event_id, line, unit, seat, area, label, category, holder, \
             status, issued_at FROM tickets ",
            $rest
        )
    };
}

impl Ledger {
    /// All tickets of an order, void ones too, by line and unit.
    pub async fn tickets_of_order(&self, order: &OrderId) -> Result<Vec<Ticket>, Error> {
        let rows = self
            .read()
            .rows(select!("WHERE order_id = $1 ORDER BY line, unit"), args![order])
            .await?;
        rows.iter().map(ticket_of).collect()
    }

    pub async fn ticket(&self, id: &TicketId) -> Result<Option<Ticket>, Error> {
        let row = self.read().row(select!("WHERE id = $1"), args![id]).await?;
        row.map(|row| ticket_of(&row)).transpose()
    }
}

fn ticket_of(row: &Row) -> Result<Ticket, Error> {
    Ok(Ticket {
        id: row.parsed("id")?,
        order: row.parsed("order_id")?,
        event: row.parsed("event_id")?,
        line: row.small("line")?,
        unit: row.small("unit")?,
        seat: row.small_or_null("seat")?,
        area: row.small_or_null("area")?,
        label: row.text("label")?,
        category: row.text("category")?,
        status: if row.text("status")? == "valid" {
            TicketStatus::Valid
        } else {
            TicketStatus::Void
        },
        holder: row.text_or_null("holder")?,
        issued_at: row.time("issued_at")?,
    })
}

/// One valid ticket for every unit of every line of these orders.
pub(crate) async fn issue(tx: &mut Tx, orders: &[&Locked]) -> Result<(), Error> {
    let ids: Vec<&OrderId> = orders.iter().map(|order| &order.id).collect();
    let lines = order_lines::of_orders(tx, &ids).await?;
    let now = tx.now();
    let mut rows: Vec<Vec<Arg<'_>>> = Vec::new();
    for (id, line) in &lines {
        let order = orders.iter().find(|order| order.id == *id);
        let order = order.ok_or(Error::Corrupt("a line of another order"))?;
        for unit in 0..line.quantity {
            let id = ticket_id(&order.id, order.created_at, line.number, unit);
            rows.push(vec![
                Arg::from(id.as_str().to_owned()),
                Arg::from(&order.id),
                Arg::from(&order.event),
                Arg::from(line.number),
                Arg::from(unit),
                Arg::from(line.seat),
                Arg::from(line.area),
                Arg::from(&line.label),
                Arg::from(&line.category),
                Arg::from(order.holder.as_deref()),
                Arg::from("valid"),
                Arg::from(now),
            ]);
        }
    }
    insert_rows(
        tx,
        "INSERT INTO tickets (id, order_id, event_id, line, unit, seat, area, label, category, \
         holder, status, issued_at)",
        rows,
        "ON CONFLICT (id) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// All tickets of an order become void.
pub(crate) async fn make_void(tx: &mut Tx, order: &OrderId) -> Result<(), Error> {
    tx.run("UPDATE tickets SET status = 'void' WHERE order_id = $1", args![order]).await?;
    Ok(())
}
