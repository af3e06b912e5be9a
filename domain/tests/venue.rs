//! Generated houses: sold by the same code as an organiser's own, and houses to look at.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use domain::{
    best_available::{Outcome, Request, SeatMap},
    chart::{Chart, ChartSource, SeatFlag},
    venue::{Kind, KindError, VENUE_SEATS_MAX, VENUE_SEATS_MIN, VenueSizeError, generate},
};
use serde_json::Value;

const SIZES: [u32; 6] = [250, 251, 449, 999, 2_718, 7_919];

fn house(kind: Kind, seats: u32, seed: u64) -> ChartSource {
    generate(kind, seats, seed).unwrap().into()
}

struct Made {
    kind: Kind,
    seats: u32,
    source: ChartSource,
    chart: Chart,
}

/// Every kind in every size, made once.
fn every_house() -> &'static [Made] {
    static HOUSES: LazyLock<Vec<Made>> = LazyLock::new(|| {
        let mut houses = Vec::new();
        for kind in Kind::ALL {
            for (seed, seats) in SIZES.into_iter().enumerate() {
                let source = house(kind, seats, seed as u64);
                let chart = Chart::build(&source)
                    .unwrap_or_else(|error| panic!("{kind:?}, {seats}, seed {seed}: {error}"));
                houses.push(Made { kind, seats, source, chart });
            }
        }
        houses
    });
    &HOUSES
}

#[test]
fn a_house_has_exactly_the_seats_asked_for() {
    for Made { kind, seats, chart, .. } in every_house() {
        let places: u32 = chart.areas.iter().map(|area| area.capacity).sum();
        assert_eq!(chart.seat_count() + places, *seats, "{kind:?}");
        assert_eq!(*kind == Kind::Club, places > chart.seat_count(), "{kind:?} {seats}");
    }
}

#[test]
fn the_largest_houses_are_made_and_smaller_or_larger_ones_refused() {
    for kind in [Kind::Theatre, Kind::Stadium, Kind::Cabaret] {
        let source = house(kind, VENUE_SEATS_MAX, 7);
        let chart = Chart::build(&source).unwrap();
        let places: u32 = chart.areas.iter().map(|area| area.capacity).sum();
        assert_eq!(chart.seat_count() + places, VENUE_SEATS_MAX);
        assert_eq!(generate(kind, VENUE_SEATS_MIN - 1, 7), Err(VenueSizeError));
        assert_eq!(generate(kind, VENUE_SEATS_MAX + 1, 7), Err(VenueSizeError));
    }
}

