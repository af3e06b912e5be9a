//! Reads every line in use four times a second, and makes the frame of its stream.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{WaitingRoom, lines::Line, meters, stream};

/// With what a read takes, the cursor is well below a second old.
const EVERY: Duration = Duration::from_millis(250);
/// Every so many rounds a frame goes out, changed or not.
const ROUNDS_PER_FRAME: u32 = 4;

pub(super) async fn run(room: Arc<WaitingRoom>, shutdown: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        round = round.wrapping_add(1);
        follow_all(&room, round).await;
    }
}

/// One round.
pub async fn follow_all(room: &Arc<WaitingRoom>, round: u32) {
    let now = room.clock.now();
    let lines: Vec<_> = room.lines.iter().map(|entry| entry.clone()).collect();
    let in_use = lines.iter().filter(|line| line.in_use(now));
    join_all(in_use.map(|line| follow(room, line, round))).await;
}

async fn follow(room: &Arc<WaitingRoom>, line: &Arc<Line>, round: u32) {
    let id = &line.partition.event;
    let Ok(Some(event)) = room.inventory.event_by_id(id).await else { return };
    let before = line.state();
    // What is wrong was logged where it was met; the last state stands, and gets stale.
    let _ = room.follow(&event, line).await;
    let state = line.state();
    let now = room.clock.now();
    if state.term > 0 {
        meters::cursor_age(id, (now.as_millis() - state.read_at.as_millis()) as f64 / 1_000.0);
    }
    let moved = state.shown_cursors(now) != before.shown_cursors(before.read_at)
        || state.phase != before.phase;
    if (moved || round.is_multiple_of(ROUNDS_PER_FRAME)) && line.frames.receiver_count() > 0 {
        line.frames.send_replace(stream::frame(&state, line.is_stale(&state, now), now));
    }
}
