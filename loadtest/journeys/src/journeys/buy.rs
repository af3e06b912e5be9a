//! From seats to an order, in the ways people go, and the ways back.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    line::{join, leave, wait_in_line},
    look::{availability, close_map, open_map},
    pay::{DECLINED, VISA, order, pay, press_pay, tickets_when_confirmed},
};
use crate::{
    figures::{Kind, Verdict},
    person::{Accepted, Ask, Person, Step, Stop},
};

const TAKEN: &[&str] = &["409 seats_unavailable"];
const NOTHING_LEFT: &[&str] =
    &["409 sold_out", "409 not_enough_adjacent_seats", "409 seats_unavailable"];
/// People look at the front rows first; the fewer, the more often two want the same seats.
const PAIRS_LOOKED_AT: usize = 40;
const TRIES: usize = 4;
/// A delta that is later than this is an error of the map.
const DELTA_PATIENCE: Duration = Duration::from_secs(5);

/// A hold that this person owns.
pub struct Hold {
    pub id: String,
    pub token: String,
    version: u64,
    asked: Instant,
}

impl Hold {
    async fn of(person: &mut Person<'_>, name: &str, answer: &Accepted) -> Step<Self> {
        let body = answer.json();
        let (Some(id), Some(token)) = (body["id"].as_str(), body["token"].as_str()) else {
            return Err(person.wrong(Kind::Rest, name, "no hold in the answer").await);
        };
        let version = body["version"].as_u64().unwrap_or_default();
        Ok(Self { id: id.to_owned(), token: token.to_owned(), version, asked: answer.asked })
    }
}

pub async fn pick(person: &mut Person<'_>) -> Step<()> {
    wait_in_line(person).await?;
    let mut map = open_map(person).await?;
    let hold = pick_seats(person).await?;
    // The own seats are seen to turn on the map, as everybody sees them.
    let told = map.when_told(hold.version, DELTA_PATIENCE).await;
    let Some(told) = told else {
        let what = map.broken().unwrap_or("not told in time");
        return Err(person.wrong(Kind::Socket, "hold to delta", what).await);
    };
    let took = told.saturating_duration_since(hold.asked);
    person.record(Kind::Socket, "hold to delta", took, &Verdict::Accepted).await;
    buy(person, &hold).await?;
    close_map(person, &map).await
}

pub async fn take_best(person: &mut Person<'_>) -> Step<()> {
    wait_in_line(person).await?;
    availability(person).await?;
    let hold = best_available(person).await?;
    buy(person, &hold).await
}

pub async fn with_a_decline(person: &mut Person<'_>) -> Step<()> {
    wait_in_line(person).await?;
    let hold = best_available(person).await?;
    let order = order(person, &hold, "order").await?;
    let payment = press_pay(person, &order, "payment").await?;
    pay(person, &payment, DECLINED).await?;
    person.think(200..600).await?;
    let again = press_pay(person, &order, "payment after a decline").await?;
    if again["payment_intent"] != payment["payment_intent"] {
        let what = "another intent after a decline";
        return Err(person.wrong(Kind::Rest, "payment after a decline", what).await);
    }
    pay(person, &again, VISA).await?;
    tickets_when_confirmed(person, &order).await
}

pub async fn abandon(person: &mut Person<'_>) -> Step<()> {
    if person.random.below(4) == 0 {
        join(person).await?;
        person.think(200..1_000).await?;
        return leave(person).await;
    }
    wait_in_line(person).await?;
    let hold = best_available(person).await?;
    person.think(300..900).await?;
    match person.random.below(3) {
        0 => release(person, &hold).await,
        1 => {
            let order = order(person, &hold, "order").await?;
            person.think(200..600).await?;
            let path = format!("/v1/orders/{}/cancel", order.id);
            let request = person.at(Method::POST, &path).header("Holdfast-Order", &order.token);
            let request = keyed(person, request).json(&json!({}));
            person.ask("order: cancel", request).await?;
            Ok(())
        }
        // The seats come back by themselves when the hold ends.
        _ => Ok(()),
    }
}

