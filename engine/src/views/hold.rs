//! A hold as its owner sees it.

use domain::{
    chart::{CategoryIndex, Chart},
    event::Event,
    hold::HoldStatus,
    money::MinorUnits,
    seat::SeatIndex,
    time::Timestamp,
};
use lua::HoldRecord;
use serde::Serialize;
use utoipa::ToSchema;

/// Seats and places reserved for one customer until `expires_at`.
#[derive(Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldView {
    #[schema(example = "hld_06gk2v9v5g0n6tq1r8s4c2m9e0p4a3b7c6d5e")]
    pub id: String,
    pub event_id: String,
    #[schema(value_type = HoldStatusView)]
    pub status: HoldStatus,
    pub seats: Vec<HeldSeatView>,
    pub areas: Vec<HeldAreaView>,
    /// Minor units, by the event's prices of this moment; the order fixes them.
    #[schema(value_type = i64)]
    pub total: MinorUnits,
    pub currency: String,
    /// While `paying`: the order's `pay_before`.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The inventory's version when this was read.
    pub version: u64,
    /// Owns the hold: send it as `Holdfast-Hold`.
    pub token: String,
}

/// `paying`: an order has a durable claim on the seats.
#[derive(Serialize, ToSchema)]
#[schema(as = HoldStatus)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatusView {
    Active,
    Paying,
    Released,
    Expired,
    Sold,
}

/// One seat of a hold.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldSeat)]
pub struct HeldSeatView {
    pub label: String,
    pub zone: String,
    pub row: String,
    pub number: String,
    pub category: String,
    #[schema(value_type = i64)]
    pub price: MinorUnits,
}

/// Places of one area; `price` is that of each.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldArea)]
pub struct HeldAreaView {
    pub name: String,
    pub quantity: u32,
    #[schema(value_type = i64)]
    pub price: MinorUnits,
}

/// What [`HoldView::of`] needs beside the record.
pub struct HoldFacts {
    pub id: String,
    pub token: String,
    pub version: u64,
}

impl HoldView {
    pub fn of(event: &Event, chart: &Chart, record: &HoldRecord, facts: HoldFacts) -> Self {
        let seats: Vec<_> =
            record.seats.iter().map(|&index| held_seat(event, chart, index)).collect();
        let areas: Vec<_> = (record.areas.iter())
            .map(|held| {
                let area = &chart.areas[usize::from(held.area)];
                HeldAreaView {
                    name: area.name.clone(),
                    quantity: held.quantity,
                    price: price(event, chart, area.category),
                }
            })
            .collect();
        let total = seats.iter().map(|seat| seat.price).sum::<MinorUnits>()
            + areas
                .iter()
                .map(|area| area.price * MinorUnits::from(area.quantity))
                .sum::<MinorUnits>();
        Self {
            id: facts.id,
            event_id: event.id.to_string(),
            status: record.status,
            seats,
            areas,
            total,
            currency: event.currency.to_string(),
            expires_at: record.expires_at,
            version: facts.version,
            token: facts.token,
        }
    }
}

fn held_seat(event: &Event, chart: &Chart, index: SeatIndex) -> HeldSeatView {
    let seat = &chart.seats[index as usize];
    HeldSeatView {
        label: seat.label.clone(),
        zone: chart.zone_of(seat).name.clone(),
        row: chart.row_of(seat).number.clone(),
        number: seat.number.clone(),
        category: chart.category(seat.category).name.clone(),
        price: price(event, chart, seat.category),
    }
}

/// What one seat or place of a category costs. Each used category has a price: that is checked
/// where an event is created and changed.
pub fn price(event: &Event, chart: &Chart, category: CategoryIndex) -> MinorUnits {
    let name = &chart.category(category).name;
    event.prices.get(name).copied().expect("each used category has a price")
}
