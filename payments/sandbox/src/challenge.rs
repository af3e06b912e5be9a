//! `/3ds/{id}`: the bank's page, where the buyer confirms a payment or does not. Answered with
//! `result=complete` or `result=fail`; then the browser goes back to the shop's `return_url`.

use std::sync::{Arc, LazyLock};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::{
    account::Shared,
    objects::{Intent, IntentStatus},
    operations::end_challenge,
    params::Params,
    transaction::Cause,
};

pub(crate) async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let account = shared.settled();
    match account.state.intents.get(&id) {
        None => page(StatusCode::NOT_FOUND, "<p>There is no such payment.</p>"),
        Some(intent) if intent.status != IntentStatus::RequiresAction => {
            page(StatusCode::CONFLICT, "<p>This payment does not wait for a confirmation.</p>")
        }
        Some(intent) => {
            let body = format!(
                "<p>A shop asks for a payment. Was it you?</p>\n\
                 <p class=\"amount\"><span>Amount</span> <b>{}</b></p>\n\
                 <form method=\"post\">\n\
                 <button class=\"primary\" name=\"result\" value=\"complete\">Complete the payment</button>\n\
                 <button name=\"result\" value=\"fail\">Fail</button>\n\
                 </form>",
                escape(&price(intent.amount, &intent.currency)),
            );
            page(StatusCode::OK, &body)
        }
    }
}

pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let choice = Params::parse(&body)
        .and_then(|mut params| params.choice("result", &["complete", "fail"]))
        .ok()
        .flatten();
    let Some(choice) = choice else {
        return page(StatusCode::BAD_REQUEST, "<p>Send result=complete or result=fail.</p>");
    };
    let intent = {
        let now = shared.now();
        let mut account = shared.settled();
        let subscribed = shared.subscription();
        let run = account.run(subscribed, Cause::default(), now, |transaction| {
            end_challenge(transaction, &id, choice == "complete")
        });
        match shared.commit_run(&mut account, run) {
            Some(Ok(intent)) => intent,
            Some(Err(failure)) => {
                let status = if failure.status == 404 { 404 } else { 409 };
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
                return page(status, &format!("<p>{}</p>", escape(&failure.message)));
            }
            None => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return page(status, "<p>The answer could not be written down.</p>");
            }
        }
    };
    match return_address(&intent) {
        Some(address) => Redirect::to(&address).into_response(),
        None => page(StatusCode::OK, "<p>Done. You can go back to the shop.</p>"),
    }
}

/// The shop's page with what Stripe adds to its address.
fn return_address(intent: &Intent) -> Option<String> {
    let base = intent.return_url.as_deref()?;
    let (base, fragment) = base.split_once('#').map_or((base, None), |(b, f)| (b, Some(f)));
    let paid = matches!(
        intent.status,
        IntentStatus::Succeeded | IntentStatus::RequiresCapture | IntentStatus::Processing
    );
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("payment_intent", &intent.id)
        .append_pair("payment_intent_client_secret", &intent.client_secret)
        .append_pair("redirect_status", if paid { "succeeded" } else { "failed" })
        .finish();
    let join = if base.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Some(format!("{base}{join}{query}{fragment}"))
}

/// Stripe counts these currencies in whole units.
const WHOLE_UNITS: [&str; 16] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
    "xaf", "xof", "xpf",
];
/// And these in thousandths.
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// `1,234.500 KWD`: with the digits that the currency has.
fn price(amount: i64, currency: &str) -> String {
    let currency = currency.to_lowercase();
    let digits: usize = match currency.as_str() {
        known if WHOLE_UNITS.contains(&known) => 0,
        known if THOUSANDTHS.contains(&known) => 3,
        _ => 2,
    };
    let text = format!("{:0>width$}", amount.unsigned_abs(), width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0 { "-" } else { "" };
    let point = if digits > 0 { "." } else { "" };
    format!("{sign}{grouped}{point}{part} {}", currency.to_uppercase())
}

/// Its own, as it has no other file: the policy names it by its digest.
const STYLE: &str = include_str!("challenge.css");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = BASE64.encode(&Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    )
});

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Test bank</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Test bank</h1>\n{body}\n</main>\n\
         <footer>A rehearsal: this bank moves no money.</footer>\n</body>\n</html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The shop's address carries the client secret; the bank's page passes on none.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // No form-action: the answer leads back to the shop, and browsers hold a form to every step.
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_digits_of_its_currency() {
        assert_eq!(price(1_234_500, "kwd"), "1,234.500 KWD");
        assert_eq!(price(5, "KWD"), "0.005 KWD");
        assert_eq!(price(9_000, "jpy"), "9,000 JPY");
        assert_eq!(price(0, "jpy"), "0 JPY");
        assert_eq!(price(9_005, "eur"), "90.05 EUR");
        assert_eq!(price(7, "eur"), "0.07 EUR");
        assert_eq!(price(-7, "eur"), "-0.07 EUR");
    }

    #[test]
    fn nothing_that_the_page_shows_can_end_its_style() {
        assert!(!STYLE.contains('<'), "the style stands in the page as it is");
    }
}
