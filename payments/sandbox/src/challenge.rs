//! `/3ds/{id}`: the bank's page, where the buyer confirms a payment or does not. Answered with
//! `result=complete` or `result=fail`; then the browser goes back to the shop's `return_url`.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};

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
                "<p>A payment of <b>{}</b> asks for your confirmation.</p>\
                 <form method=\"post\">\
                 <button name=\"result\" value=\"complete\">Complete</button> \
                 <button name=\"result\" value=\"fail\">Fail</button>\
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
        let has_endpoint = shared.webhook_url().is_some();
        let run = account.run(has_endpoint, Cause::default(), now, |transaction| {
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

fn price(amount: i64, currency: &str) -> String {
    let name = currency.to_uppercase();
    if WHOLE_UNITS.contains(&currency) {
        format!("{amount} {name}")
    } else {
        format!("{}.{:02} {name}", amount / 100, amount % 100)
    }
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Test bank</title>\
         <body><h1>Test bank</h1>{body}</body></html>"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The shop's address carries the client secret; the bank's page passes on none.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
