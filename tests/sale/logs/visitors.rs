//! What people do at the sale, each secret that they are given made known to the scanner.

use reqwest::Method;
use serde_json::{Value, json};

use super::{cast::Person, house::House, scanner::Scanner};
use crate::support::{ORGANIZER_TOKEN, Server, event, random_text, wait_for};

/// How every Idempotency-Key begins: whoever has one gets its answer again, the owner's token included.
pub const KEYS: &str = "begin-of-a-key-of-zq81-";
/// Of requests whose log lines are looked for.
pub const REQUEST_ID: &str = "a-request-that-is-looked-for";

pub struct Sale {
    pub event: String,
}

/// An order, and the hold it was made of.
pub struct Bought {
    pub id: String,
    pub token: String,
    pub hold: String,
}

type Headers<'a> = [(&'a str, &'a str)];

/// A call; its status and body. One that finds a part too slow is made again under its key.
async fn call(
    server: &Server,
    method: Method,
    path: &str,
    headers: &Headers<'_>,
    body: Option<Value>,
) -> (u16, Value) {
    let key = format!("{KEYS}{}", random_text());
    wait_for("an answer other than 503", 60, || async {
        let answer = call_once(server, &key, method.clone(), path, headers, body.clone()).await;
        (answer.0 != 503).then_some(answer)
    })
    .await
}

