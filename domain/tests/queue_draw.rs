//! The draw: a fair permutation, a tree whose every path leads to its root, and a record in which
//! nothing can be altered.

#[path = "queue_sale/random.rs"]
mod random;

use domain::{
    hold::CustomerKey,
    id::EventId,
    queue::{
        Lane, Place,
        draw::{
            Beacon, Draw, ENTRIES_MAX, ENTRY_BYTES, Hash, Hex, Order, Permutation, Proof, Tamper,
            Tree, TreeBuilder, Witness, commitment, leaf, root_of_path, verify_draw, verify_proof,
        },
    },
    time::Timestamp,
};
use proptest::prelude::*;
use random::Random;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn key(random: &mut Random) -> [u8; 16] {
    (u128::from(random.next()) << 64 | u128::from(random.next())).to_be_bytes()
}

fn event() -> EventId {
    EventId::new(Timestamp(1_790_000_000_000), [7; 12])
}

/// Entries as they are stored: every tenth index belongs to nobody.
fn entries(lane: Lane, size: u64) -> Vec<u8> {
    let mut random = Random::new(size + lane.number() as u64);
    let mut bytes = Vec::new();
    for index in 0..size {
        let mut entry = [0; ENTRY_BYTES];
        if index % 10 != 9 {
            entry[..8].copy_from_slice(&random.next().to_be_bytes());
            entry[8..].copy_from_slice(&(random.next() as u32).to_be_bytes());
        }
        bytes.extend_from_slice(&entry);
    }
    bytes
}

fn tree(lane: Lane, entries: &[u8]) -> Tree {
    let mut builder = TreeBuilder::new(lane);
    builder.extend(entries);
    builder.finish()
}

struct Held {
    draw: Draw,
    trees: [Tree; 2],
    entries: [Vec<u8>; 2],
}

fn held(sizes: [u64; 2], beacon: bool) -> Held {
    let entries = Lane::ALL.map(|lane| entries(lane, sizes[lane.number()]));
    let trees = Lane::ALL.map(|lane| tree(lane, &entries[lane.number()]));
    let beacon = beacon.then(|| Beacon {
        source: "drand quicknet".to_owned(),
        round: 15_000_000,
        randomness: vec![0xb7; 32],
    });
    let [general, priority] = [&trees[0], &trees[1]].map(Into::into);
    let draw = Draw::hold(event(), [42; 32], general, priority, beacon);
    Held { draw, trees, entries }
}

impl Held {
    fn prove(&self, lane: Lane, index: u64) -> Proof {
        let block = self.trees[lane.number()].block(index);
        let [from, to] = [block.start, block.end].map(|index| index as usize * ENTRY_BYTES);
        let entries = &self.entries[lane.number()][from..to];
        self.draw.prove(&self.trees[lane.number()], index, entries).unwrap()
    }
}

#[test]
fn every_small_line_is_permuted_one_to_one() {
    let mut random = Random::new(1);
    for size in (0..=200).chain([255, 256, 257, 1_000, 4_096, 10_007]) {
        let permutation = Permutation::new(key(&mut random), size);
        let mut taken = vec![false; size as usize];
        for index in 0..size {
            let position = permutation.position(index);
            assert!(!std::mem::replace(&mut taken[position as usize], true), "{size}: {position}");
            assert_eq!(permutation.index(position), index);
        }
        for late in [size, size + 1, size + 1_000_000] {
            assert_eq!((permutation.position(late), permutation.index(late)), (late, late));
        }
    }
}

proptest! {
    #[test]
    fn every_position_leads_back_to_its_index(
        key: [u8; 16], size in 1..=ENTRIES_MAX, indexes in prop::collection::vec(any::<u64>(), 20),
    ) {
        let permutation = Permutation::new(key, size);
        for index in indexes {
            let index = index % size;
            let position = permutation.position(index);
            prop_assert!(position < size);
            prop_assert_eq!(permutation.index(position), index);
            let inverse = permutation.index(index);
            prop_assert_eq!(permutation.position(inverse), index);
        }
    }
}

#[test]
fn every_order_of_a_few_is_equally_likely() {
    let mut random = Random::new(2);
    for (size, orders) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        let mut seen = std::collections::HashMap::new();
        let draws = orders * 100;
        for _ in 0..draws {
            let permutation = Permutation::new(key(&mut random), size);
            let order: Vec<u64> = (0..size).map(|index| permutation.position(index)).collect();
            *seen.entry(order).or_insert(0.0) += 1.0;
        }
        assert_eq!(seen.len(), orders, "of {size}");
        let chi: f64 = seen.values().map(|count: &f64| (count - 100.0).powi(2) / 100.0).sum();
        let freedom = (orders - 1) as f64;
        assert!(chi < freedom + 5.0 * (2.0 * freedom).sqrt() + 3.0, "{size}: {chi:.1}");
    }
}

