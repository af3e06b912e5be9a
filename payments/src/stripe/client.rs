//! The operations on Stripe that this program needs, each safe to repeat.
//!
//! Every mutation carries an idempotency key that is derived from the order, so that a repetition
//! by this or another process gives the first answer. Stripe keeps an error of its own under the
//! key, and so it keeps that the object was in the wrong state: then the object is read, and only
//! when the effect is not there a new key is used. A capture, cancel or refund whose object is past
//! that step gives the object as it stands: the caller learns from it.

use std::{collections::HashMap, sync::Arc};

use domain::{id::OrderId, money::Currency, order::METADATA_ORDER, time::Timestamp};
use stripe_client_core::{IdempotencyKey, RequestBuilder, RequestStrategy, StripeRequest};
use stripe_core::{
    payment_intent::{
        CancelPaymentIntent, CapturePaymentIntent, CreatePaymentIntent, ListPaymentIntent,
        RetrievePaymentIntent,
    },
    refund::{CreateRefund, ListRefund},
};
use stripe_shared::{
    PaymentIntentAllowedPaymentMethodTypes, PaymentIntentCaptureMethod, PaymentIntentId,
};

use tracing::Instrument;

use super::{
    Error, Intent, IntentStatus, Priority, Refund, Transport, insist::insist, objects::Page,
};

/// Which attempt of the order an intent belongs to.
pub const METADATA_ATTEMPT: &str = "holdfast_attempt";
/// The event, for whoever reads Stripe's dashboard.
pub const METADATA_EVENT: &str = "holdfast_event";
/// Stripe's clock may lag behind ours by this much.
const CLOCK_SLACK_SECONDS: i64 = 300;
/// Intents of one page.
const PAGE_SIZE: i64 = 100;

/// What an intent is made for.
#[derive(Clone, Copy, Debug)]
pub struct NewIntent<'a> {
    pub order: &'a OrderId,
    pub event: &'a str,
    /// When the order was made: an intent of its cannot be older.
    pub ordered_at: Timestamp,
    /// Counts from 1; a new one only after Stripe said that the former is cancelled.
    pub attempt: u32,
    /// Minor units.
    pub amount: i64,
    pub currency: Currency,
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stripe {
    transport: Arc<Transport>,
}

impl Stripe {
    pub fn new(transport: Transport) -> Self {
        Self { transport: Arc::new(transport) }
    }

    /// Where a browser finds Stripe: without `/v1`, without a trailing slash.
    pub fn api_base(&self) -> &str {
        self.transport.base()
    }

    /// Creates the attempt's intent, unconfirmed, for a card, to be captured by us; or gives the
    /// one that an earlier call created. Key: `pi:{order}:{attempt}:create`.
    pub async fn create_intent(&self, new: NewIntent<'_>) -> Result<Intent, Error> {
        let metadata = HashMap::from([
            (METADATA_ORDER.to_owned(), new.order.to_string()),
            (METADATA_ATTEMPT.to_owned(), new.attempt.to_string()),
            (METADATA_EVENT.to_owned(), new.event.to_owned()),
        ]);
        let currency: stripe_types::Currency =
            new.currency.to_lowercase().parse().unwrap_or_else(|never| match never {});
        let request = &CreatePaymentIntent::new(new.amount, currency)
            .capture_method(PaymentIntentCaptureMethod::Manual)
            .allowed_payment_method_types(vec![PaymentIntentAllowedPaymentMethodTypes::Card])
            .metadata(metadata);
        insist(
            &format!("pi:{}:{}:create", new.order, new.attempt),
            0,
            move |key| self.call::<Intent>(Priority::Create, request.build(), Some(key)),
            move || self.find_attempt(new),
        )
        .instrument(tracing::debug_span!("create_intent", order = %new.order))
        .await
    }

    /// Reads an intent.
    pub async fn retrieve(&self, intent: &str) -> Result<Intent, Error> {
        let request = RetrievePaymentIntent::new(checked(intent)?);
        self.call(Priority::Read, request.build(), None).await
    }

