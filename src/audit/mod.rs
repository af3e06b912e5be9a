//! The auditor: what must hold, asked of the stores, told as a [`Report`].
//!
//! Reads only. The ledger's invariants are one question each (`ledger::audit`); the inventory in
//! Redis is compared with the ledger's claims seat by seat; the draws of lines are computed anew.
//! Work in flight is no violation: what differs is looked at again a moment later, and only what
//! still differs is told.

mod inventory;
mod lines;
pub mod report;
pub mod task;

use std::time::Duration;

use anyhow::{Context, Result};
use domain::{
    event::{Event, EventStatus},
    id::EventId,
    time::Clock,
};
use ledger::{Invariant, Ledger};

pub use report::Report;
use report::{Check, Finding};

/// Between the first look at something that differs and the second.
const SECOND_LOOK_AFTER: Duration = Duration::from_millis(1_500);
/// Looks before a difference counts.
const LOOKS: usize = 3;
const EVENTS_PER_PAGE: u32 = 100;

/// The inventory, or why it cannot be looked at from here.
pub enum Seats {
    At(lua::Store),
    OutOfReach(String),
}

fn title(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::I1 => "at most one live or sold claim a seat",
        Invariant::I2 => "a valid ticket exactly when its order is paid",
        Invariant::I3 => "no capture before the claim is sold",
        Invariant::I4 => "no release without proof",
        Invariant::I5 => "every exposed intent ends in ticket, void or refund",
        Invariant::I6 => "money balances",
        Invariant::I9 => "every order reaches its end in time",
        Invariant::Line1 => "nobody is let in beyond the places given out",
        Invariant::Line2 => "one pass a place, and only for released places",
    }
}

/// Audits one event, by id or slug, or all of them.
pub async fn audit(
    ledger: &Ledger,
    seats: &Seats,
    event: Option<&str>,
    clock: &dyn Clock,
) -> Result<Report> {
    let events = match event {
        Some(name) => vec![find(ledger, name).await?],
        None => all_events(ledger).await?,
    };
    let only = event.map(|_| events[0].id.clone());
    let scope = Scope { ledger, events: &events, only: only.as_ref() };
    let mut checks = Vec::new();
    for invariant in Invariant::ALL {
        let found = scope.what_stays(Question::Ledger(invariant)).await?;
        checks.push(Check::of(invariant.as_str(), title(invariant), found));
    }
    let found = scope.what_stays(Question::Draws).await?;
    checks.push(Check::of("LINE-3", "a draw follows from what was committed to", found));
    let title = "Redis shows the ledger's claims, and no others";
    checks.push(match seats {
        Seats::OutOfReach(why) => Check::not_checked("redis", title, why.clone()),
        Seats::At(store) => {
            Check::of("redis", title, scope.what_stays(Question::Redis(store)).await?)
        }
    });
    Ok(Report::new(clock.now().to_string(), only.map(|id| id.to_string()), checks))
}

/// What is audited.
struct Scope<'a> {
    ledger: &'a Ledger,
    events: &'a [Event],
    /// The one event; absent: all of them.
    only: Option<&'a EventId>,
}

#[derive(Clone, Copy)]
enum Question<'a> {
    Ledger(Invariant),
    Draws,
    Redis(&'a lua::Store),
}

impl Scope<'_> {
    async fn look(&self, question: Question<'_>) -> Result<Vec<Finding>> {
        let invariant = match question {
            Question::Ledger(invariant) => invariant,
            Question::Draws => return lines::draws(self.ledger, self.events).await,
            Question::Redis(store) => {
                return inventory::differences(self.ledger, store, self.events).await;
            }
        };
        let violations = self.ledger.audit_invariant(invariant, self.only).await?.into_iter();
        let mut findings: Vec<Finding> = violations
            .map(|found| Finding {
                event: found.event,
                subject: found.subject,
                detail: found.detail,
            })
            .collect();
        if invariant == Invariant::Line2 {
            findings.extend(lines::passes(self.ledger, self.events).await?);
        }
        Ok(findings)
    }

    /// Looks until nothing is found, or the same is found in each of [`LOOKS`] looks; gives what
    /// was.
    async fn what_stays(&self, question: Question<'_>) -> Result<Vec<Finding>> {
        let mut found = self.look(question).await?;
        for _ in 1..LOOKS {
            if found.is_empty() {
                break;
            }
            tokio::time::sleep(SECOND_LOOK_AFTER).await;
            let again = self.look(question).await?;
            found.retain(|finding| again.contains(finding));
        }
        Ok(found)
    }
}

async fn find(ledger: &Ledger, name: &str) -> Result<Event> {
    let found = match name.parse::<EventId>() {
        Ok(id) => ledger.event(&id).await?,
        Err(_) => ledger.event_by_slug(name).await?,
    };
    found.with_context(|| format!("there is no event {name}"))
}

async fn all_events(ledger: &Ledger) -> Result<Vec<Event>> {
    const STATUSES: [EventStatus; 3] =
        [EventStatus::Published, EventStatus::Completed, EventStatus::Cancelled];
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map(|event| event.id.clone());
        let page = ledger.list_events(&STATUSES, after.as_ref(), EVENTS_PER_PAGE).await?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}
