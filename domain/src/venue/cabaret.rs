//! Houses of tables, and of standing room with some tables.

use std::f64::consts::TAU;

use super::{
    house::{House, PITCH, Row, Shape, Spot, Zone},
    random::Random,
};
use crate::chart::AreaSource;

/// From the middle of one table to that of the next, in table radii.
const TABLE_SPACING: f64 = 3.6;

pub(super) fn cabaret(seats: u32, random: &mut Random) -> House {
    let name = random.pick(&["Blue Cabaret", "Palace Cabaret", "Supper Club"]);
    let size = random.pick(&[6, 8, 10]);
    let mut zones = tables(seats, size, ["Front Tables", "Middle Tables", "Back Tables"]);
    let stage = stage(&zones);
    zones[0].shapes.push(stage);
    House {
        name: name.to_owned(),
        categories: vec![
            ("Front Tables", "#7b2d8b"),
            ("Middle Tables", "#c0392b"),
            ("Back Tables", "#2471a3"),
        ],
        zones,
        areas: Vec::new(),
    }
}

pub(super) fn club(places: u32, random: &mut Random) -> House {
    let name = random.pick(&["Warehouse Club", "Cellar Club", "Factory Hall"]);
    let size = random.pick(&[4, 6]);
    let seats =
        (f64::from(places) * random.between(0.08, 0.16) / f64::from(size)).round() as u32 * size;
    let mut zones = tables(seats, size, ["Lounge", "Lounge Side", "Lounge Back"]);
    let stage = stage(&zones);
    zones[0].shapes.push(stage);
    let standing = places - seats;
    let (bar, gallery) = (standing / 6, standing / 5);
    let area = |name: &str, capacity: u32| AreaSource {
        name: name.to_owned(),
        capacity,
        category: name.to_owned(),
    };
    House {
        name: name.to_owned(),
        categories: vec![
            ("Lounge", "#7b2d8b"),
            ("Lounge Side", "#c0392b"),
            ("Lounge Back", "#d68910"),
        ],
        zones,
        areas: vec![
            area("Dance Floor", standing - bar - gallery),
            area("Gallery", gallery),
            area("Bar", bar),
        ],
    }
}

/// Round tables in a grid that is wider than deep; a third of the grid's rows to each zone. Each
/// table is a row of the plan. Tables have `size` seats; those that make the number exact have one
/// less or are the last one.
fn tables(seats: u32, size: u32, names: [&str; 3]) -> Vec<Zone> {
    let count = seats.div_ceil(size).max(1);
    let missing = count * size - seats;
    let columns = (f64::from(count) * 1.6).sqrt().round().max(1.0) as u32;
    let lines = count.div_ceil(columns);
    // Neighbours sit a pitch apart at the widest table.
    let radius = PITCH / 2.0 / (TAU / f64::from(size) / 2.0).sin();
    let spacing = radius.max(PITCH) * TABLE_SPACING;
    let mut zones: Vec<Zone> = (names.iter())
        .map(|name| Zone {
            name: (*name).to_owned(),
            prefix: name.replace(' ', ""),
            rows: Vec::new(),
            shapes: Vec::new(),
        })
        .collect();
    for table in 0..count {
        let (line, column) = (table / columns, table % columns);
        let third = (line * 3 / lines) as usize;
        // One seat less at the last tables; at all of them if there are too few.
        let fewer = missing / count + u32::from(count - table <= missing % count);
        // Every other line stands in the gaps of the one before it.
        let shift = if line % 2 == 1 { 0.5 } else { 0.0 };
        let x = (f64::from(column) + shift) * spacing;
        let y = f64::from(line) * spacing;
        let seats = size - fewer;
        zones[third].rows.push(Row {
            number: (table + 1).to_string(),
            word: "Table",
            seats: (0..seats)
                .map(|place| {
                    // Opened at the side of the stage, where nobody wants the back to it.
                    let angle = -TAU / 4.0 + (f64::from(place) + 0.5) * TAU / f64::from(seats);
                    Spot {
                        number: place + 1,
                        x: x + radius * angle.cos(),
                        y: y + radius * angle.sin(),
                        category: third,
                        restricted: false,
                        begins_block: place == 0,
                    }
                })
                .collect(),
        });
        zones[third].shapes.push(Shape::Circle { x, y, radius: radius * 0.6 });
    }
    zones.retain(|zone| !zone.rows.is_empty());
    zones
}

/// Before the first tables.
fn stage(zones: &[Zone]) -> Shape {
    let seats = || zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats);
    let right = seats().map(|seat| seat.x).fold(0.0, f64::max);
    let width = (right * 0.6).max(160.0);
    Shape::Rectangle { x: (right - width) / 2.0, y: -220.0, width, height: 120.0, text: "Stage" }
}