#[test]
fn kinds_are_named_as_they_are_written() {
    for kind in Kind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    assert_eq!("cinema".parse::<Kind>(), Err(KindError));
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_one_another_house() {
    for kind in Kind::ALL {
        let bytes = |seed| serde_json::to_vec(&house(kind, 1_000, seed)).unwrap();
        assert_eq!(bytes(7), bytes(7), "{kind:?}");
        assert_ne!(bytes(7), bytes(8), "{kind:?}");
    }
}

#[test]
fn about_one_seat_in_a_hundred_is_accessible_with_a_companion_beside() {
    for Made { kind, chart, .. } in every_house() {
        let with = |flag| chart.seats.iter().filter(|seat| seat.flags.contains(flag)).count();
        let accessible = with(SeatFlag::Accessible);
        assert_eq!(accessible, with(SeatFlag::Companion));
        assert_eq!(accessible, chart.seats.len().div_ceil(100), "{kind:?}");
        let mut map = SeatMap::new(chart);
        map.set_all(|_| true);
        let request = Request { quantity: 2, accessible: 1, ..Request::default() };
        let Outcome::Found(candidates) = map.find(&request) else { panic!("{kind:?}") };
        let mut flags: Vec<_> =
            candidates[0].iter().flat_map(|s| chart.seats[*s as usize].flags.iter()).collect();
        flags.sort_unstable();
        assert_eq!(flags[..2], [SeatFlag::Accessible, SeatFlag::Companion], "{kind:?}");
    }
}

#[test]
fn no_two_seats_stand_on_each_other() {
    for Made { kind, seats, chart, .. } in every_house() {
        let mut squares: HashMap<(i64, i64), Vec<(f64, f64)>> = HashMap::new();
        for seat in &chart.seats {
            let square = ((seat.x / 20.0) as i64, (seat.y / 20.0) as i64);
            for x in square.0 - 1..=square.0 + 1 {
                for y in square.1 - 1..=square.1 + 1 {
                    for other in squares.get(&(x, y)).into_iter().flatten() {
                        let distance = (seat.x - other.0).hypot(seat.y - other.1);
                        assert!(distance > 15.0, "{kind:?} {seats}: {} {distance}", seat.label);
                    }
                }
            }
            squares.entry(square).or_default().push((seat.x, seat.y));
        }
    }
}

#[test]
fn a_theatre_has_aisles_within_its_rows_and_a_bowl_between_its_zones() {
    for (kind, aisles) in [(Kind::Theatre, true), (Kind::Stadium, false)] {
        let chart = Chart::build(&house(kind, 2_000, 7)).unwrap();
        let rows = chart.zones.iter().flat_map(|zone| &zone.rows).filter(|r| !r.seats.is_empty());
        assert_eq!(chart.blocks.len() > rows.count(), aisles, "{kind:?}");
        assert!(chart.blocks.iter().filter(|block| block.len() >= 8).count() > 50, "{kind:?}");
    }
}

/// The fields that pretix's schema of 2026 knows; it refuses any other.
#[test]
fn a_plan_has_the_fields_of_the_schema_and_no_others() {
    for Made { source, .. } in every_house() {
        let plan = source.seating_plan.as_ref().unwrap();
        has_fields(plan, &["name", "zones", "categories", "size"], &[]);
        has_fields(&plan["size"], &["width", "height"], &[]);
        assert!(plan["size"]["width"].is_u64() && plan["size"]["height"].is_u64());
        for category in list(&plan["categories"]) {
            has_fields(category, &["name", "color"], &[]);
        }
        let mut uuids = BTreeSet::new();
        for zone in list(&plan["zones"]) {
            has_fields(zone, &["name", "zone_id", "uuid", "position", "rows", "areas"], &[]);
            has_fields(&zone["position"], &["x", "y"], &[]);
            assert!(uuids.insert(zone["uuid"].as_str().unwrap()));
            for area in list(&zone["areas"]) {
                has_fields(
                    area,
                    &["shape", "uuid", "color", "border_color", "rotation", "position"],
                    &["rectangle", "circle", "text"],
                );
                assert!(uuids.insert(area["uuid"].as_str().unwrap()));
            }
            for row in list(&zone["rows"]) {
                has_fields(
                    row,
                    &["row_number", "row_number_position", "uuid", "position", "seats"],
                    &["row_label", "seat_label"],
                );
                assert!(uuids.insert(row["uuid"].as_str().unwrap()));
                for seat in list(&row["seats"]) {
                    has_fields(
                        seat,
                        &["seat_guid", "seat_number", "uuid", "radius", "position", "category"],
                        &[],
                    );
                    assert!(uuids.insert(seat["uuid"].as_str().unwrap()));
                    assert!(seat["radius"].is_u64() && seat["position"]["x"].is_number());
                }
            }
        }
        for uuid in uuids {
            let bytes = uuid.as_bytes();
            assert!(bytes.len() == 36 && bytes[14] == b'4' && b"89ab".contains(&bytes[19]));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn has_fields(value: &Value, needed: &[&str], possible: &[&str]) {
    let object = value.as_object().unwrap();
    for name in needed {
        assert!(object.contains_key(*name), "{name} is missing: {value}");
    }
    for name in object.keys() {
        assert!(needed.contains(&name.as_str()) || possible.contains(&name.as_str()), "{name}");
    }
}
