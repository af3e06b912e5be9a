//! What traces tell of a call to Stripe: method, route, host and outcome; of the path, the query and
//! the body nothing else. Costs nothing where traces go nowhere.

use reqwest::Url;
use stripe_client_core::{RequestBuilder, StripeMethod};
use tracing::{Level, Span, field::Empty, level_filters::LevelFilter};

use super::Error;

/// What stands in a path for an intent.
const INTENT: &str = "{intent}";

/// A client span under the current one, by OpenTelemetry's conventions for HTTP.
pub(super) fn of_call(base: &str, request: &RequestBuilder) -> Span {
    // `enabled!` would ask the layers' filters, and spoil what they say of the next event.
    if LevelFilter::current() < Level::DEBUG {
        return Span::none();
    }
    let (method, template) = (method(request.method), template(&request.path));
    let server = Url::parse(base).ok();
    tracing::debug_span!(
        "stripe",
        otel.name = format!("{method} {template}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method,
        http.response.status_code = Empty,
        url.template = template,
        server.address = server.as_ref().and_then(Url::host_str),
        server.port = server.as_ref().and_then(Url::port_or_known_default).map(i64::from),
        "error.type" = Empty,
    )
}

/// How the call went.
pub(super) fn end(span: &Span, error: Option<&Error>) {
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.kind());
    }
}

fn method(method: StripeMethod) -> &'static str {
    match method {
        StripeMethod::Get => "GET",
        StripeMethod::Post => "POST",
        StripeMethod::Delete => "DELETE",
    }
}

/// The path with placeholders for identifiers.
fn template(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty()).fold("/v1".to_owned(), |template, part| {
        let part = if part.starts_with("pi_") { INTENT } else { part };
        template + "/" + part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_no_intent() {
        for (path, expected) in [
            ("/payment_intents", "/v1/payment_intents"),
            ("/payment_intents/pi_3Nk", "/v1/payment_intents/{intent}"),
            ("/payment_intents/pi_3Nk/capture", "/v1/payment_intents/{intent}/capture"),
            ("/refunds", "/v1/refunds"),
        ] {
            assert_eq!(template(path), expected);
        }
    }
}