/// Does everything twice, as somebody does whose connection or patience fails.
pub async fn come_back(person: &mut Person<'_>) -> Step<()> {
    let first = join(person).await?;
    person.place = None;
    if join(person).await? != first {
        return Err(person.wrong(Kind::Rest, "queue: join", "another place the second time").await);
    }
    wait_in_line(person).await?;
    let key = person.random.text();
    let wish = json!({"best_available": {"quantity": 2}});
    let hold = held(person, "hold best available", &wish, &key, NOTHING_LEFT).await?;
    let hold = hold.map_err(|_| Stop::SoldOut)?;
    person.think(100..500).await?;
    let request = hold_request(person, &wish, &key);
    let again = person.ask("hold, repeated", request).await?;
    let repeated = Hold::of(person, "hold, repeated", &again).await?;
    if !again.is_replay || (&repeated.id, &repeated.token) != (&hold.id, &hold.token) {
        return Err(person.wrong(Kind::Rest, "hold, repeated", "not the same answer").await);
    }
    let request = person
        .at(Method::GET, &format!("/v1/holds/{}", hold.id))
        .header("Holdfast-Hold", &hold.token);
    person.ask("hold, read", request).await?;
    buy(person, &hold).await
}

async fn buy(person: &mut Person<'_>, hold: &Hold) -> Step<()> {
    person.think(300..900).await?;
    let order = order(person, hold, "order").await?;
    let payment = press_pay(person, &order, "payment").await?;
    person.think(200..600).await?;
    pay(person, &payment, VISA).await?;
    tickets_when_confirmed(person, &order).await
}

/// Looks at the map and wants two seats; somebody may be quicker.
async fn pick_seats(person: &mut Person<'_>) -> Step<Hold> {
    for _ in 0..TRIES {
        let request = person.at_event(Method::GET, "/seats");
        let request = request.header("Accept", "application/octet-stream");
        let snapshot = person.ask("seats, as bytes", request).await?;
        let load = person.load.clone();
        let Some(pairs) = load.sale.seats.free_pairs(&snapshot.bytes, PAIRS_LOOKED_AT) else {
            return Err(person.wrong(Kind::Rest, "seats, as bytes", "no snapshot").await);
        };
        let Some(pair) = pairs.get(person.random.below(pairs.len())) else { break };
        person.think(200..800).await?;
        let key = person.random.text();
        let wish = json!({"seats": pair});
        if let Ok(hold) = held(person, "hold named seats", &wish, &key, TAKEN).await? {
            return Ok(hold);
        }
    }
    best_available(person).await
}

async fn best_available(person: &mut Person<'_>) -> Step<Hold> {
    let key = person.random.text();
    let quantity = 1 + person.random.below(4);
    let wish = json!({"best_available": {"quantity": quantity}});
    let hold = held(person, "hold best available", &wish, &key, NOTHING_LEFT).await?;
    hold.map_err(|_| Stop::SoldOut)
}

fn hold_request(person: &Person<'_>, wish: &Value, key: &str) -> RequestBuilder {
    person.at_event(Method::POST, "/holds").header("Idempotency-Key", key).json(wish)
}

async fn held(
    person: &mut Person<'_>,
    name: &'static str,
    wish: &Value,
    key: &str,
    foreseen: &'static [&'static str],
) -> Step<Result<Hold, String>> {
    let request = hold_request(person, wish, key);
    match person.try_ask(Ask { name, request, foreseen }).await? {
        Ok(answer) => Ok(Ok(Hold::of(person, name, &answer).await?)),
        Err(code) => Ok(Err(code)),
    }
}

async fn release(person: &mut Person<'_>, hold: &Hold) -> Step<()> {
    let path = format!("/v1/holds/{}", hold.id);
    let request = person.at(Method::DELETE, &path).header("Holdfast-Hold", &hold.token);
    let request = keyed(person, request);
    person.ask("hold, released", request).await?;
    Ok(())
}

/// With a key of its own.
pub fn keyed(person: &mut Person<'_>, request: RequestBuilder) -> RequestBuilder {
    request.header("Idempotency-Key", person.random.text())
}
