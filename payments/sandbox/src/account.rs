//! The account behind its lock: state, journal, draws and counters, and the one way to change them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use serde::Serialize;
use tokio::sync::Notify;

use crate::{
    Error, Rate, SandboxOptions,
    faults::{Draws, Settings, When},
    ids::Ids,
    journal::Journal,
    operations,
    rate::Limiter,
    state::{Change, State},
    transaction::{Cause, Transaction},
};

/// What all handlers and the webhook sender share.
pub(crate) struct Shared {
    pub(crate) options: SandboxOptions,
    pub(crate) client: reqwest::Client,
    /// Wakes the webhook sender.
    pub(crate) wake: Notify,
    webhook_url: RwLock<Option<String>>,
    account: Mutex<Account>,
}

/// Never held across an await.
pub(crate) struct Account {
    pub(crate) state: State,
    pub(crate) ids: Ids,
    pub(crate) limiter: Limiter,
    /// Idempotency keys whose first call still runs.
    pub(crate) running_keys: HashSet<String>,
    pub(crate) counters: Counters,
    journal: Journal,
    answer_draws: Draws,
    webhook_draws: Draws,
}

/// Since the start of the process.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counters {
    pub(crate) calls: u64,
    pub(crate) calls_answered_wrong: u64,
    pub(crate) calls_replayed: u64,
    pub(crate) calls_rate_limited: u64,
    pub(crate) events: u64,
    pub(crate) events_dropped: u64,
    pub(crate) webhooks_sent: u64,
    pub(crate) webhooks_delivered: u64,
    pub(crate) webhooks_given_up: u64,
}

/// The types of the events that go to the endpoint; none without one.
#[derive(Clone, Copy)]
pub(crate) struct Subscription(&'static [&'static str]);

impl Subscription {
    pub(crate) fn includes(self, kind: &str) -> bool {
        self.0 == crate::ALL_EVENTS || self.0.contains(&kind)
    }
}

/// What a run of an operation leaves besides its result.
pub(crate) struct Run<T> {
    pub(crate) result: T,
    pub(crate) changes: Vec<Change>,
    dropped_events: u64,
}

impl Shared {
    pub(crate) fn open(options: SandboxOptions) -> Result<Arc<Self>, Error> {
        let client = crate::webhooks::client()?;
        let now = (options.now)();
        let (journal, state) = Journal::open(&options.data_dir.join("sandbox"), now)?;
        let (answer_draws, webhook_draws) = draws(&state.settings)?;
        let account = Account {
            state,
            ids: Ids::new()?,
            limiter: Limiter::default(),
            running_keys: HashSet::new(),
            counters: Counters::default(),
            journal,
            answer_draws,
            webhook_draws,
        };
        Ok(Arc::new(Self {
            webhook_url: RwLock::new(options.webhook_url.clone()),
            options,
            client,
            wake: Notify::new(),
            account: Mutex::new(account),
        }))
    }

    pub(crate) fn now(&self) -> i64 {
        (self.options.now)()
    }

    /// The limit that holds now.
    pub(crate) fn rate(&self, account: &Account) -> Rate {
        account.state.settings.rate.unwrap_or(self.options.rate)
    }

    pub(crate) fn webhook_url(&self) -> Option<String> {
        self.webhook_url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn subscription(&self) -> Subscription {
        Subscription(self.webhook_url().map_or(&[], |_| self.options.enabled_events))
    }

    pub(crate) fn set_webhook_url(&self, url: Option<String>) {
        *self.webhook_url.write().unwrap_or_else(PoisonError::into_inner) = url;
        self.wake.notify_one();
    }

    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account with everything done that was due by now.
    pub(crate) fn settled(&self) -> MutexGuard<'_, Account> {
        let mut account = self.account();
        let now = self.now();
        while let Some((due, id)) = account.state.next_due_object().cloned() {
            if due > now {
                break;
            }
            let run = account.run(self.subscription(), Cause::default(), now, |transaction| {
                operations::settle(transaction, &id);
            });
            if !self.commit(&mut account, run.dropped_events, run.changes) {
                break;
            }
        }
        account
    }

    /// Writes the changes and makes them the account's: all or, when the journal cannot be written, none.
    pub(crate) fn commit(
        &self,
        account: &mut Account,
        dropped_events: u64,
        changes: Vec<Change>,
    ) -> bool {
        if changes.is_empty() {
            return true;
        }
        if let Err(error) = account.journal.append(&changes) {
            tracing::error!(%error, "the payment sandbox cannot write its journal");
            return false;
        }
        account.counters.events_dropped += dropped_events;
        let mut wake = false;
        for change in changes {
            match &change {
                Change::Event(_) => account.counters.events += 1,
                Change::Delivery(_) => wake = true,
                _ => {}
            }
            account.state.apply(change);
        }
        if wake {
            self.wake.notify_one();
        }
        if account.journal.has_grown() {
            let Account { journal, state, .. } = account;
            if let Err(error) = journal.rewrite(state) {
                tracing::warn!(%error, "the payment sandbox cannot rewrite its journal");
            }
        }
        true
    }

    /// [`Shared::commit`] of a run.
    pub(crate) fn commit_run<T>(&self, account: &mut Account, run: Run<T>) -> Option<T> {
        self.commit(account, run.dropped_events, run.changes).then_some(run.result)
    }
}

impl Account {
    /// Runs an operation on the account; nothing has changed until its changes are committed.
    pub(crate) fn run<T>(
        &mut self,
        subscribed: Subscription,
        cause: Cause,
        now: i64,
        operation: impl FnOnce(&mut Transaction<'_>) -> T,
    ) -> Run<T> {
        let mut transaction = Transaction {
            state: &self.state,
            ids: &mut self.ids,
            draws: &mut self.webhook_draws,
            subscribed,
            cause,
            now,
            changes: Vec::new(),
            dropped_events: 0,
        };
        let result = operation(&mut transaction);
        let (changes, dropped_events) = (transaction.changes, transaction.dropped_events);
        Run { result, changes, dropped_events }
    }

    /// Whether this call is one of those that are to be answered wrong, and how.
    pub(crate) fn draw_wrong_answer(&mut self) -> Option<WrongAnswer> {
        let answers = &self.state.settings.answers;
        if answers.share <= 0.0 || self.answer_draws.next() >= answers.share {
            return None;
        }
        self.counters.calls_answered_wrong += 1;
        Some(WrongAnswer {
            status: answers.status,
            lock: answers.lock,
            after_effect: answers.when == When::After,
            kept: answers.stored.unwrap_or(answers.status == 500),
        })
    }

    /// Starts the draws anew; with a seed they repeat.
    pub(crate) fn reseed(&mut self) -> Result<(), Error> {
        (self.answer_draws, self.webhook_draws) = draws(&self.state.settings)?;
        Ok(())
    }
}

/// One call that is to be answered wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongAnswer {
    pub(crate) status: u16,
    pub(crate) lock: bool,
    pub(crate) after_effect: bool,
    /// Before the effect: whether the key keeps it.
    pub(crate) kept: bool,
}

fn draws(settings: &Settings) -> Result<(Draws, Draws), Error> {
    let mut seed = [0; 32];
    match settings.seed {
        Some(number) => seed[..8].copy_from_slice(&number.to_be_bytes()),
        None => getrandom::fill(&mut seed).map_err(|_| Error::Random)?,
    }
    Ok((Draws::new(&seed, "answers"), Draws::new(&seed, "webhooks")))
}
