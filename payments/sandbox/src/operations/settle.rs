//! What happens by itself: a processing payment ends, an authorisation expires, a refund succeeds or fails late.

use serde_json::json;

use super::{attempt, cancel};
use crate::{
    cards::Behaviour,
    objects::{Intent, IntentStatus, Refund},
    transaction::Transaction,
};

/// Carries out what is due for the intent or refund of this id.
pub(crate) fn settle(transaction: &mut Transaction<'_>, id: &str) {
    if let Some(intent) = transaction.intent(id).cloned() {
        settle_intent(transaction, intent);
    } else if let Some(refund) = transaction.refund(id).cloned() {
        settle_refund(transaction, refund);
    }
}

fn settle_intent(transaction: &mut Transaction<'_>, mut intent: Intent) {
    intent.due_at = None;
    match intent.status {
        IntentStatus::RequiresCapture => {
            cancel::cancel(transaction, &mut intent, Some("automatic"), "charge.expired");
        }
        IntentStatus::Processing => {
            let method = intent.payment_method.as_deref().and_then(|id| transaction.method(id));
            match method.cloned() {
                // A decline is written into the intent; nobody waits for the error.
                Some(method) => drop(attempt::charge(transaction, &mut intent, &method)),
                None => transaction.put_intent(&intent),
            }
        }
        _ => transaction.put_intent(&intent),
    }
}

fn settle_refund(transaction: &mut Transaction<'_>, mut refund: Refund) {
    refund.due_at = None;
    let Some(mut charge) = transaction.charge(&refund.charge).cloned() else {
        return transaction.put_refund(&refund);
    };
    let previous = json!({ "status": refund.status });
    if matches!(charge.method.test_card().behaviour, Behaviour::RefundFails) {
        refund.status = "failed".to_owned();
        refund.failure_reason = Some("expired_or_canceled_card".to_owned());
        charge.amount_refunded -= refund.amount;
        transaction.put_charge(&charge);
        transaction.put_refund(&refund);
        transaction.event("refund.failed", refund.view());
    } else {
        refund.status = "succeeded".to_owned();
        transaction.put_refund(&refund);
    }
    transaction.event_after("refund.updated", refund.view(), Some(previous));
}
