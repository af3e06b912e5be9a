//! Charges: one for each attempt that reached the card's bank.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Method, seconds};

/// What is kept of a charge. Times in milliseconds, amounts in minor units.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) amount_captured: i64,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    pub(crate) captured: bool,
    /// An authorisation that was given back uncaptured: `refunded` without any money having moved.
    pub(crate) released: bool,
    pub(crate) failure: Option<ChargeFailure>,
    pub(crate) method: Method,
    /// Whether the buyer confirmed at the bank.
    pub(crate) authenticated: bool,
    /// Until when it can be captured.
    pub(crate) capture_before: Option<i64>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
}

/// Why a charge failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChargeFailure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) reason: Option<String>,
    pub(crate) advice_code: Option<String>,
    pub(crate) network_decline_code: Option<String>,
    pub(crate) blocked: bool,
}

impl Charge {
    /// What can still be refunded.
    pub(crate) fn refundable(&self) -> i64 {
        if self.captured { self.amount_captured - self.amount_refunded } else { 0 }
    }

    pub(crate) fn refunded(&self) -> bool {
        self.released || (self.captured && self.amount_refunded >= self.amount_captured)
    }

    pub(crate) fn view(&self) -> Value {
        let failure = self.failure.as_ref();
        let paid = failure.is_none();
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": self.amount_refunded,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": null,
            "billing_details": self.method.billing.view(),
            "calculated_statement_descriptor":
                self.statement_descriptor.as_deref().unwrap_or("SANDBOX"),
            "captured": self.captured,
            "created": seconds(self.created),
            "currency": self.currency,
            "customer": null,
            "description": self.description,
            "destination": null,
            "dispute": null,
            "disputed": false,
            "failure_balance_transaction": null,
            "failure_code": failure.map(|failure| &failure.code),
            "failure_message": failure.map(|failure| &failure.message),
            "fraud_details": {},
            "livemode": false,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "order": null,
            "outcome": self.outcome(),
            "paid": paid,
            "payment_intent": self.intent,
            "payment_method": self.method.id,
            "payment_method_details": { "card": self.card_details(), "type": "card" },
            "radar_options": {},
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": null,
            "refunded": self.refunded(),
            "review": null,
            "shipping": null,
            "source": null,
            "source_transfer": null,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": if paid { "succeeded" } else { "failed" },
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }

    fn outcome(&self) -> Value {
        match &self.failure {
            None => json!({
                "advice_code": null,
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": "approved_by_network",
                "reason": null,
                "risk_level": "normal",
                "risk_score": 1,
                "seller_message": "Payment complete.",
                "type": "authorized",
            }),
            Some(failure) => json!({
                "advice_code": failure.advice_code,
                "network_advice_code": null,
                "network_decline_code": failure.network_decline_code,
                "network_status":
                    if failure.blocked { "not_sent_to_network" } else { "declined_by_network" },
                "reason": failure.reason.as_deref().unwrap_or(&failure.code),
                "risk_level": if failure.blocked { "highest" } else { "normal" },
                "risk_score": if failure.blocked { 100 } else { 1 },
                "seller_message": if failure.blocked {
                    "Stripe blocked this payment as too risky."
                } else {
                    "The bank did not return any further details with this decline."
                },
                "type": if failure.blocked { "blocked" } else { "issuer_declined" },
            }),
        }
    }

    fn card_details(&self) -> Value {
        let card = self.method.test_card();
        let paid = self.failure.is_none();
        json!({
            "amount_authorized": paid.then_some(self.amount),
            "authorization_code": paid.then_some("000000"),
            "brand": card.brand,
            "capture_before": self.capture_before.map(seconds),
            "checks": {
                "address_line1_check": null,
                "address_postal_code_check": null,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": self.method.exp_month,
            "exp_year": self.method.exp_year,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": format!("sandbox{}", card.last4()),
            "funding": card.funding,
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": card.last4(),
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": card.brand,
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": {
                "maximum_amount_capturable": self.amount,
                "status": "unavailable",
            },
            "regulated_status": "unregulated",
            "three_d_secure": self.authenticated.then(|| json!({
                "authentication_flow": "challenge",
                "electronic_commerce_indicator": "05",
                "exemption_indicator": null,
                "result": "authenticated",
                "result_reason": null,
                "transaction_id": null,
                "version": "2.2.0",
            })),
            "wallet": null,
        })
    }
}
