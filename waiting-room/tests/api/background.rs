//! The role as a process runs it: its tasks work by themselves.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{Stores, World, brisk, in_every_place};

in_every_place! {
    the_tasks_take_a_line_from_opening_to_the_pass
    an_orderly_end_gives_the_lead_back_at_once
}

/// Asks until the answer is there, while time goes on.
async fn eventually<T>(world: &World, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_500 {
        if let Some(value) = ask().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        world.clock.advance_millis(10);
    }
    panic!("waited for: {what}");
}

/// The tasks of a process, and what ends them.
struct Tasks {
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    fn start(room: &Arc<waiting_room::WaitingRoom>) -> Self {
        let tasks = Self { shutdown: CancellationToken::new(), tracker: TaskTracker::new() };
        room.spawn_tasks(tasks.shutdown.clone(), &tasks.tracker);
        tasks
    }

    async fn end(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

async fn the_tasks_take_a_line_from_opening_to_the_pass(stores: Stores) {
    let world = World::open(stores, brisk()).await;
    let tasks = Tasks::start(&world.node.room);
    let people = world.people(3).await;
    let body = serde_json::json!({"reason": "the doors open"});
    let opened = world.node.organizer("POST", "/open", body).await.expect(200);
    assert_eq!(opened["phase"], "open");
    for (buyer, place) in &people {
        let turn = async || (buyer.state(place).await == "your_turn").then_some(());
        eventually(&world, "the turn", turn).await;
        buyer.enter(place).await.expect_pass(201);
    }
    let inside = async || (world.node.settings().await["inside"] == 3).then_some(());
    eventually(&world, "three people inside", inside).await;
    tasks.end().await;
    world.assert_ledger_is_clean().await;
}

async fn an_orderly_end_gives_the_lead_back_at_once(stores: Stores) {
    let world = World::open(stores, brisk()).await;
    let tasks = Tasks::start(&world.node.room);
    world.people(3).await;
    let body = serde_json::json!({});
    world.node.organizer("POST", "/open", body).await.expect(200);
    tasks.end().await;
    let former = world.stored_line().await;
    if world.store.is_in_process() {
        // The store ends with the process: the ledger knows what was really given out.
        assert_eq!(former.ceilings, [3, 0]);
        world.lose_everything();
    }
    let heir = world.another_node();
    assert_eq!(heir.buyer().join().await.expect_new().index, 3, "no number is skipped");
    // No lease has to end first: the clock of the processes stands still.
    heir.lead().await;
    heir.lead().await;
    let line = world.stored_line().await;
    assert!(line.cursors[0] > former.cursors[0], "{line:?}");
}
