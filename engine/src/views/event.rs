//! An event as a buyer and as its organiser see it.

use std::collections::BTreeMap;

use domain::{
    event::{Event, EventStatus},
    money::MinorUnits,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event of the catalogue.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    #[schema(example = "evt_06gk2v9v5g0n6tq1r8s4c2m9e0p4a")]
    pub id: String,
    /// Reaches the event wherever its id does.
    pub slug: String,
    #[schema(value_type = EventStatusView)]
    pub status: EventStatus,
    pub name: String,
    pub description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Minor units by category; 0 is free.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub prices: BTreeMap<String, MinorUnits>,
    pub sale: SaleView,
    pub queue: QueueView,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Timestamp>,
}

/// Only a published event is sold.
#[derive(Serialize, ToSchema)]
#[schema(as = EventStatus)]
#[serde(rename_all = "snake_case")]
pub enum EventStatusView {
    Draft,
    Published,
    Completed,
    Cancelled,
}

/// The rules of the sale, with their defaults filled in.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Sale)]
pub struct SaleView {
    /// When not set: the moment of publication; null before it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Timestamp>,
    /// When not set: the start of the event.
    #[schema(value_type = String, format = DateTime)]
    pub closes_at: Timestamp,
    pub hold_seconds: i64,
    pub extensions: u32,
    pub extension_seconds: i64,
    pub pay_seconds: i64,
    pub max_per_customer: u32,
}

/// The rules of the waiting room.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Queue)]
pub struct QueueView {
    pub enabled: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Timestamp>,
    pub admit_per_minute: Option<u32>,
    pub max_inside: Option<u32>,
    pub pass_seconds: i64,
    pub turn_seconds: i64,
    pub max_waiting: Option<u32>,
    pub invite_only: bool,
    /// Percent of admissions that go to people with a priority code while they wait.
    pub priority_share: u32,
    pub proof_of_work: bool,
}

impl EventView {
    pub fn of(event: &Event) -> Self {
        let (sale, queue) = (&event.sale, &event.queue);
        Self {
            id: event.id.to_string(),
            slug: event.slug.clone(),
            status: event.status,
            name: event.name.clone(),
            description: event.description.clone(),
            starts_at: event.starts_at,
            currency: event.currency.to_string(),
            prices: event.prices.clone(),
            sale: SaleView {
                opens_at: sale.opens_at.or(event.published_at),
                closes_at: event.sale_closes_at(),
                hold_seconds: sale.hold_seconds,
                extensions: sale.extensions,
                extension_seconds: sale.extension_seconds,
                pay_seconds: sale.pay_seconds,
                max_per_customer: sale.max_per_customer,
            },
            queue: QueueView {
                enabled: queue.enabled,
                opens_at: queue.opens_at,
                admit_per_minute: queue.admit_per_minute,
                max_inside: queue.max_inside,
                pass_seconds: queue.pass_seconds,
                turn_seconds: queue.turn_seconds,
                max_waiting: queue.max_waiting,
                invite_only: queue.invite_only,
                priority_share: queue.priority_share,
                proof_of_work: queue.proof_of_work,
            },
            created_at: event.created_at,
            published_at: event.published_at,
        }
    }
}

/// One page of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct EventPage {
    pub data: Vec<EventView>,
    /// Give it as `cursor` to read on; null on the last page.
    pub next_cursor: Option<String>,
}
