//! The parameters of a payment intent, read and checked, and written into it.

use super::methods;
use crate::{
    failure::Failure,
    limits,
    objects::Intent,
    params::{MetadataChange, Params},
    transaction::Transaction,
};

/// What both `create` and `update` take.
pub(super) struct Fields {
    pub(super) payment_method: Option<String>,
    metadata: MetadataChange,
    description: Option<String>,
    receipt_email: Option<String>,
    statement_descriptor: Option<String>,
    statement_descriptor_suffix: Option<String>,
    transfer_group: Option<String>,
    pub(super) capture_method: Option<&'static str>,
    pub(super) payment_method_types: Vec<String>,
    allowed_payment_method_types: Vec<String>,
    excluded_payment_method_types: Vec<String>,
    request_three_d_secure: Option<String>,
}

impl Fields {
    pub(super) fn read(params: &mut Params) -> Result<Self, Failure> {
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
    pub(super) fn apply(
        self,
        intent: &mut Intent,
        transaction: &mut Transaction<'_>,
    ) -> Result<(), Failure> {
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
pub(super) fn read_options(params: &mut Params) -> Result<Option<String>, Failure> {
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
pub(super) fn automatic_payment_methods(
    params: &mut Params,
) -> Result<Option<Option<String>>, Failure> {
    let Some(mut group) = params.group("automatic_payment_methods")? else { return Ok(None) };
    let enabled = group
        .boolean("enabled")?
        .ok_or_else(|| Failure::missing("automatic_payment_methods[enabled]"))?;
    let redirects = group.choice("allow_redirects", &["always", "never"])?.unwrap_or("always");
    group.finish()?;
    Ok(Some(enabled.then(|| redirects.to_owned())))
}

pub(super) fn amount(params: &mut Params) -> Result<Option<i64>, Failure> {
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

pub(super) fn currency(params: &mut Params) -> Result<Option<String>, Failure> {
    let Some(text) = params.text("currency")? else { return Ok(None) };
    let currency = text.to_ascii_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Failure::invalid("currency", format!("Invalid currency: {currency}.")));
    }
    Ok(Some(currency))
}
