//! Work in the background. Every task may run in many processes at once, may be cut at any step and
//! may do its work twice.

mod control;
pub(crate) mod draw;
mod follow;
mod grace;

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::WaitingRoom;

/// The same work step by step, for whoever has time in their own hand: a simulation.
#[derive(Default)]
pub struct Rounds {
    leader: control::Leader,
    round: u32,
}

impl Rounds {
    /// What the follower does four times a second, and what puts people into grace.
    pub async fn follow(&mut self, room: &Arc<WaitingRoom>) {
        self.round = self.round.wrapping_add(1);
        follow::follow_all(room, self.round).await;
        grace::grace_all(room).await;
    }

    /// What happens once a second: a step of every line that is this process's to lead.
    pub async fn lead(&mut self, room: &Arc<WaitingRoom>) {
        self.leader.step(room).await;
    }
}

impl WaitingRoom {
    /// Starts every task; they end after the round they are in when `shutdown` is cancelled.
    pub fn spawn_tasks(self: &Arc<Self>, shutdown: CancellationToken, tasks: &TaskTracker) {
        tasks.spawn(follow::run(self.clone(), shutdown.clone()));
        tasks.spawn(grace::run(self.clone(), shutdown.clone()));
        tasks.spawn(control::run(self.clone(), shutdown));
    }
}
