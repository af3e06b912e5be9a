//! Notices that the store may have lost writes it had acknowledged: after a fail-over or a restart
//! its masters have other replication ids. Every line is laid anew then, above what was reserved.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::WaitingRoom;

const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(room: Arc<WaitingRoom>, shutdown: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut watch = Watch::default();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => watch.look(&room).await,
        }
    }
}

/// The replication ids seen last.
#[derive(Default)]
pub struct Watch {
    known: Option<Vec<String>>,
}

impl Watch {
    pub async fn look(&mut self, room: &Arc<WaitingRoom>) {
        let Ok(ids) = room.store.replication_ids().await else { return };
        let changed = self.known.as_ref().is_some_and(|known| *known != ids);
        if changed {
            tracing::warn!("the store's masters have changed: lines are laid anew");
            if !lay_all(room).await {
                return;
            }
        }
        self.known = Some(ids);
    }
}

/// Whether that could be done.
async fn lay_all(room: &Arc<WaitingRoom>) -> bool {
    let lines: Vec<_> = room.lines.iter().map(|entry| entry.clone()).collect();
    let mut all = true;
    for line in lines.iter().filter(|line| line.state().term > 0) {
        let Ok(Some(event)) = room.inventory.event_by_id(&line.partition.event).await else {
            all = false;
            continue;
        };
        let term = line.state().term;
        // Another process may have done it.
        let read = room.follow(&event, line).await;
        let laid = match line.state().term == term {
            true => room.lay(&event, line).await,
            false => Ok(()),
        };
        all &= read.is_ok() && laid.is_ok();
    }
    all
}
