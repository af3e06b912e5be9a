//! Every frame means the same in both ways, whatever it says.

use proptest::{collection::vec, prelude::*};
use seatmap_ws::{Delta, Format, Frame, Heartbeat, Overview, Snapshot, States};

use crate::support::{Told, told_by_binary, told_by_json};

/// The payload of a frame that a server sent.
fn payload(frame: &[u8]) -> &[u8] {
    let start = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    &frame[start..]
}

/// What both ways say; they must agree.
fn told(frame: &Frame, seats: usize) -> Told {
    let (binary, json) = (frame.bytes(Format::Binary), frame.bytes(Format::Json));
    assert_eq!((binary[0], json[0]), (0x82, 0x81), "one whole message, not masked");
    let text = std::str::from_utf8(payload(&json)).expect("UTF-8");
    let told = told_by_binary(payload(&binary));
    assert_eq!(told, told_by_json(text, seats));
    told
}

/// States in runs, so that each way to write them is the shortest now and then.
fn states() -> impl Strategy<Value = Vec<u8>> {
    let run = |longest| (1..=longest, 0u8..4);
    let runs = prop_oneof![vec(run(3), 0..400), vec(run(500), 0..40)];
    runs.prop_map(|runs| {
        runs.into_iter().flat_map(|(length, state)| vec![state; length as usize]).collect()
    })
}

fn areas() -> impl Strategy<Value = Vec<(u16, u32)>> {
    vec((0u16..64, 0u32..200_000), 0..5)
}

fn wide(areas: &[(u16, u32)]) -> Vec<(u32, u32)> {
    areas.iter().map(|(area, free)| (u32::from(*area), *free)).collect()
}

proptest! {
    #[test]
    fn a_snapshot_is_read_as_it_was_written(
        states in states(), areas in areas(), epoch in 1u64..u64::from(u32::MAX),
        version in 0u64..1 << 53,
    ) {
        let snapshot = Snapshot {
            partition: 0, epoch, version, states: States(states.clone()), ranges: None,
            areas: areas.clone(),
        };
        let expected =
            Told::Snapshot { epoch, version, states: states.clone(), ranges: None, areas: wide(&areas) };
        prop_assert_eq!(told(&Frame::Snapshot(snapshot), states.len()), expected);
    }

    #[test]
    fn a_snapshot_of_zones_names_its_seats(states in states(), first in 0u32..100_000) {
        let ranges = vec![(first, states.len() as u32)];
        let snapshot = Snapshot {
            partition: 0, epoch: 1, version: 2, states: States(states.clone()),
            ranges: Some(ranges.clone()), areas: Vec::new(),
        };
        let expected = Told::Snapshot {
            epoch: 1, version: 2, states, ranges: Some(ranges), areas: Vec::new(),
        };
        prop_assert_eq!(told(&Frame::Snapshot(snapshot), 0), expected);
    }

    #[test]
    fn a_delta_is_read_as_it_was_written(
        states in states(), gaps in vec(1u32..300, 0..40), areas in areas(),
        from in 0u64..1 << 50, advance in 0u64..100_000,
    ) {
        let mut changes: Vec<(u32, u8)> = (0..).zip(states).collect();
        // Holes in between.
        let holes: Vec<u32> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
        changes.retain(|(seat, _)| !holes.contains(seat));
        let version = from + advance;
        let delta = Delta {
            partition: 0, epoch: 3, from, version, changes: changes.clone(), areas: areas.clone(),
        };
        let expected = Told::Delta { epoch: 3, from, version, changes, areas: wide(&areas) };
        prop_assert_eq!(told(&Frame::Delta(delta), 0), expected);
    }

    #[test]
    fn an_overview_is_read_as_it_was_written(
        free in vec((0u16..500, 0u16..64, 0u32..150_000), 0..50), areas in areas(),
        complete: bool,
    ) {
        let overview = Overview {
            partition: 0, epoch: 3, version: 9, complete, free: free.clone(), areas: areas.clone(),
        };
        let free = free.into_iter().map(|(zone, category, n)| (zone.into(), category.into(), n));
        let expected = Told::Overview {
            epoch: 3, version: 9, complete, free: free.collect(), areas: wide(&areas),
        };
        prop_assert_eq!(told(&Frame::Overview(overview), 0), expected);
    }
}

#[test]
fn a_heartbeat_is_read_as_it_was_written() {
    let heartbeat = Heartbeat { epoch: 4, version: 1 << 40 };
    assert_eq!(
        told(&Frame::Heartbeat(heartbeat), 0),
        Told::Heartbeat { epoch: 4, version: 1 << 40 }
    );
}

#[test]
fn a_snapshot_of_fifty_thousand_seats_has_at_most_12_800_bytes() {
    let mut random = crate::support::Lcg(7);
    for taken in [0, 2, 25, 50, 80, 100] {
        let mut state = || match random.below(100) < taken {
            true => 1 + random.below(2) as u8,
            false => 0,
        };
        let states: Vec<u8> = (0..50_000).map(|_| state()).collect();
        let snapshot = Snapshot {
            partition: 0,
            epoch: 1,
            version: 1,
            states: States(states),
            ranges: None,
            areas: Vec::new(),
        };
        let bytes = Frame::Snapshot(snapshot).bytes(Format::Binary);
        assert!(bytes.len() <= 12_800, "{taken} %: {}", bytes.len());
    }
}

#[test]
fn a_delta_costs_about_three_bytes_a_run() {
    let changes: Vec<(u32, u8)> =
        (0..20).flat_map(|run| [(run * 2_400, 1), (run * 2_400 + 1, 1)]).collect();
    let delta =
        Delta { partition: 0, epoch: 1, from: 90_000, version: 90_020, changes, areas: Vec::new() };
    let bytes = Frame::Delta(delta).bytes(Format::Binary);
    assert!(bytes.len() <= 20 * 3 + 15, "{}", bytes.len());
}
