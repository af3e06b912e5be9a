//! Confirming: the buyer's card is chosen, the buyer perhaps asked by the bank, and then the payment is attempted.

use serde_json::{Value, json};

use super::{
    attempt::{back_to_start, decline, process},
    fields::read_options,
    intents::find,
    methods::{self, CardForm},
};
use crate::{
    call::{Call, Caller},
    cards::{AUTHENTICATION_REQUIRED, Behaviour},
    failure::Failure,
    objects::{Intent, IntentStatus, browser_view},
    transaction::Transaction,
};

/// How a confirmation is to go about it.
pub(crate) struct Confirmation {
    payment_method: Option<String>,
    pub(super) card: Option<CardForm>,
    request_three_d_secure: Option<String>,
    receipt_email: Option<String>,
    pub(crate) return_url: Option<String>,
    use_stripe_sdk: bool,
    off_session: bool,
    error_on_requires_action: bool,
    base_url: String,
}

impl Confirmation {
    /// Takes what `create` has not taken already.
    pub(crate) fn read(call: &mut Call) -> Result<Self, Failure> {
        let params = &mut call.params;
        params.ignore(&["allowed_payment_method_types", "excluded_payment_method_types"]);
        let card = match params.group("payment_method_data")? {
            None => None,
            Some(mut data) => {
                data.ignore(&[
                    "client_attribution_metadata",
                    "guid",
                    "muid",
                    "pasted_fields",
                    "payment_user_agent",
                    "radar_options",
                    "referrer",
                    "sid",
                    "time_on_page",
                ]);
                let card = CardForm::read(&mut data)?;
                data.finish()?;
                Some(card)
            }
        };
        let confirmation = Self {
            payment_method: params.text("payment_method")?,
            card,
            request_three_d_secure: read_options(params)?,
            receipt_email: params.text("receipt_email")?,
            return_url: params.text("return_url")?,
            use_stripe_sdk: params.boolean("use_stripe_sdk")?.unwrap_or(false),
            off_session: params.boolean("off_session")?.unwrap_or(false),
            error_on_requires_action: params.boolean("error_on_requires_action")?.unwrap_or(false),
            base_url: call.base_url.clone(),
        };
        let url = confirmation.return_url.as_deref().unwrap_or("https://");
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Failure::invalid("return_url", "Not a valid URL".to_owned()));
        }
        Ok(confirmation)
    }
}

pub(crate) fn confirm_intent(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.ignore_browser_extras();
    call.params.ignore(&["set_as_default_payment_method", "mandate_data"]);
    let secret = call.client_secret()?;
    let confirmation = Confirmation::read(call)?;
    call.params.finish()?;
    let mut intent = find(transaction, &call.id, secret.as_deref())?;
    let browser = call.caller == Caller::Publishable;
    if browser && intent.confirmation_method == "manual" {
        let message = "This PaymentIntent cannot be confirmed using your publishable key because its \
                       `confirmation_method` is set to `manual`. Please use your secret key instead.";
        return Err(Failure::refused(None, message));
    }
    let view = if browser { browser_view } else { |intent| intent };
    match confirm(transaction, &mut intent, confirmation) {
        Ok(()) => Ok(view(intent.view())),
        Err(mut failure) => {
            if let Some(shown) = failure.details.get_mut("payment_intent") {
                *shown = view(shown.take());
            }
            Err(failure)
        }
    }
}

