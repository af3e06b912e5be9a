//! Makes an order of a hold: the step after which the seats have a durable claim.
//!
//! The hold's record says which seats; the ledger decides who has them (I1) and keeps the answer
//! under the idempotency key in the same transaction (I8). The inventory is told afterwards; after
//! a crash in between the outbox does it. A hold that its owner gives back before that ends the order.

use domain::{
    event::EventStatus,
    hold::HoldStatus,
    id::OrderId,
    limits::HOLDER_NAME_LENGTH_MAX,
    money::MinorUnits,
    seat::{AreaIndex, AreaQuantity, SeatIndex},
};
use inventory::{EventAtWork, ReadAnswer, Settled};
use ledger::{CreateOrder, KeptAnswer, NewOrder, Order, OrderLine};
use lua::HoldRecord;
use platform::{failpoint, http::email_key};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Engine, email,
    error::Refusal,
    idempotency::{self, Request},
    meters,
    owners::OwnedHold,
    replies::Once,
    views::{
        hold::price,
        order::{LineView, OrderStatus, OrderView},
    },
};

/// Whose order it is; seats and amount come from the hold.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = NewOrder)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    pub hold_id: String,
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// Written on the tickets.
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// There are no promotions yet: any is refused.
    pub promo_code: Option<String>,
}

impl OrderBody {
    /// All that the body alone tells.
    pub fn check(&self) -> Result<(), Refusal> {
        if !email::is_email(&self.email) {
            return Err(Refusal::invalid("email: is not an e-mail address"));
        }
        if let Some(name) = &self.name
            && (name.trim().is_empty()
                || name.chars().count() > HOLDER_NAME_LENGTH_MAX
                || name.chars().any(char::is_control))
        {
            return Err(Refusal::invalid(format!(
                "name: must be 1 to {HOLDER_NAME_LENGTH_MAX} characters, none of them a control"
            )));
        }
        if self.promo_code.is_some() {
            return Err(Refusal::invalid("promo_code: there are no promotions yet"));
        }
        Ok(())
    }
}

/// Prices are the event's of this moment. Total 0: the tickets exist at once. To be called in a
/// detached task.
pub async fn create_order(
    engine: &Engine,
    hold: &OwnedHold,
    body: &OrderBody,
    request: Request,
) -> Result<Once<OrderView>, Refusal> {
    let answered = create(engine, hold, body, request).await;
    match &answered {
        Ok(Once::First(_)) => meters::order("created"),
        Ok(Once::Replayed(_)) => meters::order("replayed"),
        Err(refusal) => meters::order_refused(refusal),
    }
    answered
}

async fn create(
    engine: &Engine,
    hold: &OwnedHold,
    body: &OrderBody,
    request: Request,
) -> Result<Once<OrderView>, Refusal> {
    let (version, record) = match engine.inventory.read_hold(&hold.at_work, &hold.id).await? {
        ReadAnswer::Found { version, record } if record.status == HoldStatus::Active => {
            (version, record)
        }
        _ => return ended(engine, hold, &request).await,
    };
    if hold.at_work.event.status != EventStatus::Published {
        return Err(Refusal::SaleClosed);
    }
    let (draft, answer) = draft(engine, hold, &record, body);
    let text = serde_json::to_string(&answer).map_err(|_| Refusal::Internal)?;
    let new = NewOrder { answer: request.answered(201, text), ..draft };
    match engine.ledger.create_order(new).await? {
        CreateOrder::Created(order) => {
            failpoint("order_committed");
            let settled = engine.inventory.settle(order.clone()).await;
            failpoint("order_promoted");
            // Its release was answered as done while this order was written: the order is ended.
            if settled == Ok(Settled::GivenUp) {
                return Err(Refusal::HoldExpired);
            }
            Ok(Once::First(fill_in(engine, answer, &order, settled.is_ok())))
        }
        CreateOrder::Replayed(kept) => replay(engine, &kept).await,
        CreateOrder::KeyReused => Err(Refusal::KeyReused),
        CreateOrder::SeatsTaken(seats) => {
            Err(Refusal::seats_unavailable(&hold.at_work.chart, &seats, version))
        }
        CreateOrder::AreasFull(_) => Err(Refusal::SoldOut { version }),
        CreateOrder::OrderExists => Err(Refusal::OrderExists),
        CreateOrder::CustomerLimit => Err(Refusal::CustomerLimit),
        CreateOrder::EventClosed => Err(Refusal::SaleClosed),
    }
}

