//! Taking the money of an authorised intent: all of it, or a part, and then the rest is given back.

use serde_json::Value;

use super::intents::find;
use crate::{call::Call, failure::Failure, objects::IntentStatus, transaction::Transaction};

pub(crate) fn capture_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let params = &mut call.params;
    let wanted = params.integer("amount_to_capture")?;
    if wanted.is_some_and(|amount| amount < 1) {
        return Err(Failure::too_small("amount_to_capture", 1));
    }
    if params.boolean("final_capture")? == Some(false) {
        let message = "This payment does not support capturing more than once.".to_owned();
        return Err(Failure::invalid("final_capture", message));
    }
    let metadata = params.metadata()?;
    let descriptor = params.clearable_text("statement_descriptor")?;
    let suffix = params.clearable_text("statement_descriptor_suffix")?;
    params.finish()?;

    let mut intent = find(transaction, &call.id, None)?;
    let charge = intent.latest_charge.as_deref().and_then(|id| transaction.charge(id)).cloned();
    let (IntentStatus::RequiresCapture, Some(mut charge)) = (intent.status, charge) else {
        let message = if intent.status == IntentStatus::Succeeded {
            "This PaymentIntent could not be captured because it has already been captured."
                .to_owned()
        } else {
            format!(
                "This PaymentIntent could not be captured because it has a status of {}. Only a PaymentIntent \
                 with one of the following statuses may be captured: requires_capture.",
                intent.status.word()
            )
        };
        return Err(Failure::unexpected_state(message, intent.view()));
    };
    let amount = wanted.unwrap_or(intent.amount_capturable);
    if amount > intent.amount_capturable {
        let message = format!(
            "The amount_to_capture ({amount}) is greater than the amount capturable ({}).",
            intent.amount_capturable
        );
        return Err(Failure::refused(Some("amount_too_large"), message).param("amount_to_capture"));
    }
    metadata.apply(&mut intent.metadata)?;
    for (member, sent) in [
        (&mut intent.statement_descriptor, descriptor),
        (&mut intent.statement_descriptor_suffix, suffix),
    ] {
        if let Some(text) = sent {
            *member = Some(text).filter(|text| !text.is_empty());
        }
    }
    intent.status = IntentStatus::Succeeded;
    intent.amount_capturable = 0;
    intent.amount_received = amount;
    intent.due_at = None;
    charge.captured = true;
    charge.amount_captured = amount;
    transaction.put_charge(&charge);
    transaction.put_intent(&intent);
    transaction.event("charge.captured", charge.view());
    transaction.event("payment_intent.succeeded", intent.view());
    Ok(intent.view())
}
