//! What people ask, as a page in the browser asks it, and what they read from the answers.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::generator::Call;

/// A card of the provider's tests that works.
const CARD: &str = "pm_card_visa";

/// A person of a device of their own, told apart by a number.
#[derive(Debug, Clone, Copy)]
pub struct Person(pub usize);

impl Person {
    fn keyed(self, step: &str) -> Vec<(&'static str, String)> {
        let number = self.0;
        vec![
            ("idempotency-key", format!("{step}-{number:020}")),
            ("holdfast-device", self.device()),
        ]
    }

    /// The key of their device.
    pub fn device(self) -> String {
        format!("device-{:020}", self.0)
    }

    /// Holds these seats.
    pub fn hold_seats(self, event: &str, labels: &[usize]) -> Call {
        let labels: Vec<String> = labels.iter().map(|label| format!("\"{label}\"")).collect();
        self.hold(event, format!(r#"{{"seats": [{}]}}"#, labels.join(", ")))
    }

    /// Holds so many neighbours of the service's choice.
    pub fn hold_best(self, event: &str, quantity: usize) -> Call {
        self.hold(event, format!(r#"{{"best_available": {{"quantity": {quantity}}}}}"#))
    }

    fn hold(self, event: &str, body: String) -> Call {
        Call { path: format!("/v1/events/{event}/holds"), headers: self.keyed("hold"), body }
    }

    pub fn order(self, hold: &Held) -> Call {
        let mut headers = self.keyed("order");
        headers.push(("holdfast-hold", hold.token.clone()));
        let body =
            format!(r#"{{"hold_id": "{}", "email": "{}@example.org"}}"#, hold.id, self.device());
        Call { path: "/v1/orders".into(), headers, body }
    }

    /// Presses Pay.
    pub fn payment(self, order: &Ordered) -> Call {
        let mut headers = self.keyed("payment");
        headers.push(("holdfast-order", order.token.clone()));
        Call { path: format!("/v1/orders/{}/payment", order.id), headers, body: "{}".into() }
    }

    pub fn join(self, event: &str) -> Call {
        let headers = vec![("holdfast-device", self.device())];
        Call { path: format!("/v1/events/{event}/queue"), headers, body: "{}".into() }
    }

    /// Asks how far their turn is.
    pub fn queue_status(self, event: &str, place: &str) -> Call {
        let headers =
            vec![("holdfast-place", place.to_owned()), ("holdfast-device", self.device())];
        Call { path: format!("/v1/events/{event}/queue"), headers, body: String::new() }
    }
}

/// Gives a hold back.
pub fn release(hold: &Held) -> Call {
    let headers = vec![
        ("idempotency-key", format!("release of {}", hold.id)),
        ("holdfast-hold", hold.token.clone()),
    ];
    Call { path: format!("/v1/holds/{}", hold.id), headers, body: String::new() }
}

pub fn availability(event: &str) -> Call {
    let path = format!("/v1/events/{event}/availability");
    Call { path, headers: Vec::new(), body: String::new() }
}

/// The order itself; with `rest` what belongs to it, as in `/tickets`.
pub fn read_order(order: &Ordered, rest: &str) -> Call {
    let headers = vec![("holdfast-order", order.token.clone())];
    Call { path: format!("/v1/orders/{}{rest}", order.id), headers, body: String::new() }
}

/// A hold that was made.
#[derive(Debug, Clone, Deserialize)]
pub struct Held {
    pub id: String,
    pub token: String,
}

/// An order as it stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Ordered {
    pub id: String,
    pub token: String,
    pub status: String,
}

/// What the provider's form needs.
#[derive(Debug, Clone, Deserialize)]
pub struct Payment {
    api_base: String,
    publishable_key: String,
    payment_intent: String,
    client_secret: String,
}

impl Payment {
    /// What the form sends. The provider must be the sandbox of the server at `address`: no other
    /// one wants to be load-tested.
    pub fn confirm(&self, address: std::net::SocketAddr) -> Result<Call> {
        let base = self.api_base.strip_prefix(&format!("http://{address}"));
        let base = base.context("the payment provider is not the server's sandbox")?;
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        ensure!(plain(&self.payment_intent), "the payment intent has a strange name");
        Ok(Call {
            path: format!("{base}/v1/payment_intents/{}/confirm", self.payment_intent),
            headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
            body: format!(
                "key={}&client_secret={}&payment_method={CARD}",
                self.publishable_key, self.client_secret
            ),
        })
    }
}

/// A page of tickets.
#[derive(Debug, Clone, Deserialize)]
pub struct Tickets {
    pub data: Vec<serde::de::IgnoredAny>,
}

/// A place in the line.
#[derive(Debug, Clone, Deserialize)]
pub struct Joined {
    pub place: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_goes_to_the_servers_own_sandbox_and_nowhere_else() {
        let payment = |api_base: &str| Payment {
            api_base: api_base.into(),
            publishable_key: "pk_test_1".into(),
            payment_intent: "pi_1".into(),
            client_secret: "pi_1_secret_2".into(),
        };
        let address = "127.0.0.1:8080".parse().expect("an address");
        let call = payment("http://127.0.0.1:8080/sandbox/stripe").confirm(address);
        let path = call.expect("the sandbox").path;
        assert_eq!(path, "/sandbox/stripe/v1/payment_intents/pi_1/confirm");
        for elsewhere in ["https://api.stripe.com", "http://127.0.0.1:8081/sandbox/stripe", ""] {
            assert!(payment(elsewhere).confirm(address).is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn two_people_have_two_devices_and_two_keys() {
        let calls = [1, 2].map(|number| Person(number).hold_seats("sale", &[number, 7]));
        assert_ne!(calls[0].headers, calls[1].headers);
        assert_eq!(calls[0].body, r#"{"seats": ["1", "7"]}"#);
    }
}
