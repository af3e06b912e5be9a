//! Houses whose seats stand round something: tiers of sectors on ellipses.

use super::{
    curve::Ellipse,
    house::{House, PITCH, ROW_SPACING, Row, Shape, Spot, Zone, fit, letters},
    random::Random,
};

/// What the stairs between two sectors take from each row.
const STAIRS: f64 = 1.6 * PITCH;
/// Between two tiers.
const TIER_GAP: f64 = 70.0;
/// Seats of a sector's first row, about.
const SECTOR_SEATS: f64 = 18.0;

struct Tier {
    /// Names of its sectors are this and a number.
    name: &'static str,
    /// Number of its first sector.
    first: usize,
    seats: u32,
    /// Front and back half.
    categories: [usize; 2],
}

/// The inner edge of the seats, and which part of the way round they take, from the top clockwise.
struct Bowl {
    across: f64,
    down: f64,
    from: f64,
    to: f64,
    /// The first and last sector of each tier look at the stage from the side.
    restricted_ends: bool,
}

pub(super) fn in_the_round(seats: u32, random: &mut Random) -> House {
    let name = random.pick(&["Theatre in the Round", "The Circle", "Ring Theatre"]);
    let stretch = random.between(1.0, 1.15);
    let inner = 1.7 * f64::from(seats).sqrt() * PITCH / std::f64::consts::TAU;
    let bowl = Bowl {
        across: inner.max(120.0) * stretch,
        down: inner.max(120.0),
        from: 0.0,
        to: 1.0,
        restricted_ends: false,
    };
    let near = seats * 2 / 5;
    let tiers = [
        Tier { name: "Ring", first: 1, seats: near, categories: [0, 1] },
        Tier { name: "Circle", first: 1, seats: seats - near, categories: [1, 2] },
    ];
    let mut zones = bowl.zones(&tiers);
    let half = bowl.down * 0.6;
    zones[0].shapes.push(Shape::Circle { x: 0.0, y: 0.0, radius: half });
    House {
        name: name.to_owned(),
        categories: vec![("Ringside", "#7b2d8b"), ("Inner", "#c0392b"), ("Outer", "#2471a3")],
        zones,
        areas: Vec::new(),
    }
}

pub(super) fn stadium(seats: u32, random: &mut Random) -> House {
    let name = random.pick(&["City Stadium", "Riverside Stadium", "National Stadium"]);
    let stretch = random.between(1.3, 1.5);
    let inner = 2.3 * f64::from(seats).sqrt() * PITCH / std::f64::consts::TAU;
    let down = inner.max(110.0) / (0.5 + stretch / 2.0);
    let bowl = Bowl { across: down * stretch, down, from: 0.0, to: 1.0, restricted_ends: false };
    let share = |part: f64| (f64::from(seats) * part).round() as u32;
    let tiers = match seats {
        0..2000 => vec![Tier { name: "Stand", first: 101, seats, categories: [0, 1] }],
        2000..15000 => {
            let lower = share(0.6);
            vec![
                Tier { name: "Lower", first: 101, seats: lower, categories: [0, 1] },
                Tier { name: "Upper", first: 201, seats: seats - lower, categories: [2, 3] },
            ]
        }
        _ => {
            let (lower, club) = (share(0.4), share(0.22));
            vec![
                Tier { name: "Lower", first: 101, seats: lower, categories: [0, 1] },
                Tier { name: "Middle", first: 201, seats: club, categories: [1, 2] },
                Tier { name: "Upper", first: 301, seats: seats - lower - club, categories: [2, 3] },
            ]
        }
    };
    let mut zones = bowl.zones(&tiers);
    let (width, height) = (bowl.across * 1.25, bowl.down * 1.2);
    zones[0].shapes.push(Shape::Rectangle {
        x: -width / 2.0,
        y: -height / 2.0,
        width,
        height,
        text: "Field",
    });
    House {
        name: name.to_owned(),
        categories: vec![
            ("Category 1", "#7b2d8b"),
            ("Category 2", "#c0392b"),
            ("Category 3", "#d68910"),
            ("Category 4", "#2471a3"),
        ],
        zones,
        areas: Vec::new(),
    }
}

pub(super) fn arena(seats: u32, random: &mut Random) -> House {
    let name = random.pick(&["Harbour Arena", "Central Arena", "North Arena"]);
    let floor_seats = (f64::from(seats) * random.between(0.16, 0.24)).round() as u32;
    let (mut zones, width, depth) = floor(floor_seats);
    let inner = 1.5 * f64::from(seats).sqrt() * PITCH / std::f64::consts::TAU;
    let bowl = Bowl {
        across: (width * 0.72 + 60.0).max(inner * 1.1),
        down: (depth * 0.72 + 100.0).max(inner),
        from: 0.14,
        to: 0.86,
        restricted_ends: true,
    };
    let round = seats - floor_seats;
    let lower = (f64::from(round) * 0.45).round() as u32;
    let tiers = [
        Tier { name: "Lower", first: 101, seats: lower, categories: [1, 2] },
        Tier { name: "Upper", first: 201, seats: round - lower, categories: [3, 4] },
    ];
    zones.extend(bowl.zones(&tiers));
    House {
        name: name.to_owned(),
        categories: vec![
            ("Floor", "#7b2d8b"),
            ("Lower Front", "#c0392b"),
            ("Lower Back", "#d68910"),
            ("Upper Front", "#1e8449"),
            ("Upper Back", "#2471a3"),
        ],
        zones,
        areas: Vec::new(),
    }
}

