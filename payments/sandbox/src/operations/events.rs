//! Events, as they were at their time.

use serde_json::Value;

use super::lists::Page;
use crate::{call::Call, failure::Failure, transaction::Transaction};

pub(crate) fn retrieve_event(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    call.params.finish()?;
    let state = transaction.state;
    let event = state.events.get(&call.id);
    event
        .map(|event| event.view(state.pending_of_event(&event.id)))
        .ok_or_else(|| Failure::no_such("event", &call.id, "id"))
}

pub(crate) fn list_events(
    call: &mut Call,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Failure> {
    let page = Page::read(call)?;
    let mut kinds = call.params.list("types")?;
    kinds.extend(call.params.text("type")?);
    let delivered = call.params.boolean("delivery_success")?;
    call.params.finish()?;
    let state = transaction.state;
    let matches = |kind: &str| {
        kinds.is_empty()
            || kinds.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(start) => kind.starts_with(start),
                None => kind == wanted,
            })
    };
    page.of(
        &state.events,
        "event",
        "/v1/events",
        |event| {
            matches(&event.kind)
                && delivered.is_none_or(|yes| yes == (state.pending_of_event(&event.id) == 0))
        },
        |event| event.view(state.pending_of_event(&event.id)),
    )
}
