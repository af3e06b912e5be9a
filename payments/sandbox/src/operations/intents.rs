//! Payment intents: made, read, changed and listed. Paying is in `confirm`, its end in `capture` and `cancel`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    confirm::{self, Confirmation},
    fields::{Fields, amount, automatic_payment_methods, currency},
    lists::Page,
};
use crate::{
    call::{Call, Caller},
    failure::Failure,
    objects::{Intent, IntentStatus, browser_view},
    transaction::Transaction,
};

pub(crate) fn create_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let params = &mut call.params;
    let amount = amount(params)?.ok_or_else(|| Failure::missing("amount"))?;
    let currency = currency(params)?.ok_or_else(|| Failure::missing("currency"))?;
    let fields = Fields::read(params)?;
    let confirmation_method = params.choice("confirmation_method", &["automatic", "manual"])?;
    let automatic = automatic_payment_methods(params)?;
    if automatic.is_some() && !fields.payment_method_types.is_empty() {
        let names = "automatic_payment_methods, payment_method_types";
        return Err(Failure::exclusive("payment_method_types", names));
    }
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    let mut confirmation = Confirmation::read(call)?;
    if !confirm && confirmation.return_url.is_some() {
        let message = "The parameter `return_url` cannot be passed when creating a PaymentIntent unless \
                       `confirm` is set to true.";
        return Err(Failure::invalid("return_url", message.to_owned()));
    }
    call.params.finish()?;

    let id = transaction.ids.make("pi_3", 23);
    let automatic = match automatic {
        Some(choice) => choice,
        None => fields.payment_method_types.is_empty().then(|| "always".to_owned()),
    };
    let mut intent = Intent {
        client_secret: transaction.ids.make(&format!("{id}_secret_"), 25),
        id,
        created: transaction.now,
        amount,
        amount_capturable: 0,
        amount_received: 0,
        currency,
        status: IntentStatus::RequiresPaymentMethod,
        capture_method: "automatic_async".to_owned(),
        confirmation_method: confirmation_method.unwrap_or("automatic").to_owned(),
        automatic_payment_methods: automatic,
        payment_method_types: vec!["card".to_owned()],
        allowed_payment_method_types: Vec::new(),
        excluded_payment_method_types: Vec::new(),
        payment_method: None,
        request_three_d_secure: "automatic".to_owned(),
        metadata: BTreeMap::new(),
        description: None,
        receipt_email: None,
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        transfer_group: None,
        latest_charge: None,
        last_payment_error: None,
        next_action: None,
        return_url: None,
        canceled_at: None,
        cancellation_reason: None,
        due_at: None,
        authenticated: false,
    };
    fields.apply(&mut intent, transaction)?;
    if let Some(card) = confirmation.card.take() {
        intent.attach(card.make(transaction)?.id);
    }
    transaction.put_intent(&intent);
    transaction.event("payment_intent.created", intent.view());
    if confirm {
        confirm::confirm(transaction, &mut intent, confirmation)?;
    }
    Ok(intent.view())
}

pub(crate) fn retrieve_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.ignore_browser_extras();
    let secret = call.client_secret()?;
    call.params.finish()?;
    let intent = find(transaction, &call.id, secret.as_deref())?;
    Ok(match call.caller {
        Caller::Secret => intent.view(),
        Caller::Publishable => browser_view(intent.view()),
    })
}

pub(crate) fn update_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let params = &mut call.params;
    let amount = amount(params)?;
    let currency = currency(params)?;
    let fields = Fields::read(params)?;
    call.params.finish()?;
    let mut intent = find(transaction, &call.id, None)?;
    let wants = [
        ("amount", amount.is_some()),
        ("currency", currency.is_some()),
        ("payment_method", fields.payment_method.is_some()),
        ("capture_method", fields.capture_method.is_some()),
        ("payment_method_types", !fields.payment_method_types.is_empty()),
    ];
    if let Some((name, _)) = wants.iter().find(|(_, wanted)| *wanted)
        && !intent.status.is_open()
    {
        let message = format!(
            "This PaymentIntent's {name} could not be updated because it has a status of {}. You may only update \
             the {name} of a PaymentIntent with one of the following statuses: requires_payment_method, \
             requires_confirmation, requires_action.",
            intent.status.word()
        );
        return Err(Failure::unexpected_state(message, intent.view()));
    }
    if let Some(amount) = amount {
        intent.amount = amount;
    }
    if let Some(currency) = currency {
        intent.currency = currency;
    }
    fields.apply(&mut intent, transaction)?;
    transaction.put_intent(&intent);
    Ok(intent.view())
}

pub(crate) fn list_intents(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let page = Page::read(call)?;
    call.params.finish()?;
    page.of(
        &transaction.state.intents,
        "payment_intent",
        "/v1/payment_intents",
        |_| true,
        |intent| intent.view(),
    )
}

/// The intent, if the client secret is the right one or none was sent.
pub(crate) fn find(
    transaction: &Transaction<'_>,
    id: &str,
    client_secret: Option<&str>,
) -> Result<Intent, Failure> {
    let intent =
        transaction.intent(id).ok_or_else(|| Failure::no_such("payment_intent", id, "intent"))?;
    if client_secret.is_some_and(|secret| secret != intent.client_secret) {
        let message = "The client_secret provided does not match the client_secret associated with the PaymentIntent.";
        let failure = Failure::refused(Some("payment_intent_invalid_parameter"), message);
        return Err(failure.param("client_secret"));
    }
    Ok(intent.clone())
}
