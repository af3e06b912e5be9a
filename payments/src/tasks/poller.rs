//! Reads orders whose money is under way from Stripe: it alone brings every order to its end when
//! no webhook ever arrives (I9).
//!
//! The ledger says which orders are due. A few are read one by one, many by pages of the intents
//! created since the oldest of them. Its reads are at most a fifth of the read quota.

use std::{collections::HashMap, time::Duration};

use domain::order::OrderState;
use futures_util::{StreamExt, stream};
use ledger::Order;

use super::{Round, Worker};
use crate::{
    Payments,
    learning::{LearnError, Source},
    stripe::{Budget, Intent, Priority, Rate},
};

/// An order is read this often while few are under way, and this often at the latest.
const AGAIN_SOON_MS: i64 = 5_000;
const AGAIN_LATE_MS: i64 = 10_000;
/// Orders of one round.
const ROUND_ORDERS: u32 = 1000;
/// More than this are read by pages.
const SINGLE_READS_MAX: usize = 20;
/// Reads at once.
const CONCURRENCY: usize = 8;
/// Without a configured quota, reads a second.
const UNLIMITED_READS_A_SECOND: u32 = 100;
/// A round waits this long for its share of the quota; what is not read is due again.
const BUDGET_WAIT: Duration = Duration::from_secs(2);

pub(crate) struct Poller {
    payments: Payments,
    /// Orders that the last round found due.
    busy: usize,
}

impl Poller {
    pub(crate) fn new(payments: Payments) -> Self {
        Self { payments, busy: 0 }
    }
}

/// A fifth of the read quota.
pub(crate) fn budget(rate: Rate) -> Budget {
    let endpoint = match rate.endpoint {
        0 => UNLIMITED_READS_A_SECOND,
        endpoint => (endpoint / 5).max(1),
    };
    Budget::new(Rate { account: 0, endpoint })
}

impl Worker for Poller {
    const NAME: &'static str = "poller";
    const IDLE: Duration = Duration::from_millis(500);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let again = if self.busy > SINGLE_READS_MAX { AGAIN_LATE_MS } else { AGAIN_SOON_MS };
        let now = self.payments.clock.now();
        let due = self.payments.ledger.due_orders(now, ROUND_ORDERS, again).await?;
        self.busy = due.len();
        let this = &*self;
        metrics::gauge!("holdfast_payments_poll_due").set(due.len() as f64);
        let (refunding, paying): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|order| order.state == OrderState::Refunding);
        let rest =
            if paying.len() > SINGLE_READS_MAX { self.read_pages(paying).await } else { paying };
        // A page may not have had an order that was made under another clock: it is read alone.
        stream::iter(refunding.into_iter().chain(rest.into_iter().take(SINGLE_READS_MAX)))
            .for_each_concurrent(CONCURRENCY, |order| this.read_one(order))
            .await;
        Ok(Round::Idle)
    }
}

impl Poller {
    /// Learns from pages; gives the orders that stood on none of them.
    async fn read_pages(&self, orders: Vec<Order>) -> Vec<Order> {
        let Some(since) = orders.iter().map(|order| order.created_at).min() else {
            return orders;
        };
        let mut wanted: HashMap<String, Order> = orders
            .into_iter()
            .filter_map(|order| Some((order.intent.as_ref()?.id.clone(), order)))
            .collect();
        let mut after: Option<String> = None;
        while !wanted.is_empty() && self.may_read().await {
            let page = match self.payments.stripe.list_created(since, after.as_deref()).await {
                Ok(page) => page,
                Err(error) => {
                    self.note(&error.into());
                    // Away: reading them one by one would not go better.
                    return Vec::new();
                }
            };
            let (intents, more) = page;
            after = intents.last().map(|intent| intent.id.clone());
            for intent in intents {
                if let Some(order) = wanted.remove(&intent.id) {
                    self.learn(&order, &intent).await;
                }
            }
            if !more || after.is_none() {
                return wanted.into_values().collect();
            }
        }
        Vec::new()
    }

    async fn read_one(&self, order: Order) {
        let Some(intent) = &order.intent else { return };
        if !self.may_read().await {
            return;
        }
        let done = if order.state == OrderState::Refunding {
            self.payments.learn_refunds(&order, &intent.id, Source::Poller).await.map(drop)
        } else {
            match self.payments.stripe.retrieve(&intent.id).await {
                Ok(intent) => {
                    self.learn(&order, &intent).await;
                    Ok(())
                }
                Err(error) => Err(error.into()),
            }
        };
        if let Err(error) = done {
            self.note(&error);
        }
    }

    async fn learn(&self, order: &Order, intent: &Intent) {
        match self.payments.learn_of(Some(order), intent, Source::Poller, None).await {
            Ok(_) => {}
            Err(error) => self.note(&error.into()),
        }
    }

    async fn may_read(&self) -> bool {
        self.payments.poll_budget.take(Priority::Read, BUDGET_WAIT).await
    }

    /// An order that could not be read is due again soon: counted, not logged one by one.
    fn note(&self, error: &LearnError) {
        metrics::counter!("holdfast_payments_poll_faults_total", "reason" => error.kind())
            .increment(1);
        tracing::debug!(%error, "a read of the poller failed");
    }
}
