//! The payloads of `holdfast.bin.v1`; `docs/live-map.md` has every byte.
//!
//! Integers of fixed width are little endian, a varint is LEB128.

use domain::seat::AreaIndex;

use super::{
    Delta, Frame, GoneReason, Overview, Snapshot,
    packing::{PACKED, shortest, write_varint},
};

const SNAPSHOT: u8 = 1;
const DELTA: u8 = 2;
const OVERVIEW: u8 = 3;
const GONE: u8 = 4;
const HEARTBEAT: u8 = 5;

/// Areas stand at the end.
const HAS_AREAS: u8 = 1;
/// Only the ranges named here, not all seats.
const HAS_RANGES: u8 = 2;
/// An overview that tells everything.
const IS_COMPLETE: u8 = 4;

/// Seats of one run of a delta.
const RUN_LENGTH_MAX: usize = 64;

pub(super) fn payload(frame: &Frame) -> Vec<u8> {
    match frame {
        Frame::Snapshot(snapshot) => write_snapshot(snapshot),
        Frame::Delta(delta) => write_delta(delta),
        Frame::Overview(overview) => write_overview(overview),
        Frame::Heartbeat(heartbeat) => {
            let mut bytes = head(HEARTBEAT, 0, 0, heartbeat.epoch);
            write_varint(&mut bytes, heartbeat.version);
            bytes
        }
        Frame::Gone(gone) => {
            let mut bytes = head(GONE, 0, 0, 0);
            bytes.push(match gone.reason {
                GoneReason::Cancelled => 1,
                GoneReason::Completed => 2,
                GoneReason::Withdrawn => 3,
            });
            bytes
        }
    }
}

fn head(kind: u8, flags: u8, partition: u8, epoch: u64) -> Vec<u8> {
    let mut bytes = vec![kind, flags];
    bytes.extend(u16::from(partition).to_le_bytes());
    // An event's epoch grows by one with each rebuild.
    bytes.extend(u32::try_from(epoch).unwrap_or(u32::MAX).to_le_bytes());
    bytes
}

fn write_snapshot(snapshot: &Snapshot) -> Vec<u8> {
    let mut flags = if snapshot.areas.is_empty() { 0 } else { HAS_AREAS };
    if snapshot.ranges.is_some() {
        flags |= HAS_RANGES;
    }
    let mut bytes = head(SNAPSHOT, flags, snapshot.partition, snapshot.epoch);
    write_varint(&mut bytes, snapshot.version);
    write_varint(&mut bytes, snapshot.states.0.len() as u64);
    let (encoding, states) = shortest(&snapshot.states.0);
    bytes.push(encoding);
    // Packed states have a length that is known: this is what `/seats` sends too.
    if encoding != PACKED {
        write_varint(&mut bytes, states.len() as u64);
    }
    bytes.extend(states);
    if let Some(ranges) = &snapshot.ranges {
        write_varint(&mut bytes, ranges.len() as u64);
        for (first, count) in ranges {
            write_varint(&mut bytes, u64::from(*first));
            write_varint(&mut bytes, u64::from(*count));
        }
    }
    write_areas(&mut bytes, &snapshot.areas);
    bytes
}

fn write_delta(delta: &Delta) -> Vec<u8> {
    let flags = if delta.areas.is_empty() { 0 } else { HAS_AREAS };
    let mut bytes = head(DELTA, flags, delta.partition, delta.epoch);
    write_varint(&mut bytes, delta.from);
    write_varint(&mut bytes, delta.version - delta.from);
    let runs: Vec<&[(u32, u8)]> = delta
        .changes
        .chunk_by(|one, next| one.0 + 1 == next.0 && one.1 == next.1)
        .flat_map(|run| run.chunks(RUN_LENGTH_MAX))
        .collect();
    write_varint(&mut bytes, runs.len() as u64);
    let mut end = 0;
    for run in runs {
        let (first, state) = run[0];
        write_varint(&mut bytes, u64::from(first - end));
        bytes.push((run.len() as u8 - 1) << 2 | state);
        end = first + run.len() as u32;
    }
    write_areas(&mut bytes, &delta.areas);
    bytes
}

fn write_overview(overview: &Overview) -> Vec<u8> {
    let mut flags = if overview.areas.is_empty() { 0 } else { HAS_AREAS };
    if overview.complete {
        flags |= IS_COMPLETE;
    }
    let mut bytes = head(OVERVIEW, flags, overview.partition, overview.epoch);
    write_varint(&mut bytes, overview.version);
    write_varint(&mut bytes, overview.free.len() as u64);
    for (zone, category, free) in &overview.free {
        write_varint(&mut bytes, u64::from(*zone));
        write_varint(&mut bytes, u64::from(*category));
        write_varint(&mut bytes, u64::from(*free));
    }
    write_areas(&mut bytes, &overview.areas);
    bytes
}

fn write_areas(bytes: &mut Vec<u8>, areas: &[(AreaIndex, u32)]) {
    if areas.is_empty() {
        return;
    }
    write_varint(bytes, areas.len() as u64);
    for (area, free) in areas {
        write_varint(bytes, u64::from(*area));
        write_varint(bytes, u64::from(*free));
    }
}
