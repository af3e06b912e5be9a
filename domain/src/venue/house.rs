//! A house before it is written down: zones, rows and seats with absolute positions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::random::Random;
use crate::chart::AreaSource;

/// From one seat to its neighbour, in the plan's units.
pub(super) const PITCH: f64 = 20.0;
/// From one row to the next.
pub(super) const ROW_SPACING: f64 = 24.0;
/// Round each seat, as drawn.
const RADIUS: u32 = 8;
/// Between the drawing and the edge of the plan.
const MARGIN: f64 = 60.0;

pub(super) struct House {
    pub name: String,
    /// Best first: name and colour.
    pub categories: Vec<(&'static str, &'static str)>,
    pub zones: Vec<Zone>,
    pub areas: Vec<AreaSource>,
}

pub(super) struct Zone {
    pub name: String,
    /// What the labels of its seats begin with.
    pub prefix: String,
    pub rows: Vec<Row>,
    pub shapes: Vec<Shape>,
}

pub(super) struct Row {
    pub number: String,
    /// «Row», «Table».
    pub word: &'static str,
    pub seats: Vec<Spot>,
}

pub(super) struct Spot {
    pub number: u32,
    pub x: f64,
    pub y: f64,
    /// Index in [`House::categories`].
    pub category: usize,
    pub restricted: bool,
    /// An aisle, or the end of the row, is before this seat.
    pub begins_block: bool,
}

/// Something drawn that is not for sale.
pub(super) enum Shape {
    Rectangle { x: f64, y: f64, width: f64, height: f64, text: &'static str },
    Circle { x: f64, y: f64, radius: f64 },
}

impl Zone {
    pub fn label(&self, row: &Row, spot: &Spot) -> String {
        format!("{}-{}-{}", self.prefix, row.number, spot.number)
    }
}

/// `A` to `Z`, then `AA`; without I and O, which read like numbers.
pub(super) fn letters(index: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let last = char::from(LETTERS[index % LETTERS.len()]);
    match index / LETTERS.len() {
        0 => last.to_string(),
        more => format!("{}{last}", letters(more - 1)),
    }
}

/// Lowers the counts, one from each in turn and from the last backwards, until they add up to
/// `wanted`. The sum must not be below it. A count of 2 or less is spared while there are others.
pub(super) fn fit(counts: &mut [u32], wanted: u32) {
    let mut excess = counts.iter().sum::<u32>().checked_sub(wanted).expect("enough was offered");
    for spared in [2, 0] {
        while excess > 0 && counts.iter().any(|count| *count > spared) {
            for count in counts.iter_mut().rev().filter(|count| **count > spared) {
                if excess > 0 {
                    *count -= 1;
                    excess -= 1;
                }
            }
        }
    }
}

impl House {
    /// The pretix plan, and the areas.
    pub fn into_plan(mut self, random: &mut Random) -> (Value, Vec<AreaSource>) {
        let (width, height) = self.move_to_origin();
        let zones: Vec<Value> = self.zones.iter().map(|zone| self.zone(zone, random)).collect();
        // A small house leaves a category empty: nobody should have to price it.
        let seats = self.zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats);
        let used: BTreeSet<usize> = seats.map(|seat| seat.category).collect();
        let of_areas: Vec<&str> = self.areas.iter().map(|area| area.category.as_str()).collect();
        let categories: Vec<Value> = (self.categories.iter().enumerate())
            .filter(|(index, (name, _))| used.contains(index) || of_areas.contains(name))
            .map(|(_, (name, color))| json!({ "name": name, "color": color }))
            .collect();
        let plan = json!({
            "name": self.name,
            "categories": categories,
            "zones": zones,
            "size": { "width": width, "height": height },
        });
        (plan, self.areas)
    }

