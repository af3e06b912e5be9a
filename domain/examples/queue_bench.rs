//! Measures the waiting room's pure parts: a position, a root, a proof, a step of the controller.
//!
//! `cargo run --release -p domain --example queue_bench`. Beside each stands its floor from the
//! same run: the ten hashes that a position needs at least, the SHA-256 calls that a tree needs.

use std::{hint::black_box, time::Instant};

use domain::{
    hold::CustomerKey,
    id::EventId,
    queue::{
        Lane, Place,
        admission::{Controller, Settings, Situation},
        draw::{
            ClosedLane, Draw, ENTRY_BYTES, Hash, Order, TreeBuilder, Witness, leaf, verify_draw,
            verify_proof,
        },
    },
    time::Timestamp,
};

const ENTRIES: u64 = 5_000_000;

/// Nanoseconds of one call, the least of five runs.
fn measure<T>(calls: u64, mut call: impl FnMut(u64) -> T) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for number in 0..calls {
            black_box(call(black_box(number)));
        }
        least = least.min(start.elapsed().as_nanos() as f64 / calls as f64);
    }
    least
}

fn person(index: u64) -> CustomerKey {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..8].copy_from_slice(&index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&(index as u32).to_be_bytes());
    CustomerKey(bytes)
}

fn positions() {
    println!("position of an index (10 rounds, walking included)");
    for size in [1_000, 1_000_000, ENTRIES] {
        let order = Order::drawn(&[7; 32], [size, 0]);
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let place =
            |number: u64| Place { lane: Lane::General, index: number.wrapping_mul(step) % size };
        let floor = measure(1_000_000, |number| place(number).index);
        let position = measure(1_000_000, |number| order.position(place(number))) - floor;
        let inverse =
            measure(1_000_000, |number| order.place(Lane::General, place(number).index)) - floor;
        println!("  n = {size:>9}: {position:6.0} ns, back {inverse:6.0} ns (limit 2,000)");
    }
}

fn tree_and_proof() {
    let block: Vec<u8> = (0..ENTRIES).flat_map(|index| person(index).0).collect();
    let one_leaf = measure(200_000, |index| leaf(Lane::General, index, person(index)));
    let start = Instant::now();
    let mut builder = TreeBuilder::new(Lane::General);
    builder.extend(&block);
    let tree = builder.finish();
    let took = start.elapsed();
    let per_entry = took.as_nanos() as f64 / ENTRIES as f64;
    println!("root of {ENTRIES} entries: {:.2} s", took.as_secs_f64());
    println!("  {per_entry:.0} ns an entry; one leaf {one_leaf:.0} ns, a node takes two blocks");

    let event = EventId::new(Timestamp(1_790_000_000_000), [1; 12]);
    let empty = TreeBuilder::new(Lane::Priority).finish();
    let draw = Draw::hold(event, [9; 32], ClosedLane::from(&tree), ClosedLane::from(&empty), None);
    let entries = |index: u64| {
        let range = tree.block(index);
        &block[range.start as usize * ENTRY_BYTES..range.end as usize * ENTRY_BYTES]
    };
    let index = ENTRIES / 3;
    let prove = measure(50, |_| draw.prove(&tree, index, entries(index)));
    let proof = draw.prove(&tree, index, entries(index)).expect("the entries are the tree's");
    let check = measure(2_000, |_| {
        let checked = verify_draw(&draw, Witness::default()).expect("the draw is good");
        verify_proof(&checked, &proof).expect("the proof is good");
    });
    let bytes = serde_json::to_vec(&proof).map_or(0, |text| text.len());
    let hashes = proof.path.len() * size_of::<Hash>();
    println!("a proof: {hashes} B of hashes, {bytes} B of JSON, made in {:.3} ms", prove / 1e6);
    println!("draw and proof checked: {:.3} ms (limit 50)", check / 1e6);
}

fn controller() {
    let mut controller = Controller::new(Settings::default());
    let mut cursors = [0; 3];
    let mut now_ms = 0;
    let mut step = || {
        now_ms += 1000;
        let waiting = [10_000_000, 0, 0];
        let rate_per_minute = Some(6_000);
        let situation = Situation { now_ms, waiting, rate_per_minute, ..Situation::default() };
        let release = controller.next(&situation);
        for (cursor, more) in cursors.iter_mut().zip(release.lanes) {
            *cursor += more;
        }
        controller.observe_batch(now_ms, cursors);
    };
    (0..300).for_each(|_| step());
    println!("a step of the controller: {:.1} µs", measure(1_000, |_| step()) / 1e3);
}

fn main() {
    positions();
    tree_and_proof();
    controller();
}
