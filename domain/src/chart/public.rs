//! The chart as the public sees it. Field names are the contract's.

use serde::Serialize;

use super::{Chart, SeatFlags};
use crate::seat::{AreaIndex, SeatIndex};

#[derive(Clone, Debug, Serialize)]
pub struct PublicChart<'a> {
    pub categories: Vec<PublicCategory<'a>>,
    pub zones: Vec<PublicZone<'a>>,
    pub areas: Vec<PublicArea<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublicCategory<'a> {
    pub name: &'a str,
    pub color: &'a str,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublicZone<'a> {
    pub name: &'a str,
    pub rows: Vec<PublicRow<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublicRow<'a> {
    pub number: &'a str,
    pub seats: Vec<PublicSeat<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublicSeat<'a> {
    pub index: SeatIndex,
    pub label: &'a str,
    pub number: &'a str,
    pub x: f64,
    pub y: f64,
    pub category: &'a str,
    pub flags: SeatFlags,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublicArea<'a> {
    pub index: AreaIndex,
    pub name: &'a str,
    pub capacity: u32,
    pub category: &'a str,
}

impl<'a> PublicChart<'a> {
    pub(super) fn of(chart: &'a Chart) -> Self {
        let seat = |index: SeatIndex| {
            let seat = &chart.seats[index as usize];
            PublicSeat {
                index,
                label: &seat.label,
                number: &seat.number,
                x: seat.x,
                y: seat.y,
                category: &chart.category(seat.category).name,
                flags: seat.flags,
            }
        };
        let rows = |zone: &'a super::Zone| {
            (zone.rows.iter())
                .map(|row| PublicRow {
                    number: &row.number,
                    seats: row.seats.clone().map(seat).collect(),
                })
                .collect()
        };
        Self {
            categories: (chart.categories.iter())
                .map(|category| PublicCategory { name: &category.name, color: &category.color })
                .collect(),
            zones: (chart.zones.iter())
                .map(|zone| PublicZone { name: &zone.name, rows: rows(zone) })
                .collect(),
            areas: (chart.areas.iter().enumerate())
                .map(|(index, area)| PublicArea {
                    index: index as AreaIndex,
                    name: &area.name,
                    capacity: area.capacity,
                    category: &chart.category(area.category).name,
                })
                .collect(),
        }
    }
}