/// The hold is not active any more: because of this very request, of another, or of its deadline.
async fn ended(
    engine: &Engine,
    hold: &OwnedHold,
    request: &Request,
) -> Result<Once<OrderView>, Refusal> {
    if engine.ledger.order_by_hold(&hold.id).await?.is_none() {
        return Err(Refusal::HoldExpired);
    }
    match idempotency::kept(engine, request).await? {
        Some(kept) => replay(engine, &kept).await,
        None => Err(Refusal::OrderExists),
    }
}

async fn replay(engine: &Engine, kept: &KeptAnswer) -> Result<Once<OrderView>, Refusal> {
    let answer: OrderView = serde_json::from_str(&kept.body).map_err(|_| Refusal::Internal)?;
    let id: OrderId = answer.id.parse().map_err(|_| Refusal::Internal)?;
    // The first attempt may have died before it told the inventory.
    let settled = engine.inventory.settle_order(&id).await.is_ok();
    let order = engine.ledger.order(&id).await?.ok_or(Refusal::Internal)?;
    Ok(Once::Replayed(fill_in(engine, answer, &order, settled)))
}

/// The kept answer lacks what is not known before the order is written, and the token, which is
/// never stored.
fn fill_in(engine: &Engine, mut answer: OrderView, order: &Order, settled: bool) -> OrderView {
    if answer.status == OrderStatus::Confirmed && !settled {
        answer.status = OrderStatus::Processing;
    }
    answer.created_at = order.created_at;
    answer.token = engine.keys.order_token(&order.id);
    answer
}

/// The order to be written, and the answer if it is.
fn draft(
    engine: &Engine,
    hold: &OwnedHold,
    record: &HoldRecord,
    body: &OrderBody,
) -> (NewOrder, OrderView) {
    let (event, now) = (&hold.at_work.event, engine.clock.now());
    let lines = lines(&hold.at_work, record);
    let amount = lines.iter().map(|line| line.price * MinorUnits::from(line.quantity)).sum();
    let id = OrderId::new(now, platform::random::bytes());
    let pay_before = now.plus_seconds(event.sale.pay_seconds);
    let answer = OrderView {
        id: id.to_string(),
        event_id: event.id.to_string(),
        hold_id: hold.id.to_string(),
        status: if amount == 0 { OrderStatus::Confirmed } else { OrderStatus::AwaitingPayment },
        amount,
        currency: event.currency.to_string(),
        lines: lines.iter().map(LineView::of).collect(),
        pay_before,
        created_at: now,
        token: String::new(),
    };
    let areas = hold.at_work.chart.areas.iter().enumerate();
    let new = NewOrder {
        id,
        event: event.id.clone(),
        hold: hold.id,
        customer: record.customer,
        email_customer: email_key(&body.email),
        email: body.email.clone(),
        name: body.name.clone(),
        lines,
        amount,
        currency: event.currency,
        pay_before,
        customer_limit: event.sale.max_per_customer,
        area_capacities: areas.map(|(index, area)| (index as AreaIndex, area.capacity)).collect(),
        answer: KeptAnswer {
            key: String::new(),
            fingerprint: String::new(),
            status: 201,
            body: String::new(),
        },
    };
    (new, answer)
}

/// One line a seat, then one an area, in the record's order.
fn lines(at_work: &EventAtWork, record: &HoldRecord) -> Vec<OrderLine> {
    let seats = record.seats.iter().map(|&seat| seat_line(at_work, seat));
    let areas = record.areas.iter().map(|area| area_line(at_work, area));
    let numbered = seats.chain(areas).zip(0..);
    numbered.map(|(line, number)| OrderLine { number, ..line }).collect()
}

fn seat_line(at_work: &EventAtWork, index: SeatIndex) -> OrderLine {
    let seat = &at_work.chart.seats[index as usize];
    OrderLine {
        number: 0,
        seat: Some(index),
        area: None,
        label: seat.label.clone(),
        category: at_work.chart.category(seat.category).name.clone(),
        quantity: 1,
        price: price(&at_work.event, &at_work.chart, seat.category),
    }
}

fn area_line(at_work: &EventAtWork, held: &AreaQuantity) -> OrderLine {
    let area = &at_work.chart.areas[usize::from(held.area)];
    OrderLine {
        number: 0,
        seat: None,
        area: Some(held.area),
        label: area.name.clone(),
        category: at_work.chart.category(area.category).name.clone(),
        quantity: held.quantity,
        price: price(&at_work.event, &at_work.chart, area.category),
    }
}
