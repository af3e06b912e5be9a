//! What follows from a transition, each effect written in the transition's own transaction.
//! Never decides whether an effect is due: that is [`domain::order::learn`].

use std::collections::HashMap;

use domain::{
    id::OrderId,
    limits::AUTHENTICATION_EXTENSION_SECONDS,
    order::{Effect, Fact},
};

use crate::{
    Evidence, OutboxKind, areas, claims,
    db::Tx,
    error::Error,
    learn::reference,
    money::{self, Entry, EntryKind},
    orders::Locked,
    outbox, quarantine, quotas, release_proofs,
    row::args,
    tickets, trace,
};

/// An order that a fact moves on, and the trace in which it was told.
#[derive(Clone, Copy)]
pub(crate) struct Moving<'a> {
    pub order: &'a Locked,
    pub trace: Option<&'a str>,
}

/// Applies one effect. `because`: the fact and its evidence; none for an order that costs nothing.
pub(crate) async fn apply(
    tx: &mut Tx,
    order: &Locked,
    effect: Effect,
    because: Option<(Fact, &Evidence)>,
) -> Result<(), Error> {
    let trace = trace::current();
    let moving = [Moving { order, trace: trace.as_deref() }];
    match effect {
        Effect::ExtendDeadline => extend_deadline(tx, order).await,
        Effect::SellClaims => sell_claims(tx, &moving).await,
        Effect::QueueCapture => queue(tx, &moving, OutboxKind::Capture).await,
        Effect::QueueCancel => queue(tx, &moving, OutboxKind::Cancel).await,
        Effect::QueueRefund => queue(tx, &moving, OutboxKind::Refund).await,
        Effect::WithdrawCancel => {
            let id = outbox::id_of(OutboxKind::Cancel, &order.id, order.intent.as_deref());
            outbox::withdraw(tx, id).await
        }
        Effect::IssueTickets => issue_tickets(tx, &[order]).await,
        Effect::RecordPayment => enter(tx, &[order], EntryKind::Payment).await,
        Effect::VoidTickets => tickets::make_void(tx, &order.id).await,
        Effect::RecordRefund => enter(tx, &[order], EntryKind::Refund).await,
        Effect::ReleaseClaims(proof) => {
            release_proofs::insert(tx, &order.id, proof, order.intent.as_deref()).await?;
            release_claims(tx, &moving).await
        }
        Effect::Quarantine => {
            let (reason, source, about) = match because {
                Some((fact, evidence)) => (fact.as_str(), evidence.source, reference(evidence)),
                None => ("unexpected", "ledger", None),
            };
            let reason =
                format!("{reason} cannot be true of a {} order", order.progress.state.as_str());
            quarantine::insert(tx, &order.id, source, about, &reason).await
        }
    }
}

async fn extend_deadline(tx: &mut Tx, order: &Locked) -> Result<(), Error> {
    tx.run(
        "UPDATE orders SET pay_before = pay_before + $2, deadline_extended = 1 \
         WHERE id = $1 AND deadline_extended = 0",
        args![&order.id, AUTHENTICATION_EXTENSION_SECONDS * 1000],
    )
    .await?;
    Ok(())
}

/// All claims of each order, or none of this transaction: a capture is never queued beside a
/// claim that is not sold (I3).
pub(crate) async fn sell_claims(tx: &mut Tx, orders: &[Moving<'_>]) -> Result<(), Error> {
    let ids: Vec<&OrderId> = orders.iter().map(|moving| &moving.order.id).collect();
    let with_areas = orders.iter().filter(|moving| moving.order.has_areas);
    let with_areas: Vec<&OrderId> = with_areas.map(|moving| &moving.order.id).collect();
    let mut sold: HashMap<OrderId, u64> = HashMap::new();
    for order in claims::sell(tx, &ids).await? {
        *sold.entry(order).or_default() += 1;
    }
    for (order, places) in areas::sell(tx, &with_areas).await? {
        *sold.entry(order).or_default() += u64::from(places);
    }
    let is_whole = |Moving { order, .. }: &Moving<'_>| sold.get(&order.id) == Some(&order.quantity);
    if !orders.iter().all(is_whole) {
        return Err(Error::Corrupt("an order to be sold does not have all its claims"));
    }
    outbox::withdraw_earlier(tx, &ids, OutboxKind::Sell).await?;
    queue(tx, orders, OutboxKind::Sell).await
}

/// Locks in the order in which `create_order` does: seats, customers, areas.
async fn release_claims(tx: &mut Tx, moving: &[Moving<'_>; 1]) -> Result<(), Error> {
    let [Moving { order, .. }] = moving;
    let seats = claims::release(tx, &order.id).await?;
    quotas::give_back(tx, &order.event, order.customers, order.quantity).await?;
    let places = areas::release(tx, &order.event, &order.id).await?;
    if seats + places != order.quantity {
        return Err(Error::Corrupt("an order to be released does not have all its claims"));
    }
    outbox::withdraw(tx, outbox::id_of(OutboxKind::Capture, &order.id, None)).await?;
    outbox::withdraw_earlier(tx, &[&order.id], OutboxKind::Release).await?;
    queue(tx, moving, OutboxKind::Release).await
}

pub(crate) async fn queue(
    tx: &mut Tx,
    orders: &[Moving<'_>],
    kind: OutboxKind,
) -> Result<(), Error> {
    let of_money = OutboxKind::PAYMENTS.contains(&kind);
    let rows: Vec<_> = orders
        .iter()
        .map(|Moving { order, trace }| {
            let what = outbox::Queue {
                kind,
                order: &order.id,
                event: &order.event,
                intent: if of_money { order.intent.as_deref() } else { None },
                amount: of_money.then_some(order.amount),
            };
            (what, *trace)
        })
        .collect();
    let now = tx.now();
    outbox::queue_all(tx, &rows, now).await
}

/// The tickets of each order, and its payment.
pub(crate) async fn issue_tickets(tx: &mut Tx, orders: &[&Locked]) -> Result<(), Error> {
    tickets::issue(tx, orders).await?;
    enter(tx, orders, EntryKind::Payment).await
}

/// Entered under the intent's identifier: every source of the fact knows it.
async fn enter(tx: &mut Tx, orders: &[&Locked], kind: EntryKind) -> Result<(), Error> {
    let mut entries = Vec::new();
    for order in orders.iter().filter(|order| order.amount > 0) {
        entries.push(Entry {
            kind,
            reference: order.intent.as_deref().ok_or(Error::Corrupt("money without an intent"))?,
            order: &order.id,
            event: &order.event,
            amount: order.amount,
            currency: order.currency,
        });
    }
    if money::enter(tx, &entries).await? < entries.len() {
        return Err(Error::Corrupt("the same money was entered before"));
    }
    Ok(())
}
