//! What a buyer asks to hold: the request's shape, and its translation from labels and names to the
//! chart's indexes.
//!
//! Two steps, because checks have an order: [`HoldBody::check`] needs nothing but the body
//! (syntax), [`HoldBody::resolve`] needs the chart (seats). Pure.

use std::collections::BTreeSet;

use domain::{
    chart::Chart,
    limits::{EVENT_AREAS_MAX, EVENT_CATEGORIES_MAX, SEATS_PER_HOLD_MAX},
    seat::{AreaQuantity, SeatIndex},
};
use inventory::{BestAvailable, SeatWish};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Refusal;

/// One of `seats` and `best_available`, and/or `areas`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = NewHold)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// Labels, each once.
    #[schema(max_items = 50)]
    pub seats: Option<Vec<String>>,
    pub best_available: Option<BestAvailableBody>,
    #[schema(max_items = 64)]
    pub areas: Option<Vec<AreaBody>>,
}

/// Seats of the engine's choice, together where possible.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = BestAvailable)]
#[serde(deny_unknown_fields)]
pub struct BestAvailableBody {
    #[schema(minimum = 1, maximum = 50)]
    pub quantity: u32,
    /// Only seats of these categories.
    pub categories: Option<Vec<String>>,
    /// Only seats of these zones.
    pub zones: Option<Vec<String>>,
    /// How many of the seats must be accessible; at most `quantity`.
    pub accessible: Option<u32>,
}

/// Some places of one area.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = AreaWish)]
#[serde(deny_unknown_fields)]
pub struct AreaBody {
    pub name: String,
    pub quantity: u32,
}

/// A wish in the chart's terms.
pub struct Wish {
    pub seats: SeatWish,
    pub areas: Vec<AreaQuantity>,
    /// Seats and places together.
    pub quantity: u32,
}

impl HoldBody {
    /// All that the body alone tells.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.seats.is_some() && self.best_available.is_some() {
            return Err(Refusal::invalid("seats, best_available: only one of them"));
        }
        if let Some(seats) = &self.seats {
            if seats.is_empty() {
                return Err(Refusal::invalid("seats: must name a seat"));
            }
            check_labels("seats", seats)?;
        }
        if let Some(best) = &self.best_available {
            best.check()?;
        }
        let areas = self.areas.as_deref().unwrap_or_default();
        check_areas(areas, 1)?;
        if self.seats.is_none() && self.best_available.is_none() && areas.is_empty() {
            return Err(Refusal::invalid("body: needs seats, best_available or areas"));
        }
        Ok(())
    }

    /// Labels and names become indexes; one that the chart lacks is refused.
    pub fn resolve(&self, chart: &Chart) -> Result<Wish, Refusal> {
        let (seats, quantity) = match (&self.seats, &self.best_available) {
            (Some(labels), _) => {
                (SeatWish::Seats(resolve_seats(chart, labels)?), labels.len() as u32)
            }
            (None, Some(best)) => (SeatWish::BestAvailable(best.resolve(chart)?), best.quantity),
            (None, None) => (SeatWish::None, 0),
        };
        let areas = resolve_areas(chart, self.areas.as_deref().unwrap_or_default())?;
        let places: u32 = areas.iter().map(|area| area.quantity).sum();
        Ok(Wish { seats, areas, quantity: quantity + places })
    }
}

impl BestAvailableBody {
    fn check(&self) -> Result<(), Refusal> {
        if !(1..=SEATS_PER_HOLD_MAX).contains(&self.quantity) {
            let detail = format!("best_available.quantity: must be 1 to {SEATS_PER_HOLD_MAX}");
            return Err(Refusal::invalid(detail));
        }
        if self.accessible.is_some_and(|accessible| accessible > self.quantity) {
            return Err(Refusal::invalid("best_available.accessible: at most the quantity"));
        }
        for (field, names) in [("categories", &self.categories), ("zones", &self.zones)] {
            let Some(names) = names else { continue };
            if !(1..=EVENT_CATEGORIES_MAX).contains(&names.len()) {
                let detail =
                    format!("best_available.{field}: must name 1 to {EVENT_CATEGORIES_MAX}");
                return Err(Refusal::invalid(detail));
            }
        }
        Ok(())
    }

    fn resolve(&self, chart: &Chart) -> Result<BestAvailable, Refusal> {
        let unknown =
            |field: &str| Refusal::invalid(format!("best_available.{field}: unknown name"));
        let mut categories = Vec::new();
        for name in self.categories.as_deref().unwrap_or_default() {
            categories.push(chart.category_index(name).ok_or_else(|| unknown("categories"))?);
        }
        let mut zones = Vec::new();
        for name in self.zones.as_deref().unwrap_or_default() {
            // Zones may share a name.
            let named = chart.zones_named(name);
            if named.is_empty() {
                return Err(unknown("zones"));
            }
            zones.extend(named);
        }
        let accessible = self.accessible.unwrap_or(0);
        Ok(BestAvailable { quantity: self.quantity, categories, zones, accessible })
    }
}

/// At most one hold's worth of labels, each once.
pub fn check_labels(field: &str, labels: &[String]) -> Result<(), Refusal> {
    if labels.len() > SEATS_PER_HOLD_MAX as usize {
        return Err(Refusal::invalid(format!("{field}: at most {SEATS_PER_HOLD_MAX} seats")));
    }
    check_distinct(field, labels.iter().map(String::as_str))
}

/// Each area once, with a quantity from `least` to a hold's worth.
pub fn check_areas(areas: &[AreaBody], least: u32) -> Result<(), Refusal> {
    if areas.len() > EVENT_AREAS_MAX {
        return Err(Refusal::invalid(format!("areas: at most {EVENT_AREAS_MAX}")));
    }
    if areas.iter().any(|area| !(least..=SEATS_PER_HOLD_MAX).contains(&area.quantity)) {
        let detail = format!("areas.quantity: must be {least} to {SEATS_PER_HOLD_MAX}");
        return Err(Refusal::invalid(detail));
    }
    check_distinct("areas", areas.iter().map(|area| area.name.as_str()))
}

pub fn check_distinct<'a>(
    field: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Refusal::invalid(format!("{field}: must not repeat")));
        }
    }
    Ok(())
}

/// Indexes in the order of the labels.
pub fn resolve_seats(chart: &Chart, labels: &[String]) -> Result<Vec<SeatIndex>, Refusal> {
    let mut unknown = Vec::new();
    let mut seats = Vec::with_capacity(labels.len());
    for label in labels {
        match chart.index_of(label) {
            Some(index) => seats.push(index),
            None => unknown.push(label.clone()),
        }
    }
    if unknown.is_empty() { Ok(seats) } else { Err(Refusal::UnknownSeats(unknown)) }
}

pub fn resolve_areas(chart: &Chart, areas: &[AreaBody]) -> Result<Vec<AreaQuantity>, Refusal> {
    let resolve = |wish: &AreaBody| {
        let area = chart.area_index(&wish.name).ok_or(Refusal::UnknownArea)?;
        Ok(AreaQuantity { area, quantity: wish.quantity })
    };
    areas.iter().map(resolve).collect()
}
