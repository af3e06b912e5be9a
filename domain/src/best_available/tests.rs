//! The search against a model that tries every choice, and the rules as sentences.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    chart::{ChartSource, SeatFlag},
    limits::CANDIDATES_MAX,
};

/// A row as text: a letter a seat, its category; a space is an aisle.
fn chart(zones: &[&[&str]], flags: &[(&str, &str)]) -> Chart {
    let zone = |(index, rows): (usize, &&[&str])| {
        let row = |(row, seats): (usize, &&str)| {
            let name = |column: usize| format!("{index}/{row}/{column}");
            let seats: Vec<_> = (seats.chars().enumerate())
                .filter(|(_, category)| *category != ' ')
                .map(|(column, category)| {
                    json!({
                        "seat_guid": name(column), "seat_number": column.to_string(),
                        "position": { "x": column, "y": 0 }, "category": category.to_string(),
                    })
                })
                .collect();
            json!({ "row_number": row.to_string(), "position": { "x": 0, "y": row }, "seats": seats })
        };
        let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
        json!({ "name": index.to_string(), "position": { "x": 0, "y": 100 * index }, "rows": rows })
    };
    let zones: Vec<_> = zones.iter().enumerate().map(zone).collect();
    let mut seat_flags = BTreeMap::<String, Vec<SeatFlag>>::new();
    for (label, flag) in flags {
        let flag = SeatFlag::ALL.into_iter().find(|known| known.as_str() == *flag).unwrap();
        seat_flags.entry((*label).to_owned()).or_default().push(flag);
    }
    let plan = json!({
        "name": "", "zones": zones,
        "categories": [{ "name": "a" }, { "name": "b" }, { "name": "c" }],
    });
    Chart::build(&ChartSource { seating_plan: Some(plan), areas: Vec::new(), seat_flags }).unwrap()
}

/// All seats free, but for the given ones.
fn map_without(chart: &Chart, taken: &[SeatIndex]) -> SeatMap {
    let mut map = SeatMap::new(chart);
    map.set_all(|seat| !taken.contains(&seat));
    map
}

fn seats(quantity: u32) -> Request {
    Request { quantity, ..Request::default() }
}

fn first(outcome: Outcome) -> Vec<SeatIndex> {
    match outcome {
        Outcome::Found(candidates) => candidates[0].clone(),
        other => panic!("nothing found: {other:?}"),
    }
}

#[test]
fn the_middle_of_the_front_row_is_best() {
    let chart = chart(&[&["aaaaaaaaa", "aaaaaaaaa"]], &[]);
    let map = map_without(&chart, &[]);
    assert_eq!(
        map.find(&seats(3)),
        Outcome::Found(vec![vec![3, 4, 5], vec![12, 13, 14], vec![0, 1, 2], vec![6, 7, 8]])
    );
}

#[test]
fn an_earlier_category_is_better_than_a_nearer_seat() {
    let chart = chart(&[&["bbb", "aaa"]], &[]);
    assert_eq!(first(map_without(&chart, &[]).find(&seats(3))), [3, 4, 5]);
}

#[test]
fn no_choice_crosses_an_aisle() {
    let chart = chart(&[&["aaa aaa"]], &[]);
    let map = map_without(&chart, &[]);
    assert_eq!(map.find(&seats(4)), Outcome::NotEnoughAdjacent);
    assert_eq!(map.find(&seats(6)), Outcome::NotEnoughAdjacent);
    assert_eq!(map.find(&seats(7)), Outcome::SoldOut);
}

#[test]
fn a_single_seat_is_left_only_when_nothing_else_fits() {
    let chart = chart(&[&["aaa"], &["bbbb"]], &[]);
    let map = map_without(&chart, &[]);
    let outcome = map.find(&seats(2));
    assert_eq!(first(outcome), [3, 4], "the worse category leaves nobody alone");
    let map = map_without(&chart, &[3, 4, 5, 6]);
    assert_eq!(first(map.find(&seats(2))), [0, 1], "and still nobody is refused");
}

#[test]
fn a_seat_that_stands_alone_already_may_be_taken() {
    let four = chart(&[&["aaaa"]], &[]);
    assert_eq!(first(map_without(&four, &[1]).find(&seats(1))), [0]);
    let five = chart(&[&["aaaaa"]], &[]);
    assert_eq!(first(map_without(&five, &[0, 4]).find(&seats(3))), [1, 2, 3]);
}

#[test]
fn seats_with_restricted_view_come_last() {
    let flags = [("0/0/0", "restricted_view"), ("0/0/1", "restricted_view")];
    let chart = chart(&[&["aa"], &["cc"]], &flags);
    let map = map_without(&chart, &[]);
    assert_eq!(map.find(&seats(2)), Outcome::Found(vec![vec![2, 3], vec![0, 1]]));
}