/// Flat blocks of straight rows before a stage; their width and depth, stage included.
fn floor(seats: u32) -> (Vec<Zone>, f64, f64) {
    const ROWS: u32 = 12;
    const STAGE: f64 = 140.0;
    const WALK: f64 = 60.0;
    let across = if seats < 120 { 2 } else { 3 };
    let width = (f64::from(seats).sqrt() / f64::from(across) * 1.2).round().clamp(6.0, 18.0);
    let rows_total = seats.div_ceil(across * width as u32);
    let deep = rows_total.div_ceil(ROWS);
    let mut counts = vec![width as u32; (rows_total * across) as usize];
    fit(&mut counts, seats);

    let total_width = f64::from(across) * width * PITCH + f64::from(across - 1) * WALK;
    let total_depth = STAGE + f64::from(rows_total) * ROW_SPACING + f64::from(deep) * WALK;
    let mut zones = Vec::new();
    for block in 0..deep * across {
        let (down, aside) = (block / across, block % across);
        let left = -total_width / 2.0 + f64::from(aside) * (width * PITCH + WALK);
        let rows = (down * ROWS..((down + 1) * ROWS).min(rows_total))
            .map(|row| {
                let y = -total_depth / 2.0
                    + STAGE
                    + f64::from(row) * ROW_SPACING
                    + f64::from(down + 1) * WALK;
                let count = counts[(row * across + aside) as usize];
                Row {
                    number: (row - down * ROWS + 1).to_string(),
                    word: "Row",
                    seats: (0..count)
                        .map(|place| Spot {
                            number: place + 1,
                            x: left + f64::from(place) * PITCH + PITCH / 2.0,
                            y,
                            category: 0,
                            restricted: false,
                            begins_block: place == 0,
                        })
                        .collect(),
                }
            })
            .collect();
        let name = format!("Floor {}", letters(block as usize));
        zones.push(Zone { prefix: name.replace(' ', ""), name, rows, shapes: Vec::new() });
    }
    zones[0].shapes.push(Shape::Rectangle {
        x: -total_width / 2.0,
        y: -total_depth / 2.0,
        width: total_width,
        height: STAGE - 30.0,
        text: "Stage",
    });
    (zones, total_width, total_depth)
}

impl Bowl {
    fn zones(&self, tiers: &[Tier]) -> Vec<Zone> {
        let mut depth = 0.0;
        let mut zones = Vec::new();
        for tier in tiers {
            let inner = Ellipse::new(self.across + depth, self.down + depth).length();
            let seats = inner * (self.to - self.from) / PITCH;
            let sectors = (seats / SECTOR_SEATS).round().max(4.0) as usize;
            zones.extend(self.tier(tier, sectors, &mut depth));
            depth += TIER_GAP;
        }
        zones
    }

    /// Where the seats of a sector's row begin and how far they may go.
    fn span(&self, ring: &Ellipse, sector: usize, sectors: usize) -> (f64, f64) {
        let width = (self.to - self.from) / sectors as f64 * ring.length();
        (self.from * ring.length() + width * sector as f64 + STAIRS / 2.0, width - STAIRS)
    }

    fn tier(&self, tier: &Tier, sectors: usize, depth: &mut f64) -> Vec<Zone> {
        let mut rings = Vec::new();
        let mut counts = Vec::new();
        let mut offered = 0;
        while offered < tier.seats {
            let ring = Ellipse::new(self.across + *depth, self.down + *depth);
            let (_, width) = self.span(&ring, 0, sectors);
            let count = (width / PITCH).floor().max(3.0) as u32;
            counts.extend(std::iter::repeat_n(count, sectors));
            offered += count * sectors as u32;
            rings.push(ring);
            *depth += ROW_SPACING;
        }
        fit(&mut counts, tier.seats);

        (0..sectors)
            .map(|sector| {
                let number = tier.first + sector;
                let ends = sector == 0 || sector + 1 == sectors;
                let rows = (rings.iter().enumerate())
                    .map(|(index, ring)| {
                        let (begin, width) = self.span(ring, sector, sectors);
                        let count = counts[index * sectors + sector];
                        let start =
                            begin + (width - f64::from(count.saturating_sub(1)) * PITCH) / 2.0;
                        let back = index >= rings.len().div_ceil(2);
                        let seats = (0..count)
                            .map(|place| {
                                let (x, y) = ring.after(start + f64::from(place) * PITCH);
                                // Beside the stage, the half of the sector that is nearer to it.
                                let beside = if sector == 0 {
                                    place < count / 2
                                } else {
                                    place >= count.div_ceil(2)
                                };
                                Spot {
                                    number: place + 1,
                                    x,
                                    y,
                                    category: tier.categories[usize::from(back)],
                                    restricted: self.restricted_ends && ends && beside,
                                    begins_block: place == 0,
                                }
                            })
                            .collect();
                        Row { number: (index + 1).to_string(), word: "Row", seats }
                    })
                    .collect();
                Zone {
                    name: format!("{} {number}", tier.name),
                    prefix: format!("{}{number}", tier.name),
                    rows,
                    shapes: Vec::new(),
                }
            })
            .collect()
    }
}
