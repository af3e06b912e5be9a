//! Charts: what an organiser may send, what it becomes, and what is refused with which words.

use domain::{
    chart::{Chart, ChartError, ChartSource},
    limits::{EVENT_AREAS_MAX, EVENT_SEATS_MAX, LABEL_LENGTH_MAX},
};
use serde_json::{Value, json};

fn seat(guid: &str, x: f64) -> Value {
    json!({ "seat_guid": guid, "seat_number": guid, "position": { "x": x, "y": 0 }, "category": "Stalls" })
}

fn plan(seats: Vec<Value>) -> Value {
    json!({
        "name": "House",
        "categories": [{ "name": "Stalls", "color": "#123456" }],
        "zones": [{ "name": "Main", "position": { "x": 100, "y": 50.5 }, "rows": [
            { "row_number": "A", "position": { "x": 10, "y": 2 }, "seats": seats },
        ]}],
    })
}

fn source(body: Value) -> ChartSource {
    serde_json::from_value(body).unwrap()
}

fn build(body: Value) -> Result<Chart, ChartError> {
    Chart::build(&source(body))
}

fn refusal(body: Value) -> String {
    build(body).expect_err("refused").to_string()
}

fn labels(chart: &Chart) -> Vec<&str> {
    chart.seats.iter().map(|seat| seat.label.as_str()).collect()
}

#[test]
fn a_plan_of_2026_is_read_unchanged() {
    let chart = build(json!({ "seating_plan": {
        "name": "House", "size": { "width": 800, "height": 600 },
        "categories": [{ "name": "Front", "color": "#aa0000" }, { "name": "Back" }],
        "zones": [{
            "name": "Ground", "zone_id": "G", "uuid": "5a4c", "position": { "x": 100, "y": 200 },
            "areas": [{ "shape": "text", "uuid": "77", "position": { "x": 0, "y": 0 },
                        "text": { "text": "Stage", "position": { "x": 0, "y": 0 } } }],
            "rows": [{
                "row_number": "1", "row_label": null, "seat_label": "Seat %s",
                "row_number_position": "both", "uuid": "c0", "position": { "x": 10, "y": 20.25 },
                "seats": [
                    { "seat_guid": "G-1-1", "seat_number": "1", "uuid": "a", "radius": 10,
                      "start_direction": "<>", "position": { "x": 0.1, "y": 0 }, "category": "Front" },
                    { "seat_guid": "G-1-2", "seat_number": "2", "uuid": "b", "radius": 10,
                      "start_at": 3, "position": { "x": 20.2, "y": 0 }, "category": "Back" },
                ],
            }],
        }],
    }}))
    .unwrap();
    let shown = serde_json::to_value(chart.public()).unwrap();
    assert_eq!(
        shown,
        json!({
            "categories": [{ "name": "Front", "color": "#aa0000" },
                           { "name": "Back", "color": chart.categories[1].color }],
            "zones": [{ "name": "Ground", "rows": [{ "number": "1", "seats": [
                { "index": 0, "label": "G-1-1", "number": "1", "x": 110.1, "y": 220.25,
                  "category": "Front", "flags": [] },
                { "index": 1, "label": "G-1-2", "number": "2", "x": 130.2, "y": 220.25,
                  "category": "Back", "flags": [] },
            ]}]}],
            "areas": [],
        })
    );
    assert!(chart.categories[1].color.starts_with('#'));
}

#[test]
fn an_older_plan_without_the_optional_fields_is_read_too() {
    let chart = build(json!({ "seating_plan": {
        "name": "Old", "categories": [{ "name": "Stalls" }],
        "zones": [
            { "position": { "x": 0, "y": 0 }, "displayed": true, "rows": [
                { "row_number": "A", "number_of_seats": 1, "seats_spacing": 20, "seats": [
                    seat("A-1", 5.0),
                ]},
            ]},
            { "zone_id": "west", "name": null, "position": { "x": 0, "y": 0 }, "rows": [] },
        ],
    }}))
    .unwrap();
    assert_eq!((chart.seats[0].x, chart.seats[0].y), (5.0, 0.0));
    assert_eq!(chart.zones[0].name, "Zone 1");
    assert_eq!(chart.zones[1].name, "west");
}