/// Confirms an intent of any state. A decline is an error that has an effect: the intent remembers it.
pub(crate) fn confirm(
    transaction: &mut Transaction<'_>,
    intent: &mut Intent,
    confirmation: Confirmation,
) -> Result<(), Failure> {
    refuse_unless_open(intent)?;
    let method = match (confirmation.card, &confirmation.payment_method) {
        (Some(card), _) => card.make(transaction)?,
        (None, Some(id)) => methods::find_or_make(transaction, id, "payment_method")?,
        (None, None) => match &intent.payment_method {
            Some(id) => methods::find_or_make(transaction, &id.clone(), "payment_method")?,
            None => {
                let message = "You cannot confirm this PaymentIntent because it's missing a payment method. \
                               You can either update the PaymentIntent with a payment method and then confirm \
                               it again, or confirm it again directly with a payment method or \
                               ConfirmationToken.";
                return Err(Failure::unexpected_state(message.to_owned(), intent.view()));
            }
        },
    };
    if let Some(choice) = confirmation.request_three_d_secure {
        intent.request_three_d_secure = choice;
    }
    if let Some(mail) = confirmation.receipt_email {
        intent.receipt_email = Some(mail);
    }
    intent.payment_method = Some(method.id.clone());
    intent.last_payment_error = None;
    intent.next_action = None;
    intent.authenticated = false;
    intent.return_url = confirmation.return_url;

    let behaviour = &method.test_card().behaviour;
    let asked_for = matches!(intent.request_three_d_secure.as_str(), "any" | "challenge");
    if !matches!(behaviour, Behaviour::Challenge(_)) && !asked_for {
        return process(transaction, intent, &method);
    }
    if confirmation.off_session || confirmation.error_on_requires_action {
        return decline(transaction, intent, &method, &AUTHENTICATION_REQUIRED);
    }
    intent.status = IntentStatus::RequiresAction;
    let url = format!("{}/3ds/{}", confirmation.base_url, intent.id);
    intent.next_action = Some(match &intent.return_url {
        Some(return_url) if !confirmation.use_stripe_sdk => json!({
            "redirect_to_url": { "return_url": return_url, "url": url },
            "type": "redirect_to_url",
        }),
        _ => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "source": transaction.ids.make("src_1", 23),
                "stripe_js": url,
                "type": "three_d_secure_redirect",
            },
        }),
    });
    transaction.put_intent(intent);
    transaction.event("payment_intent.requires_action", intent.view());
    Ok(())
}

/// The buyer's answer to the bank's question. Only an intent that waits for it can be answered.
pub(crate) fn end_challenge(
    transaction: &mut Transaction<'_>,
    id: &str,
    confirmed: bool,
) -> Result<Intent, Failure> {
    let mut intent = find(transaction, id, None)?;
    let method = intent.payment_method.clone().and_then(|id| transaction.method(&id).cloned());
    let (IntentStatus::RequiresAction, Some(method)) = (intent.status, method) else {
        let message = "This PaymentIntent does not wait for a confirmation.".to_owned();
        return Err(Failure::unexpected_state(message, intent.view()));
    };
    intent.next_action = None;
    if confirmed {
        intent.authenticated = true;
        // A decline that follows is the intent's affair; the buyer's answer was taken.
        let _ = process(transaction, &mut intent, &method);
        return Ok(intent);
    }
    let failure = Failure::refused(
        Some("payment_intent_authentication_failure"),
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
         PaymentMethod to attempt to fulfill this PaymentIntent again.",
    )
    .detail("payment_method", method.view());
    back_to_start(&mut intent, &failure);
    transaction.put_intent(&intent);
    transaction.event("payment_intent.payment_failed", intent.view());
    Ok(intent)
}

fn refuse_unless_open(intent: &Intent) -> Result<(), Failure> {
    let message = match intent.status {
        IntentStatus::RequiresPaymentMethod
        | IntentStatus::RequiresConfirmation
        | IntentStatus::RequiresAction => return Ok(()),
        IntentStatus::Succeeded => {
            "You cannot confirm this PaymentIntent because it has already succeeded \
                                    after being previously confirmed."
                .to_owned()
        }
        status => format!(
            "You cannot confirm this PaymentIntent because it has a status of {}. Only a PaymentIntent with one \
             of the following statuses may be confirmed: requires_payment_method, requires_confirmation, \
             requires_action.",
            status.word()
        ),
    };
    Err(Failure::unexpected_state(message, intent.view()))
}
