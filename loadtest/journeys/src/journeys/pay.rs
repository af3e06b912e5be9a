//! The order and its payment: as the page does, and as the provider's form does in the browser.

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::buy::{Hold, keyed};
use crate::{
    figures::{Kind, Verdict},
    loopback,
    person::{Ask, Person, Step},
};

pub const VISA: &str = "pm_card_visa";
pub const DECLINED: &str = "pm_card_visa_chargeDeclined";
const CARD_DECLINED: &str = "402 card_declined";
/// The sandbox keeps the provider's own rate; its form tries again.
const TOO_MANY: &str = "429 rate_limit";
const FORM: &str = "application/x-www-form-urlencoded";
const POLL: Duration = Duration::from_millis(200);
/// The contract promises 15 s even without a webhook.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(20);

/// An order that this person owns.
pub struct Order {
    pub id: String,
    pub token: String,
}

pub async fn order(person: &mut Person<'_>, hold: &Hold, name: &'static str) -> Step<Order> {
    let email = format!("{}@example.org", person.device);
    let request = person.at(Method::POST, "/v1/orders").header("Holdfast-Hold", &hold.token);
    let request = keyed(person, request).json(&json!({"hold_id": hold.id, "email": email}));
    let body = person.ask(name, request).await?.json();
    match (body["id"].as_str(), body["token"].as_str()) {
        (Some(id), Some(token)) => Ok(Order { id: id.to_owned(), token: token.to_owned() }),
        _ => Err(person.wrong(Kind::Rest, name, "no order in the answer").await),
    }
}

/// Presses Pay; the answer is what the provider's form needs.
pub async fn press_pay(person: &mut Person<'_>, order: &Order, name: &'static str) -> Step<Value> {
    let path = format!("/v1/orders/{}/payment", order.id);
    let request = person.at(Method::POST, &path).header("Holdfast-Order", &order.token);
    let request = keyed(person, request).json(&json!({}));
    let payment = person.ask(name, request).await?.json();
    // A real provider would be asked over the network, and would not like to be load-tested.
    if payment["api_base"].as_str().is_none_or(|base| loopback::check(base).is_err()) {
        return Err(person.wrong(Kind::Rest, name, "the provider is not on the loopback").await);
    }
    Ok(payment)
}

/// Confirms with `card`. The card that is declined must be.
pub async fn pay(person: &mut Person<'_>, payment: &Value, card: &str) -> Step<()> {
    let text = |name: &str| payment[name].as_str().unwrap_or_default();
    let url = format!("{}/v1/payment_intents/{}/confirm", text("api_base"), text("payment_intent"));
    let form = format!(
        "key={}&client_secret={}&payment_method={card}",
        text("publishable_key"),
        text("client_secret")
    );
    let (name, is_declined) = ("sandbox: confirm", card == DECLINED);
    let foreseen: &[&str] = if is_declined { &[CARD_DECLINED, TOO_MANY] } else { &[TOO_MANY] };
    loop {
        let request = person.outside(Method::POST, &url);
        let request = request.header(CONTENT_TYPE, FORM).body(form.clone());
        match person.try_ask(Ask { name, request, foreseen }).await? {
            Ok(_) if !is_declined => return Ok(()),
            Err(code) if is_declined && code == CARD_DECLINED => return Ok(()),
            Err(code) if code == TOO_MANY => person.think(200..800).await?,
            _ => {
                let what = "the card did not do what it does";
                return Err(person.wrong(Kind::Rest, name, what).await);
            }
        }
    }
}

/// Asks for the order until it is confirmed, then for its tickets.
pub async fn tickets_when_confirmed(person: &mut Person<'_>, order: &Order) -> Step<()> {
    let paid = Instant::now();
    let path = format!("/v1/orders/{}", order.id);
    loop {
        let request = person.at(Method::GET, &path).header("Holdfast-Order", &order.token);
        let body = person.ask("order, read", request).await?.json();
        match body["status"].as_str() {
            Some("confirmed") => break,
            Some("awaiting_payment" | "processing") => {}
            other => {
                let what = format!("paid and {}", other.unwrap_or("without a status"));
                return Err(person.wrong(Kind::Wait, "paid to confirmed", &what).await);
            }
        }
        if paid.elapsed() > CONFIRMED_WITHIN {
            let what = "not confirmed in time";
            return Err(person.wrong(Kind::Wait, "paid to confirmed", what).await);
        }
        person.wait(POLL).await?;
    }
    person.record(Kind::Wait, "paid to confirmed", paid.elapsed(), &Verdict::Accepted).await;
    let request = person.at(Method::GET, &format!("{path}/tickets"));
    let request = request.header("Holdfast-Order", &order.token);
    let body = person.ask("tickets", request).await?.json();
    let tickets = body["data"].as_array().map_or(0, Vec::len);
    if tickets == 0 {
        return Err(person.wrong(Kind::Rest, "tickets", "none for a confirmed order").await);
    }
    person.load.tickets.fetch_add(tickets as u64, Relaxed);
    Ok(())
}
