//! Payment intents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::seconds;

/// Where a payment intent stands. `Canceled` is final, and so is `Succeeded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
}

impl IntentStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Canceled => "canceled",
            Self::Succeeded => "succeeded",
        }
    }

    /// Whether no attempt to pay is under way or done.
    pub(crate) fn is_open(self) -> bool {
        matches!(
            self,
            Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction
        )
    }
}

/// What is kept of a payment intent. Times in milliseconds, amounts in minor units.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) client_secret: String,
    pub(crate) created: i64,
    pub(crate) amount: i64,
    pub(crate) amount_capturable: i64,
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    pub(crate) status: IntentStatus,
    /// `automatic`, `automatic_async` or `manual`.
    pub(crate) capture_method: String,
    /// `automatic` or `manual`; a browser cannot confirm a manual one.
    pub(crate) confirmation_method: String,
    /// `allow_redirects` when automatic payment methods are on.
    pub(crate) automatic_payment_methods: Option<String>,
    pub(crate) payment_method_types: Vec<String>,
    /// Empty: not said.
    pub(crate) allowed_payment_method_types: Vec<String>,
    /// Empty: not said.
    pub(crate) excluded_payment_method_types: Vec<String>,
    pub(crate) payment_method: Option<String>,
    /// `automatic`, `any` or `challenge`.
    pub(crate) request_three_d_secure: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) next_action: Option<Value>,
    pub(crate) return_url: Option<String>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<String>,
    /// When something happens by itself: a processing payment ends, an authorisation expires.
    pub(crate) due_at: Option<i64>,
    /// Whether the payment that is processing was confirmed by the buyer at the bank.
    pub(crate) authenticated: bool,
}

impl Intent {
    /// Gives the intent the payment method that a confirmation will use.
    pub(crate) fn attach(&mut self, method: String) {
        self.payment_method = Some(method);
        self.status = IntentStatus::RequiresConfirmation;
        self.next_action = None;
    }

    /// As a secret key sees it.
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "object": "payment_intent",
            "allowed_payment_method_types": said(&self.allowed_payment_method_types),
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_details": { "tip": {} },
            "amount_received": self.amount_received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": self.automatic_payment_methods.as_ref().map(|redirects| {
                json!({ "allow_redirects": redirects, "enabled": true })
            }),
            "canceled_at": self.canceled_at.map(seconds),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": self.confirmation_method,
            "created": seconds(self.created),
            "currency": self.currency,
            "customer": null,
            "customer_account": null,
            "description": self.description,
            "excluded_payment_method_types": said(&self.excluded_payment_method_types),
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": null,
            "payment_method_options": {
                "card": {
                    "installments": null,
                    "mandate_options": null,
                    "network": null,
                    "request_three_d_secure": self.request_three_d_secure,
                },
            },
            "payment_method_types": self.payment_method_types,
            "processing": null,
            "receipt_email": self.receipt_email,
            "review": null,
            "setup_future_usage": null,
            "shipping": null,
            "source": null,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": self.status.word(),
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }
}

fn said(kinds: &[String]) -> Option<&[String]> {
    (!kinds.is_empty()).then_some(kinds)
}

/// The members of an intent that a publishable key may see.
pub(crate) fn browser_view(intent: Value) -> Value {
    const SHOWN: &[&str] = &[
        "id",
        "object",
        "amount",
        "amount_details",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "last_payment_error",
        "livemode",
        "next_action",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "source",
        "status",
    ];
    match intent {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, _)| SHOWN.contains(&name.as_str()))
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}