#[test]
fn every_index_reaches_every_part_of_the_line() {
    let mut random = Random::new(3);
    for size in [1_000, 123_457, 5_000_000] {
        for index in [0, 1, size / 2, size - 1] {
            let mut parts = [0.0_f64; 100];
            for _ in 0..5_000 {
                let position = Permutation::new(key(&mut random), size).position(index);
                parts[(position * 100 / size) as usize] += 1.0;
            }
            let chi: f64 = parts.iter().map(|count| (count - 50.0).powi(2) / 50.0).sum();
            assert!(chi < 99.0 + 5.0 * 198.0_f64.sqrt(), "{index} of {size}: {chi:.1}");
        }
    }
}

/// With too few rounds the difference of the left halves of two indices with the same right half
/// survives far more often than chance has it.
#[test]
fn differences_of_halves_do_not_survive() {
    let mut random = Random::new(4);
    let size: u64 = 1_000_000;
    let left = 1_000;
    for whole_rows in [true, false] {
        let (mut survived, pairs) = (0.0, 200_000);
        let mut permutation = Permutation::new(key(&mut random), size);
        for pair in 0..pairs {
            if pair % 1000 == 0 {
                permutation = Permutation::new(key(&mut random), size);
            }
            let (a, b, shared) = (random.next() % left, random.next() % left, random.next() % left);
            let index = |half: u64| {
                if whole_rows { shared * left + half } else { half * left + shared }
            };
            let half = |index: u64| {
                let position = permutation.position(index);
                if whole_rows { position % left } else { position / left }
            };
            let before = (a + left - b) % left;
            let after = (half(index(a)) + left - half(index(b))) % left;
            survived += f64::from(u8::from(a != b && before == after));
        }
        let expected = f64::from(pairs) / left as f64;
        assert!((survived - expected).abs() < 5.0 * expected.sqrt(), "{survived} of {expected}");
    }
}

#[test]
fn neighbours_in_the_line_are_not_neighbours_in_the_draw() {
    let mut random = Random::new(5);
    let size = 100_003;
    let permutation = Permutation::new(key(&mut random), size);
    let position = |index| permutation.position(index) as f64 / size as f64 - 0.5;
    for distance in [1, 2, 317, 318, 1_000] {
        let products: f64 =
            (0..size - distance).map(|index| position(index) * position(index + distance)).sum();
        let correlation = products / (size - distance) as f64 * 12.0;
        assert!(correlation.abs() < 0.02, "{distance}: {correlation:.4}");
    }
}

/// RFC 6962, 2.1, as it is written there.
fn plain_root(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => Sha256::digest([]).into(),
        1 => leaves[0],
        count => {
            let split = (0..).map(|power| 1 << power).take_while(|part| *part < count).last();
            let (left, right) = leaves.split_at(split.unwrap());
            let mut bytes = vec![1];
            bytes.extend_from_slice(&plain_root(left));
            bytes.extend_from_slice(&plain_root(right));
            Sha256::digest(bytes).into()
        }
    }
}

#[test]
fn a_tree_built_in_portions_has_the_root_of_the_plain_rule_and_a_path_for_every_leaf() {
    for (lane, size) in [
        (Lane::General, 0),
        (Lane::General, 1),
        (Lane::Priority, 2),
        (Lane::General, 3),
        (Lane::General, 255),
        (Lane::General, 256),
        (Lane::Priority, 257),
        (Lane::General, 511),
        (Lane::General, 513),
        (Lane::General, 1_000),
        (Lane::General, 2_304),
        (Lane::Priority, 2_817),
    ] {
        let entries = entries(lane, size);
        let leaves: Vec<Hash> = entries
            .as_chunks::<ENTRY_BYTES>()
            .0
            .iter()
            .zip(0..)
            .map(|(entry, index)| leaf(lane, index, CustomerKey(*entry)))
            .collect();
        let mut builder = TreeBuilder::new(lane);
        for portion in entries.chunks(ENTRY_BYTES * 100) {
            builder.extend(portion);
        }
        let tree = builder.finish();
        assert_eq!((tree.size(), tree.root()), (size, plain_root(&leaves)));
        for index in (0..size).filter(|index| index % 23 < 2 || index + 3 > size) {
            let block = tree.block(index);
            let [from, to] = [block.start, block.end].map(|index| index as usize * ENTRY_BYTES);
            let path = tree.path(index, &entries[from..to]).unwrap();
            let start = leaves[index as usize];
            assert_eq!(
                root_of_path(index, size, start, &path),
                Some(tree.root()),
                "{index}/{size}"
            );
            // The path of another index, a shorter and a longer path lead nowhere.
            assert_ne!(root_of_path(index ^ 1, size, start, &path), Some(tree.root()));
            let mut longer = path.clone();
            longer.push([0; 32]);
            assert_eq!(root_of_path(index, size, start, &longer), None);
            if let Some((_, shorter)) = path.split_last() {
                assert_eq!(root_of_path(index, size, start, shorter), None);
            }
        }
        assert_eq!(tree.path(size, &[]), None);
    }
}

