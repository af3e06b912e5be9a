//! Giving captured money back, whole or in parts.

use serde_json::{Value, json};

use super::lists::Page;
use crate::{
    call::Call,
    cards::Behaviour,
    failure::Failure,
    limits,
    objects::{Charge, IntentStatus, Refund},
    transaction::Transaction,
};

pub(crate) fn create_refund(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let params = &mut call.params;
    let (intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
    let amount = params.integer("amount")?;
    if amount.is_some_and(|amount| amount < 1) {
        return Err(Failure::too_small("amount", 1));
    }
    let reason = params.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
    let metadata = params.metadata()?;
    params.finish()?;
    if intent.is_none() && charge.is_none() {
        let message = "One of the following params should be provided for this request: payment_intent or \
                       charge.";
        return Err(Failure::invalid_request(message));
    }

    let mut charge = charge_to_refund(transaction, intent.as_deref(), charge.as_deref())?;
    let left = charge.refundable();
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(Failure::refused(Some("charge_already_refunded"), message));
    }
    let amount = amount.unwrap_or(left);
    if amount > left {
        let message = format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
        );
        return Err(Failure::refused(None, message).param("amount"));
    }
    let behaviour = &charge.method.test_card().behaviour;
    let pends = matches!(behaviour, Behaviour::RefundPends);
    let settles = pends || matches!(behaviour, Behaviour::RefundFails);
    let mut refund = Refund {
        id: transaction.ids.make("re_3", 23),
        created: transaction.now,
        amount,
        currency: charge.currency.clone(),
        charge: charge.id.clone(),
        intent: charge.intent.clone(),
        reason: reason.map(str::to_owned),
        status: if pends { "pending" } else { "succeeded" }.to_owned(),
        failure_reason: None,
        metadata: Default::default(),
        due_at: settles.then(|| transaction.now.saturating_add(limits::REFUND_SETTLES_MS)),
    };
    metadata.apply(&mut refund.metadata)?;
    let previous =
        json!({ "amount_refunded": charge.amount_refunded, "refunded": charge.refunded() });
    charge.amount_refunded += amount;
    transaction.put_charge(&charge);
    transaction.put_refund(&refund);
    transaction.event("refund.created", refund.view());
    transaction.event_after("charge.refunded", charge.view(), Some(previous));
    Ok(refund.view())
}

pub(crate) fn retrieve_refund(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.params.finish()?;
    Ok(find(transaction, &call.id)?.view())
}

pub(crate) fn update_refund(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let metadata = call.params.metadata()?;
    call.params.finish()?;
    let mut refund = find(transaction, &call.id)?;
    let previous = json!({ "metadata": refund.metadata });
    metadata.apply(&mut refund.metadata)?;
    transaction.put_refund(&refund);
    transaction.event_after("refund.updated", refund.view(), Some(previous));
    Ok(refund.view())
}

pub(crate) fn list_refunds(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let page = Page::read(call)?;
    let intent = call.params.text("payment_intent")?;
    let charge = call.params.text("charge")?;
    call.params.finish()?;
    page.of(
        &transaction.state.refunds,
        "refund",
        "/v1/refunds",
        |refund| {
            intent.as_ref().is_none_or(|intent| refund.intent == *intent)
                && charge.as_ref().is_none_or(|charge| refund.charge == *charge)
        },
        |refund| refund.view(),
    )
}

fn find(transaction: &Transaction<'_>, id: &str) -> Result<Refund, Failure> {
    transaction.refund(id).cloned().ok_or_else(|| Failure::no_such("refund", id, "id"))
}

fn charge_to_refund(
    transaction: &Transaction<'_>,
    intent: Option<&str>,
    charge: Option<&str>,
) -> Result<Charge, Failure> {
    let id = match (charge, intent) {
        (Some(charge), _) => charge.to_owned(),
        (None, intent) => {
            let id = intent.unwrap_or_default();
            let intent = transaction
                .intent(id)
                .ok_or_else(|| Failure::no_such("payment_intent", id, "payment_intent"))?;
            match &intent.latest_charge {
                Some(charge) if intent.status == IntentStatus::Succeeded => charge.clone(),
                _ => {
                    let message = format!(
                        "This PaymentIntent ({id}) does not have a successful charge to refund."
                    );
                    return Err(Failure::unexpected_state(message, intent.view()));
                }
            }
        }
    };
    let charge =
        transaction.charge(&id).ok_or_else(|| Failure::no_such("charge", &id, "charge"))?;
    if intent.is_some_and(|intent| charge.intent != intent) {
        let message = "The charge does not belong to the payment_intent.";
        return Err(Failure::refused(None, message).param("charge"));
    }
    if !charge.captured {
        let message = format!("Charge {id} has not been captured and cannot be refunded.");
        return Err(Failure::refused(Some("charge_not_refundable"), message));
    }
    Ok(charge.clone())
}