    /// Shifts everything so that the drawing begins at the margin; its width and height.
    fn move_to_origin(&mut self) -> (u64, u64) {
        let (mut left, mut top) = (f64::MAX, f64::MAX);
        let (mut right, mut bottom) = (f64::MIN, f64::MIN);
        let mut seen = |x: f64, y: f64| {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        };
        for zone in &self.zones {
            zone.rows.iter().flat_map(|row| &row.seats).for_each(|seat| seen(seat.x, seat.y));
            for shape in &zone.shapes {
                match shape {
                    Shape::Rectangle { x, y, width, height, .. } => {
                        seen(*x, *y);
                        seen(x + width, y + height);
                    }
                    Shape::Circle { x, y, radius } => {
                        seen(x - radius, y - radius);
                        seen(x + radius, y + radius);
                    }
                }
            }
        }
        let (dx, dy) = (MARGIN - left, MARGIN - top);
        for zone in &mut self.zones {
            for seat in zone.rows.iter_mut().flat_map(|row| &mut row.seats) {
                (seat.x, seat.y) = (tenth(seat.x + dx), tenth(seat.y + dy));
            }
            for shape in &mut zone.shapes {
                let (Shape::Rectangle { x, y, .. } | Shape::Circle { x, y, .. }) = shape;
                (*x, *y) = (tenth(*x + dx), tenth(*y + dy));
            }
        }
        let size = |extent: f64| (extent + 2.0 * MARGIN).ceil() as u64;
        (size(right - left), size(bottom - top))
    }

    fn zone(&self, zone: &Zone, random: &mut Random) -> Value {
        let seats = zone.rows.iter().flat_map(|row| &row.seats);
        let corner =
            seats.fold((f64::MAX, f64::MAX), |(x, y), seat| (x.min(seat.x), y.min(seat.y)));
        let corner = if corner.0 == f64::MAX { (0.0, 0.0) } else { corner };
        let uuid = random.uuid();
        let rows: Vec<Value> =
            zone.rows.iter().map(|row| self.row(zone, row, corner, random)).collect();
        let shapes: Vec<Value> =
            zone.shapes.iter().map(|shape| shape.area(corner, random)).collect();
        json!({
            "name": zone.name,
            "zone_id": zone.prefix,
            "uuid": uuid,
            "position": position(corner.0, corner.1),
            "rows": rows,
            "areas": shapes,
        })
    }

    fn row(&self, zone: &Zone, row: &Row, (x, y): (f64, f64), random: &mut Random) -> Value {
        let (first_x, first_y) = row.seats.first().map_or((x, y), |seat| (seat.x, seat.y));
        let uuid = random.uuid();
        let seats: Vec<Value> = (row.seats.iter())
            .map(|seat| {
                json!({
                    "seat_guid": zone.label(row, seat),
                    "seat_number": seat.number.to_string(),
                    "uuid": random.uuid(),
                    "radius": RADIUS,
                    "position": position(seat.x - first_x, seat.y - first_y),
                    "category": self.categories[seat.category].0,
                })
            })
            .collect();
        json!({
            "row_number": row.number,
            "row_label": format!("{} {}", row.word, row.number),
            "seat_label": "Seat %s",
            "row_number_position": "both",
            "uuid": uuid,
            "position": position(first_x - x, first_y - y),
            "seats": seats,
        })
    }
}

impl Shape {
    fn area(&self, (left, top): (f64, f64), random: &mut Random) -> Value {
        let uuid = random.uuid();
        match self {
            Self::Rectangle { x, y, width, height, text } => json!({
                "shape": "rectangle",
                "uuid": uuid,
                "color": "#e0e0e0",
                "border_color": "#9e9e9e",
                "rotation": 0,
                "position": position(x - left, y - top),
                "rectangle": { "width": width.round() as u64, "height": height.round() as u64 },
                "text": {
                    "text": text, "color": "#424242", "size": 24,
                    "position": position(width / 2.0, height / 2.0),
                },
            }),
            Self::Circle { x, y, radius } => json!({
                "shape": "circle",
                "uuid": uuid,
                "color": "#efebe9",
                "border_color": "#8d6e63",
                "rotation": 0,
                "position": position(x - left, y - top),
                "circle": { "radius": radius.round() as u64 },
            }),
        }
    }
}

fn position(x: f64, y: f64) -> Value {
    json!({ "x": tenth(x), "y": tenth(y) })
}

/// To a tenth of a unit: what a sine says beyond differs between machines.
fn tenth(value: f64) -> f64 {
    // Adding zero turns a negative zero into a plain one.
    (value * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lettered_without_letters_that_read_like_numbers() {
        assert_eq!([0, 7, 8, 23, 24, 48].map(letters), ["A", "H", "J", "Z", "AA", "BA"]);
    }

    #[test]
    fn counts_are_lowered_from_the_back_to_the_wanted_sum() {
        let mut counts = [5, 5, 5];
        fit(&mut counts, 13);
        assert_eq!(counts, [5, 4, 4]);
        fit(&mut counts, 1);
        assert_eq!(counts.iter().sum::<u32>(), 1);
    }
}
