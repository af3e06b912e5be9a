//! The one way in which the ledger learns of an order's money: lock the row, ask
//! [`domain::order::learn`], and write the new state with all its effects in one transaction.
//!
//! A fact may come twice, late, and from several sources at once; one that does not apply writes
//! nothing (I7). A fact about an intent that is not the order's current one never moves the order,
//! and an amount other than the order's is put aside for a person.

use domain::{
    id::OrderId,
    money::MinorUnits,
    order::{Effect, Fact, OrderState, Step},
};
use futures_util::FutureExt;

use crate::{
    Ledger, OutboxKind,
    db::Tx,
    due::CHECK_FIRST_AFTER_MS,
    effects,
    error::Error,
    intents,
    money::{self, Entry, EntryKind},
    orders::{self, Locked},
    outbox, quarantine,
    row::args,
    writer::Outcome,
};

/// Where a fact comes from and what it is about.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// `webhook`, `poller`, `answer`, `sweep`, `buyer`.
    pub source: &'static str,
    /// The provider's identifier of the fact itself: an event, a refund.
    pub reference: Option<String>,
    /// The intent it is about; with another than the order's current one the order stays.
    pub intent: Option<String>,
    /// What was authorised, paid or refunded.
    pub amount: Option<MinorUnits>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    pub before: OrderState,
    pub after: OrderState,
    pub effects: Vec<Effect>,
    /// The fact changed the order, or had effects.
    pub applied: bool,
}

impl Ledger {
    /// Learns one fact; `None`: the order is not known here.
    pub async fn learn(
        &self,
        order: &OrderId,
        fact: Fact,
        evidence: Evidence,
    ) -> Result<Option<Learned>, Error> {
        self.write((order.clone(), fact, evidence), |tx, (order, fact, evidence)| {
            learn(tx, order, *fact, evidence).boxed()
        })
        .await
    }
}

/// In the caller's transaction.
pub(crate) async fn learn(
    tx: &mut Tx,
    id: &OrderId,
    fact: Fact,
    evidence: &Evidence,
) -> Result<Outcome<Option<Learned>>, Error> {
    let Some(order) = orders::lock(tx, id).await? else { return Ok(Outcome::Undo(None)) };
    let before = order.progress.state;
    let stays = |effects: Vec<Effect>| {
        let applied = !effects.is_empty();
        Outcome::Keep(Some(Learned { before, after: before, effects, applied }))
    };
    if let Some(intent) = evidence.intent.as_deref()
        && order.intent.as_deref() != Some(intent)
    {
        return Ok(stays(learn_of_stray(tx, &order, fact, evidence, intent).await?));
    }
    if fact == Fact::IntentStored {
        // Storing it is what makes it true: `store_intent`.
        return Ok(stays(Vec::new()));
    }
    if fact == Fact::DeadlinePassed && tx.now() < order.pay_before {
        // The time to pay was extended after somebody looked.
        return Ok(stays(Vec::new()));
    }
    if evidence.amount.is_some_and(|amount| amount != order.amount) {
        let reason = "another amount than the order's";
        quarantine::insert(tx, id, evidence.source, reference(evidence), reason).await?;
        return Ok(stays(vec![Effect::Quarantine]));
    }

    let of_money = matches!(fact, Fact::Authorised | Fact::Paid | Fact::Refunded);
    if of_money && order.intent.is_none() && order.amount > 0 {
        let reason = "money of an order without an intent";
        quarantine::insert(tx, id, evidence.source, reference(evidence), reason).await?;
        return Ok(stays(vec![Effect::Quarantine]));
    }

    let step = domain::order::learn(order.progress, fact);
    if let Some(intent) = order.intent.as_deref() {
        intents::note(tx, id, intent, fact).await?;
    }
    if step.state == before && step.effects.is_empty() {
        return Ok(stays(Vec::new()));
    }
    for effect in &step.effects {
        effects::apply(tx, &order, *effect, Some((fact, evidence))).await?;
    }
    write(tx, &order, &step).await?;
    Ok(Outcome::Keep(Some(Learned {
        before,
        after: step.state,
        effects: step.effects,
        applied: true,
    })))
}

pub(crate) fn reference(evidence: &Evidence) -> Option<&str> {
    evidence.reference.as_deref().or(evidence.intent.as_deref())
}

async fn write(tx: &mut Tx, order: &Locked, step: &Step) -> Result<(), Error> {
    let now = tx.now();
    let next_check = match step.state {
        OrderState::Paying
        | OrderState::Cancelling
        | OrderState::Committed
        | OrderState::Refunding => Some(now.plus_millis(CHECK_FIRST_AFTER_MS)),
        _ => None,
    };
    // An order that may be paid anew has no current intent, and no cancel has been sent for it.
    let anew = step.state == OrderState::New;
    tx.run(
        "UPDATE orders SET state = $2, end_reason = $3, next_check_at = $4, \
         intent_id = CASE WHEN $5 = 1 THEN NULL ELSE intent_id END, \
         cancel_sent_at = CASE WHEN $5 = 1 THEN NULL ELSE cancel_sent_at END, \
         updated_at = $6, revision = revision + 1 WHERE id = $1",
        args![
            &order.id,
            step.state.as_str(),
            step.end_reason.map(|reason| reason.as_str()),
            next_check,
            anew,
            now
        ],
    )
    .await?;
    Ok(())
}

/// A fact about an intent that is not the order's current one: the order stays as it is, money
/// that came is sent back.
async fn learn_of_stray(
    tx: &mut Tx,
    order: &Locked,
    fact: Fact,
    evidence: &Evidence,
    intent: &str,
) -> Result<Vec<Effect>, Error> {
    intents::note(tx, &order.id, intent, fact).await?;
    let amount = evidence.amount.unwrap_or(order.amount);
    let entry = |kind, reference| Entry {
        kind,
        reference,
        order: &order.id,
        event: &order.event,
        amount,
        currency: order.currency,
    };
    let (kind, effect, reason) = match fact {
        Fact::Authorised => {
            (OutboxKind::Cancel, Effect::QueueCancel, "another intent was authorised")
        }
        Fact::Paid => {
            if !money::enter(tx, entry(EntryKind::StrayPayment, intent)).await? {
                return Ok(Vec::new());
            }
            (OutboxKind::Refund, Effect::QueueRefund, "another intent was paid")
        }
        Fact::Refunded => {
            money::enter(tx, entry(EntryKind::StrayRefund, intent)).await?;
            return Ok(Vec::new());
        }
        _ => return Ok(Vec::new()),
    };
    quarantine::insert(tx, &order.id, evidence.source, Some(intent), reason).await?;
    let undo = outbox::Queue {
        kind,
        order: &order.id,
        event: &order.event,
        intent: Some(intent),
        amount: (kind == OutboxKind::Refund).then_some(amount),
    };
    outbox::queue(tx, undo).await?;
    Ok(vec![Effect::Quarantine, effect])
}
