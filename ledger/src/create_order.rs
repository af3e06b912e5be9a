//! From hold to claim: one transaction writes the answer under its idempotency key, the order, a
//! live claim on every seat and place, the customer's count, and the outbox row that tells Redis.
//! A refusal leaves nothing behind.
//!
//! Whether the hold is live is Redis's question and was asked before; here the unique indexes
//! decide, and they alone (I1).

use std::collections::HashSet;

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
    Ledger, Order, OrderLine, OutboxKind, areas,
    claims::{self, Wanted},
    customer_text,
    db::{Reads, Tx},
    dialect::NEXT_CLAIM_NUMBERS,
    effects,
    error::Error,
    events,
    idempotency::{self, Kept, KeptAnswer},
    order_lines,
    orders::{self, areas_of},
    outbox, quotas,
    row::{self, Arg, args},
    together::Kind,
    trace,
    values::insert_rows,
    writer::Outcome,
};

/// A caller tells the inventory sooner, or is gone.
pub const PROMOTED_WITHIN_MS: i64 = 2_000;

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
    /// Checks in this order: key, event, hold, seats, customer, areas. The inventory is told by the
    /// caller at once; a worker does it when the caller has not within [`PROMOTED_WITHIN_MS`].
    pub async fn create_order(&self, new: NewOrder) -> Result<CreateOrder, Error> {
        let trace = trace::current();
        self.inner.orders.write(Input { new, trace }).await
    }
}

/// An order to be, and the trace in which it was asked for.
pub(crate) struct Input {
    new: NewOrder,
    trace: Option<String>,
}

pub(crate) const CREATE: Kind<Input, CreateOrder> = Kind {
    one: |tx, input| create(tx, input).boxed(),
    many: |tx, inputs| create_many(tx, inputs).boxed(),
};

async fn create(tx: &mut Tx, input: &Input) -> Result<Outcome<CreateOrder>, Error> {
    let new = &input.new;
    match idempotency::keep(tx, &new.answer).await? {
        Kept::Now => {}
        Kept::Before(answer) => return Ok(Outcome::Undo(CreateOrder::Replayed(answer))),
        Kept::Other => return Ok(Outcome::Undo(CreateOrder::KeyReused)),
    }
    // From here on the event cannot be cancelled before this order is there to be ended with it.
    if events::share(tx, &new.event).await? != Some(EventStatus::Published) {
        return Ok(Outcome::Undo(CreateOrder::EventClosed));
    }
    let [number] = claim_numbers(tx, 1).await?[..] else {
        return Err(Error::Corrupt("no claim number"));
    };
    if insert(tx, &[(new, number)]).await? == 0 {
        return Ok(Outcome::Undo(CreateOrder::OrderExists));
    }
    order_lines::insert(tx, lines_of(&[(new, number)])).await?;

    let taken = claims::claim(tx, seats_of(&[(new, number)])).await?;
    if !taken.is_empty() {
        let taken = taken.iter().map(|wanted| wanted.seat).collect();
        return Ok(Outcome::Undo(CreateOrder::SeatsTaken(taken)));
    }
    if !quotas::take(tx, &[count_of(new)]).await? {
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
        promote(tx, &[input]).await?;
    }
    Ok(Outcome::Keep(CreateOrder::Created(order_of(input, number, tx.now()))))
}

/// The plain course: new keys, published events, orders that cost something and that nothing
/// refuses. No two of them have a key, a hold or a customer in common.
async fn create_many(
    tx: &mut Tx,
    inputs: &[Input],
) -> Result<Outcome<Vec<Option<CreateOrder>>>, Error> {
    let undone = || Ok(Outcome::Undo(Vec::new()));
    let mut known = Known::default();
    let plain: Vec<bool> = inputs.iter().map(|input| known.is_plain(&input.new)).collect();
    let chosen = |places: &[bool]| -> Vec<&Input> {
        inputs.iter().zip(places).filter(|(_, chosen)| **chosen).map(|(input, _)| input).collect()
    };
    let answers = chosen(&plain).into_iter().map(|input| &input.new.answer);
    let kept = idempotency::keep_new(tx, answers).await?;
    let is_new = |input: &Input| kept.contains(&input.new.answer.key);
    let plain: Vec<bool> =
        inputs.iter().zip(plain).map(|(input, plain)| plain && is_new(input)).collect();
    let chosen = chosen(&plain);

    let mut of_events: Vec<&EventId> = chosen.iter().map(|input| &input.new.event).collect();
    of_events.sort_unstable();
    of_events.dedup();
    for event in of_events {
        if events::share(tx, event).await? != Some(EventStatus::Published) {
            return undone();
        }
    }
    let numbers = claim_numbers(tx, chosen.len()).await?;
    let numbered: Vec<Numbered<'_>> = chosen.iter().map(|input| &input.new).zip(numbers).collect();
    if insert(tx, &numbered).await? < numbered.len() {
        return undone();
    }
    order_lines::insert(tx, lines_of(&numbered)).await?;
    if !claims::claim(tx, seats_of(&numbered)).await?.is_empty() {
        return undone();
    }
    let counts: Vec<_> = numbered.iter().map(|(new, _)| count_of(new)).collect();
    if !quotas::take(tx, &counts).await? {
        return undone();
    }
    if !areas::claim_all(tx, &places_of(&numbered)).await? {
        return undone();
    }
    promote(tx, &chosen).await?;

    let now = tx.now();
    let mut numbers = numbered.iter().map(|(_, number)| *number);
    let answers = inputs.iter().zip(plain).map(|(input, plain)| {
        let number = plain.then(|| numbers.next()).flatten()?;
        Some(CreateOrder::Created(order_of(input, number, now)))
    });
    Ok(Outcome::Keep(answers.collect()))
}