#[test]
fn a_path_is_only_given_for_the_entries_that_were_closed() {
    let entries = entries(Lane::General, 300);
    let tree = tree(Lane::General, &entries);
    let block = &entries[..256 * ENTRY_BYTES];
    assert!(tree.path(5, block).is_some());
    assert!(tree.path(5, &block[..255 * ENTRY_BYTES]).is_none());
    assert!(tree.path(5, &block[..block.len() - 1]).is_none());
    let mut other = block.to_vec();
    other[77] ^= 1;
    assert!(tree.path(5, &other).is_none());
}

#[test]
fn everybody_in_a_draw_has_one_position_and_a_proof_of_it() {
    for beacon in [false, true] {
        let held = held([700, 30], beacon);
        let text = serde_json::to_string(&held.draw).unwrap();
        let read: Draw = serde_json::from_str(&text).unwrap();
        let witness =
            Witness { commitment: Some(commitment(&event(), &[42; 32])), event: Some(&event()) };
        let checked = verify_draw(&read, witness).unwrap();
        let order = Order::drawn(&read.seed.0, [700, 30]);
        for lane in Lane::ALL {
            let size = read.lane(lane).size;
            let mut positions = Vec::new();
            for index in 0..size {
                let proof = serde_json::to_string(&held.prove(lane, index)).unwrap();
                let proof: Proof = serde_json::from_str(&proof).unwrap();
                assert_eq!(verify_proof(&checked, &proof), Ok(()));
                let place = Place { lane, index };
                assert_eq!(order.position(place), proof.position);
                assert_eq!(order.place(lane, proof.position), place);
                positions.push(proof.position);
            }
            positions.sort_unstable();
            assert!(positions.into_iter().eq(0..size));
            // Latecomers stand behind, in order.
            assert_eq!(checked.position(Place { lane, index: size + 3 }), size + 3);
        }
    }
}

#[test]
fn the_lanes_and_the_events_are_drawn_apart() {
    let order = Order::drawn(&[9; 32], [1_000, 1_000]);
    let same = (0..1_000).filter(|index| {
        let [general, priority] = Lane::ALL.map(|lane| Place { lane, index: *index });
        order.position(general) == order.position(priority)
    });
    assert!(same.count() < 8);
    let other = EventId::new(Timestamp(1_790_000_000_000), [8; 12]);
    assert_ne!(commitment(&event(), &[42; 32]), commitment(&other, &[42; 32]));
}

