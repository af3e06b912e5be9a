//! A theatre: levels behind each other, rows on arcs round the stage, aisles along rays.

use super::{
    house::{House, PITCH, ROW_SPACING, Row, Shape, Spot, Zone, fit, letters},
    random::Random,
};

/// Seats between two aisles, about.
const SECTION_SEATS: f64 = 14.0;
/// What an aisle takes from the arc of each section, beside the pitch that separates seats anyway.
const AISLE: f64 = 1.3 * PITCH;
/// From the last row of a level to the first of the next.
const LEVEL_GAP: f64 = 90.0;

const CATEGORIES: [(&str, &str); 5] = [
    ("Premium", "#7b2d8b"),
    ("Stalls", "#c0392b"),
    ("Circle", "#d68910"),
    ("Balcony", "#2471a3"),
    ("Gallery", "#5d6d7e"),
];

/// Name, share of the seats, category.
type Level = (&'static str, f64, usize);

fn levels(seats: u32) -> &'static [Level] {
    match seats {
        0..450 => &[("Stalls", 0.7, 1), ("Balcony", 0.3, 3)],
        450..3000 => &[("Stalls", 0.55, 1), ("Circle", 0.27, 2), ("Balcony", 0.18, 3)],
        _ => {
            &[("Stalls", 0.45, 1), ("Circle", 0.25, 2), ("Balcony", 0.18, 3), ("Gallery", 0.12, 4)]
        }
    }
}

pub(super) fn theatre(seats: u32, random: &mut Random) -> House {
    let name = random.pick(&["Grand Theatre", "Lyric Theatre", "Opera House", "Playhouse"]);
    let half_angle = random.between(0.85, 1.05);
    let levels = levels(seats);
    let mut zones = Vec::new();
    let mut radius = 0.0;
    let mut left = seats;
    for (index, level) in levels.iter().enumerate() {
        let count = if index + 1 == levels.len() {
            left
        } else {
            (f64::from(seats) * level.1).round() as u32
        };
        left -= count;
        let zone = zone(level, count, half_angle, &mut radius);
        zones.push(zone);
        radius += LEVEL_GAP;
    }
    let stage = stage(&zones[0]);
    zones[0].shapes.push(stage);
    House { name: name.to_owned(), categories: CATEGORIES.to_vec(), zones, areas: Vec::new() }
}

/// One level. `radius` is where it may begin at the earliest, and becomes that of its last row.
fn zone(level: &Level, seats: u32, half_angle: f64, radius: &mut f64) -> Zone {
    let (name, _, category) = *level;
    let rows_about = (f64::from(seats) / 2.2).sqrt().max(4.0);
    // The arc on which an average row has its seats, aisles included.
    let middle = f64::from(seats) / rows_about * PITCH * 1.15 / (2.0 * half_angle);
    let first = (middle - rows_about / 2.0 * ROW_SPACING).max(160.0).max(*radius);
    let arc = 2.0 * half_angle * (first + rows_about / 2.0 * ROW_SPACING);
    // An odd number: the middle of the house is for seats, not for an aisle.
    let sections = ((arc / PITCH / SECTION_SEATS / 2.0).round() as usize * 2 + 1).max(3);

    let mut counts = Vec::new();
    let mut offered = 0;
    while offered < seats {
        let section = 2.0 * half_angle * (first + rows(&counts, sections) * ROW_SPACING);
        let fitting = ((section / sections as f64 - AISLE) / PITCH).floor().max(2.0) as u32;
        counts.extend(std::iter::repeat_n(fitting, sections));
        offered += fitting * sections as u32;
    }
    fit(&mut counts, seats);

    let rows_total = counts.len() / sections;
    let premium_rows = if category == 1 { (rows_total * 2).div_ceil(5) } else { 0 };
    let rows = (counts.chunks(sections).enumerate())
        .map(|(index, counts)| {
            let radius = first + index as f64 * ROW_SPACING;
            let premium = index < premium_rows;
            Row {
                number: letters(index),
                word: "Row",
                seats: row(counts, radius, half_angle, category, premium, index % 2 == 1),
            }
        })
        .collect();
    *radius = first + rows_total as f64 * ROW_SPACING;
    Zone { name: name.to_owned(), prefix: name.to_owned(), rows, shapes: Vec::new() }
}

fn rows(counts: &[u32], sections: usize) -> f64 {
    (counts.len() / sections) as f64
}

fn row(
    counts: &[u32],
    radius: f64,
    half_angle: f64,
    category: usize,
    premium: bool,
    behind_pillars: bool,
) -> Vec<Spot> {
    let sections = counts.len();
    let width = 2.0 * half_angle / sections as f64;
    let total: u32 = counts.iter().sum();
    let mut seats = Vec::new();
    for (section, count) in counts.iter().enumerate() {
        let middle = -half_angle + (section as f64 + 0.5) * width;
        // Premium: not the outermost sections.
        let outer = section == 0 || section + 1 == sections;
        for place in 0..*count {
            let number = seats.len() as u32 + 1;
            let aside = f64::from(place) - f64::from(count - 1) / 2.0;
            let angle = middle + aside * PITCH / radius;
            seats.push(Spot {
                number,
                x: angle.sin() * radius,
                y: angle.cos() * radius,
                category: if premium && !outer { 0 } else { category },
                restricted: category > 1 && behind_pillars && (number == 1 || number == total),
                begins_block: place == 0,
            });
        }
    }
    seats
}

/// Before the first row.
fn stage(stalls: &Zone) -> Shape {
    let front = &stalls.rows[0].seats;
    let nearest = front.iter().map(|seat| seat.y).fold(f64::MAX, f64::min);
    let half = front.iter().map(|seat| seat.x).fold(0.0, f64::max).max(80.0) * 0.8;
    Shape::Rectangle {
        x: -half,
        y: nearest - 160.0,
        width: 2.0 * half,
        height: 110.0,
        text: "Stage",
    }
}