    /// One page of the intents created at `since` or later, newest first, after the intent `after`.
    /// The flag says whether there are older ones.
    pub async fn list_created(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> Result<(Vec<Intent>, bool), Error> {
        let since = since.as_millis() / 1000 - CLOCK_SLACK_SECONDS;
        let mut request = ListPaymentIntent::new()
            .created(stripe_types::RangeQueryTs::gte(since))
            .limit(PAGE_SIZE);
        if let Some(after) = after {
            request = request.starting_after(after);
        }
        let page: Page<Intent> = self.call(Priority::Read, request.build(), None).await?;
        Ok((page.data, page.has_more))
    }

    /// Takes the whole reserved amount; gives the intent as it stands afterwards, also when it was
    /// captured or cancelled before. Key: `pi:{order}:capture`. `tried`: how often it was called
    /// before without an end; with it the keys move on.
    pub async fn capture(
        &self,
        order: &OrderId,
        intent: &str,
        tried: u32,
    ) -> Result<Intent, Error> {
        let request = &CapturePaymentIntent::new(checked(intent)?);
        let done = insist(
            &format!("pi:{order}:capture"),
            tried,
            move |key| self.call::<Intent>(Priority::Capture, request.build(), Some(key)),
            move || self.retrieve_past(intent, IntentStatus::RequiresCapture),
        )
        .await;
        self.as_it_stands(intent, done).await
    }

    /// Cancels; gives the intent as it stands afterwards, also when it was cancelled or paid
    /// before. Key: `pi:{order}:{intent}:cancel`. `tried` as for [`Stripe::capture`].
    pub async fn cancel(&self, order: &OrderId, intent: &str, tried: u32) -> Result<Intent, Error> {
        let request = &CancelPaymentIntent::new(checked(intent)?);
        let done = insist(
            &format!("pi:{order}:{intent}:cancel"),
            tried,
            move |key| self.call::<Intent>(Priority::Cancel, request.build(), Some(key)),
            move || self.retrieve_final(intent),
        )
        .await;
        self.as_it_stands(intent, done).await
    }

    /// Gives all the money back; gives the refunds of the intent. Key: `re:{order}:{intent}`.
    pub async fn refund(&self, order: &OrderId, intent: &str) -> Result<Vec<Refund>, Error> {
        let request = &CreateRefund::new()
            .payment_intent(intent)
            .metadata(HashMap::from([(METADATA_ORDER.to_owned(), order.to_string())]));
        let done: Result<Refund, Error> = insist(
            &format!("re:{order}:{intent}"),
            0,
            move |key| self.call::<Refund>(Priority::Refund, request.build(), Some(key)),
            move || async move { Ok(self.refunds(intent).await?.into_iter().next()) },
        )
        .await;
        done?;
        self.refunds(intent).await
    }

    /// The refunds of an intent, newest first, at most a hundred.
    pub async fn refunds(&self, intent: &str) -> Result<Vec<Refund>, Error> {
        let request = ListRefund::new().payment_intent(intent).limit(PAGE_SIZE);
        let page: Page<Refund> = self.call(Priority::Read, request.build(), None).await?;
        Ok(page.data)
    }

    /// A bank's no to a capture is an answer: the object says how far it is.
    async fn as_it_stands(
        &self,
        intent: &str,
        done: Result<Intent, Error>,
    ) -> Result<Intent, Error> {
        match done {
            Err(Error::Declined { .. } | Error::UnexpectedState { .. }) => {
                self.retrieve(intent).await
            }
            done => done,
        }
    }

    /// The intent, once it has left `status`.
    async fn retrieve_past(
        &self,
        intent: &str,
        status: IntentStatus,
    ) -> Result<Option<Intent>, Error> {
        let intent = self.retrieve(intent).await?;
        Ok((intent.status() != status).then_some(intent))
    }

    async fn retrieve_final(&self, intent: &str) -> Result<Option<Intent>, Error> {
        let intent = self.retrieve(intent).await?;
        Ok(intent.status().is_final().then_some(intent))
    }

    /// An intent of this very attempt that a call created whose answer was an error.
    async fn find_attempt(&self, new: NewIntent<'_>) -> Result<Option<Intent>, Error> {
        let (order, attempt) = (new.order.as_str(), new.attempt.to_string());
        let mut after: Option<String> = None;
        loop {
            let (page, more) = self.list_created(new.ordered_at, after.as_deref()).await?;
            after = page.last().map(|intent| intent.id.clone());
            let found = page.into_iter().find(|intent| {
                intent.metadata(METADATA_ORDER) == Some(order)
                    && intent.metadata(METADATA_ATTEMPT) == Some(attempt.as_str())
                    && !intent.status().is_final()
            });
            match found {
                Some(intent) if intent.client_secret.is_none() => {
                    return self.retrieve(&intent.id).await.map(Some);
                }
                Some(intent) => return Ok(Some(intent)),
                None if more && after.is_some() => {}
                None => return Ok(None),
            }
        }
    }

    async fn call<T: miniserde::Deserialize>(
        &self,
        priority: Priority,
        mut request: RequestBuilder,
        key: Option<String>,
    ) -> Result<T, Error> {
        request.body = request.body.map(in_order);
        let mut request = request.customize::<T>();
        if let Some(key) = key {
            let key = IdempotencyKey::new(key)
                .map_err(|_| Error::Invalid { code: "idempotency_key".to_owned() })?;
            request = request.request_strategy(RequestStrategy::Idempotent(key));
        }
        request.send(&self.transport.at(priority)).await
    }
}

/// Stripe compares the parameters of a repeated key with those of the first call, and a map of
/// metadata has another order in each process: sorted, the same request is the same text.
fn in_order(body: String) -> String {
    let mut parameters: Vec<&str> = body.split('&').collect();
    parameters.sort_unstable();
    parameters.join("&")
}

/// An identifier goes into a path: only what Stripe's identifiers are made of.
fn checked(intent: &str) -> Result<PaymentIntentId, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if intent.starts_with("pi_") && intent.chars().all(plain) {
        Ok(intent.into())
    } else {
        Err(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_is_the_same_text() {
        let one = in_order("metadata[b]=2&amount=1&metadata[a]=1".to_owned());
        assert_eq!(one, in_order("metadata[a]=1&metadata[b]=2&amount=1".to_owned()));
    }
}
