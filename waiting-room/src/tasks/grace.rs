//! Puts people whose turn has passed, and who were seen again here, into grace: all of a round in one
//! call.

use std::{sync::Arc, time::Duration};

use lua::{GraceWish, Graced, Termed};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{WaitingRoom, error::Refusal, lines::Line};

const EVERY: Duration = Duration::from_millis(500);
const WISHES_PER_CALL: usize = 256;

pub(super) async fn run(room: Arc<WaitingRoom>, shutdown: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        grace_all(&room).await;
    }
}

/// One round.
pub async fn grace_all(room: &Arc<WaitingRoom>) {
    let lines: Vec<_> = room.lines.iter().map(|entry| entry.clone()).collect();
    for line in lines {
        let wishes: Vec<_> = std::mem::take(&mut *line.missed()).into_values().collect();
        for wishes in wishes.chunks(WISHES_PER_CALL) {
            // Who is not put there now is seen again.
            let _ = join_grace(room, &line, wishes).await;
        }
    }
}

async fn join_grace(
    room: &Arc<WaitingRoom>,
    line: &Line,
    wishes: &[GraceWish],
) -> Result<(), Refusal> {
    let term = line.state().term;
    if let Termed::Done(graced) = room.store.join_grace(&line.partition, term, wishes).await? {
        for (wish, graced) in wishes.iter().zip(graced) {
            match graced {
                Graced::Waiting { number } => {
                    line.graced.insert(wish.person, number);
                }
                Graced::Inside { expires_at } => {
                    line.entered.insert(wish.person, (wish.place.number(), expires_at));
                }
                Graced::Ended { .. } => {}
            }
        }
    }
    Ok(())
}
