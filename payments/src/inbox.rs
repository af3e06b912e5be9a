//! Takes a webhook: verified over its raw bytes, stored under Stripe's event id, acknowledged.
//! What it means is worked out later (`tasks/inbox.rs`), unless it is of a kind that means nothing
//! here. Nothing is acknowledged that is not stored.

use data_encoding::HEXLOWER;
use ledger::NewInboxRow;
use sha2::{Digest, Sha256};

use crate::{
    Payments,
    signature::Refusal,
    stripe::objects::{About, Event, EventData},
};

/// What becomes of a delivery.
#[derive(Debug)]
pub enum Delivery {
    /// Stored now.
    Stored,
    /// Stored before; one effect all the same.
    Repeated,
    /// The signature is missing, wrong or stale. Nothing was looked up.
    Refused(Refusal),
}

impl Payments {
    /// Stores a delivery if it is genuine. `signature` is the header `Stripe-Signature`.
    pub async fn receive_webhook(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<Delivery, ledger::Error> {
        let delivery = self.store_webhook(signature, body).await;
        let outcome = match &delivery {
            Ok(Delivery::Stored) => "stored",
            Ok(Delivery::Repeated) => "repeated",
            Ok(Delivery::Refused(refusal)) => refusal.as_str(),
            Err(_) => "ledger",
        };
        metrics::counter!("holdfast_payments_webhooks_total", "outcome" => outcome).increment(1);
        delivery
    }

    async fn store_webhook(&self, signature: &str, body: &[u8]) -> Result<Delivery, ledger::Error> {
        if let Err(refusal) = self.secrets.verify(signature, body, self.clock.now()) {
            return Ok(Delivery::Refused(refusal));
        }
        let event: Option<Event> = serde_json::from_slice(body).ok();
        // A person has to look at what cannot be read.
        let matters = event.as_ref().is_none_or(|event| About::of(&event.kind) != About::Nothing);
        let event = event.unwrap_or_else(|| unreadable(body));
        let row = NewInboxRow {
            matters,
            object_id: event.object_id().to_owned(),
            event_id: event.id,
            kind: event.kind,
            account: event.account,
            livemode: event.livemode,
            // Stripe keeps what nobody here reads, and tells it again by its id.
            raw: if matters { body.to_vec() } else { Vec::new() },
        };
        let new = self.ledger.inbox_insert(row).await?;
        platform::failpoint("webhook_stored");
        Ok(if new { Delivery::Stored } else { Delivery::Repeated })
    }
}

/// What is signed but no event is kept all the same, under its digest: a person has to look.
fn unreadable(body: &[u8]) -> Event {
    Event {
        id: format!("unreadable_{}", HEXLOWER.encode(&Sha256::digest(body))),
        kind: "unreadable".to_owned(),
        livemode: false,
        account: None,
        data: EventData::default(),
    }
}
