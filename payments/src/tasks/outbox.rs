//! Sends what the ledger queued: captures, cancels, refunds; and learns from the answers.
//!
//! A row is done when the object has reached the end that the row asked for, or the order no longer
//! wants it. Whatever else happens, the row comes again: after a crash at any line here the same
//! call goes out under the same key.

use std::{sync::Arc, time::Duration};

use domain::order::{EndReason, OrderState};
use ledger::{Order, OutboxKind, OutboxRow};
use tokio::sync::{Semaphore, watch};
use tracing::Instrument;

use super::{Round, Worker, changed};
use crate::{
    Payments,
    learning::{LearnError, Learning, Source},
    stripe::{Error as StripeError, Intent},
};

/// Rows under way at once in this process.
const CONCURRENCY: usize = 32;
/// Short, so that what a dead process had begun goes on soon (I9). A call that takes longer is sent
/// twice, under the same key: Stripe tells the second that the first still runs.
const LEASE_MS: i64 = 4_000;
const RETRY_FIRST_MS: i64 = 500;
const RETRY_MAX_MS: i64 = 30_000;
/// A refund that the bank has not answered is looked at this often.
const PENDING_REFUND_MS: i64 = 15_000;
/// From this attempt on a row is worth a warning.
const ATTEMPTS_SUSPICIOUS: u32 = 6;

pub(crate) struct OutboxWorker {
    payments: Payments,
    room: Arc<Semaphore>,
    owner: String,
    bell: watch::Receiver<u64>,
}

/// What became of a row.
enum Done {
    Yes,
    /// Not yet: the other side needs time.
    Later(&'static str),
}

impl OutboxWorker {
    pub(crate) fn new(payments: Payments) -> Self {
        let owner = payments.owner("outbox");
        let bell = payments.ledger.outbox_notify();
        Self { payments, room: Arc::new(Semaphore::new(CONCURRENCY)), owner, bell }
    }
}

impl Worker for OutboxWorker {
    const NAME: &'static str = "outbox";
    const IDLE: Duration = Duration::from_millis(500);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let first = self.room.clone().acquire_owned().await.expect("never closed");
        let limit = 1 + self.room.available_permits() as u32;
        let rows = self
            .payments
            .ledger
            .outbox_lease(&OutboxKind::PAYMENTS, &self.owner, limit, LEASE_MS)
            .await?;
        let round = if rows.len() == limit as usize { Round::More } else { Round::Idle };
        let mut first = Some(first);
        for row in rows {
            let permit = match first.take() {
                Some(permit) => permit,
                None => self.room.clone().acquire_owned().await.expect("never closed"),
            };
            let payments = self.payments.clone();
            let span = row.span();
            let settling = async move {
                payments.settle(row).await;
                drop(permit);
            };
            self.payments.tasks.spawn(settling.instrument(span));
        }
        Ok(round)
    }

    async fn called(&mut self) {
        changed(&mut self.bell).await
    }
}

impl Payments {
    async fn settle(&self, row: OutboxRow) {
        let done = self.send(&row).await;
        let outcome = match &done {
            Ok(Done::Yes) => "done",
            Ok(Done::Later(reason)) => reason,
            Err(error) => error.kind(),
        };
        metrics::counter!("holdfast_payments_outbox_total",
            "kind" => row.kind.as_str(), "outcome" => outcome)
        .increment(1);
        let kept = match done {
            Ok(Done::Yes) => self.ledger.outbox_done(&row.id).await,
            Ok(Done::Later(reason)) => {
                self.ledger.outbox_retry(&row.id, reason, PENDING_REFUND_MS).await
            }
            Err(error) => {
                if row.attempts >= ATTEMPTS_SUSPICIOUS {
                    tracing::warn!(order = %row.order, kind = row.kind.as_str(), %error,
                        attempts = row.attempts, "money does not move; it is tried again");
                }
                let doubled = row.attempts.saturating_sub(1).min(6);
                let after = (RETRY_FIRST_MS << doubled).min(RETRY_MAX_MS);
                self.ledger.outbox_retry(&row.id, error.kind(), after).await
            }
        };
        if let Err(error) = kept {
            // The lease ends by itself and the row comes again.
            tracing::debug!(order = %row.order, %error, "an outbox row could not be marked");
        }
    }

