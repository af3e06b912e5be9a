//! The one way in which the ledger learns of an order's money: lock the row, ask
//! [`domain::order::learn`], and write the new state with all its effects in one transaction.
//!
//! A fact may come twice, late, and from several sources at once; one that does not apply writes
//! nothing (I7). A fact about an intent that is not the order's current one never moves the order,
//! and an amount other than the order's is put aside for a person.

use std::collections::HashMap;

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
    effects::{self, Moving},
    error::Error,
    intents,
    money::{self, Entry, EntryKind},
    orders::{self, Locked},
    outbox, quarantine,
    row::Arg,
    together::Kind,
    trace,
    values::of_ids_with,
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
        let (order, trace) = (order.clone(), trace::current());
        self.inner.facts.write(Input { order, fact, evidence, trace }).await
    }
}

/// A fact of an order, and the trace in which it was told.
pub(crate) struct Input {
    order: OrderId,
    fact: Fact,
    evidence: Evidence,
    trace: Option<String>,
}

pub(crate) const LEARN: Kind<Input, Option<Learned>> = Kind {
    one: |tx, input| learn(tx, &input.order, input.fact, &input.evidence).boxed(),
    many: |tx, inputs| learn_many(tx, inputs).boxed(),
};

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

    let of_money = is_income(fact) || fact == Fact::Refunded;
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
    write(tx, &[&order.id], &step).await?;
    Ok(Outcome::Keep(Some(Learned {
        before,
        after: step.state,
        effects: step.effects,
        applied: true,
    })))
}

/// The plain course: money of the current intent, as much as was asked for, that moves an order from
/// state to state. Of two facts about one order the second is left for later.
async fn learn_many(
    tx: &mut Tx,
    inputs: &[Input],
) -> Result<Outcome<Vec<Option<Option<Learned>>>>, Error> {
    let of_money: Vec<&OrderId> =
        inputs.iter().filter(|input| is_income(input.fact)).map(|input| &input.order).collect();
    let locked = orders::lock_many(tx, &of_money).await?;
    let mut locked: HashMap<OrderId, Locked> =
        locked.into_iter().map(|order| (order.id.clone(), order)).collect();
    let moves: Vec<Option<(Locked, Step)>> = inputs
        .iter()
        .map(|input| {
            let order = locked.remove(&input.order)?;
            let step = plain_step(&order, input)?;
            Some((order, step))
        })
        .collect();
    let with = |effect: Effect| -> Vec<Moving<'_>> {
        let due = moves.iter().zip(inputs).filter_map(move |(moved, input)| {
            let (order, step) = moved.as_ref()?;
            let trace = input.trace.as_deref();
            step.effects.contains(&effect).then_some(Moving { order, trace })
        });
        due.collect()
    };
    for fact in [Fact::Authorised, Fact::Paid] {
        let moved = moves.iter().zip(inputs).filter(|(_, input)| input.fact == fact);
        let intents = moved.filter_map(|(moved, _)| moved.as_ref()?.0.intent.as_deref());
        intents::note_all(tx, intents, fact).await?;
    }
    effects::sell_claims(tx, &with(Effect::SellClaims)).await?;
    effects::queue(tx, &with(Effect::QueueCapture), OutboxKind::Capture).await?;
    let paid: Vec<&Locked> =
        with(Effect::IssueTickets).into_iter().map(|moving| moving.order).collect();
    effects::issue_tickets(tx, &paid).await?;
    for state in [OrderState::Committed, OrderState::Ticketed] {
        let there = moves.iter().flatten().filter(|(_, step)| step.state == state);
        let there: Vec<&OrderId> = there.map(|(order, _)| &order.id).collect();
        write(tx, &there, &Step { state, end_reason: None, effects: Vec::new() }).await?;
    }
    let learned = moves.into_iter().map(|moved| {
        let (order, step) = moved?;
        Some(Some(Learned {
            before: order.progress.state,
            after: step.state,
            effects: step.effects,
            applied: true,
        }))
    });
    Ok(Outcome::Keep(learned.collect()))
}

fn is_income(fact: Fact) -> bool {
    matches!(fact, Fact::Authorised | Fact::Paid)
}

/// `None`: not as plain as that.
fn plain_step(order: &Locked, Input { fact, evidence, .. }: &Input) -> Option<Step> {
    let is_plain = |effect: &Effect| {
        matches!(effect, Effect::SellClaims | Effect::QueueCapture | Effect::IssueTickets)
    };
    let fits = order.intent.is_some()
        && order.intent == evidence.intent
        && evidence.amount.is_none_or(|amount| amount == order.amount);
    let step = domain::order::learn(order.progress, *fact);
    let moves_on = step.end_reason.is_none()
        && matches!(step.state, OrderState::Committed | OrderState::Ticketed)
        && !step.effects.is_empty()
        && step.effects.iter().all(is_plain);
    (fits && moves_on).then_some(step)
}

pub(crate) fn reference(evidence: &Evidence) -> Option<&str> {
    evidence.reference.as_deref().or(evidence.intent.as_deref())
}

/// Orders that take the same step.
async fn write(tx: &mut Tx, orders: &[&OrderId], step: &Step) -> Result<(), Error> {
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
    let leading = [
        Arg::from(step.state.as_str()),
        Arg::from(step.end_reason.map(|reason| reason.as_str())),
        Arg::from(next_check),
        Arg::from(anew),
        Arg::from(now),
    ];
    for (sql, args) in of_ids_with(
        leading,
        "UPDATE orders SET state = $1, end_reason = $2, next_check_at = $3, \
         intent_id = CASE WHEN $4 = 1 THEN NULL ELSE intent_id END, \
         cancel_sent_at = CASE WHEN $4 = 1 THEN NULL ELSE cancel_sent_at END, \
         updated_at = $5, revision = revision + 1 WHERE id",
        orders.iter().map(|order| order.as_str()),
        "",
    ) {
        tx.run(sql, &args).await?;
    }
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
            if money::enter(tx, &[entry(EntryKind::StrayPayment, intent)]).await? == 0 {
                return Ok(Vec::new());
            }
            (OutboxKind::Refund, Effect::QueueRefund, "another intent was paid")
        }
        Fact::Refunded => {
            money::enter(tx, &[entry(EntryKind::StrayRefund, intent)]).await?;
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
