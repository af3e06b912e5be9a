//! What other verifiers are checked with: the vectors of the one in the browser, and the worked
//! example of the documentation. Both are made here; `HOLDFAST_WRITE_VECTORS=1` writes them anew.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use domain::{
    hold::CustomerKey,
    id::EventId,
    queue::{
        Lane, Place,
        draw::{Beacon, Draw, ENTRY_BYTES, Hex, Permutation, Proof, TreeBuilder, leaf},
    },
    time::Timestamp,
};
use serde_json::{Value, json};

fn event() -> EventId {
    EventId::new(Timestamp(1_790_000_000_000), [7; 12])
}

/// Somebody of a lane: one byte, again and again.
fn person(lane: Lane, index: u64) -> CustomerKey {
    let byte = (index % 255 + 1) as u8 ^ (lane.number() as u8 * 0x80);
    CustomerKey([byte; ENTRY_BYTES])
}

/// A draw over so many people, and the proofs of some of them.
fn held(sizes: [u64; 2], beacon: Option<Beacon>) -> (Draw, Vec<Proof>) {
    let trees = Lane::ALL.map(|lane| {
        let mut builder = TreeBuilder::new(lane);
        (0..sizes[lane.number()]).for_each(|index| builder.push(person(lane, index)));
        builder.finish()
    });
    let [general, priority] = [&trees[0], &trees[1]].map(Into::into);
    let secret = std::array::from_fn(|at| at as u8);
    let draw = Draw::hold(event(), secret, general, priority, beacon);
    let mut proofs = Vec::new();
    for tree in &trees {
        for index in [0, 1, 2, 255, 256, 511, 600, tree.size().saturating_sub(1)] {
            let block: Vec<u8> =
                tree.block(index).flat_map(|index| person(tree.lane(), index).0).collect();
            proofs.extend(draw.prove(tree, index, &block));
        }
    }
    (draw, proofs)
}

fn beacon() -> Option<Beacon> {
    let source = "drand quicknet".to_owned();
    Some(Beacon { source, round: 15_000_000, randomness: (0..32).rev().collect() })
}

fn vectors() -> Value {
    let draws: Vec<Value> = [([3, 1], None), ([1_000, 0], beacon()), ([601, 257], None)]
        .into_iter()
        .map(|(sizes, beacon)| {
            let (draw, proofs) = held(sizes, beacon);
            json!({ "draw": draw, "proofs": proofs })
        })
        .collect();
    let permutations: Vec<Value> = [1, 2, 5, 255, 257, 1_000, 99_999, 5_000_000, 4_294_967_295]
        .into_iter()
        .map(|size: u64| {
            let key: [u8; 16] = std::array::from_fn(|at| (at as u64 * 31 + size % 251) as u8);
            let permutation = Permutation::new(key, size);
            let indexes = [0, 1, size / 3, size / 2, size - 1, size, size + 9];
            let positions = indexes.map(|index| permutation.position(index));
            json!({ "key": Hex(key), "size": size, "indexes": indexes, "positions": positions })
        })
        .collect();
    json!({ "draws": draws, "permutations": permutations })
}

/// The example's values, as the documentation shows them.
fn example() -> String {
    let (draw, proofs) = held([3, 1], None);
    let order = draw.order();
    let mut text = String::new();
    let mut line = |name: String, value: &dyn std::fmt::Display| {
        writeln!(text, "{name:<24} {value}").expect("a string takes any text");
    };
    line("event".into(), &draw.event);
    line("secret".into(), &draw.secret);
    line("commitment".into(), &draw.commitment);
    for lane in Lane::ALL {
        let size = draw.lane(lane).size;
        for index in 0..size {
            let person = person(lane, index);
            line(format!("person {lane} {index}"), &Hex(person.0));
            line(format!("leaf {lane} {index}"), &Hex(leaf(lane, index, person)));
        }
        line(format!("root {lane}"), &draw.lane(lane).root);
    }
    line("seed".into(), &draw.seed);
    for lane in Lane::ALL {
        for index in 0..draw.lane(lane).size {
            line(format!("position {lane} {index}"), &order.position(Place { lane, index }));
        }
    }
    let proof = serde_json::to_string_pretty(&proofs[1]).expect("a proof is plain data");
    let draw = serde_json::to_string_pretty(&draw).expect("a draw is plain data");
    format!(
        "```text\n{text}```\n\nAs it is published:\n\n```json\n{draw}\n```\n\nThe proof of index 1 of \
         the general lane:\n\n```json\n{proof}\n```\n"
    )
}

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn writing() -> bool {
    env::var_os("HOLDFAST_WRITE_VECTORS").is_some()
}

#[test]
fn the_browser_is_checked_with_what_this_crate_makes() {
    let path = root("web/tests/draw-vectors.json");
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if writing() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_documented_example_is_what_this_crate_makes() {
    let path = root("docs/draw.md");
    let (begin, end) = ("<!-- example: begin -->\n", "<!-- example: end -->");
    let document = fs::read_to_string(&path).unwrap();
    let (head, rest) = document.split_once(begin).unwrap();
    let (shown, tail) = rest.split_once(end).unwrap();
    if writing() {
        fs::write(&path, format!("{head}{begin}{}{end}{tail}", example())).unwrap();
    } else {
        assert_eq!(shown, example());
    }
}
