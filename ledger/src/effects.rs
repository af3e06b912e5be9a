//! What follows from a transition, each effect written in the transition's own transaction.
//! Never decides whether an effect is due: that is [`domain::order::learn`].

use domain::{
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
    tickets,
};

/// Applies one effect. `because`: the fact and its evidence; none for an order that costs nothing.
pub(crate) async fn apply(
    tx: &mut Tx,
    order: &Locked,
    effect: Effect,
    because: Option<(Fact, &Evidence)>,
) -> Result<(), Error> {
    match effect {
        Effect::ExtendDeadline => extend_deadline(tx, order).await,
        Effect::SellClaims => sell_claims(tx, order).await,
        Effect::QueueCapture => queue(tx, order, OutboxKind::Capture).await,
        Effect::QueueCancel => queue(tx, order, OutboxKind::Cancel).await,
        Effect::QueueRefund => queue(tx, order, OutboxKind::Refund).await,
        Effect::WithdrawCancel => {
            let id = outbox::id_of(OutboxKind::Cancel, &order.id, order.intent.as_deref());
            outbox::withdraw(tx, id).await
        }
        Effect::IssueTickets => {
            tickets::issue(tx, order).await?;
            enter(tx, order, EntryKind::Payment).await
        }
        Effect::RecordPayment => enter(tx, order, EntryKind::Payment).await,
        Effect::VoidTickets => tickets::make_void(tx, &order.id).await,
        Effect::RecordRefund => enter(tx, order, EntryKind::Refund).await,
        Effect::ReleaseClaims(proof) => {
            release_proofs::insert(tx, &order.id, proof, order.intent.as_deref()).await?;
            release_claims(tx, order).await
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

/// All of the order's claims, or none of this transaction: a capture is never queued beside a
/// claim that is not sold (I3).
async fn sell_claims(tx: &mut Tx, order: &Locked) -> Result<(), Error> {
    let seats = claims::sell(tx, &order.id).await?;
    let places = if order.has_areas { areas::sell(tx, &order.event, &order.id).await? } else { 0 };
    if seats + places != order.quantity {
        return Err(Error::Corrupt("an order to be sold does not have all its claims"));
    }
    outbox::withdraw_earlier(tx, &order.id, OutboxKind::Sell).await?;
    queue(tx, order, OutboxKind::Sell).await
}

/// Locks in the order in which `create_order` does: seats, customers, areas.
async fn release_claims(tx: &mut Tx, order: &Locked) -> Result<(), Error> {
    let seats = claims::release(tx, &order.id).await?;
    quotas::give_back(tx, &order.event, order.customers, order.quantity).await?;
    let places = areas::release(tx, &order.event, &order.id).await?;
    if seats + places != order.quantity {
        return Err(Error::Corrupt("an order to be released does not have all its claims"));
    }
    outbox::withdraw(tx, outbox::id_of(OutboxKind::Capture, &order.id, None)).await?;
    outbox::withdraw_earlier(tx, &order.id, OutboxKind::Release).await?;
    queue(tx, order, OutboxKind::Release).await
}

async fn queue(tx: &mut Tx, order: &Locked, kind: OutboxKind) -> Result<(), Error> {
    let of_money = OutboxKind::PAYMENTS.contains(&kind);
    let what = outbox::Queue {
        kind,
        order: &order.id,
        event: &order.event,
        intent: if of_money { order.intent.as_deref() } else { None },
        amount: of_money.then_some(order.amount),
    };
    outbox::queue(tx, what).await
}

/// Entered under the intent's identifier: every source of the fact knows it.
async fn enter(tx: &mut Tx, order: &Locked, kind: EntryKind) -> Result<(), Error> {
    if order.amount == 0 {
        return Ok(());
    }
    let intent = order.intent.as_deref().ok_or(Error::Corrupt("money without an intent"))?;
    let entry = Entry {
        kind,
        reference: intent,
        order: &order.id,
        event: &order.event,
        amount: order.amount,
        currency: order.currency,
    };
    if money::enter(tx, entry).await? {
        Ok(())
    } else {
        Err(Error::Corrupt("the same money was entered before"))
    }
}