    async fn send(&self, row: &OutboxRow) -> Result<Done, LearnError> {
        let Some(order) = self.ledger.order(&row.order).await? else { return Ok(Done::Yes) };
        let current = order.intent.as_ref().map(|intent| intent.id.clone());
        let Some(intent) = row.intent.clone().or(current) else { return Ok(Done::Yes) };
        let tried = row.attempts.saturating_sub(1);
        match row.kind {
            OutboxKind::Capture => self.capture(&order, &intent, tried).await,
            OutboxKind::Cancel => self.cancel(&order, &intent, tried).await,
            OutboxKind::Refund => self.refund(&order, &intent).await,
            OutboxKind::Promote | OutboxKind::Sell | OutboxKind::Release => Ok(Done::Yes),
        }
    }

    /// Takes the reserved money. The state `committed` says that the claim is durably sold (I3).
    async fn capture(&self, order: &Order, intent: &str, tried: u32) -> Result<Done, LearnError> {
        if order.state != OrderState::Committed {
            return Ok(Done::Yes);
        }
        platform::failpoint("before_capture_sent");
        let found = self.stripe.capture(&order.id, intent, tried).await?;
        platform::failpoint("capture_sent");
        self.learn_end(order, &found).await
    }

    /// Cancels the intent of an order that is ending, or one that nobody may pay. Whether the
    /// buyer's confirmation or this cancel came first is Stripe's to say.
    async fn cancel(&self, order: &Order, intent: &str, tried: u32) -> Result<Done, LearnError> {
        let unsent = order.state == OrderState::Cancelling && !order.cancel_sent;
        if unsent && order.end_reason == Some(EndReason::Deadline) {
            // A buyer who paid in the last second, unheard yet, is worth one read.
            let found = self.stripe.retrieve(intent).await?;
            self.learn_of(Some(order), &found, Source::Answer, None).await?;
        }
        if !self.ledger.mark_cancel_sent(&order.id, intent).await? {
            // It was paid, or is being paid.
            return Ok(Done::Yes);
        }
        platform::failpoint("cancel_marked");
        let found = self.stripe.cancel(&order.id, intent, tried).await?;
        platform::failpoint("cancel_sent");
        self.learn_end(order, &found).await
    }

    /// Gives all the money of an intent back.
    async fn refund(&self, order: &Order, intent: &str) -> Result<Done, LearnError> {
        let is_current = order.intent.as_ref().is_some_and(|current| current.id == intent);
        if is_current && order.state != OrderState::Refunding {
            return Ok(Done::Yes);
        }
        let refunds = self.stripe.refund(&order.id, intent).await?;
        if refunds.iter().any(|refund| refund.status.as_deref() == Some("failed")) {
            tracing::error!(order = %order.id, "a refund failed; a person has to look");
        }
        match self.learn_refunds(order, intent, Source::Answer).await? {
            Learning::Learned => Ok(Done::Yes),
            _ => Ok(Done::Later("refund_pending")),
        }
    }

    /// Learns the end that an intent came to; one that has not come to its end is tried again.
    async fn learn_end(&self, order: &Order, intent: &Intent) -> Result<Done, LearnError> {
        if !intent.status().is_final() {
            return Err(StripeError::UnexpectedState {
                code: "not_final".to_owned(),
                intent: None,
            }
            .into());
        }
        match self.learn_of(Some(order), intent, Source::Answer, None).await? {
            Learning::Mismatch(_) | Learning::NotOurs => Ok(Done::Later("mismatch")),
            Learning::Learned | Learning::Nothing => Ok(Done::Yes),
        }
    }
}
