//! The changes of one call, gathered before they are written: reads see them, nothing else does, and they
//! become the account's in one journal line.

use serde_json::Value;

use crate::{
    account::Subscription,
    faults::{Draws, plan_deliveries},
    ids::Ids,
    objects::{Charge, Event, Intent, Method, Record, Refund},
    state::{Change, Delivery, State},
};

/// The API call that causes the changes; none for what happens by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause {
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

pub(crate) struct Transaction<'a> {
    pub(crate) state: &'a State,
    pub(crate) ids: &'a mut Ids,
    pub(crate) draws: &'a mut Draws,
    /// Of whoever is there to send webhooks to.
    pub(crate) subscribed: Subscription,
    pub(crate) cause: Cause,
    pub(crate) now: i64,
    pub(crate) changes: Vec<Change>,
    pub(crate) dropped_events: u64,
}

macro_rules! lookup {
    ($($name:ident, $kind:ident, $table:ident;)*) => {$(
        pub(crate) fn $name(&self, id: &str) -> Option<&$kind> {
            let changed = self.changes.iter().rev().find_map(|change| match change {
                Change::$kind(object) if object.id() == id => Some(object),
                _ => None,
            });
            changed.or_else(|| self.state.$table.get(id))
        }
    )*};
}

impl Transaction<'_> {
    lookup! {
        intent, Intent, intents;
        charge, Charge, charges;
        refund, Refund, refunds;
        method, Method, methods;
    }

    pub(crate) fn put_intent(&mut self, intent: &Intent) {
        self.changes.push(Change::Intent(intent.clone()));
    }

    pub(crate) fn put_charge(&mut self, charge: &Charge) {
        self.changes.push(Change::Charge(charge.clone()));
    }

    pub(crate) fn put_refund(&mut self, refund: &Refund) {
        self.changes.push(Change::Refund(refund.clone()));
    }

    pub(crate) fn put_method(&mut self, method: &Method) {
        self.changes.push(Change::Method(method.clone()));
    }

    pub(crate) fn event(&mut self, kind: &str, object: Value) {
        self.event_after(kind, object, None);
    }

    /// Records the event with what stood there before, and its webhooks.
    pub(crate) fn event_after(&mut self, kind: &str, object: Value, previous: Option<Value>) {
        let event = Event {
            id: self.ids.make("evt_3", 23),
            created: self.now,
            kind: kind.to_owned(),
            object,
            previous_attributes: previous,
            request_id: self.cause.request_id.clone(),
            idempotency_key: self.cause.idempotency_key.clone(),
        };
        let id = event.id.clone();
        self.changes.push(Change::Event(event));
        if !self.subscribed.includes(kind) {
            return;
        }
        let plan = plan_deliveries(&self.state.settings.webhooks, self.draws);
        if plan.is_empty() {
            self.dropped_events += 1;
        }
        for delay in plan {
            self.changes.push(Change::Delivery(Delivery {
                id: self.ids.make("whd_", 24),
                event: id.clone(),
                created: self.now,
                due: self.now.saturating_add(delay),
                attempts: 0,
            }));
        }
    }
}
