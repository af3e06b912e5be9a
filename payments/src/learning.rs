//! From what Stripe says to what the ledger knows. Everybody who hears of money comes through here:
//! answers of calls, webhooks, the poller, the deadline.
//!
//! Relies on [`crate::facts`] for the comparison and on the ledger for the transition. Never moves
//! an order on an object that differs from its row.

use domain::{
    id::OrderId,
    order::{Effect, Fact, METADATA_ORDER, OrderState},
};
use ledger::{Evidence, Order};
use tracing::Instrument;

use crate::{
    Payments,
    facts::{Expected, Mismatch, Reading, read_intent},
    stripe::{Intent, IntentStatus},
};

/// Who brought a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The answer of a call of ours.
    Answer,
    Webhook,
    Poller,
    /// The deadline task.
    Sweep,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Webhook => "webhook",
            Self::Poller => "poller",
            Self::Sweep => "sweep",
        }
    }
}

/// What became of an intent that was shown to the ledger.
#[derive(Debug)]
pub enum Learning {
    /// The ledger knows it now, or knew it before.
    Learned,
    /// The intent says nothing that matters.
    Nothing,
    /// The intent belongs to no order of this ledger.
    NotOurs,
    /// Nobody may act on it but a person.
    Mismatch(Mismatch),
}

impl Payments {
    /// Learns what `intent` says about the order it belongs to. `reference` names the evidence: a
    /// webhook's event id, else nothing.
    pub async fn learn_intent(
        &self,
        intent: &Intent,
        source: Source,
        reference: Option<&str>,
    ) -> Result<Learning, ledger::Error> {
        let order = self.order_of(intent).await?;
        self.learn_of(order.as_ref(), intent, source, reference).await
    }

    /// The same when the order was read before; `None`: no order is known.
    pub(crate) async fn learn_of(
        &self,
        order: Option<&Order>,
        intent: &Intent,
        source: Source,
        reference: Option<&str>,
    ) -> Result<Learning, ledger::Error> {
        let learning = match order {
            Some(order) => self.learn_of_order(order, intent, source, reference).await?,
            None if intent.metadata(METADATA_ORDER).is_some() && moves_money(intent) => {
                Learning::Mismatch(Mismatch::UnknownOrder)
            }
            None => Learning::NotOurs,
        };
        if let Learning::Mismatch(mismatch) = &learning {
            metrics::counter!("holdfast_payments_mismatches_total", "field" => mismatch.as_str())
                .increment(1);
            tracing::error!(
                intent = %intent.id,
                field = mismatch.as_str(),
                source = source.as_str(),
                "an intent does not fit its order; a person has to look",
            );
        }
        Ok(learning)
    }

    /// The order that an intent names, or else the one that has it.
    pub(crate) async fn order_of(&self, intent: &Intent) -> Result<Option<Order>, ledger::Error> {
        let named = intent.metadata(METADATA_ORDER).and_then(|text| text.parse().ok());
        let id = match named {
            Some(id) => Some(id),
            None => self.ledger.order_by_intent(&intent.id).await?,
        };
        match id {
            Some(id) => self.ledger.order(&id).await,
            None => Ok(None),
        }
    }

    async fn learn_of_order(
        &self,
        order: &Order,
        intent: &Intent,
        source: Source,
        reference: Option<&str>,
    ) -> Result<Learning, ledger::Error> {
        let expected = Expected {
            order: &order.id,
            amount: order.amount,
            currency: order.currency,
            livemode: self.livemode,
        };
        let fact = match read_intent(intent, expected) {
            Reading::Fact(fact) => fact,
            Reading::Nothing => return Ok(Learning::Nothing),
            Reading::Mismatch(mismatch) => return Ok(Learning::Mismatch(mismatch)),
        };
        let is_current = order.intent.as_ref().is_some_and(|current| current.id == intent.id);
        if fact == Fact::Paid && order.state == OrderState::Ticketed && is_current {
            // Stripe tells what its answer to our capture has told before.
            return Ok(Learning::Nothing);
        }
        let evidence = Evidence {
            source: source.as_str(),
            reference: reference.map(str::to_owned),
            // About another intent than the order's current one, the ledger knows what to do.
            intent: Some(intent.id.clone()),
            amount: moves_money(intent).then_some(intent.amount),
        };
        // Who tells of it has no trace of the buyer's, the order has.
        self.learn(&order.id, fact, evidence).instrument(order.span()).await?;
        Ok(Learning::Learned)
    }

    /// Learns whether all the money of `order` went back, by the refunds of its intent.
    pub async fn learn_refunds(
        &self,
        order: &Order,
        intent: &str,
        source: Source,
    ) -> Result<Learning, LearnError> {
        let refunds = self.stripe.refunds(intent).await?;
        let currency = order.currency.to_lowercase();
        let back: i64 = refunds
            .iter()
            .filter(|refund| refund.has_succeeded() && refund.currency == currency)
            .map(|refund| refund.amount)
            .sum();
        if back < order.amount {
            return Ok(Learning::Nothing);
        }
        let evidence = Evidence {
            source: source.as_str(),
            reference: refunds.first().map(|refund| refund.id.clone()),
            intent: Some(intent.to_owned()),
            amount: Some(back),
        };
        self.learn(&order.id, Fact::Refunded, evidence).await?;
        Ok(Learning::Learned)
    }

    /// One fact of one order, with what operators and tests want to see of it.
    pub(crate) async fn learn(
        &self,
        order: &OrderId,
        fact: Fact,
        evidence: Evidence,
    ) -> Result<(), ledger::Error> {
        let source = evidence.source;
        let Some(learned) = self.ledger.learn(order, fact, evidence).await? else {
            return Ok(());
        };
        metrics::counter!("holdfast_payments_facts_total",
            "fact" => fact.as_str(), "source" => source,
            "applied" => if learned.applied { "yes" } else { "no" })
        .increment(1);
        if learned.effects.contains(&Effect::Quarantine) {
            tracing::error!(order = %order, fact = fact.as_str(), source,
                "a fact that cannot be true of its order; a person has to look");
        }
        if learned.applied {
            tracing::debug!(order = %order, fact = fact.as_str(), source,
                before = learned.before.as_str(), after = learned.after.as_str(), "learned");
            match fact {
                Fact::Authorised => platform::failpoint("authorised_learned"),
                Fact::Paid => platform::failpoint("paid_learned"),
                Fact::Void => platform::failpoint("voided_learned"),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Either side may fail.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error("Stripe: {0}")]
    Stripe(#[from] crate::stripe::Error),
}

impl LearnError {
    /// A bounded word for metrics and for the row that is tried again.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ledger(_) => "ledger",
            Self::Stripe(error) => error.kind(),
        }
    }

    /// The other side is away; what was being tried is not at fault.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Ledger(error) => matches!(error, ledger::Error::Unavailable(_)),
            Self::Stripe(crate::stripe::Error::Failed { .. }) => true,
            Self::Stripe(error) => error.may_pass(),
        }
    }
}

fn moves_money(intent: &Intent) -> bool {
    matches!(intent.status(), IntentStatus::RequiresCapture | IntentStatus::Succeeded)
}
