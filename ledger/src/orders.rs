//! Orders as they are read. They are written by `create_order` and `learn`, nowhere else.

use std::collections::{BTreeSet, HashMap};

use domain::{
    hold::CustomerKey,
    id::{EventId, HoldId, OrderId},
    money::{Currency, MinorUnits},
    order::{EndReason, OrderState, Progress},
    seat::{AreaIndex, AreaQuantity, SeatIndex},
    time::Timestamp,
};
use tracing::Span;

use crate::{
    Ledger, customer_of,
    db::{Reads, Tx},
    error::Error,
    intents::{Intent, Payable},
    order_lines,
    row::{Row, args},
    trace,
    values::of_ids,
};

/// One seat, or some places of one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Distinct in the order; tickets are derived from it.
    pub number: u32,
    /// Either this or `area`.
    pub seat: Option<SeatIndex>,
    pub area: Option<AreaIndex>,
    /// The seat's label, or the area's name.
    pub label: String,
    pub category: String,
    /// 1 for a seat.
    pub quantity: u32,
    /// Of each.
    pub price: MinorUnits,
}

/// An order with everything that is said about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub event: EventId,
    /// The hold it came from.
    pub hold: HoldId,
    pub state: OrderState,
    pub end_reason: Option<EndReason>,
    pub claim_number: u64,
    pub customer: CustomerKey,
    pub email_customer: CustomerKey,
    /// Personal data: never logged.
    pub email: String,
    pub name: Option<String>,
    pub lines: Vec<OrderLine>,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub pay_before: Timestamp,
    pub deadline_extended: bool,
    pub created_at: Timestamp,
    /// Grows with every change.
    pub revision: i64,
    /// The one through which it can be paid now, or was.
    pub intent: Option<Intent>,
    /// Some intent's secret may have been shown at some time.
    pub intent_exposed: bool,
    /// Redis has been told all about its claim.
    pub inventory_settled: bool,
    /// The provider was asked to cancel the intent.
    pub cancel_sent: bool,
    /// In which it was ordered.
    pub(crate) trace: Option<String>,
}

impl Order {
    /// Seats, ascending.
    pub fn seats(&self) -> Vec<SeatIndex> {
        seats_of(&self.lines)
    }

    /// For what becomes known of its money, in the trace in which it was ordered.
    pub fn span(&self) -> Span {
        let span = tracing::debug_span!("learn", order = %self.id);
        trace::goes_on(span, self.trace.as_deref())
    }

    /// Places by area, ascending.
    pub fn areas(&self) -> Vec<AreaQuantity> {
        areas_of(&self.lines)
    }
}

/// Only what cannot identify a buyer.
impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order")
            .field("id", &self.id)
            .field("event", &self.event)
            .field("state", &self.state)
            .field("amount", &self.amount)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

pub(crate) fn seats_of(lines: &[OrderLine]) -> Vec<SeatIndex> {
    let mut seats: Vec<_> = lines.iter().filter_map(|line| line.seat).collect();
    seats.sort_unstable();
    seats
}

pub(crate) fn areas_of(lines: &[OrderLine]) -> Vec<AreaQuantity> {
    let mut areas: Vec<AreaQuantity> = Vec::new();
    for line in lines {
        let Some(area) = line.area else { continue };
        match areas.iter_mut().find(|known| known.area == area) {
            Some(known) => known.quantity = known.quantity.saturating_add(line.quantity),
            None => areas.push(AreaQuantity { area, quantity: line.quantity }),
        }
    }
    areas.sort_unstable_by_key(|quantity| quantity.area);
    areas
}

impl Ledger {
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, Error> {
        self.inner.order_reads.read(id).await
    }

    /// The same for many; those that are not known are missing, the others come in no order.
    pub async fn orders(&self, ids: &[&OrderId]) -> Result<Vec<Order>, Error> {
        load_many(&mut self.read(), ids).await
    }

