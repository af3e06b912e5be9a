//! An event as the catalogue keeps it: what is sold, when, for how much, under which rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::{EventId, EventNumber},
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

/// The rules of the waiting room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    pub enabled: bool,
    pub opens_at: Option<Timestamp>,
    pub admit_per_minute: Option<u32>,
    pub max_inside: Option<u32>,
    pub pass_seconds: i64,
    pub turn_seconds: i64,
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
        }
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
