//! Changes a draft or published event: its texts, time, prices, rules, and the capacity of areas.

use std::collections::BTreeMap;

use domain::{
    chart::Chart,
    event::{Event, EventStatus},
    limits::{EVENT_AREAS_MAX, EVENT_SEATS_MAX},
    money::MinorUnits,
    seat::AreaIndex,
    time::Timestamp,
};
use inventory::EventAtWork;
use ledger::SetCapacities;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Engine,
    error::Refusal,
    event_rules::{self, QueueChange, SaleChange, present},
    events::Viewer,
    views::event::EventView,
    wish::check_distinct,
};

/// What is absent stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = EventChange)]
#[serde(deny_unknown_fields)]
pub struct ChangeEvent {
    pub name: Option<String>,
    /// Null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// In the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// Laid over the standing prices. Orders keep the price at which they were made.
    #[schema(value_type = Option<BTreeMap<String, i64>>)]
    pub prices: Option<BTreeMap<String, MinorUnits>>,
    pub sale: Option<SaleChange>,
    pub queue: Option<QueueChange>,
    /// New capacities, never below what is sold or claimed by orders.
    pub areas: Option<Vec<AreaChange>>,
}

/// A new capacity of one area.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaChange {
    pub name: String,
    #[schema(minimum = 1)]
    pub capacity: u32,
}

/// The row's fields change together or not at all. Capacities go first, so that one below what is
/// sold refuses the whole. To be called in a detached task.
pub async fn change_event(
    engine: &Engine,
    event: &str,
    change: &ChangeEvent,
) -> Result<EventView, Refusal> {
    let at_work = engine.event(event, Viewer::Organizer).await?;
    let id = &at_work.event.id;
    let mut trial = engine.event_row(id.as_str()).await?;
    apply(engine, change, &mut trial)?;
    let capacities = capacities(&at_work.chart, change.areas.as_deref().unwrap_or_default())?;
    change_capacities(engine, &at_work, &capacities).await?;
    let was_queued = at_work.event.queue.enabled;
    let event = engine.change_event_row(id, |event| apply(engine, change, event)).await?;
    if event.queue.enabled != was_queued && event.status == EventStatus::Published {
        engine.inventory.require_pass(&at_work, event.queue.enabled).await?;
    }
    Ok(EventView::of(&event))
}

/// Lays the change over the event and checks what comes out.
fn apply(engine: &Engine, change: &ChangeEvent, event: &mut Event) -> Result<(), Refusal> {
    if !matches!(event.status, EventStatus::Draft | EventStatus::Published) {
        return Err(Refusal::InvalidTransition);
    }
    if let Some(name) = &change.name {
        event.name.clone_from(name);
    }
    if let Some(description) = &change.description {
        event.description.clone_from(description);
    }
    if let Some(starts_at) = change.starts_at {
        event_rules::check_start(starts_at, engine.clock.now())?;
        event.starts_at = starts_at;
    }
    if let Some(prices) = &change.prices {
        event.prices.extend(prices.iter().map(|(name, price)| (name.clone(), *price)));
    }
    if let Some(sale) = &change.sale {
        event.sale = sale.over(&event.sale);
    }
    if let Some(queue) = &change.queue {
        event.queue = queue.over(&event.queue);
    }
    event_rules::check_event(event)
}

fn capacities(chart: &Chart, areas: &[AreaChange]) -> Result<Vec<(AreaIndex, u32)>, Refusal> {
    if areas.len() > EVENT_AREAS_MAX {
        return Err(Refusal::invalid(format!("areas: at most {EVENT_AREAS_MAX}")));
    }
    check_distinct("areas", areas.iter().map(|area| area.name.as_str()))?;
    let mut after: Vec<u32> = chart.areas.iter().map(|area| area.capacity).collect();
    let mut capacities = Vec::with_capacity(areas.len());
    for area in areas {
        let index = chart.area_index(&area.name).ok_or(Refusal::UnknownArea)?;
        if area.capacity == 0 {
            return Err(Refusal::invalid("areas.capacity: must be at least 1"));
        }
        after[usize::from(index)] = area.capacity;
        capacities.push((index, area.capacity));
    }
    let total = chart.seats.len() as u64 + after.into_iter().map(u64::from).sum::<u64>();
    if total > EVENT_SEATS_MAX as u64 {
        let detail = format!("areas.capacity: at most {EVENT_SEATS_MAX} seats and places in all");
        return Err(Refusal::invalid(detail));
    }
    Ok(capacities)
}

/// The ledger decides; the inventory is laid anew with what it says.
async fn change_capacities(
    engine: &Engine,
    at_work: &EventAtWork,
    capacities: &[(AreaIndex, u32)],
) -> Result<(), Refusal> {
    if capacities.is_empty() {
        return Ok(());
    }
    let id = &at_work.event.id;
    match engine.ledger.set_area_capacities(id, capacities).await? {
        SetCapacities::Set => {}
        SetCapacities::BelowSold(_) => return Err(Refusal::CapacityBelowSold),
    }
    engine.inventory.forget(id);
    engine.inventory.rebuild(id).await?;
    Ok(())
}
