//! Charges are made by payment intents; here they are only read.

use serde_json::Value;

use super::lists::Page;
use crate::{call::Call, failure::Failure, transaction::Transaction};

pub(crate) fn retrieve_charge(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.params.finish()?;
    transaction
        .charge(&call.id)
        .map(|charge| charge.view())
        .ok_or_else(|| Failure::no_such("charge", &call.id, "id"))
}

pub(crate) fn list_charges(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let page = Page::read(call)?;
    let intent = call.params.text("payment_intent")?;
    call.params.finish()?;
    page.of(
        &transaction.state.charges,
        "charge",
        "/v1/charges",
        |charge| intent.as_ref().is_none_or(|intent| charge.intent == *intent),
        |charge| charge.view(),
    )
}
