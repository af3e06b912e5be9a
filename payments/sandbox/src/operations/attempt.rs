//! One attempt to get the money: the card's bank is asked, and the intent ends succeeded, waiting for capture, or
//! back at the start with the error that the bank gave.

use serde_json::json;

use super::methods::declined;
use crate::{
    cards::{Behaviour, Decline},
    failure::Failure,
    limits,
    objects::{Charge, ChargeFailure, Intent, IntentStatus, Method},
    transaction::Transaction,
};

/// Asks the bank now, or later when payments are told to take their time.
pub(super) fn process(
    transaction: &mut Transaction<'_>,
    intent: &mut Intent,
    method: &Method,
) -> Result<(), Failure> {
    let processing = transaction.state.settings.payments.processing_ms;
    if processing == 0 {
        return charge(transaction, intent, method);
    }
    intent.status = IntentStatus::Processing;
    intent.due_at =
        Some(transaction.now.saturating_add(i64::try_from(processing).unwrap_or(i64::MAX)));
    transaction.put_intent(intent);
    transaction.event("payment_intent.processing", intent.view());
    Ok(())
}

/// Asks the bank.
pub(super) fn charge(
    transaction: &mut Transaction<'_>,
    intent: &mut Intent,
    method: &Method,
) -> Result<(), Failure> {
    match &method.test_card().behaviour {
        Behaviour::Decline(reason) | Behaviour::Challenge(Some(reason)) => {
            return decline(transaction, intent, method, reason);
        }
        Behaviour::Approve
        | Behaviour::Challenge(None)
        | Behaviour::RefundPends
        | Behaviour::RefundFails => {}
    }
    let manual = intent.capture_method == "manual";
    let mut charge = new_charge(transaction, intent, method);
    intent.latest_charge = Some(charge.id.clone());
    if manual {
        let expires = transaction.now.saturating_add(limits::AUTHORIZATION_MS);
        charge.capture_before = Some(expires);
        intent.status = IntentStatus::RequiresCapture;
        intent.amount_capturable = intent.amount;
        intent.due_at = Some(expires);
    } else {
        charge.captured = true;
        charge.amount_captured = charge.amount;
        intent.status = IntentStatus::Succeeded;
        intent.amount_received = intent.amount;
        intent.due_at = None;
    }
    transaction.put_charge(&charge);
    transaction.put_intent(intent);
    transaction.event("charge.succeeded", charge.view());
    let kind = if manual {
        "payment_intent.amount_capturable_updated"
    } else {
        "payment_intent.succeeded"
    };
    transaction.event(kind, intent.view());
    Ok(())
}

pub(super) fn decline(
    transaction: &mut Transaction<'_>,
    intent: &mut Intent,
    method: &Method,
    reason: &Decline,
) -> Result<(), Failure> {
    let mut charge = new_charge(transaction, intent, method);
    charge.failure = Some(ChargeFailure {
        code: reason.code.to_owned(),
        message: reason.message.to_owned(),
        reason: reason.decline_code.map(str::to_owned),
        advice_code: reason.advice_code.map(str::to_owned),
        network_decline_code: reason.network_decline_code.map(str::to_owned),
        blocked: reason.blocked,
    });
    let failure =
        declined(reason).detail("charge", json!(charge.id)).detail("payment_method", method.view());
    intent.latest_charge = Some(charge.id.clone());
    back_to_start(intent, &failure);
    transaction.put_charge(&charge);
    transaction.put_intent(intent);
    transaction.event("charge.failed", charge.view());
    transaction.event("payment_intent.payment_failed", intent.view());
    let mut failure = failure.detail("payment_intent", intent.view());
    failure.has_effect = true;
    Err(failure)
}

pub(super) fn back_to_start(intent: &mut Intent, failure: &Failure) {
    intent.status = IntentStatus::RequiresPaymentMethod;
    intent.payment_method = None;
    intent.next_action = None;
    intent.due_at = None;
    intent.last_payment_error = Some(failure.error());
}

fn new_charge(transaction: &mut Transaction<'_>, intent: &Intent, method: &Method) -> Charge {
    Charge {
        id: transaction.ids.make("ch_3", 23),
        created: transaction.now,
        intent: intent.id.clone(),
        amount: intent.amount,
        amount_captured: 0,
        amount_refunded: 0,
        currency: intent.currency.clone(),
        captured: false,
        released: false,
        failure: None,
        method: method.clone(),
        authenticated: intent.authenticated,
        capture_before: None,
        metadata: intent.metadata.clone(),
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        statement_descriptor: intent.statement_descriptor.clone(),
        statement_descriptor_suffix: intent.statement_descriptor_suffix.clone(),
        transfer_group: intent.transfer_group.clone(),
    }
}
