//! Works off the stored webhooks: each becomes a fact, or nothing, or a case for a person.
//!
//! What ends a payment (succeeded, canceled) may be used as it came, after all fields were
//! compared; everything else is a hint to read the object, because it may be late (I7). A row that
//! fails is tried again with growing pauses and set aside after eight times, so that the rows
//! behind it keep moving.

use std::{sync::Arc, time::Duration};

use domain::order::{METADATA_ORDER, OrderState};
use ledger::{InboxRow, Order};
use tokio::sync::{Semaphore, watch};

use super::{Round, Worker, changed};
use crate::{
    Payments,
    learning::{LearnError, Learning, Source},
    stripe::{
        Intent, IntentStatus,
        objects::{About, Event},
    },
};

/// Rows under way at once in this process.
const CONCURRENCY: usize = 32;
/// Short, so that what a dead process had begun goes on soon; twice is once.
const LEASE_MS: i64 = 4_000;
const RETRY_FIRST_MS: i64 = 250;
const RETRY_MAX_MS: i64 = 30_000;
/// After so many attempts a row is set aside.
const ATTEMPTS_MAX: u32 = 8;
/// The same while Stripe or the ledger is away, which is no fault of the row's: above an hour.
const ATTEMPTS_AWAY_MAX: u32 = 150;

pub(crate) struct InboxWorker {
    payments: Payments,
    room: Arc<Semaphore>,
    owner: String,
    bell: watch::Receiver<u64>,
}

/// What became of a row.
enum Handled {
    Learned,
    Ignored(&'static str),
    Quarantine(&'static str),
}

impl InboxWorker {
    pub(crate) fn new(payments: Payments) -> Self {
        let owner = payments.owner("inbox");
        let bell = payments.ledger.inbox_notify();
        Self { payments, room: Arc::new(Semaphore::new(CONCURRENCY)), owner, bell }
    }
}

impl Worker for InboxWorker {
    const NAME: &'static str = "inbox";
    const IDLE: Duration = Duration::from_millis(1000);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let first = self.room.clone().acquire_owned().await.expect("never closed");
        let limit = 1 + self.room.available_permits() as u32;
        let rows = self.payments.ledger.inbox_lease(&self.owner, limit, LEASE_MS).await?;
        let round = if rows.len() == limit as usize { Round::More } else { Round::Idle };
        let mut first = Some(first);
        for row in rows {
            let permit = match first.take() {
                Some(permit) => permit,
                None => self.room.clone().acquire_owned().await.expect("never closed"),
            };
            let payments = self.payments.clone();
            self.payments.tasks.spawn(async move {
                payments.work_off(row).await;
                drop(permit);
            });
        }
        Ok(round)
    }

    async fn called(&mut self) {
        changed(&mut self.bell).await
    }
}

impl Payments {
    async fn work_off(&self, row: InboxRow) {
        let handled = self.read_event(&row).await;
        let outcome = match &handled {
            Ok(Handled::Learned) => "learned",
            Ok(Handled::Ignored(reason) | Handled::Quarantine(reason)) => reason,
            Err(error) => error.kind(),
        };
        metrics::counter!("holdfast_payments_inbox_total", "outcome" => outcome).increment(1);
        let kept = match handled {
            Ok(Handled::Learned | Handled::Ignored(_)) => {
                metrics::histogram!("holdfast_payments_event_seconds")
                    .record(self.seconds_since(row.received_at));
                self.ledger.inbox_done(&row.event_id).await
            }
            Ok(Handled::Quarantine(reason)) => self.set_aside(&row, reason).await,
            Err(error) if row.attempts >= attempts_max(&error) => {
                self.set_aside(&row, error.kind()).await
            }
            Err(error) => {
                let doubled = row.attempts.saturating_sub(1).min(7);
                let after = (RETRY_FIRST_MS << doubled).min(RETRY_MAX_MS);
                self.ledger.inbox_retry(&row.event_id, error.kind(), after).await
            }
        };
        if let Err(error) = kept {
            // The lease ends by itself and the row comes again.
            tracing::debug!(event = %row.event_id, %error, "an inbox row could not be marked");
        }
    }

    async fn set_aside(&self, row: &InboxRow, reason: &'static str) -> Result<(), ledger::Error> {
        metrics::counter!("holdfast_payments_quarantined_total").increment(1);
        tracing::error!(event = %row.event_id, reason, "a webhook is set aside; a person has to look");
        self.ledger.inbox_quarantine(&row.event_id, reason).await
    }

    async fn read_event(&self, row: &InboxRow) -> Result<Handled, LearnError> {
        let Ok(event) = serde_json::from_slice::<Event>(&row.raw) else {
            return Ok(Handled::Quarantine("unreadable"));
        };
        if event.account.is_some() {
            return Ok(Handled::Ignored("other_account"));
        }
        if event.livemode != self.livemode {
            return Ok(Handled::Ignored("other_mode"));
        }
        let Some(intent) = event.intent_id() else {
            return Ok(Handled::Ignored("other_object"));
        };
        match About::of(&event.kind) {
            About::Intent => self.read_intent_event(&event, intent).await,
            About::Refunds => self.read_refund_event(intent).await,
            About::Nothing => Ok(Handled::Ignored("other_type")),
        }
    }

    async fn read_intent_event(&self, event: &Event, id: &str) -> Result<Handled, LearnError> {
        let told = event.intent();
        let order = match &told {
            Some(intent) => self.order_of(intent).await?,
            None => None,
        };
        let (intent, order) = match told {
            Some(intent) if is_conclusive(&intent, order.as_ref()) => (intent, order),
            // Spares the read of what other programs of the same account do.
            Some(intent) if order.is_none() && intent.metadata(METADATA_ORDER).is_none() => {
                return Ok(Handled::Ignored("not_ours"));
            }
            _ => {
                let intent = self.stripe.retrieve(id).await?;
                let order = self.order_of(&intent).await?;
                (intent, order)
            }
        };
        let learning =
            self.learn_of(order.as_ref(), &intent, Source::Webhook, Some(&event.id)).await?;
        Ok(match learning {
            Learning::Learned => Handled::Learned,
            Learning::Nothing => Handled::Ignored("nothing_new"),
            Learning::NotOurs => Handled::Ignored("not_ours"),
            Learning::Mismatch(_) => Handled::Quarantine("mismatch"),
        })
    }

    async fn read_refund_event(&self, intent: &str) -> Result<Handled, LearnError> {
        let Some(order) = self.ledger.order_by_intent(intent).await? else {
            return Ok(Handled::Ignored("not_ours"));
        };
        let Some(order) = self.ledger.order(&order).await? else {
            return Ok(Handled::Ignored("not_ours"));
        };
        Ok(match self.learn_refunds(&order, intent, Source::Webhook).await? {
            Learning::Learned => Handled::Learned,
            _ => Handled::Ignored("nothing_new"),
        })
    }
}

/// Whether what the event tells can still be believed now: an end is for ever, a failed try moves
/// nothing, and an authorisation matters only to an order that still waits for it.
fn is_conclusive(intent: &Intent, order: Option<&Order>) -> bool {
    match intent.status() {
        IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::RequiresPaymentMethod => {
            true
        }
        IntentStatus::RequiresCapture => order.is_some_and(|order| {
            order.state == OrderState::Paying
                && order.intent.as_ref().is_some_and(|current| current.id == intent.id)
        }),
        _ => false,
    }
}

fn attempts_max(error: &LearnError) -> u32 {
    if error.is_outage() { ATTEMPTS_AWAY_MAX } else { ATTEMPTS_MAX }
}