#[test]
fn accessible_seats_are_kept_until_nothing_else_is_left() {
    let flags = [("0/0/0", "accessible"), ("0/0/1", "companion")];
    let chart = chart(&[&["aaaa"], &["ccc"]], &flags);
    assert_eq!(
        map_without(&chart, &[]).find(&seats(2)),
        Outcome::Found(vec![vec![2, 3], vec![4, 5]]),
        "not even as a later choice"
    );
    assert_eq!(first(map_without(&chart, &[2, 3]).find(&seats(2))), [4, 5]);
    assert_eq!(first(map_without(&chart, &[2, 3, 5]).find(&seats(2))), [0, 1]);
}

#[test]
fn a_request_for_accessible_seats_gets_them_with_companions_beside() {
    let flags = [("0/1/2", "accessible"), ("0/1/3", "companion")];
    let chart = chart(&[&["aaaaaa", "aaaaaa"]], &flags);
    let map = map_without(&chart, &[]);
    let wish = |quantity, accessible| Request { quantity, accessible, ..Request::default() };
    assert_eq!(first(map.find(&wish(2, 1))), [8, 9]);
    assert_eq!(first(map.find(&wish(1, 1))), [8]);
    assert_eq!(map.find(&wish(2, 2)), Outcome::SoldOut);
    assert_eq!(map.find(&wish(1, 2)), Outcome::SoldOut);
}

#[test]
fn more_seats_than_any_block_has_are_refused_as_not_adjacent() {
    let row = "a".repeat(60);
    let chart = chart(&[&[&row, &row]], &[]);
    let map = map_without(&chart, &[]);
    assert_eq!(map.find(&seats(51)), Outcome::NotEnoughAdjacent, "above the limit of one hold");
    assert_eq!(map.find(&seats(0)), Outcome::NotEnoughAdjacent);
    assert_eq!(first(map.find(&seats(50))).len(), 50);
}

#[test]
fn names_are_those_of_the_chart() {
    let chart = chart(&[&["aa"], &["bb"]], &[]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let request = Request::named(&chart, 2, &names(&["b"]), &names(&["1"]), 0).unwrap();
    assert_eq!(first(map_without(&chart, &[]).find(&request)), [2, 3]);
    let elsewhere = Request { zones: vec![0], ..request };
    assert_eq!(map_without(&chart, &[]).find(&elsewhere), Outcome::SoldOut);
    assert_eq!(
        Request::named(&chart, 2, &names(&["z"]), &[], 0),
        Err(UnknownName::Category("z".to_owned()))
    );
    assert_eq!(
        Request::named(&chart, 2, &[], &names(&["z"]), 0),
        Err(UnknownName::Zone("z".to_owned()))
    );
}

#[test]
fn requests_carved_from_one_map_never_meet_and_leave_it_as_it_was() {
    let chart = chart(&[&["aaaaaaaaaa", "aaaaaaaaaa"]], &[]);
    let mut map = map_without(&chart, &[]);
    let before = map.clone();
    let outcomes = map.carve(&vec![seats(3); 8]);
    let mut all: Vec<_> = outcomes
        .iter()
        .filter(|o| matches!(o, Outcome::Found(_)))
        .cloned()
        .flat_map(first)
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 18, "three to a row: the tenth seat is left");
    assert_eq!(outcomes[6..], [Outcome::SoldOut, Outcome::SoldOut]);
    assert_eq!(map.runs, before.runs);
    assert_eq!(map.counts, before.counts);
}

/// Every choice there is, best first, none sharing a seat with one before it.
fn model(chart: &Chart, map: &SeatMap, request: &Request) -> Outcome {
    let eligible = |seat: SeatIndex| {
        let seat = &chart.seats[seat as usize];
        (request.categories.is_empty() || request.categories.contains(&seat.category))
            && (request.zones.is_empty() || request.zones.contains(&seat.zone))
    };
    let flag = |seat: SeatIndex, flag| chart.seats[seat as usize].flags.contains(flag);
    let mut choices = Vec::new();
    for block in &chart.blocks {
        for start in block.clone() {
            let end = start + request.quantity;
            let range = start..end;
            if end > block.end || !range.clone().all(|seat| map.is_free(seat) && eligible(seat)) {
                continue;
            }
            let free = |seat: SeatIndex| block.contains(&seat) && map.is_free(seat);
            let alone_after = |seat: SeatIndex, beyond: Option<SeatIndex>| {
                free(seat) && !beyond.is_some_and(free)
            };
            let strands =
                start.checked_sub(1).is_some_and(|left| alone_after(left, left.checked_sub(1)))
                    || alone_after(end, Some(end + 1));
            let count =
                |wanted: &dyn Fn(SeatIndex) -> bool| range.clone().filter(|s| wanted(*s)).count();
            let accessible = count(&|s| flag(s, SeatFlag::Accessible));
            let companions =
                count(&|s| flag(s, SeatFlag::Companion) && !flag(s, SeatFlag::Accessible));
            if request.accessible > 0 && accessible != request.accessible as usize {
                continue;
            }
            let asked = request.accessible > 0;
            let categories: Vec<_> =
                range.clone().map(|seat| chart.seats[seat as usize].category).collect();
            let key = (
                if asked { 0 } else { accessible },
                if asked { 0 } else { companions },
                strands,
                count(&|s| flag(s, SeatFlag::RestrictedView)),
                *categories.iter().max().unwrap(),
                categories.iter().any(|category| *category != categories[0]),
                if asked { request.quantity as usize - accessible - companions } else { 0 },
                range.clone().map(|s| map.layout.seats[s as usize].distance).sum::<u32>(),
                start,
            );
            choices.push(key);
        }
    }
    choices.sort_unstable();
    let any_ordinary = choices.iter().any(|key| (key.0, key.1) == (0, 0));
    let mut found: Vec<Vec<SeatIndex>> = Vec::new();
    for key in choices {
        if found.len() == CANDIDATES_MAX || (any_ordinary && (key.0, key.1) != (0, 0)) {
            break;
        }
        let seats: Vec<_> = (key.8..key.8 + request.quantity).collect();
        if !found.iter().flatten().any(|seat| seats.contains(seat)) {
            found.push(seats);
        }
    }
    if !found.is_empty() {
        return Outcome::Found(found);
    }
    let free: Vec<_> =
        (0..chart.seat_count()).filter(|seat| map.is_free(*seat) && eligible(*seat)).collect();
    let accessible = free.iter().filter(|seat| flag(**seat, SeatFlag::Accessible)).count();
    if free.len() < request.quantity as usize || accessible < request.accessible as usize {
        Outcome::SoldOut
    } else {
        Outcome::NotEnoughAdjacent
    }
}

