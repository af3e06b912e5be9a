//! A buyer presses Pay: the order gets an intent, and only when the ledger has stored it the
//! buyer gets its secret.
//!
//! Pressing again gives the same intent, also after a decline; a new one is made only after Stripe
//! said that the former is cancelled. Safe to cut at any line: the attempt is recorded before
//! Stripe is called, the call's key is derived from it, and an intent whose secret nobody has
//! cannot be paid.

use domain::id::OrderId;
use ledger::{BeginIntent, Intent as StoredIntent, Payable};

use crate::{
    Payments,
    stripe::{Error as StripeError, NewIntent},
};

/// Presses that overtake each other are sorted out within so many rounds.
const ROUNDS_MAX: u32 = 3;

/// What a browser needs to confirm.
#[derive(Clone)]
pub struct Secret {
    pub intent: String,
    /// Lets its bearer confirm the intent; never logged.
    pub client_secret: String,
}

/// What came of pressing Pay.
pub enum StartPayment {
    /// A new intent.
    Created(Secret),
    /// The one that was there.
    Again(Secret),
    /// The order has ended or is ending.
    Closed,
    AlreadyPaid,
    Missing,
}

/// Why it could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum StartPaymentError {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error("creating the intent: {0}")]
    Stripe(#[from] StripeError),
}

impl Payments {
    /// Gives the order's intent, made now if there is none.
    pub async fn start_payment(&self, order: &OrderId) -> Result<StartPayment, StartPaymentError> {
        for _ in 0..ROUNDS_MAX {
            let (attempt, order) = match self.ledger.begin_intent(order).await? {
                BeginIntent::Attempt { attempt, order } => (attempt, order),
                BeginIntent::Existing(intent) => return Ok(StartPayment::Again(intent.into())),
                BeginIntent::Closed(_) => return Ok(StartPayment::Closed),
                BeginIntent::AlreadyPaid => return Ok(StartPayment::AlreadyPaid),
                BeginIntent::Missing => return Ok(StartPayment::Missing),
            };
            platform::failpoint("before_intent_created");
            let secret = self.create(&order, attempt).await?;
            platform::failpoint("intent_created");
            let Secret { intent, client_secret } = &secret;
            if self.ledger.store_intent(&order.id, attempt, intent, client_secret).await? {
                platform::failpoint("intent_stored");
                return Ok(StartPayment::Created(secret));
            }
            // Too late: the order has ended, or another press was faster. The ledger knows which,
            // and has queued the cancel of an intent that nobody will see.
        }
        Err(StripeError::InFlight.into())
    }

    async fn create(&self, order: &Payable, attempt: u32) -> Result<Secret, StripeError> {
        let intent = self
            .stripe
            .create_intent(NewIntent {
                order: &order.id,
                event: order.event.as_str(),
                ordered_at: order.created_at,
                attempt,
                amount: order.amount,
                currency: order.currency,
            })
            .await?;
        let client_secret = intent.client_secret.ok_or(StripeError::Unreadable)?;
        Ok(Secret { intent: intent.id, client_secret })
    }
}

impl From<StoredIntent> for Secret {
    fn from(stored: StoredIntent) -> Self {
        Self { intent: stored.id, client_secret: stored.client_secret }
    }
}
