//! A buyer: a device, and what it does over HTTP.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    server::{Server, random_text},
    wait_for,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// One buyer's device. Cheap to make and to clone.
#[derive(Clone)]
pub struct Buyer {
    http: reqwest::Client,
    base: String,
    device: String,
    patient: bool,
}

/// An answer: status, headers, JSON body (null when there is none).
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The refusal's code, which must come with `status`.
    pub fn expect_refusal(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body
    }
}

/// A hold that this buyer owns.
#[derive(Clone, Debug)]
pub struct Hold {
    pub id: String,
    pub token: String,
    pub body: Value,
}

/// An order that this buyer owns.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    pub token: String,
}

impl Buyer {
    pub fn new(server: &Server) -> Self {
        Self::at(server.http.clone(), server.base.clone())
    }

    /// Of whoever serves at `base`.
    pub fn at(http: reqwest::Client, base: String) -> Self {
        Self { http, base, device: random_text(), patient: false }
    }

    /// Asks again, under the same key, when it is told that a part does not answer just now.
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("Holdfast-Device", &self.device);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let key = random_text();
        let mut all = vec![("Idempotency-Key", key.as_str())];
        all.extend_from_slice(headers);
        wait_for("an answer other than 503", 60, || async {
            let call = self.call(Method::POST, path, &all, Some(body.clone()));
            let answer = call.await.expect("an answer");
            (answer.status != 503 || !self.patient).then_some(answer)
        })
        .await
    }

    /// Asks for a hold; any answer.
    pub async fn try_hold(&self, event: &str, wish: Value) -> Answer {
        self.post(&format!("/v1/events/{event}/holds"), &[], wish).await
    }

    pub async fn hold(&self, event: &str, seats: &[&str]) -> Hold {
        Hold::read(self.try_hold(event, json!({"seats": seats})).await.expect(201))
    }

    pub async fn hold_best(&self, event: &str, quantity: u32) -> Hold {
        let wish = json!({"best_available": {"quantity": quantity}});
        Hold::read(self.try_hold(event, wish).await.expect(201))
    }

    pub async fn try_order(&self, hold: &Hold) -> Answer {
        self.post(
            "/v1/orders",
            &[("Holdfast-Hold", &hold.token)],
            json!({"hold_id": hold.id, "email": format!("{}@example.org", self.device)}),
        )
        .await
    }

    pub async fn order(&self, hold: &Hold) -> Order {
        let body = self.try_order(hold).await.expect(201);
        Order {
            id: body["id"].as_str().expect("an id").to_owned(),
            token: body["token"].as_str().expect("a token").to_owned(),
        }
    }

    /// Presses Pay; gives what the page needs to confirm.
    pub async fn start_payment(&self, order: &Order) -> Value {
        let path = format!("/v1/orders/{}/payment", order.id);
        let owner = [("Holdfast-Order", order.token.as_str())];
        // As a page does: a provider that is away for a moment is asked again.
        let answer = wait_for("an answer that is no fault", 30, || async {
            let answer = self.post(&path, &owner, json!({})).await;
            (answer.status != 503).then_some(answer)
        })
        .await;
        assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.body);
        answer.body
    }

    /// What Stripe's form does in the browser: confirms with a test payment method.
    pub async fn confirm(&self, payment: &Value, payment_method: &str) -> StatusCode {
        let text = |name: &str| payment[name].as_str().expect("a text").to_owned();
        let form = format!(
            "key={}&client_secret={}&payment_method={payment_method}",
            text("publishable_key"),
            text("client_secret"),
        );
        let url =
            format!("{}/v1/payment_intents/{}/confirm", text("api_base"), text("payment_intent"));
        // As Stripe's form does: the provider's own faults are tried again.
        wait_for("an answer that is no fault", 30, || async {
            let request = self.http.post(&url).header("Content-Type", FORM).body(form.clone());
            let status = request.send().await.expect("an answer").status();
            (!status.is_server_error()).then_some(status)
        })
        .await
    }

    pub async fn read_order(&self, order: &Order) -> Value {
        let path = format!("/v1/orders/{}", order.id);
        self.call(Method::GET, &path, &[("Holdfast-Order", &order.token)], None)
            .await
            .expect("an answer")
            .expect(200)
    }

    /// Waits until the order is one of `statuses`; gives its body.
    pub async fn wait_for_order(&self, order: &Order, statuses: &[&str], seconds: u64) -> Value {
        wait_for(&format!("order {statuses:?}"), seconds, || async {
            let path = format!("/v1/orders/{}", order.id);
            let answer = self
                .call(Method::GET, &path, &[("Holdfast-Order", &order.token)], None)
                .await
                .ok()?;
            let status = answer.body["status"].as_str()?;
            statuses.contains(&status).then_some(answer.body)
        })
        .await
    }

    pub async fn tickets(&self, order: &Order) -> Vec<Value> {
        let path = format!("/v1/orders/{}/tickets", order.id);
        let body = self
            .call(Method::GET, &path, &[("Holdfast-Order", &order.token)], None)
            .await
            .expect("an answer")
            .expect(200);
        body["data"].as_array().expect("a list").clone()
    }

    /// From two free seats to two tickets, with the test card that works.
    pub async fn buy(&self, event: &str, seats: &[&str]) -> Order {
        let order = self.order(&self.hold(event, seats).await).await;
        let payment = self.start_payment(&order).await;
        assert_eq!(self.confirm(&payment, "pm_card_visa").await, 200);
        self.wait_for_order(&order, &["confirmed"], 20).await;
        order
    }
}

impl Hold {
    pub fn read(body: Value) -> Self {
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        Self { id: text("id"), token: text("token"), body }
    }
}
