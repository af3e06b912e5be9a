//! Creates an event as a draft: validates everything, builds the chart, writes one row.

use std::collections::BTreeMap;

use domain::{
    chart::{AreaSource, Chart, ChartSource, SeatFlag},
    event::{Event, EventStatus, Queue, Sale},
    id::EventId,
    money::{Currency, MinorUnits},
    seat::AreaIndex,
    slug::slugify,
    time::Timestamp,
};
use ledger::{InsertEvent, KeptAnswer, NewEvent};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Engine,
    error::Refusal,
    event_rules::{self, QueueChange, SaleChange},
    idempotency::Request,
    replies::Once,
    views::event::EventView,
};

/// What an organiser says of a new event.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = NewEvent)]
#[serde(deny_unknown_fields)]
pub struct CreateEvent {
    pub name: String,
    pub description: Option<String>,
    /// Default: made from the name.
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", max_length = 64)]
    pub slug: Option<String>,
    /// In the future.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Currency,
    /// Minor units by category, 0 is free; each category that is used has one.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub prices: BTreeMap<String, MinorUnits>,
    /// A pretix seating plan, unchanged; a seat's label is its `seat_guid`.
    #[schema(value_type = Option<Object>)]
    pub seating_plan: Option<serde_json::Value>,
    /// General admission. An event has a plan, areas, or both.
    #[serde(default)]
    pub areas: Vec<NewArea>,
    /// By seat label: `accessible`, `companion`, `restricted_view`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub seat_flags: BTreeMap<String, Vec<SeatFlag>>,
    #[serde(default)]
    pub sale: SaleChange,
    #[serde(default)]
    pub queue: QueueChange,
}

/// A general-admission area.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewArea {
    pub name: String,
    #[schema(minimum = 1, maximum = 150_000)]
    pub capacity: u32,
    pub category: String,
}

/// Refuses with 422 and the field's name, or with 409 when the slug is taken. The chart of a large
/// plan costs some 100 ms of one core, off the asynchronous threads. To be called in a detached
/// task.
pub async fn create_event(
    engine: &Engine,
    mut wish: CreateEvent,
    request: Request,
) -> Result<Once<EventView>, Refusal> {
    // Moved: a plan may have 32 MiB.
    let source = ChartSource {
        seating_plan: wish.seating_plan.take(),
        areas: std::mem::take(&mut wish.areas).into_iter().map(AreaSource::from).collect(),
        seat_flags: std::mem::take(&mut wish.seat_flags),
    };
    let event = draft(engine, wish);
    event_rules::check_event(&event)?;
    event_rules::check_start(event.starts_at, engine.clock.now())?;
    let (text, chart) = build_chart(source).await?;
    event_rules::check_priced(&chart, &event.prices)?;

    let answer = serde_json::to_string(&EventView::of(&event)).map_err(|_| Refusal::Internal)?;
    let areas = chart.areas.iter().enumerate();
    let new = NewEvent {
        id: event.id,
        slug: event.slug,
        name: event.name,
        description: event.description,
        starts_at: event.starts_at,
        currency: event.currency,
        prices: event.prices,
        sale: event.sale,
        queue: event.queue,
        chart: text,
        areas: areas.map(|(index, area)| (index as AreaIndex, area.capacity)).collect(),
        answer: Some(request.answered(201, answer)),
    };
    match engine.ledger.insert_event(new).await? {
        InsertEvent::Inserted(event) => Ok(Once::First(EventView::of(&event))),
        InsertEvent::SlugTaken => Err(Refusal::SlugTaken),
        InsertEvent::Replayed(kept) => replay(engine, &kept).await,
        InsertEvent::KeyReused => Err(Refusal::KeyReused),
    }
}

/// The answer of then: the row may have changed since.
async fn replay(engine: &Engine, kept: &KeptAnswer) -> Result<Once<EventView>, Refusal> {
    let mut answer: EventView = serde_json::from_str(&kept.body).map_err(|_| Refusal::Internal)?;
    // Written a moment before the row, whose time is the ledger's to give.
    answer.created_at = engine.event_row(&answer.id).await?.created_at;
    Ok(Once::Replayed(answer))
}

impl From<NewArea> for AreaSource {
    fn from(area: NewArea) -> Self {
        Self { name: area.name, capacity: area.capacity, category: area.category }
    }
}

/// The event as it will be, before anything is checked.
fn draft(engine: &Engine, wish: CreateEvent) -> Event {
    let now = engine.clock.now();
    Event {
        id: EventId::new(now, platform::random::bytes()),
        // The ledger's to give, as are the revision and the time of creation.
        number: 0,
        slug: wish.slug.unwrap_or_else(|| own_slug(&wish.name)),
        status: EventStatus::Draft,
        name: wish.name,
        description: wish.description,
        starts_at: wish.starts_at,
        currency: wish.currency,
        prices: wish.prices,
        sale: wish.sale.over(&Sale::default()),
        queue: wish.queue.over(&Queue::default()),
        created_at: now,
        published_at: None,
        revision: 0,
    }
}

/// Made from the name, with an end that keeps two events of one name apart.
fn own_slug(name: &str) -> String {
    let end = data_encoding::HEXLOWER.encode(&platform::random::bytes::<4>());
    let most = domain::limits::SLUG_LENGTH_MAX - end.len() - 1;
    let mut start = slugify(name);
    start.truncate(most);
    format!("{}-{end}", start.trim_end_matches('-'))
}

/// The source's text, as the ledger keeps it, and the chart.
async fn build_chart(source: ChartSource) -> Result<(String, Chart), Refusal> {
    let built = tokio::task::spawn_blocking(move || {
        let chart = Chart::build(&source).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let text = serde_json::to_string(&source).map_err(|_| Refusal::Internal)?;
        Ok((text, chart))
    });
    built.await.unwrap_or(Err(Refusal::Internal))
}
