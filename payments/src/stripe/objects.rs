//! The fields of Stripe's objects that this program reads, from answers and from webhooks alike.
//!
//! Deliberately lean: an unknown enum value, a new field or another API version must never make an
//! object unreadable, for an order whose intent cannot be read cannot end.

use std::{collections::HashMap, fmt};

/// A PaymentIntent.
#[derive(Clone, serde::Deserialize, miniserde::Deserialize)]
pub struct Intent {
    /// `pi_…`
    pub id: String,
    /// Stripe's word; read it through [`Intent::status`].
    #[serde(rename = "status")]
    status_text: String,
    /// Minor units asked for.
    pub amount: i64,
    /// Minor units that are reserved and wait for capture.
    pub amount_capturable: Option<i64>,
    /// Minor units that are ours.
    pub amount_received: Option<i64>,
    /// ISO 4217, lower case.
    pub currency: String,
    pub livemode: bool,
    /// Seconds since the Unix epoch, by Stripe's clock.
    pub created: i64,
    pub metadata: Option<HashMap<String, String>>,
    pub last_payment_error: Option<PaymentError>,
    /// Lets its bearer confirm the intent. Absent in webhooks.
    pub client_secret: Option<String>,
}

/// Why the last try to pay failed.
#[derive(Clone, Debug, serde::Deserialize, miniserde::Deserialize)]
pub struct PaymentError {
    pub code: Option<String>,
    pub decline_code: Option<String>,
}

/// Where a PaymentIntent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
    /// A word that Stripe did not have when this was written.
    Unknown,
}

impl IntentStatus {
    /// No later event changes it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Canceled)
    }
}

impl Intent {
    pub fn status(&self) -> IntentStatus {
        match self.status_text.as_str() {
            "requires_payment_method" => IntentStatus::RequiresPaymentMethod,
            "requires_confirmation" => IntentStatus::RequiresConfirmation,
            "requires_action" => IntentStatus::RequiresAction,
            "processing" => IntentStatus::Processing,
            "requires_capture" => IntentStatus::RequiresCapture,
            "succeeded" => IntentStatus::Succeeded,
            "canceled" => IntentStatus::Canceled,
            _ => IntentStatus::Unknown,
        }
    }

    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(name).map(String::as_str)
    }
}

/// Without the secret.
impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intent")
            .field("id", &self.id)
            .field("status", &self.status_text)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .finish_non_exhaustive()
    }
}

/// A Refund.
#[derive(Clone, Debug, serde::Deserialize, miniserde::Deserialize)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
    pub status: Option<String>,
    /// Minor units.
    pub amount: i64,
    pub currency: String,
    pub payment_intent: Option<String>,
}

impl Refund {
    pub fn has_succeeded(&self) -> bool {
        self.status.as_deref() == Some("succeeded")
    }
}

/// One page of a list, newest first.
#[derive(Clone, Debug, miniserde::Deserialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

/// The envelope of a webhook.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub livemode: bool,
    /// The connected account that the event is about; absent for one's own.
    pub account: Option<String>,
    #[serde(default)]
    pub data: EventData,
}

/// What a webhook carries. Thin events carry nothing.
#[derive(Clone, Default, serde::Deserialize)]
pub struct EventData {
    #[serde(default)]
    pub object: serde_json::Value,
}

/// The object may be a buyer's card or address.
impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventData").finish_non_exhaustive()
    }
}

/// Which of our questions an event is a hint for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// How an intent stands.
    Intent,
    /// Whether money went back.
    Refunds,
    /// None.
    Nothing,
}

/// The types of events that say something, to which a webhook endpoint is to be subscribed.
pub const EVENT_TYPES: [&str; 10] = [
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
];

impl About {
    /// By the event's type.
    pub fn of(kind: &str) -> Self {
        match kind.split_once('.') {
            _ if !EVENT_TYPES.contains(&kind) => Self::Nothing,
            Some(("payment_intent", _)) => Self::Intent,
            _ => Self::Refunds,
        }
    }
}

impl Event {
    /// The identifier of the object, empty when it has none.
    pub fn object_id(&self) -> &str {
        self.data.object["id"].as_str().unwrap_or_default()
    }

    /// The intent that the event is about: the object itself, or the one it names.
    pub fn intent_id(&self) -> Option<&str> {
        let object = &self.data.object;
        match object["object"].as_str() {
            Some("payment_intent") => object["id"].as_str(),
            _ => object["payment_intent"].as_str(),
        }
    }

    /// The intent as the event tells it, when it carries a whole one.
    pub fn intent(&self) -> Option<Intent> {
        (self.data.object["object"].as_str() == Some("payment_intent"))
            .then(|| serde_json::from_value(self.data.object.clone()).ok())
            .flatten()
    }
}

/// The body of a refusal.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Refusal {
    pub error: RefusalDetail,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct RefusalDetail {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub payment_intent: Option<Intent>,
}
