//! Carries a trace through the outbox, as a W3C `traceparent`.

use std::collections::HashMap;

use opentelemetry::{propagation::TextMapPropagator, trace::TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// Where the current span stands; `None` when traces go nowhere.
pub(crate) fn current() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// A span in the trace that `traceparent` names.
pub(crate) fn goes_on(span: Span, traceparent: Option<&str>) -> Span {
    if let Some(text) = traceparent {
        let carrier = HashMap::from([(TRACEPARENT.to_owned(), text.to_owned())]);
        // A span that is not recorded has no parent to be given.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    }
    span
}