/// What orders of the same transaction have already.
#[derive(Default)]
struct Known<'a> {
    keys: HashSet<&'a str>,
    holds: HashSet<HoldId>,
    customers: HashSet<(&'a EventId, CustomerKey)>,
}

impl<'a> Known<'a> {
    /// Whether `new` goes with those before it.
    fn is_plain(&mut self, new: &'a NewOrder) -> bool {
        let customers = [(&new.event, new.customer), (&new.event, new.email_customer)];
        let is_plain = new.amount > 0
            && !self.keys.contains(new.answer.key.as_str())
            && !self.holds.contains(&new.hold)
            && !customers.iter().any(|customer| self.customers.contains(customer));
        if is_plain {
            self.keys.insert(&new.answer.key);
            self.holds.insert(new.hold);
            self.customers.extend(customers);
        }
        is_plain
    }
}

/// With its claim number.
type Numbered<'a> = (&'a NewOrder, u64);

fn lines_of<'a>(orders: &[Numbered<'a>]) -> impl Iterator<Item = (&'a NewOrder, &'a OrderLine)> {
    orders.iter().flat_map(|(new, _)| new.lines.iter().map(|line| (*new, line)))
}

fn seats_of<'a>(orders: &[Numbered<'a>]) -> Vec<Wanted<'a>> {
    lines_of(orders)
        .filter_map(|(new, line)| {
            Some(Wanted { event: &new.event, seat: line.seat?, order: &new.id })
        })
        .collect()
}

fn places_of<'a>(orders: &[Numbered<'a>]) -> Vec<areas::Wanted<'a>> {
    orders
        .iter()
        .flat_map(|(new, _)| {
            let of_order = areas_of(&new.lines).into_iter();
            of_order.map(|places| areas::Wanted { event: &new.event, order: &new.id, places })
        })
        .collect()
}

fn count_of(new: &NewOrder) -> quotas::Count<'_> {
    quotas::Count {
        event: &new.event,
        customers: [new.customer, new.email_customer],
        quantity: new.lines.iter().fold(0_u32, |sum, line| sum.saturating_add(line.quantity)),
        limit: new.customer_limit,
    }
}

async fn promote(tx: &mut Tx, inputs: &[&Input]) -> Result<(), Error> {
    let rows: Vec<_> = inputs
        .iter()
        .map(|Input { new, trace }| {
            let row = outbox::Queue {
                kind: OutboxKind::Promote,
                order: &new.id,
                event: &new.event,
                intent: None,
                amount: None,
            };
            (row, trace.as_deref())
        })
        .collect();
    outbox::queue_all(tx, &rows, tx.now().plus_millis(PROMOTED_WITHIN_MS)).await
}

fn state_of(new: &NewOrder) -> OrderState {
    if new.amount == 0 { OrderState::Ticketed } else { OrderState::New }
}

/// As it would be read back, without asking.
fn order_of(Input { new, trace }: &Input, claim_number: u64, now: Timestamp) -> Order {
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
        trace: trace.clone(),
    }
}

/// So many claim numbers that no order has had, ascending.
async fn claim_numbers(tx: &mut Tx, count: usize) -> Result<Vec<u64>, Error> {
    let rows = tx.rows(NEXT_CLAIM_NUMBERS, args![row::count(count as u64)?]).await?;
    rows.iter().map(|row| row.small("number")).collect()
}

/// How many were inserted; those are missing whose hold has an order.
async fn insert(tx: &mut Tx, orders: &[Numbered<'_>]) -> Result<usize, Error> {
    let now = tx.now();
    let mut rows = Vec::with_capacity(orders.len());
    for (new, number) in orders {
        rows.push(vec![
            Arg::from(&new.id),
            Arg::from(&new.event),
            Arg::from(new.hold.to_string()),
            Arg::from(state_of(new).as_str()),
            Arg::from(row::count(*number)?),
            Arg::from(customer_text(new.customer)),
            Arg::from(customer_text(new.email_customer)),
            Arg::from(&new.email),
            Arg::from(new.name.as_deref()),
            Arg::from(new.amount),
            Arg::from(new.currency.as_str()),
            Arg::from(new.pay_before),
            Arg::from(now),
            Arg::from(now),
            Arg::from(1_i64),
        ]);
    }
    let inserted = insert_rows(
        tx,
        "INSERT INTO orders (id, event_id, hold_id, state, claim_number, customer, \
         email_customer, email, name, amount, currency, pay_before, created_at, updated_at, \
         revision)",
        rows,
        "ON CONFLICT (hold_id) DO NOTHING RETURNING id",
    )
    .await?;
    Ok(inserted.len())
}
