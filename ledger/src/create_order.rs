//! From hold to claim: one transaction writes the answer under its idempotency key, the order, a
//! live claim on every seat and place, the customer's count, and the outbox row that tells Redis.
//! A refusal leaves nothing behind.
//!
//! Whether the hold is live is Redis's question and was asked before; here the unique indexes
//! decide, and they alone (I1).

use domain::{
    event::EventStatus,
    hold::CustomerKey,
    id::{EventId, HoldId, OrderId},
    money::{Currency, MinorUnits},
    order::{Effect, OrderState},
    seat::{AreaIndex, SeatIndex},
    time::Timestamp,
};
use futures_util::FutureExt;

use crate::{
    Ledger, Order, OrderLine, OutboxKind, areas, claims, customer_text,
    db::{Reads, Tx},
    dialect::with_claim_number,
    effects,
    error::Error,
    events,
    idempotency::{self, Kept, KeptAnswer},
    order_lines,
    orders::{self, areas_of, seats_of},
    outbox, quotas,
    row::args,
    writer::Outcome,
};

/// An order to be.
#[derive(Clone)]
pub struct NewOrder {
    pub id: OrderId,
    pub event: EventId,
    pub hold: HoldId,
    pub customer: CustomerKey,
    /// Digest of the e-mail address, counted like a customer.
    pub email_customer: CustomerKey,
    pub email: String,
    pub name: Option<String>,
    pub lines: Vec<OrderLine>,
    /// 0: the tickets are valid at once.
    pub amount: MinorUnits,
    pub currency: Currency,
    pub pay_before: Timestamp,
    /// Seats and places of this event, live and sold, of one customer.
    pub customer_limit: u32,
    /// Of every area, for an event whose areas the ledger has not met.
    pub area_capacities: Vec<(AreaIndex, u32)>,
    /// The answer if it is created.
    pub answer: KeptAnswer,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum CreateOrder {
    Created(Order),
    /// The key is known, and so is the body.
    Replayed(KeptAnswer),
    KeyReused,
    /// These seats have a live or sold claim of another order.
    SeatsTaken(Vec<SeatIndex>),
    /// These areas have too few places left.
    AreasFull(Vec<AreaIndex>),
    /// The hold has an order.
    OrderExists,
    CustomerLimit,
    /// The event is not published, or not any more.
    EventClosed,
}

impl Ledger {
    /// Checks in this order: key, event, hold, seats, customer, areas.
    pub async fn create_order(&self, new: NewOrder) -> Result<CreateOrder, Error> {
        self.write(new, |tx, new| create(tx, new).boxed()).await
    }
}

async fn create(tx: &mut Tx, new: &NewOrder) -> Result<Outcome<CreateOrder>, Error> {
    match idempotency::keep(tx, &new.answer).await? {
        Kept::Now => {}
        Kept::Before(answer) => return Ok(Outcome::Undo(CreateOrder::Replayed(answer))),
        Kept::Other => return Ok(Outcome::Undo(CreateOrder::KeyReused)),
    }
    // From here on the event cannot be cancelled before this order is there to be ended with it.
    if events::share(tx, &new.event).await? != Some(EventStatus::Published) {
        return Ok(Outcome::Undo(CreateOrder::EventClosed));
    }
    let Some(claim_number) = insert_row(tx, new).await? else {
        return Ok(Outcome::Undo(CreateOrder::OrderExists));
    };
    order_lines::insert(tx, &new.id, &new.lines).await?;

    let taken = claims::claim(tx, &new.event, &new.id, &seats_of(&new.lines)).await?;
    if !taken.is_empty() {
        return Ok(Outcome::Undo(CreateOrder::SeatsTaken(taken)));
    }
    let quantity = new.lines.iter().fold(0_u32, |sum, line| sum.saturating_add(line.quantity));
    let customers = [new.customer, new.email_customer];
    if !quotas::take(tx, &new.event, customers, quantity, new.customer_limit).await? {
        return Ok(Outcome::Undo(CreateOrder::CustomerLimit));
    }
    let wanted = areas_of(&new.lines);
    let full = areas::claim(tx, &new.event, &new.id, &wanted, &new.area_capacities).await?;
    if !full.is_empty() {
        return Ok(Outcome::Undo(CreateOrder::AreasFull(full)));
    }

    if new.amount == 0 {
        let order = orders::lock(tx, &new.id).await?.ok_or(Error::Corrupt("an order vanished"))?;
        for effect in [Effect::SellClaims, Effect::IssueTickets] {
            effects::apply(tx, &order, effect, None).await?;
        }
    } else {
        let promote = outbox::Queue {
            kind: OutboxKind::Promote,
            order: &new.id,
            event: &new.event,
            intent: None,
            amount: None,
        };
        outbox::queue(tx, promote).await?;
    }
    Ok(Outcome::Keep(CreateOrder::Created(order_of(new, claim_number, tx.now()))))
}

fn state_of(new: &NewOrder) -> OrderState {
    if new.amount == 0 { OrderState::Ticketed } else { OrderState::New }
}

/// As it would be read back, without asking.
fn order_of(new: &NewOrder, claim_number: u64, now: Timestamp) -> Order {
    let mut lines = new.lines.clone();
    lines.sort_unstable_by_key(|line| line.number);
    Order {
        id: new.id.clone(),
        event: new.event.clone(),
        hold: new.hold,
        state: state_of(new),
        end_reason: None,
        claim_number,
        customer: new.customer,
        email_customer: new.email_customer,
        email: new.email.clone(),
        name: new.name.clone(),
        lines,
        amount: new.amount,
        currency: new.currency,
        pay_before: new.pay_before,
        deadline_extended: false,
        created_at: now,
        revision: 1,
        intent: None,
        intent_exposed: false,
        inventory_settled: false,
        cancel_sent: false,
    }
}

/// The claim number; `None`: the hold has an order.
async fn insert_row(tx: &mut Tx, new: &NewOrder) -> Result<Option<u64>, Error> {
    let inserted = tx
        .row(
            with_claim_number!(
                "INSERT INTO orders (id, event_id, hold_id, state, claim_number, customer, \
                 email_customer, email, name, amount, currency, pay_before, created_at, \
                 updated_at, revision) VALUES ($1, $2, $3, $4, ",
                ", $5, $6, $7, $8, $9, $10, $11, $12, $12, 1) \
                 ON CONFLICT (hold_id) DO NOTHING RETURNING claim_number"
            ),
            args![
                &new.id,
                &new.event,
                new.hold.to_string(),
                state_of(new).as_str(),
                customer_text(new.customer),
                customer_text(new.email_customer),
                &new.email,
                new.name.as_deref(),
                new.amount,
                new.currency.as_str(),
                new.pay_before,
                tx.now()
            ],
        )
        .await?;
    inserted.map(|row| row.small("claim_number")).transpose()
}
