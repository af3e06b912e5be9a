//! Ending an intent for good. What was authorised goes back to the card; what was captured stays.

use serde_json::{Value, json};

use super::intents::find;
use crate::{
    call::Call,
    failure::Failure,
    objects::{Intent, IntentStatus},
    transaction::Transaction,
};

pub(crate) fn cancel_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    call.params.finish()?;
    let mut intent = find(transaction, &call.id, None)?;
    let status = intent.status;
    if matches!(status, IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Processing)
    {
        let message = format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of \
             the following statuses may be canceled: requires_payment_method, requires_capture, \
             requires_confirmation, requires_action.",
            status.word()
        );
        return Err(Failure::unexpected_state(message, intent.view()));
    }
    cancel(transaction, &mut intent, reason, "charge.refunded");
    Ok(intent.view())
}

/// Cancels whatever the state. `released` is the event for an authorisation that goes back.
pub(crate) fn cancel(
    transaction: &mut Transaction<'_>,
    intent: &mut Intent,
    reason: Option<&str>,
    released: &str,
) {
    if intent.status == IntentStatus::RequiresCapture
        && let Some(charge) = intent.latest_charge.as_deref().and_then(|id| transaction.charge(id))
    {
        let mut charge = charge.clone();
        charge.released = true;
        charge.amount_refunded = charge.amount;
        transaction.put_charge(&charge);
        let previous = json!({ "amount_refunded": 0, "refunded": false });
        transaction.event_after(released, charge.view(), Some(previous));
    }
    intent.status = IntentStatus::Canceled;
    intent.amount_capturable = 0;
    intent.next_action = None;
    intent.due_at = None;
    intent.canceled_at = Some(transaction.now);
    intent.cancellation_reason = reason.map(str::to_owned);
    transaction.put_intent(intent);
    transaction.event("payment_intent.canceled", intent.view());
}
