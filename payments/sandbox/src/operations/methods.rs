//! Payment methods: made from a test card number, or from one of the ready-made `pm_card_…` names. Each use of a
//! ready-made name makes a new one, as with Stripe.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    call::Call,
    cards::{self, Card, Decline},
    failure::Failure,
    objects::{Billing, Method},
    params::{MetadataChange, Params},
    transaction::Transaction,
};

/// A card as a form sends it, read but not yet made into a payment method.
pub(crate) struct CardForm {
    number: String,
    exp_month: i64,
    exp_year: i64,
    cvc: Option<String>,
    billing: Billing,
    metadata: MetadataChange,
}

pub(crate) fn create_method(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.ignore_browser_extras();
    let form = CardForm::read(&mut call.params)?;
    call.params.finish()?;
    Ok(form.make(transaction)?.view())
}

pub(crate) fn retrieve_method(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.params.finish()?;
    Ok(find_or_make(transaction, &call.id, "payment_method")?.view())
}

/// The payment method of this id, or a new one of this ready-made name.
pub(crate) fn find_or_make(
    transaction: &mut Transaction<'_>,
    id: &str,
    param: &str,
) -> Result<Method, Failure> {
    if let Some(method) = transaction.method(id) {
        return Ok(method.clone());
    }
    let card = id
        .strip_prefix("pm_card_")
        .and_then(Card::by_name)
        .ok_or_else(|| Failure::no_such("PaymentMethod", id, param))?;
    let year = year(transaction.now) + 1;
    Ok(make(transaction, card, 12, year, Billing::default(), BTreeMap::new()))
}

/// What a refused card answers; `code` and the like of the error object.
pub(crate) fn declined(decline: &Decline) -> Failure {
    let mut failure = Failure::card(decline.code, decline.message);
    for (name, value) in [
        ("decline_code", decline.decline_code),
        ("advice_code", decline.advice_code),
        ("network_decline_code", decline.network_decline_code),
    ] {
        if let Some(value) = value {
            failure = failure.detail(name, json!(value));
        }
    }
    failure
}

impl CardForm {
    /// Reads `type=card&card[number]=…`, at the top of a request or within `payment_method_data`.
    pub(crate) fn read(params: &mut Params) -> Result<Self, Failure> {
        if params.choice("type", &["card"])?.is_none() {
            return Err(Failure::missing("type"));
        }
        params.ignore(&["allow_redisplay"]);
        let metadata = params.metadata()?;
        let billing = read_billing(params)?;
        let mut card = params.group("card")?.ok_or_else(|| Failure::missing("card"))?;
        let number: String =
            card.required_text("number")?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let form = Self {
            number,
            exp_month: card
                .integer("exp_month")?
                .ok_or_else(|| Failure::missing("card[exp_month]"))?,
            exp_year: card
                .integer("exp_year")?
                .ok_or_else(|| Failure::missing("card[exp_year]"))?,
            cvc: card.text("cvc")?,
            billing,
            metadata,
        };
        card.finish()?;
        Ok(form)
    }

    /// Checks the card as Stripe does before it asks any bank, and keeps no more than the last four digits.
    pub(crate) fn make(self, transaction: &mut Transaction<'_>) -> Result<Method, Failure> {
        let wrong =
            |code, message: &str, param: &str| Err(Failure::card(code, message).param(param));
        if !cards::luhn(&self.number) {
            return wrong("incorrect_number", "Your card number is incorrect.", "number");
        }
        if !(1..=12).contains(&self.exp_month) {
            let message = "Your card's expiration month is invalid.";
            return wrong("invalid_expiry_month", message, "exp_month");
        }
        let now = year(transaction.now);
        let exp_year = if self.exp_year < 100 { 2000 + self.exp_year } else { self.exp_year };
        if exp_year < now || exp_year > now + 50 {
            let message = "Your card's expiration year is invalid.";
            return wrong("invalid_expiry_year", message, "exp_year");
        }
        let cvc_is_right = |cvc: &String| {
            (3..=4).contains(&cvc.len()) && cvc.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !self.cvc.as_ref().is_none_or(cvc_is_right) {
            return wrong("invalid_cvc", "Your card's security code is invalid.", "cvc");
        }
        let Some(card) = Card::by_number(&self.number) else {
            return Err(declined(&cards::LIVE_CARD));
        };
        let mut metadata = BTreeMap::new();
        self.metadata.apply(&mut metadata)?;
        Ok(make(transaction, card, self.exp_month, exp_year, self.billing, metadata))
    }
}

fn make(
    transaction: &mut Transaction<'_>,
    card: &Card,
    exp_month: i64,
    exp_year: i64,
    billing: Billing,
    metadata: BTreeMap<String, String>,
) -> Method {
    let method = Method {
        id: transaction.ids.make("pm_1", 23),
        created: transaction.now,
        card: card.name.to_owned(),
        exp_month,
        exp_year,
        billing,
        metadata,
    };
    transaction.put_method(&method);
    method
}

fn read_billing(params: &mut Params) -> Result<Billing, Failure> {
    let Some(mut details) = params.group("billing_details")? else {
        return Ok(Billing::default());
    };
    let set = |text: Option<String>| text.filter(|text| !text.is_empty());
    let billing = Billing {
        email: set(details.clearable_text("email")?),
        name: set(details.clearable_text("name")?),
        phone: set(details.clearable_text("phone")?),
        address: match details.group("address")? {
            Some(address) => address.remaining_texts(),
            None => BTreeMap::new(),
        },
    };
    details.ignore(&["tax_id"]);
    details.finish()?;
    Ok(billing)
}

/// The calendar year of a time, near enough for a card's expiry: counted in mean years.
fn year(millis: i64) -> i64 {
    1970 + millis.div_euclid(31_556_952_000)
}
