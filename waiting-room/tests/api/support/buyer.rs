//! Somebody who waits: a device, and what it does.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{Answer, Node, text_of};

/// One person's device.
#[derive(Clone)]
pub struct Buyer<'a> {
    pub node: &'a Node,
    pub device: String,
}

/// A place in the line, as its owner keeps it.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: String,
    pub token: String,
    pub state: String,
    pub index: u64,
}

/// Leave to hold seats.
#[derive(Clone, Debug)]
pub struct Pass {
    pub token: String,
    pub id: String,
    pub expires_at: String,
}

impl<'a> Buyer<'a> {
    /// The same device, served by another process.
    pub fn at<'b>(&self, node: &'b Node) -> Buyer<'b> {
        Buyer { node, device: self.device.clone() }
    }

    pub async fn call(
        &self,
        method: &str,
        rest: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut all = vec![("Holdfast-Device", self.device.as_str())];
        all.extend_from_slice(headers);
        self.node.call(method, &self.node.path(rest), &all, body).await
    }

    pub async fn join(&self) -> Answer {
        self.call("POST", "", &[], None).await
    }

    pub async fn join_with_code(&self, code: &str) -> Answer {
        self.call("POST", "", &[], Some(json!({"code": code}))).await
    }

    /// Shows a place that was given before.
    pub async fn join_again(&self, place: &Place) -> Answer {
        self.call("POST", "", &[("Holdfast-Place", &place.token)], None).await
    }

    pub async fn try_status(&self, place: &Place) -> Answer {
        self.call("GET", "", &[("Holdfast-Place", &place.token)], None).await
    }

    pub async fn status(&self, place: &Place) -> Value {
        self.try_status(place).await.expect(200)
    }

    pub async fn state(&self, place: &Place) -> String {
        text_of(&self.status(place).await, "state")
    }

    pub async fn position(&self, place: &Place) -> Option<u64> {
        self.status(place).await["position"].as_u64()
    }

    /// With the pass sent too.
    pub async fn state_inside(&self, place: &Place, pass: &Pass) -> String {
        let headers = [("Holdfast-Place", &*place.token), ("Holdfast-Pass", &*pass.token)];
        text_of(&self.call("GET", "", &headers, None).await.expect(200), "state")
    }

    pub async fn enter(&self, place: &Place) -> Answer {
        self.call("POST", "/enter", &[("Holdfast-Place", &place.token)], None).await
    }

    pub async fn leave(&self, place: &Place) -> Answer {
        self.call("DELETE", "", &[("Holdfast-Place", &place.token)], None).await
    }

    pub async fn proof(&self, place: &Place) -> Answer {
        self.call("GET", "/draw/proof", &[("Holdfast-Place", &place.token)], None).await
    }
}

impl Place {
    #[track_caller]
    pub fn read(body: &Value) -> Self {
        Self {
            id: text_of(body, "id"),
            token: text_of(body, "place"),
            state: text_of(body, "state"),
            index: body["index"].as_u64().expect("an index"),
        }
    }
}

impl Pass {
    #[track_caller]
    pub fn read(body: &Value) -> Self {
        let token = text_of(body, "pass");
        Self { id: text_of(&claims(&token), "jti"), token, expires_at: text_of(body, "expires_at") }
    }
}

/// What a token says, whoever signed it.
#[track_caller]
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let bytes = BASE64URL_NOPAD.decode(payload.as_bytes()).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