async fn call_once(
    server: &Server,
    key: &str,
    method: Method,
    path: &str,
    headers: &Headers<'_>,
    body: Option<Value>,
) -> (u16, Value) {
    let mut request = server.http.request(method, format!("{}{path}", server.base));
    for (name, value) in
        [("Idempotency-Key", key), ("X-Request-Id", REQUEST_ID)].iter().chain(headers)
    {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// An organizer's call.
async fn staff(server: &Server, path: &str, body: Value, expected: u16) -> Value {
    let bearer = format!("Bearer {ORGANIZER_TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let (status, body) = call(server, Method::POST, path, &headers, Some(body)).await;
    assert_eq!(status, expected, "{path}: {body}");
    body
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

impl Sale {
    /// An event with a line, which is open.
    pub async fn publish(house: &House, scanner: &mut Scanner) -> Self {
        let queue = json!({"enabled": true, "admit_per_minute": 6000, "turn_seconds": 600});
        let sale = event(4, 10, json!({"queue": queue}));
        let created = staff(&house.engine, "/v1/events", sale, 201).await;
        let event = text(&created, "id");
        staff(&house.engine, &format!("/v1/events/{event}/publish"), json!({}), 200).await;
        let path = format!("/v1/events/{event}/queue");
        let reason = json!({"reason": "doors"});
        let joined = wait_for("the line", 30, || async {
            let device = random_text();
            let headers = [("Holdfast-Device", device.as_str())];
            let (status, body) = call(&house.line, Method::POST, &path, &headers, None).await;
            (status == 201).then_some(body)
        })
        .await;
        scanner.hunt("the first place", &text(&joined, "place"));
        staff(&house.line, &format!("{path}/open"), reason, 200).await;
        Self { event }
    }

    /// From the end of the line to a pass.
    pub async fn wait_and_enter(
        &self,
        house: &House,
        person: &Person,
        scanner: &mut Scanner,
    ) -> String {
        let path = format!("/v1/events/{}/queue", self.event);
        let device = ("Holdfast-Device", person.device.as_str());
        let (status, body) = call(&house.line, Method::POST, &path, &[device], None).await;
        assert_eq!(status, 201, "{body}");
        let place = text(&body, "place");
        scanner.hunt("a place", &place);
        let headers = [device, ("Holdfast-Place", place.as_str())];
        wait_for("the turn", 30, || async {
            let (_, body) = call(&house.line, Method::GET, &path, &headers, None).await;
            (body["state"] == "your_turn").then_some(())
        })
        .await;
        let enter = format!("{path}/enter");
        let (status, body) = call(&house.line, Method::POST, &enter, &headers, None).await;
        assert_eq!(status, 201, "{body}");
        let pass = text(&body, "pass");
        scanner.hunt("a pass", &pass);
        // The same with a page's cookies.
        let cookies = format!(
            "holdfast-device={}; holdfast-place-{1}={place}; holdfast-pass-{1}={pass}",
            person.device, self.event
        );
        let page = format!("/events/{}/queue", self.event);
        let cookies = [("Cookie", cookies.as_str()), ("Accept", "text/html")];
        assert_eq!(call(&house.line, Method::GET, &page, &cookies, None).await.0, 200);
        pass
    }

    async fn hold(
        &self,
        house: &House,
        person: &Person,
        pass: &str,
        seats: &[&str],
        scanner: &mut Scanner,
    ) -> (String, String) {
        let path = format!("/v1/events/{}/holds", self.event);
        let headers = [("Holdfast-Device", person.device.as_str()), ("Holdfast-Pass", pass)];
        let wish = json!({ "seats": seats });
        let (status, body) = call(&house.engine, Method::POST, &path, &headers, Some(wish)).await;
        assert_eq!(status, 201, "{body}");
        let (id, token) = (text(&body, "id"), text(&body, "token"));
        scanner.hunt("a hold's token", &token);
        let path = format!("/v1/holds/{id}/extend");
        let headers = [("Holdfast-Hold", token.as_str())];
        let (status, body) = call(&house.engine, Method::POST, &path, &headers, None).await;
        assert_eq!(status, 200, "{body}");
        (id, token)
    }

    pub async fn order(
        &self,
        house: &House,
        person: &Person,
        pass: &str,
        seats: &[&str],
        scanner: &mut Scanner,
    ) -> Bought {
        let (hold, token) = self.hold(house, person, pass, seats, scanner).await;
        let headers = [("Holdfast-Hold", token.as_str())];
        let body = json!({"hold_id": hold, "email": person.email, "name": person.name});
        let (status, body) =
            call(&house.engine, Method::POST, "/v1/orders", &headers, Some(body)).await;
        assert_eq!(status, 201, "{body}");
        let bought = Bought { id: text(&body, "id"), token: text(&body, "token"), hold };
        scanner.hunt("an order's token", &bought.token);
        bought
    }

    pub async fn release_another(
        &self,
        house: &House,
        person: &Person,
        pass: &str,
        scanner: &mut Scanner,
    ) {
        let (id, token) = self.hold(house, person, pass, &["B-1"], scanner).await;
        let path = format!("/v1/holds/{id}");
        let headers = [("Holdfast-Hold", token.as_str())];
        let (status, body) = call(&house.engine, Method::DELETE, &path, &headers, None).await;
        assert_eq!(status, 204, "{body}");
    }

    pub async fn cancel(&self, house: &House, order: &Bought) {
        let path = format!("/v1/orders/{}/cancel", order.id);
        let headers = [("Holdfast-Order", order.token.as_str())];
        let (status, body) =
            call(&house.engine, Method::POST, &path, &headers, Some(json!({}))).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Types a card's number and the person's own data into Stripe's form.
    pub async fn pay(
        &self,
        house: &House,
        person: &Person,
        order: &Bought,
        card: &str,
        expected: u16,
        scanner: &mut Scanner,
    ) {
        let path = format!("/v1/orders/{}/payment", order.id);
        let headers = [("Holdfast-Order", order.token.as_str())];
        let (status, payment) =
            call(&house.payments, Method::POST, &path, &headers, Some(json!({}))).await;
        assert!(matches!(status, 200 | 201), "{status} {payment}");
        scanner.hunt("a client secret", &text(&payment, "client_secret"));
        let url = format!(
            "{}/v1/payment_intents/{}/confirm",
            text(&payment, "api_base"),
            text(&payment, "payment_intent")
        );
        let form = [
            ("key", text(&payment, "publishable_key")),
            ("client_secret", text(&payment, "client_secret")),
            ("payment_method_data[type]", "card".to_owned()),
            ("payment_method_data[card][number]", card.to_owned()),
            ("payment_method_data[card][exp_month]", "12".to_owned()),
            ("payment_method_data[card][exp_year]", "2040".to_owned()),
            ("payment_method_data[card][cvc]", "737".to_owned()),
            ("payment_method_data[billing_details][name]", person.name.clone()),
            ("payment_method_data[billing_details][email]", person.email.clone()),
        ];
        let encode =
            |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let form: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = house.payments.http.post(url).body(form.join("&"));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        assert_eq!(status, expected, "{}", answer.text().await.unwrap_or_default());
    }

    /// When they are there: signed codes, and the pictures of them, whose address has a token.
    pub async fn fetch_tickets(&self, house: &House, order: &Bought, scanner: &mut Scanner) {
        let headers = [("Holdfast-Order", order.token.as_str())];
        let path = format!("/v1/orders/{}/tickets", order.id);
        let tickets = wait_for("the tickets", 60, || async {
            let (_, body) = call(&house.engine, Method::GET, &path, &headers, None).await;
            body["data"].as_array().filter(|tickets| tickets.len() == 2).cloned()
        })
        .await;
        for ticket in tickets {
            scanner.hunt("a ticket's code", &text(&ticket, "code"));
            let path = format!("/v1/tickets/{}", text(&ticket, "id"));
            assert_eq!(call(&house.engine, Method::GET, &path, &headers, None).await.0, 200);
            let picture = format!("{path}.svg?token={}", order.token);
            assert_eq!(call(&house.engine, Method::GET, &picture, &[], None).await.0, 200);
        }
    }

    /// Secrets and personal data where they do not belong: each is refused.
    pub async fn be_refused(&self, house: &House, person: &Person, pass: &str, order: &Bought) {
        let Person { device, email, name } = person;
        let (event, token) = (&self.event, order.token.as_str());
        let owner = [("Holdfast-Order", token), ("Holdfast-Device", device.as_str())];
        let staff_like = format!("Bearer {token}");
        let cut = format!(
            "{{\"hold_id\": \"{}\", \"email\": \"{email}\", \"name\": \"{name}",
            order.hold
        );
        let holds = format!("/v1/events/{event}/holds");
        let queue = format!("/v1/events/{event}/queue");
        let get = |path: String| (Method::GET, path, vec![], None);
        let engine = [
            get(format!("/v1/orders/{}?token={token}&email={email}", order.id)),
            get(format!("/v1/orders/{token}")),
            get(format!("/v1/holds/{email}")),
            get(format!("/v1/tickets/{token}.svg?token={pass}")),
            get(format!("/{email}/{ORGANIZER_TOKEN}")),
            get(format!("/v1/events?limit={token}&cursor={email}")),
            (Method::GET, format!("/v1/orders/{}", order.id), vec![("Holdfast-Order", pass)], None),
            (
                Method::POST,
                "/v1/orders".into(),
                owner.into(),
                Some(json!({"email": email, "name": name, "card": token})),
            ),
            (
                Method::POST,
                "/v1/orders".into(),
                owner.into(),
                Some(json!({"hold_id": email, "email": name})),
            ),
            (
                Method::POST,
                holds.clone(),
                vec![("Holdfast-Pass", token)],
                Some(json!({"seats": [email]})),
            ),
            (Method::POST, holds, vec![("Holdfast-Pass", pass)], Some(json!({"seats": ["A-1"]}))),
            (
                Method::POST,
                "/v1/events".into(),
                vec![("Authorization", staff_like.as_str())],
                Some(json!({"name": name})),
            ),
        ];
        for (method, path, headers, body) in engine {
            let (status, body) = call(&house.engine, method, &path, &headers, body).await;
            assert!((400..500).contains(&status), "{path}: {status} {body}");
        }
        for (server, method, path, headers) in [
            (&house.line, Method::GET, queue.clone(), vec![("Holdfast-Place", token)]),
            (&house.line, Method::GET, queue.clone(), vec![("Holdfast-Place", pass), owner[1]]),
            (&house.line, Method::POST, format!("{queue}/open?token={ORGANIZER_TOKEN}"), vec![]),
            (&house.line, Method::GET, format!("{queue}/stream/{pass}"), vec![]),
            (&house.maps, Method::GET, format!("/v1/events/{event}/live?token={pass}"), vec![]),
            (&house.maps, Method::GET, format!("/v1/events/{event}/live?since={email}"), vec![]),
            (
                &house.payments,
                Method::POST,
                format!("/v1/orders/{}/payment", order.id),
                vec![("Holdfast-Order", pass)],
            ),
            (
                &house.payments,
                Method::POST,
                "/v1/stripe/webhook".into(),
                vec![("Stripe-Signature", token)],
            ),
        ] {
            let (status, body) = call(server, method, &path, &headers, Some(json!({}))).await;
            assert!((400..500).contains(&status), "{path}: {status} {body}");
        }
        let raw = async |server: &Server, path: &str, body: String, header: (&str, &str)| {
            let request = server.http.post(format!("{}{path}", server.base)).body(body);
            let request =
                request.header("Content-Type", "application/json").header(header.0, header.1);
            let answer = request.header("Idempotency-Key", random_text()).send().await;
            assert_eq!(answer.expect("an answer").status(), 400, "{path}");
        };
        let forged = json!({"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object":
            {"id": "pi_1", "client_secret": token, "receipt_email": email, "shipping": {"name": name}}}});
        raw(&house.engine, "/v1/orders", cut, owner[0]).await;
        for signature in ["t=1,v1=00", "", device] {
            let header = ("Stripe-Signature", signature);
            raw(&house.payments, "/v1/stripe/webhook", forged.to_string(), header).await;
        }
    }

    /// Somebody goes on with it while a store is away; whether it goes well or not.
    pub async fn meet_a_fault(&self, house: &House, person: &Person, pass: &str) {
        let device = ("Holdfast-Device", person.device.as_str());
        let order = json!({"hold_id": "hld_1", "email": person.email, "name": person.name});
        let holds = format!("/v1/events/{}/holds", self.event);
        let queue = format!("/v1/events/{}/queue", self.event);
        let seats = json!({"seats": ["C-1"]});
        let (pass, staff) = (("Holdfast-Pass", pass), format!("Bearer {ORGANIZER_TOKEN}"));
        wait_for("a fault that is answered", 60, || async {
            let mut faults = 0;
            for (server, method, path, headers, body) in [
                (
                    &house.engine,
                    Method::POST,
                    holds.as_str(),
                    vec![device, pass],
                    Some(seats.clone()),
                ),
                (&house.engine, Method::POST, "/v1/orders", vec![device], Some(order.clone())),
                (&house.line, Method::POST, &queue, vec![device, pass], None),
                (
                    &house.payments,
                    Method::POST,
                    "/v1/orders/ord_1/payment",
                    vec![device],
                    Some(json!({})),
                ),
                (&house.payments, Method::GET, "/readyz", vec![], None),
                (
                    &house.engine,
                    Method::GET,
                    "/v1/audit",
                    vec![("Authorization", staff.as_str())],
                    None,
                ),
            ] {
                let key = format!("{KEYS}{}", random_text());
                let answer = call_once(server, &key, method, path, &headers, body).await;
                faults += usize::from(answer.0 >= 500);
            }
            (faults > 0).then_some(())
        })
        .await;
    }
}
