//! Payment intents: made, read, changed and listed. Paying is in `confirm`, its end in `capture` and `cancel`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    confirm::{self, Confirmation},
    lists::Page,
    methods,
};
use crate::{
    call::{Call, Caller},
    failure::Failure,
    limits,
    objects::{Intent, IntentStatus, browser_view},
    params::{MetadataChange, Params},
    transaction::Transaction,
};

/// What both `create` and `update` take.
struct Fields {
    payment_method: Option<String>,
    metadata: MetadataChange,
    description: Option<String>,
    receipt_email: Option<String>,
    statement_descriptor: Option<String>,
    statement_descriptor_suffix: Option<String>,
    transfer_group: Option<String>,
    capture_method: Option<&'static str>,
    payment_method_types: Vec<String>,
    allowed_payment_method_types: Vec<String>,
    excluded_payment_method_types: Vec<String>,
    request_three_d_secure: Option<String>,
}

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

impl Fields {
    fn read(params: &mut Params) -> Result<Self, Failure> {
        let fields = Self {
            payment_method: params.text("payment_method")?,
            metadata: params.metadata()?,
            description: params.clearable_text("description")?,
            receipt_email: params.clearable_text("receipt_email")?,
            statement_descriptor: params.clearable_text("statement_descriptor")?,
            statement_descriptor_suffix: params.clearable_text("statement_descriptor_suffix")?,
            transfer_group: params.clearable_text("transfer_group")?,
            capture_method: params
                .choice("capture_method", &["automatic", "automatic_async", "manual"])?,
            payment_method_types: params.list("payment_method_types")?,
            allowed_payment_method_types: params.list("allowed_payment_method_types")?,
            excluded_payment_method_types: params.list("excluded_payment_method_types")?,
            request_three_d_secure: read_options(params)?,
        };
        check_kinds(&fields)?;
        let long = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| text.chars().count() > limits::DESCRIPTION_CHARS_MAX)
        };
        if long(&fields.description) {
            return Err(Failure::invalid("description", "Invalid string: too long.".to_owned()));
        }
        if fields.receipt_email.as_ref().is_some_and(|mail| !mail.is_empty() && !mail.contains('@'))
        {
            let failure = Failure::invalid("receipt_email", "Invalid email address".to_owned());
            return Err(failure);
        }
        Ok(fields)
    }

    /// Writes what was sent; an empty text unsets.
    fn apply(self, intent: &mut Intent, transaction: &mut Transaction<'_>) -> Result<(), Failure> {
        self.metadata.apply(&mut intent.metadata)?;
        if let Some(id) = self.payment_method {
            intent.attach(methods::find_or_make(transaction, &id, "payment_method")?.id);
        }
        if let Some(method) = self.capture_method {
            intent.capture_method = method.to_owned();
        }
        if let Some(choice) = self.request_three_d_secure {
            intent.request_three_d_secure = choice;
        }
        if !self.payment_method_types.is_empty() {
            intent.payment_method_types = self.payment_method_types;
        }
        if !self.allowed_payment_method_types.is_empty() {
            intent.allowed_payment_method_types = self.allowed_payment_method_types;
        }
        if !self.excluded_payment_method_types.is_empty() {
            intent.excluded_payment_method_types = self.excluded_payment_method_types;
        }
        for (member, sent) in [
            (&mut intent.description, self.description),
            (&mut intent.receipt_email, self.receipt_email),
            (&mut intent.statement_descriptor, self.statement_descriptor),
            (&mut intent.statement_descriptor_suffix, self.statement_descriptor_suffix),
            (&mut intent.transfer_group, self.transfer_group),
        ] {
            if let Some(text) = sent {
                *member = Some(text).filter(|text| !text.is_empty());
            }
        }
        Ok(())
    }
}

/// Cards are the only kind there is, so they must stay possible.
fn check_kinds(fields: &Fields) -> Result<(), Failure> {
    let refuse = |param: &str, kind: &str| {
        let message = format!("The payment method type \"{kind}\" is invalid.");
        Err(Failure::invalid(param, message))
    };
    if let Some(other) = fields.payment_method_types.iter().find(|kind| *kind != "card") {
        return refuse("payment_method_types", other);
    }
    let allowed = &fields.allowed_payment_method_types;
    if let Some(first) = allowed.first()
        && !allowed.iter().any(|kind| kind == "card")
    {
        return refuse("allowed_payment_method_types", first);
    }
    if fields.excluded_payment_method_types.iter().any(|kind| kind == "card") {
        return refuse("excluded_payment_method_types", "card");
    }
    Ok(())
}

/// `payment_method_options[card][request_three_d_secure]`, the one option that changes anything here.
pub(crate) fn read_options(params: &mut Params) -> Result<Option<String>, Failure> {
    let Some(mut options) = params.group("payment_method_options")? else { return Ok(None) };
    let mut choice = None;
    if let Some(mut card) = options.group("card")? {
        choice = card.choice("request_three_d_secure", &["any", "automatic", "challenge"])?;
        card.ignore(&["capture_method", "cvc_token", "moto", "network", "setup_future_usage"]);
        card.finish()?;
    }
    options.finish()?;
    Ok(choice.map(str::to_owned))
}

/// `Some(None)`: switched off.
fn automatic_payment_methods(params: &mut Params) -> Result<Option<Option<String>>, Failure> {
    let Some(mut group) = params.group("automatic_payment_methods")? else { return Ok(None) };
    let enabled = group
        .boolean("enabled")?
        .ok_or_else(|| Failure::missing("automatic_payment_methods[enabled]"))?;
    let redirects = group.choice("allow_redirects", &["always", "never"])?.unwrap_or("always");
    group.finish()?;
    Ok(Some(enabled.then(|| redirects.to_owned())))
}

fn amount(params: &mut Params) -> Result<Option<i64>, Failure> {
    let amount = params.integer("amount")?;
    match amount {
        Some(amount) if amount < 1 => Err(Failure::too_small("amount", 1)),
        Some(amount) if amount > limits::AMOUNT_MAX => {
            let message = "Amount must be no more than $999,999.99".to_owned();
            Err(Failure::amount_too_large("amount", message))
        }
        amount => Ok(amount),
    }
}

fn currency(params: &mut Params) -> Result<Option<String>, Failure> {
    let Some(text) = params.text("currency")? else { return Ok(None) };
    let currency = text.to_ascii_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Failure::invalid("currency", format!("Invalid currency: {currency}.")));
    }
    Ok(Some(currency))
}