#[test]
fn what_is_missing_or_of_another_type_is_named_with_its_place() {
    let mut body = plan(vec![seat("A-1", 0.0), seat("A-2", 20.0)]);
    body["zones"][0]["rows"][0]["seats"][1]["position"]["x"] = json!("twenty");
    assert_eq!(
        refusal(json!({ "seating_plan": body })),
        "seating_plan.zones[0].rows[0].seats[1].position.x is not a number"
    );
    for (pointer, field) in [
        ("", "name"),
        ("", "zones"),
        ("", "categories"),
        ("/categories/0", "name"),
        ("/zones/0", "position"),
        ("/zones/0", "rows"),
        ("/zones/0/rows/0", "row_number"),
        ("/zones/0/rows/0", "seats"),
        ("/zones/0/rows/0/seats/0", "seat_guid"),
        ("/zones/0/rows/0/seats/0", "seat_number"),
        ("/zones/0/rows/0/seats/0", "position"),
        ("/zones/0/rows/0/seats/0", "category"),
    ] {
        let mut body = plan(vec![seat("A-1", 0.0)]);
        body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
        let text = refusal(json!({ "seating_plan": body }));
        assert!(text.ends_with(&format!(".{field} is missing")), "{text}");
        let mut body = plan(vec![seat("A-1", 0.0)]);
        body.pointer_mut(pointer).unwrap()[field] = json!(17);
        assert!(build(json!({ "seating_plan": body })).is_err(), "{field} as a number");
    }
    assert_eq!(refusal(json!({ "seating_plan": [] })), "seating_plan is not an object");
}

#[test]
fn a_label_is_there_once_short_and_printable() {
    let with =
        |guid: &str| json!({ "seating_plan": plan(vec![seat("A-1", 0.0), seat(guid, 20.0)]) });
    assert_eq!(refusal(with("A-1")), "the seat label \"A-1\" is used twice");
    let place = "seating_plan.zones[0].rows[0].seats[1].seat_guid";
    assert_eq!(refusal(with("")), format!("{place} is empty"));
    assert_eq!(refusal(with("A\u{85}2")), format!("{place} has a control character"));
    assert_eq!(
        refusal(with(&"x".repeat(LABEL_LENGTH_MAX + 1))),
        format!("{place} is longer than 64 characters")
    );
    assert!(build(with(&"é".repeat(LABEL_LENGTH_MAX))).is_ok());
}

#[test]
fn a_seat_needs_a_known_category_and_a_place_on_the_plan() {
    let mut body = plan(vec![seat("A-1", 0.0)]);
    body["categories"][0]["name"] = json!("Circle");
    assert_eq!(
        refusal(json!({ "seating_plan": body })),
        "the seat \"A-1\" names the category \"Stalls\", which the plan does not have"
    );
    let far = plan(vec![seat("A-1", 1e300)]);
    assert_eq!(
        refusal(json!({ "seating_plan": far })),
        "the seat \"A-1\" lies outside of any plan"
    );
    let mut sum = plan(vec![seat("A-1", f64::MAX)]);
    sum["zones"][0]["position"]["x"] = json!(f64::MAX);
    assert!(refusal(json!({ "seating_plan": sum })).contains("outside"));
    let mut twice = plan(vec![]);
    twice["categories"] = json!([{ "name": "Stalls" }, { "name": "Stalls" }]);
    twice["zones"][0]["rows"][0]["seats"] = json!([seat("A-1", 0.0)]);
    assert_eq!(refusal(json!({ "seating_plan": twice })), "the category \"Stalls\" is there twice");
}

