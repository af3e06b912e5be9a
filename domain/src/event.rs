//! An event as the catalogue keeps it: what is sold, when, for how much, under which rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::{EventId, EventNumber},
    limits::{
        PASS_SECONDS_MIN, PRIORITY_SHARE_MAX, QUEUE_PEOPLE_MAX, QUEUE_SECONDS_MAX,
        QUEUE_WAITING_MAX, TURN_SECONDS_MIN,
    },
    money::{Currency, MinorUnits},
    time::Timestamp,
};

/// Only a published event is sold. Draft → published → completed or cancelled; a draft may be
/// cancelled too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    Draft,
    Published,
    Completed,
    Cancelled,
}

impl EventStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Published | Self::Cancelled)
                | (Self::Published, Self::Completed | Self::Cancelled)
        )
    }
}

/// The rules of the sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Absent: from publication on.
    pub opens_at: Option<Timestamp>,
    /// Absent: until the event starts.
    pub closes_at: Option<Timestamp>,
    /// 1 to 1800.
    pub hold_seconds: i64,
    /// How often one hold may be extended.
    pub extensions: u32,
    pub extension_seconds: i64,
    /// From the order to the moment at which an unpaid order starts to be cancelled; 30 to 1800.
    pub pay_seconds: i64,
    /// Seats and places that one customer may hold and own in this event; 1 to 50.
    pub max_per_customer: u32,
}

impl Default for Sale {
    fn default() -> Self {
        Self {
            opens_at: None,
            closes_at: None,
            hold_seconds: 600,
            extensions: 1,
            extension_seconds: 60,
            pay_seconds: 600,
            max_per_customer: 8,
        }
    }
}

/// The rules of the waiting room. A rule that is not in stored text has its default: rows are older
/// than some of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    pub enabled: bool,
    /// When the draw is made; absent: when the organiser opens the line.
    pub opens_at: Option<Timestamp>,
    /// Absent: as many as can be served.
    pub admit_per_minute: Option<u32>,
    /// People with a live pass at one time.
    pub max_inside: Option<u32>,
    /// How long a pass lives without being renewed; 1 to 86,400.
    pub pass_seconds: i64,
    /// How long a turn may be taken before it is missed; 1 to 86,400.
    pub turn_seconds: i64,
    /// People in line at one time; who comes then is refused.
    pub max_waiting: Option<u32>,
    /// Only whoever has a code may join.
    pub invite_only: bool,
    /// Of a hundred admissions, how many go to the priority lane while somebody waits there; 0 to 50.
    pub priority_share: u32,
    /// Whether joining may ask for work when many join.
    pub proof_of_work: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            enabled: false,
            opens_at: None,
            admit_per_minute: None,
            max_inside: None,
            pass_seconds: 600,
            turn_seconds: 120,
            max_waiting: None,
            invite_only: false,
            priority_share: 20,
            proof_of_work: true,
        }
    }
}

/// A rule outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    pub field: &'static str,
    pub least: i64,
    pub most: i64,
}

impl Queue {
    /// The first rule that is not within its bounds.
    pub fn out_of_bounds(&self) -> Option<OutOfBounds> {
        let people = i64::from(QUEUE_PEOPLE_MAX);
        let rules = [
            ("admit_per_minute", self.admit_per_minute.map(i64::from), 1, people),
            ("max_inside", self.max_inside.map(i64::from), 1, people),
            ("pass_seconds", Some(self.pass_seconds), PASS_SECONDS_MIN, QUEUE_SECONDS_MAX),
            ("turn_seconds", Some(self.turn_seconds), TURN_SECONDS_MIN, QUEUE_SECONDS_MAX),
            ("max_waiting", self.max_waiting.map(i64::from), 1, QUEUE_WAITING_MAX.into()),
            ("priority_share", Some(self.priority_share.into()), 0, PRIORITY_SHARE_MAX.into()),
        ];
        rules
            .into_iter()
            .find(|(_, value, least, most)| {
                value.is_some_and(|value| !(*least..=*most).contains(&value))
            })
            .map(|(field, _, least, most)| OutOfBounds { field, least, most })
    }
}

/// An event without its chart, which is large and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub number: EventNumber,
    pub slug: String,
    pub status: EventStatus,
    pub name: String,
    pub description: Option<String>,
    pub starts_at: Timestamp,
    pub currency: Currency,
    /// By category; 0 is free. Every category used by a seat or an area has one.
    pub prices: BTreeMap<String, MinorUnits>,
    pub sale: Sale,
    pub queue: Queue,
    pub created_at: Timestamp,
    pub published_at: Option<Timestamp>,
    /// Grows with every change of the row; a cached copy with an older one is stale.
    pub revision: i64,
}

/// Where a moment lies in the sale window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleWindow {
    NotOpen,
    Open,
    Closed,
}

impl Event {
    pub fn sale_closes_at(&self) -> Timestamp {
        self.sale.closes_at.unwrap_or(self.starts_at).min(self.starts_at)
    }

    /// Whether seats may be held at `now`. A draft is not open; a completed or cancelled event is
    /// closed.
    pub fn sale_window(&self, now: Timestamp) -> SaleWindow {
        match self.status {
            EventStatus::Draft => SaleWindow::NotOpen,
            EventStatus::Completed | EventStatus::Cancelled => SaleWindow::Closed,
            EventStatus::Published if now >= self.sale_closes_at() => SaleWindow::Closed,
            EventStatus::Published if self.sale.opens_at.is_some_and(|opens| now < opens) => {
                SaleWindow::NotOpen
            }
            EventStatus::Published => SaleWindow::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stored_before_newer_ones_existed_are_read_with_their_defaults() {
        let stored = r#"{"enabled":true,"opens_at":null,"admit_per_minute":300,"max_inside":null,
            "pass_seconds":600,"turn_seconds":120}"#;
        let queue: Queue = serde_json::from_str(stored).expect("rules");
        let expected = Queue { enabled: true, admit_per_minute: Some(300), ..Queue::default() };
        assert_eq!(queue, expected);
        assert_eq!((queue.priority_share, queue.proof_of_work), (20, true));
    }

    #[test]
    fn a_rule_outside_its_bounds_is_named() {
        assert_eq!(Queue::default().out_of_bounds(), None);
        let queue = |change: fn(&mut Queue)| {
            let mut queue = Queue::default();
            change(&mut queue);
            queue.out_of_bounds().map(|found| found.field)
        };
        assert_eq!(queue(|queue| queue.admit_per_minute = Some(0)), Some("admit_per_minute"));
        assert_eq!(queue(|queue| queue.max_inside = Some(1_000_001)), Some("max_inside"));
        assert_eq!(queue(|queue| queue.pass_seconds = 0), Some("pass_seconds"));
        assert_eq!(queue(|queue| queue.turn_seconds = 86_401), Some("turn_seconds"));
        assert_eq!(queue(|queue| queue.max_waiting = Some(10_000_001)), Some("max_waiting"));
        assert_eq!(queue(|queue| queue.priority_share = 51), Some("priority_share"));
        assert_eq!(queue(|queue| queue.priority_share = 50), None);
        assert_eq!(queue(|queue| queue.max_waiting = Some(10_000_000)), None);
    }
}