    pub async fn order_by_hold(&self, hold: &HoldId) -> Result<Option<Order>, Error> {
        let id = self
            .read()
            .row("SELECT id FROM orders WHERE hold_id = $1", args![hold.to_string()])
            .await?;
        match id {
            Some(row) => self.order(&row.parsed("id")?).await,
            None => Ok(None),
        }
    }

    /// The order an intent belongs to, current or not.
    pub async fn order_by_intent(&self, intent: &str) -> Result<Option<OrderId>, Error> {
        let row = self
            .read()
            .row("SELECT order_id FROM intents WHERE intent_id = $1", args![intent])
            .await?;
        row.map(|row| row.parsed("order_id")).transpose()
    }
}

/// Reads an order whole.
pub(crate) async fn load(source: &mut impl Reads, id: &OrderId) -> Result<Option<Order>, Error> {
    Ok(load_many(source, &[id]).await?.pop())
}

/// The same for many orders; those that are not known are missing, the others in no order. Two
/// statements of one table each, because a join of many could be planned for tables that were
/// small, see `POSTGRES_KEYED`. Lines never change, so the two cannot differ.
pub(crate) async fn load_many(
    source: &mut impl Reads,
    ids: &[&OrderId],
) -> Result<Vec<Order>, Error> {
    let mut orders = Vec::with_capacity(ids.len());
    for (sql, args) in of_ids(
        "SELECT id, event_id, hold_id, state, end_reason, claim_number, customer, \
         email_customer, email, name, amount, currency, pay_before, deadline_extended, \
         intent_id, intent_exposed, cancel_sent_at, created_at, revision, \
         (SELECT attempt FROM intents WHERE intents.intent_id = orders.intent_id) AS attempt, \
         (SELECT client_secret FROM intents WHERE intents.intent_id = orders.intent_id) \
         AS client_secret, \
         (SELECT COUNT(*) FROM outbox WHERE outbox.order_id = orders.id \
          AND outbox.state = 'waiting' AND outbox.rank > 0) AS unsettled, \
         (SELECT trace FROM outbox WHERE outbox.id = 'promote:' || orders.id) AS trace \
         FROM orders WHERE id",
        ids.iter().map(|id| id.as_str()),
        "",
    ) {
        for row in source.rows(sql, &args).await? {
            orders.push(order_of(&row)?);
        }
    }
    // After the orders: who sees an order sees its lines.
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
    let ids: Vec<&OrderId> = ids.iter().collect();
    let mut lines: HashMap<OrderId, Vec<OrderLine>> = HashMap::with_capacity(orders.len());
    for (order, line) in order_lines::of_orders(source, &ids).await? {
        lines.entry(order).or_default().push(line);
    }
    for order in &mut orders {
        order.lines = lines.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}

/// Without its lines.
fn order_of(row: &Row) -> Result<Order, Error> {
    let intent_exposed = row.flag("intent_exposed")?;
    let intent = match row.text_or_null("intent_id")? {
        Some(id) => Some(Intent {
            id,
            client_secret: row.text_or_null("client_secret")?.unwrap_or_default(),
            attempt: row.small("attempt")?,
            exposed: intent_exposed,
        }),
        None => None,
    };
    Ok(Order {
        id: row.parsed("id")?,
        event: row.parsed("event_id")?,
        hold: row.parsed("hold_id")?,
        state: state_of(row)?,
        end_reason: end_reason_of(row)?,
        claim_number: row.small("claim_number")?,
        customer: customer_of(&row.text("customer")?)?,
        email_customer: customer_of(&row.text("email_customer")?)?,
        email: row.text("email")?,
        name: row.text_or_null("name")?,
        lines: Vec::new(),
        amount: row.int("amount")?,
        currency: row.parsed("currency")?,
        pay_before: row.time("pay_before")?,
        deadline_extended: row.flag("deadline_extended")?,
        created_at: row.time("created_at")?,
        revision: row.int("revision")?,
        intent,
        intent_exposed,
        inventory_settled: row.int("unsettled")? == 0,
        cancel_sent: row.int_or_null("cancel_sent_at")?.is_some(),
        trace: row.text_or_null("trace")?,
    })
}

fn state_of(row: &Row) -> Result<OrderState, Error> {
    OrderState::parse(&row.text("state")?).ok_or(Error::Corrupt("an order's state"))
}

fn end_reason_of(row: &Row) -> Result<Option<EndReason>, Error> {
    row.text_or_null("end_reason")?
        .map(|text| EndReason::parse(&text).ok_or(Error::Corrupt("an order's end")))
        .transpose()
}

/// An order's row, locked until the transaction ends: what the transitions need.
pub(crate) struct Locked {
    pub id: OrderId,
    pub event: EventId,
    pub progress: Progress,
    pub customers: [CustomerKey; 2],
    pub holder: Option<String>,
    pub amount: MinorUnits,
    pub currency: Currency,
    pub pay_before: Timestamp,
    pub created_at: Timestamp,
    pub intent: Option<String>,
    /// Seats and places together.
    pub quantity: u64,
    pub has_areas: bool,
}

impl Locked {
    pub(crate) fn payable(&self) -> Payable {
        Payable {
            id: self.id.clone(),
            event: self.event.clone(),
            created_at: self.created_at,
            amount: self.amount,
            currency: self.currency,
        }
    }
}

/// The events of these orders, ascending, each once.
pub(crate) async fn events_of(tx: &mut Tx, orders: &[&OrderId]) -> Result<Vec<EventId>, Error> {
    let mut events = BTreeSet::new();
    for (sql, args) in of_ids(
        "SELECT DISTINCT event_id FROM orders WHERE id",
        orders.iter().map(|order| order.as_str()),
        "",
    ) {
        for row in tx.rows(sql, &args).await? {
            events.insert(row.parsed("event_id")?);
        }
    }
    Ok(events.into_iter().collect())
}

pub(crate) async fn lock(tx: &mut Tx, id: &OrderId) -> Result<Option<Locked>, Error> {
    Ok(lock_many(tx, &[id]).await?.pop())
}

/// The same for many orders, locked in the order of their ids; those that are not known are missing.
pub(crate) async fn lock_many(tx: &mut Tx, ids: &[&OrderId]) -> Result<Vec<Locked>, Error> {
    let mut ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    // In any other order two transactions could wait for each other.
    ids.sort_unstable();
    let mut locked = Vec::with_capacity(ids.len());
    for (sql, args) in of_ids(
        "SELECT id, event_id, state, end_reason, customer, email_customer, name, amount, \
         currency, pay_before, deadline_extended, intent_id, intent_exposed, cancel_sent_at, \
         created_at, \
         (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM order_lines \
          WHERE order_id = orders.id) AS quantity, \
         (SELECT COUNT(area) FROM order_lines WHERE order_id = orders.id) AS of_areas \
         FROM orders WHERE id",
        ids,
        "ORDER BY id",
    ) {
        for row in tx.rows(sql.locking(), &args).await? {
            locked.push(locked_of(&row)?);
        }
    }
    Ok(locked)
}

fn locked_of(row: &Row) -> Result<Locked, Error> {
    Ok(Locked {
        id: row.parsed("id")?,
        event: row.parsed("event_id")?,
        progress: Progress {
            state: state_of(row)?,
            end_reason: end_reason_of(row)?,
            cancel_sent: row.int_or_null("cancel_sent_at")?.is_some(),
            deadline_extended: row.flag("deadline_extended")?,
            intent_exposed: row.flag("intent_exposed")?,
        },
        customers: [
            customer_of(&row.text("customer")?)?,
            customer_of(&row.text("email_customer")?)?,
        ],
        holder: row.text_or_null("name")?,
        amount: row.int("amount")?,
        currency: row.parsed("currency")?,
        pay_before: row.time("pay_before")?,
        created_at: row.time("created_at")?,
        intent: row.text_or_null("intent_id")?,
        quantity: row.small("quantity")?,
        has_areas: row.int("of_areas")? > 0,
    })
}