/// Every way to write one other byte in a text field, and other numbers; with the field's path.
fn tampered(value: &Value) -> Vec<(String, Value)> {
    fn visit(
        value: &Value,
        path: &str,
        put: &dyn Fn(Value) -> Value,
        out: &mut Vec<(String, Value)>,
    ) {
        match value {
            Value::String(text) => {
                for at in 0..text.len() {
                    for other in "0f1eagv+A\u{0}".bytes().chain([text.as_bytes()[at] ^ 0x20]) {
                        let mut bytes = text.clone().into_bytes();
                        if std::mem::replace(&mut bytes[at], other) != other
                            && let Ok(text) = String::from_utf8(bytes)
                        {
                            out.push((path.to_owned(), put(Value::String(text))));
                        }
                    }
                }
                for text in [text[1..].to_owned(), format!("{text}0"), String::new()] {
                    out.push((path.to_owned(), put(Value::String(text))));
                }
            }
            Value::Number(number) => {
                let number = number.as_u64().unwrap();
                for bit in 0..60 {
                    out.push((path.to_owned(), put((number ^ (1 << bit)).into())));
                }
                out.push((path.to_owned(), put((-1).into())));
            }
            Value::Array(items) => {
                for at in 0..items.len() {
                    let put = |item: Value| {
                        let mut items = items.clone();
                        items[at] = item;
                        put(Value::Array(items))
                    };
                    visit(&items[at], path, &put, out);
                    let mut fewer = items.clone();
                    fewer.remove(at);
                    out.push((path.to_owned(), put_array(fewer, &put)));
                    let mut more = items.clone();
                    more.insert(at, items[at].clone());
                    out.push((path.to_owned(), put_array(more, &put)));
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let put = |item: Value| {
                        let mut fields = fields.clone();
                        fields[name] = item;
                        put(Value::Object(fields))
                    };
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    visit(field, &path, &put, out);
                    out.push((path, put(Value::Null)));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    fn put_array(_: Vec<Value>, _: &dyn Fn(Value) -> Value) -> Value {
        Value::Null
    }
    let mut out = Vec::new();
    visit(value, "", &|value| value, &mut out);
    out
}

#[test]
fn a_draw_with_any_byte_of_any_field_altered_is_refused() {
    for beacon in [false, true] {
        let held = held([300, 7], beacon);
        let value = serde_json::to_value(&held.draw).unwrap();
        let mut fields = std::collections::BTreeSet::new();
        for (field, altered) in tampered(&value) {
            if altered == value {
                continue;
            }
            // What cannot be read is refused as well.
            if let Ok(draw) = serde_json::from_value::<Draw>(altered) {
                let refusal = verify_draw(&draw, Witness::default()).err();
                let expected: &[Tamper] = match field.as_str() {
                    "rules" => &[Tamper::Rules],
                    "commitment" | "secret" | "event" => &[Tamper::Secret],
                    "size" | "lanes.priority.size" => &[Tamper::Seed, Tamper::Size],
                    "beacon.round" => &[Tamper::Seed, Tamper::Beacon],
                    _ => &[Tamper::Seed],
                };
                let refusal = refusal.unwrap_or_else(|| panic!("{field} was altered: {draw:?}"));
                assert!(expected.contains(&refusal), "{field}: {refusal}");
            }
            fields.insert(field);
        }
        assert_eq!(fields.len(), if beacon { 15 } else { 11 }, "{fields:?}");
    }
}

#[test]
fn a_proof_with_any_byte_of_any_field_altered_is_refused() {
    let held = held([300, 7], false);
    let checked = verify_draw(&held.draw, Witness::default()).unwrap();
    for (lane, index) in [(Lane::General, 0), (Lane::General, 299), (Lane::Priority, 3)] {
        let proof = held.prove(lane, index);
        let value = serde_json::to_value(&proof).unwrap();
        let mut fields = std::collections::BTreeSet::new();
        for (field, altered) in tampered(&value) {
            if altered == value {
                continue;
            }
            if let Ok(proof) = serde_json::from_value::<Proof>(altered) {
                let refusal = verify_proof(&checked, &proof);
                let expected: &[Tamper] = match field.as_str() {
                    "lane" => &[Tamper::Leaf, Tamper::Index],
                    "index" => &[Tamper::Index, Tamper::Leaf],
                    "leaf" | "identity" => &[Tamper::Leaf],
                    "path" => &[Tamper::Path],
                    _ => &[Tamper::Position],
                };
                let refusal = refusal.err().unwrap_or_else(|| panic!("{field}: {proof:?}"));
                assert!(expected.contains(&refusal), "{field}: {refusal}");
            }
            fields.insert(field);
        }
        assert_eq!(fields.len(), 6);
        let mut path = proof.clone();
        path.path.push(Hex([0; 32]));
        assert_eq!(verify_proof(&checked, &path), Err(Tamper::Path));
        path.path.truncate(proof.path.len() - 1);
        assert_eq!(verify_proof(&checked, &path), Err(Tamper::Path));
    }
}

#[test]
fn a_draw_made_again_with_another_secret_is_refused_by_who_saw_the_commitment() {
    let held = held([300, 7], false);
    let [general, priority] = Lane::ALL.map(|lane| held.draw.lane(lane));
    let again = Draw::hold(event(), [43; 32], general, priority, None);
    assert!(verify_draw(&again, Witness::default()).is_ok(), "alone, it contradicts nothing");
    let seen = Witness { commitment: Some(held.draw.commitment.0), event: None };
    assert_eq!(verify_draw(&again, seen).err(), Some(Tamper::Commitment));
    let other = EventId::new(Timestamp(1_790_000_000_000), [8; 12]);
    let of_another = Witness { commitment: None, event: Some(&other) };
    assert_eq!(verify_draw(&again, of_another).err(), Some(Tamper::Event));
}

#[test]
fn sizes_and_beacons_out_of_bounds_are_refused() {
    let held = held([3, 0], true);
    let [mut general, priority] = Lane::ALL.map(|lane| held.draw.lane(lane));
    general.size = ENTRIES_MAX + 1;
    let large = Draw::hold(event(), [42; 32], general, priority, None);
    assert_eq!(verify_draw(&large, Witness::default()).err(), Some(Tamper::Size));
    general.size = 3;
    for (source, round, bytes) in
        [("x".repeat(256), 1, 32), ("x".into(), 1 << 53, 32), ("x".into(), 1, 256)]
    {
        let beacon = Beacon { source, round, randomness: vec![1; bytes] };
        let draw = Draw::hold(event(), [42; 32], general, priority, Some(beacon));
        assert_eq!(verify_draw(&draw, Witness::default()).err(), Some(Tamper::Beacon));
    }
}
