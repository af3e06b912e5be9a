//! A buyer: a device, and what it does.

use platform::random;
use serde_json::{Value, json};

use super::{Answer, Sale, text_of};

/// One buyer's device.
pub struct Buyer<'a> {
    sale: &'a Sale,
    pub device: String,
}

/// A hold and the token that owns it.
#[derive(Clone, Debug)]
pub struct Hold {
    pub id: String,
    pub token: String,
    pub body: Value,
}

/// An order and the token that owns it.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    pub token: String,
    pub body: Value,
}

impl<'a> Buyer<'a> {
    pub fn new(sale: &'a Sale) -> Self {
        Self { sale, device: random::token() }
    }

    /// A mutation under `key`.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        owner: Option<(&str, &str)>,
        body: Value,
        key: &str,
    ) -> Answer {
        let mut headers = vec![("Holdfast-Device", self.device.as_str()), ("Idempotency-Key", key)];
        headers.extend(owner);
        self.sale.call(method, path, &headers, Some(body)).await
    }

    /// Asks for a hold; any answer.
    pub async fn try_hold(&self, event: &str, wish: Value) -> Answer {
        self.try_hold_again(event, wish, &random::token()).await
    }

    pub async fn try_hold_again(&self, event: &str, wish: Value, key: &str) -> Answer {
        self.send("POST", &format!("/v1/events/{event}/holds"), None, wish, key).await
    }

    pub async fn hold(&self, event: &str, seats: &[&str]) -> Hold {
        Hold::read(self.try_hold(event, json!({"seats": seats})).await.expect(201))
    }

    pub async fn hold_places(&self, event: &str, quantity: u32) -> Hold {
        let wish = json!({"areas": [{"name": "Standing", "quantity": quantity}]});
        Hold::read(self.try_hold(event, wish).await.expect(201))
    }

    pub async fn read_hold(&self, hold: &Hold) -> Answer {
        let path = format!("/v1/holds/{}", hold.id);
        self.sale.call("GET", &path, &[("Holdfast-Hold", &hold.token)], None).await
    }

    pub async fn change(&self, hold: &Hold, change: Value) -> Answer {
        self.change_again(hold, change, &random::token()).await
    }

    pub async fn change_again(&self, hold: &Hold, change: Value, key: &str) -> Answer {
        let owner = ("Holdfast-Hold", hold.token.as_str());
        self.send("PATCH", &format!("/v1/holds/{}", hold.id), Some(owner), change, key).await
    }

    pub async fn extend(&self, hold: &Hold) -> Answer {
        self.extend_again(hold, &random::token()).await
    }

    pub async fn extend_again(&self, hold: &Hold, key: &str) -> Answer {
        let owner = ("Holdfast-Hold", hold.token.as_str());
        let path = format!("/v1/holds/{}/extend", hold.id);
        self.send("POST", &path, Some(owner), json!({}), key).await
    }

    pub async fn release(&self, hold: &Hold) -> Answer {
        let owner = ("Holdfast-Hold", hold.token.as_str());
        let path = format!("/v1/holds/{}", hold.id);
        self.send("DELETE", &path, Some(owner), json!({}), &random::token()).await
    }

    pub async fn try_order(&self, hold: &Hold) -> Answer {
        self.try_order_again(hold, &random::token()).await
    }

    pub async fn try_order_again(&self, hold: &Hold, key: &str) -> Answer {
        let email = format!("{}@example.org", self.device);
        let body = json!({"hold_id": hold.id, "email": email, "name": "Ada"});
        let owner = ("Holdfast-Hold", hold.token.as_str());
        self.send("POST", "/v1/orders", Some(owner), body, key).await
    }

    pub async fn order(&self, hold: &Hold) -> Order {
        Order::read(self.try_order(hold).await.expect(201))
    }

    pub async fn read_order(&self, order: &Order) -> Value {
        let path = format!("/v1/orders/{}", order.id);
        self.sale.call("GET", &path, &[("Holdfast-Order", &order.token)], None).await.expect(200)
    }

    pub async fn cancel(&self, order: &Order) -> Answer {
        let owner = ("Holdfast-Order", order.token.as_str());
        let path = format!("/v1/orders/{}/cancel", order.id);
        self.send("POST", &path, Some(owner), json!({}), &random::token()).await
    }

    pub async fn tickets(&self, order: &Order) -> Vec<Value> {
        let path = format!("/v1/orders/{}/tickets", order.id);
        let answer = self.sale.call("GET", &path, &[("Holdfast-Order", &order.token)], None).await;
        answer.expect(200)["data"].as_array().expect("a list").clone()
    }
}

impl Hold {
    pub fn read(body: Value) -> Self {
        Self { id: text_of(&body, "id"), token: text_of(&body, "token"), body }
    }

    /// Labels, sorted.
    pub fn seats(&self) -> Vec<String> {
        let seats = self.body["seats"].as_array().expect("a list").iter();
        let mut labels: Vec<String> = seats.map(|seat| text_of(seat, "label")).collect();
        labels.sort();
        labels
    }
}

impl Order {
    pub fn read(body: Value) -> Self {
        Self { id: text_of(&body, "id"), token: text_of(&body, "token"), body }
    }
}
