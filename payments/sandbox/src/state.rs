//! Everything the account holds, and the changes it is made of. [`State::apply`] is the only way in: the
//! running sandbox and the replay of its journal go through the same door.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{
    faults::Settings,
    limits,
    objects::{Charge, Event, Intent, Method, Record, Refund},
};

/// One change: the whole new object, or the end of a delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Intent(Intent),
    Charge(Charge),
    Refund(Refund),
    Method(Method),
    Event(Event),
    Delivery(Delivery),
    DeliveryDone(String),
    Answer(Answer),
    Settings(Settings),
}

/// A webhook on its way. Times in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) created: i64,
    pub(crate) due: i64,
    pub(crate) attempts: u32,
}

/// What an idempotency key answers for a day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) key: String,
    pub(crate) fingerprint: String,
    pub(crate) created: i64,
    pub(crate) request_id: String,
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Objects of one kind in the order they were made, found by id.
#[derive(Debug)]
pub(crate) struct Table<T> {
    records: VecDeque<T>,
    positions: HashMap<String, u64>,
    forgotten: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { records: VecDeque::new(), positions: HashMap::new(), forgotten: 0 }
    }
}

impl<T: Record> Table<T> {
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.records.get(self.position(id)?)
    }

    /// From the oldest.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.records.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Where an object stands, counted from the oldest.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        usize::try_from(self.positions.get(id)? - self.forgotten).ok()
    }

    fn put(&mut self, record: T) {
        if let Some(position) = self.position(record.id()) {
            self.records[position] = record;
            return;
        }
        let position = self.forgotten + self.records.len() as u64;
        self.positions.insert(record.id().to_owned(), position);
        self.records.push_back(record);
    }

    fn forget_oldest(&mut self) {
        if let Some(record) = self.records.pop_front() {
            self.positions.remove(record.id());
            self.forgotten += 1;
        }
    }
}

/// The account.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) intents: Table<Intent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) methods: Table<Method>,
    pub(crate) events: Table<Event>,
    pub(crate) settings: Settings,
    deliveries: HashMap<String, Delivery>,
    deliveries_due: BTreeSet<(i64, String)>,
    deliveries_of_event: HashMap<String, u32>,
    answers: HashMap<String, Answer>,
    answers_by_age: VecDeque<(i64, String)>,
    /// Intents and refunds to which something happens by itself.
    objects_due: BTreeSet<(i64, String)>,
}

impl State {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Intent(intent) => {
                let before = self.intents.get(&intent.id).and_then(|intent| intent.due_at);
                self.move_due(&intent.id, before, intent.due_at);
                self.intents.put(intent);
            }
            Change::Charge(charge) => self.charges.put(charge),
            Change::Refund(refund) => {
                let before = self.refunds.get(&refund.id).and_then(|refund| refund.due_at);
                self.move_due(&refund.id, before, refund.due_at);
                self.refunds.put(refund);
            }
            Change::Method(method) => self.methods.put(method),
            Change::Event(event) => {
                self.events.put(event);
                self.forget_events();
            }
            Change::Delivery(delivery) => self.put_delivery(delivery),
            Change::DeliveryDone(id) => self.end_delivery(&id),
            Change::Answer(answer) => {
                self.answers_by_age.push_back((answer.created, answer.key.clone()));
                self.answers.insert(answer.key.clone(), answer);
            }
            Change::Settings(settings) => self.settings = settings,
        }
    }

    fn move_due(&mut self, id: &str, before: Option<i64>, after: Option<i64>) {
        if let Some(due) = before {
            self.objects_due.remove(&(due, id.to_owned()));
        }
        if let Some(due) = after {
            self.objects_due.insert((due, id.to_owned()));
        }
    }

    fn put_delivery(&mut self, delivery: Delivery) {
        self.deliveries_due.insert((delivery.due, delivery.id.clone()));
        match self.deliveries.insert(delivery.id.clone(), delivery.clone()) {
            Some(before) if before.due != delivery.due => {
                self.deliveries_due.remove(&(before.due, before.id));
            }
            Some(_) => {}
            None => *self.deliveries_of_event.entry(delivery.event).or_default() += 1,
        }
    }

    fn end_delivery(&mut self, id: &str) {
        let Some(delivery) = self.deliveries.remove(id) else { return };
        self.deliveries_due.remove(&(delivery.due, delivery.id));
        if let Some(count) = self.deliveries_of_event.get_mut(&delivery.event) {
            *count -= 1;
            if *count == 0 {
                self.deliveries_of_event.remove(&delivery.event);
            }
        }
        self.forget_events();
    }

    /// The oldest events go once there are too many; one that is still to be delivered stays, and all behind it.
    fn forget_events(&mut self) {
        while self.events.len() > limits::EVENTS_KEPT {
            let oldest = self.events.iter().next().map(|event| event.id.clone());
            if oldest.is_none_or(|id| self.deliveries_of_event.contains_key(&id)) {
                return;
            }
            self.events.forget_oldest();
        }
    }

    /// What the key answers, unless that is more than a day ago.
    pub(crate) fn answer(&self, key: &str, now: i64) -> Option<&Answer> {
        self.answers.get(key).filter(|answer| now - answer.created < limits::ANSWER_KEPT_MS)
    }

    /// Drops answers older than a day.
    pub(crate) fn forget_answers(&mut self, now: i64) {
        while let Some((created, key)) = self.answers_by_age.front() {
            if now - created < limits::ANSWER_KEPT_MS {
                return;
            }
            if self.answers.get(key).is_some_and(|answer| answer.created == *created) {
                self.answers.remove(key);
            }
            self.answers_by_age.pop_front();
        }
    }

    pub(crate) fn delivery(&self, id: &str) -> Option<&Delivery> {
        self.deliveries.get(id)
    }

    /// The next webhooks to send, by due time.
    pub(crate) fn deliveries_by_due(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries_due.iter().filter_map(|(_, id)| self.deliveries.get(id))
    }

    pub(crate) fn pending_deliveries(&self) -> usize {
        self.deliveries.len()
    }

    /// Webhooks of one event that are still on their way.
    pub(crate) fn pending_of_event(&self, event: &str) -> u32 {
        self.deliveries_of_event.get(event).copied().unwrap_or(0)
    }

    /// When and to which intent or refund something happens next by itself.
    pub(crate) fn next_due_object(&self) -> Option<&(i64, String)> {
        self.objects_due.first()
    }

    /// The whole account as changes, for a fresh journal.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change> {
        let answers = self.answers_by_age.iter().filter_map(|(created, key)| {
            self.answers.get(key).filter(|answer| answer.created == *created)
        });
        std::iter::once(Change::Settings(self.settings.clone()))
            .chain(self.methods.iter().cloned().map(Change::Method))
            .chain(self.intents.iter().cloned().map(Change::Intent))
            .chain(self.charges.iter().cloned().map(Change::Charge))
            .chain(self.refunds.iter().cloned().map(Change::Refund))
            // Deliveries before events: an event that is still to be delivered is never forgotten.
            .chain(self.deliveries_by_due().cloned().map(Change::Delivery))
            .chain(self.events.iter().cloned().map(Change::Event))
            .chain(answers.cloned().map(Change::Answer))
    }
}
