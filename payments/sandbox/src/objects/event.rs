//! Events: each holds its object as it was at that moment.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::seconds;
use crate::limits;

/// What is kept of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) kind: String,
    pub(crate) object: Value,
    pub(crate) previous_attributes: Option<Value>,
    /// The API call behind it; `None` for what happened by itself.
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

impl Event {
    /// `pending` is the number of webhooks of this event that are still on their way.
    pub(crate) fn view(&self, pending: u32) -> Value {
        let mut data = json!({ "object": self.object });
        if let Some(previous) = &self.previous_attributes {
            data["previous_attributes"] = previous.clone();
        }
        json!({
            "id": self.id,
            "object": "event",
            "api_version": limits::API_VERSION,
            "created": seconds(self.created),
            "data": data,
            "livemode": false,
            "pending_webhooks": pending,
            "request": { "id": self.request_id, "idempotency_key": self.idempotency_key },
            "type": self.kind,
        })
    }
}
