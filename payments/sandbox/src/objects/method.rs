//! Payment methods: test cards only, and of a number no more than the last four digits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::seconds;
use crate::cards::Card;

/// What is kept of a payment method.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) created: i64,
    /// The test card's name.
    pub(crate) card: String,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    pub(crate) billing: Billing,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Who the card belongs to, as far as the form asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Billing {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) address: BTreeMap<String, String>,
}

impl Billing {
    pub(crate) fn view(&self) -> Value {
        let line = |name: &str| self.address.get(name);
        json!({
            "address": {
                "city": line("city"),
                "country": line("country"),
                "line1": line("line1"),
                "line2": line("line2"),
                "postal_code": line("postal_code"),
                "state": line("state"),
            },
            "email": self.email,
            "name": self.name,
            "phone": self.phone,
            "tax_id": null,
        })
    }
}

impl Method {
    /// The test card behind it; a journal that names none we know is read as the plain one.
    pub(crate) fn test_card(&self) -> &'static Card {
        Card::by_name(&self.card)
            .or_else(|| Card::by_name("visa"))
            .expect("the plain test card is in the table")
    }

    pub(crate) fn view(&self) -> Value {
        let card = self.test_card();
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": self.billing.view(),
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": null,
                    "address_postal_code_check": null,
                    "cvc_check": "unchecked",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": self.exp_month,
                "exp_year": self.exp_year,
                "fingerprint": format!("sandbox{}", card.last4()),
                "funding": card.funding,
                "generated_from": null,
                "last4": card.last4(),
                "networks": { "available": [card.brand], "preferred": null },
                "regulated_status": "unregulated",
                "three_d_secure_usage": { "supported": true },
                "wallet": null,
            },
            "created": seconds(self.created),
            "customer": null,
            "customer_account": null,
            "livemode": false,
            "metadata": self.metadata,
            "type": "card",
        })
    }
}