/// Rows of up to 14 places, of three categories and aisles; some rows longer than a word of bits.
fn any_house() -> impl Strategy<Value = (Vec<Vec<String>>, Vec<u8>)> {
    let row = prop_oneof![
        8 => "[aaaaaab ]{0,14}",
        3 => "[abc]{1,14}",
        1 => "a{60,70}",
    ];
    let zones = prop::collection::vec(prop::collection::vec(row, 1..5), 1..4);
    (zones, prop::collection::vec(any::<u8>(), 400))
}

fn house((zones, flags): &(Vec<Vec<String>>, Vec<u8>)) -> Chart {
    let rows: Vec<Vec<&str>> =
        zones.iter().map(|zone| zone.iter().map(String::as_str).collect()).collect();
    let zones: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let plain = chart(&zones, &[]);
    let flagged: Vec<(&str, &str)> = (plain.seats.iter().zip(flags.iter().cycle()))
        .filter_map(|(seat, flag)| {
            let flag = match flag {
                0..20 => SeatFlag::Accessible,
                20..40 => SeatFlag::Companion,
                40..60 => SeatFlag::RestrictedView,
                _ => return None,
            };
            Some((seat.label.as_str(), flag.as_str()))
        })
        .collect();
    chart(&zones, &flagged)
}

fn any_request() -> impl Strategy<Value = Request> {
    (
        prop_oneof![9 => 1..7u32, 1 => 1..60u32],
        prop::collection::vec(0..3u16, 0..3),
        prop::collection::vec(0..4u16, 0..3),
        prop_oneof![3 => Just(0), 1 => 1..3u32],
    )
        .prop_map(|(quantity, categories, zones, accessible)| Request {
            quantity,
            categories,
            zones,
            accessible,
        })
}

fn any_source() -> impl Strategy<Value = (Vec<Vec<String>>, Vec<u8>)> {
    any_house().prop_filter("a house without seats is no house", |(zones, _)| {
        zones.iter().flatten().any(|row| row.chars().any(|seat| seat != ' '))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_search_finds_what_trying_everything_finds(
        source in any_source(),
        taken in prop::collection::vec(any::<prop::sample::Index>(), 0..150),
        requests in prop::collection::vec(any_request(), 1..6),
    ) {
        let chart = house(&source);
        prop_assume!(chart.seat_count() > 0 && requests.iter().all(|r| r.quantity <= 50));
        let mut map = map_without(&chart, &[]);
        for index in taken {
            let seat = index.index(chart.seats.len()) as SeatIndex;
            if map.is_free(seat) { map.set_taken(seat) } else { map.set_free(seat) }
        }
        let mut fresh = SeatMap::new(&chart);
        fresh.set_all(|seat| map.is_free(seat));
        prop_assert_eq!(&map.runs, &fresh.runs, "kept up to date seat by seat");
        prop_assert_eq!(&map.counts, &fresh.counts);

        let mut expected = Vec::new();
        let mut rest = map.clone();
        for request in &requests {
            let outcome = model(&chart, &rest, request);
            if let Outcome::Found(candidates) = &outcome {
                candidates[0].iter().for_each(|seat| rest.set_taken(*seat));
            }
            expected.push(outcome);
        }
        prop_assert_eq!(map.carve(&requests), expected);
        prop_assert_eq!(&map.runs, &fresh.runs, "as it was before");
    }
}