#[test]
fn areas_have_a_name_of_their_own_a_capacity_and_any_category() {
    let areas = |areas: Value| json!({ "areas": areas });
    let floor = json!({ "name": "Floor", "capacity": 10, "category": "Standing" });
    assert_eq!(refusal(areas(json!([floor, floor]))), "the area \"Floor\" is there twice");
    assert_eq!(
        refusal(areas(json!([{ "name": "Floor", "capacity": 0, "category": "Standing" }]))),
        "the area \"Floor\" has no capacity"
    );
    assert!(
        refusal(areas(json!([{ "name": "", "capacity": 1, "category": "C" }])))
            .contains("areas[0].name")
    );
    assert!(
        refusal(areas(json!([{ "name": "F", "capacity": 1, "category": "" }])))
            .contains("areas[0].category")
    );
    let many: Vec<_> = (0..=EVENT_AREAS_MAX)
        .map(|n| json!({ "name": n.to_string(), "capacity": 1, "category": "Standing" }))
        .collect();
    assert_eq!(refusal(areas(json!(many))), "there are 65 areas, and 64 is the most");

    let chart = build(json!({
        "seating_plan": plan(vec![seat("A-1", 0.0)]),
        "areas": [floor, { "name": "Bar", "capacity": 1, "category": "Stalls" }],
    }))
    .unwrap();
    assert_eq!(chart.area_index("Bar"), Some(1));
    assert_eq!(chart.area_index("bar"), None);
    assert_eq!(chart.area(1).unwrap().category, 0);
    assert_eq!(chart.category(chart.area(0).unwrap().category).name, "Standing");
    assert!(chart.categories[1].color.starts_with('#'));
}

#[test]
fn the_size_is_bounded_over_seats_and_areas_together() {
    assert_eq!(refusal(json!({})), "there is no seat and no area");
    assert_eq!(refusal(json!({ "seating_plan": plan(vec![]) })), "there is no seat and no area");
    let area =
        |capacity: usize| json!([{ "name": "Floor", "capacity": capacity, "category": "C" }]);
    let seats = || plan(vec![seat("A-1", 0.0)]);
    assert!(build(json!({ "seating_plan": seats(), "areas": area(EVENT_SEATS_MAX - 1) })).is_ok());
    assert_eq!(
        refusal(json!({ "seating_plan": seats(), "areas": area(EVENT_SEATS_MAX) })),
        "seats and capacities are 150001 together, and 150000 is the most"
    );
}

#[test]
fn flags_are_laid_over_the_seats_they_name() {
    let body = |flags: Value| json!({ "seating_plan": plan(vec![seat("A-1", 0.0), seat("A-2", 20.0)]), "seat_flags": flags });
    let chart =
        build(body(json!({ "A-2": ["restricted_view", "accessible"], "A-1": [] }))).unwrap();
    let shown = serde_json::to_value(chart.public()).unwrap();
    let seats = &shown["zones"][0]["rows"][0]["seats"];
    assert_eq!(seats[1]["flags"], json!(["accessible", "restricted_view"]));
    assert_eq!(seats[0]["flags"], json!([]));
    assert_eq!(
        refusal(body(json!({ "A-9": ["companion"] }))),
        "seat_flags names the seat \"A-9\", which the plan does not have"
    );
    assert!(serde_json::from_value::<ChartSource>(body(json!({ "A-1": ["golden"] }))).is_err());
}

#[test]
fn seats_are_indexed_as_they_stand_and_parted_at_aisles() {
    let xs = [
        ("A-3", 40.0),
        ("A-1", 0.0),
        ("A-5", 120.0),
        ("A-2", 20.0),
        ("A-4", 100.0),
        ("A-6", 140.0),
    ];
    let chart = build(json!({
        "seating_plan": plan(xs.iter().map(|(guid, x)| seat(guid, *x)).collect()),
    }))
    .unwrap();
    // The direction in which the row is listed is kept: its first seat is left of its last.
    assert_eq!(labels(&chart), ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6"]);
    assert_eq!(chart.blocks, [0..3, 3..6]);
    assert_eq!(chart.seats[4].block, 1);
    assert_eq!(chart.index_of("A-4"), Some(3));
    assert_eq!(chart.index_of("A-9"), None);
    let seat = chart.seat(3).unwrap();
    assert_eq!((seat.x, seat.y), (210.0, 52.5));
    assert_eq!(chart.row_of(seat).seats, 0..6);
    assert_eq!(chart.zone_of(seat).name, "Main");
}

#[test]
fn a_source_is_kept_as_it_came_and_refuses_what_it_does_not_know() {
    let body = json!({ "areas": [{ "name": "Floor", "capacity": 10, "category": "Standing" }] });
    assert_eq!(serde_json::to_value(source(body.clone())).unwrap(), body);
    for body in [
        json!({ "seats": [] }),
        json!({ "areas": [{ "name": "F", "capacity": 1, "category": "C", "x": 1 }] }),
    ] {
        assert!(serde_json::from_value::<ChartSource>(body).is_err());
    }
}
