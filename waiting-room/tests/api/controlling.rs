//! One process at a time leads a line; whoever dies is replaced, and nobody is released twice.

use domain::{event::Queue, time::Clock};
use ledger::line_steps::MoveCursors;
use lua::Controlled;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::{Stores, World, in_every_place, slow};

in_every_place! {
    another_process_goes_on_when_the_one_that_led_is_killed
    a_leader_that_was_replaced_changes_nothing
}

/// The lease of whoever leads, in seconds.
const LEASE_SECONDS: i64 = 3;

fn steady(stores: &Stores) -> Queue {
    let rate = if stores.has_real_time() { 1_200 } else { 60 };
    Queue { admit_per_minute: Some(rate), ..slow() }
}

async fn another_process_goes_on_when_the_one_that_led_is_killed(stores: Stores) {
    let rules = steady(&stores);
    let world = World::open(stores, rules).await;
    let people = world.people(30).await;
    world.open_line().await;
    let released = async || world.stored_line().await.cursors[0];
    let some = async || (released().await >= 3).then_some(());
    world.until("the first releases", some).await;
    let before = released().await;

    let heir = world.another_node();
    heir.lead().await;
    assert_eq!(released().await, before, "one leads at a time");
    // The first does nothing any more: neither a step nor a word that it ends.
    world.advance_millis(LEASE_SECONDS * 1_000);
    let mut cursors = vec![before];
    world
        .until_of(&[&heir], "everybody's release", async || {
            cursors.push(released().await);
            (*cursors.last()? == people.len() as u64).then_some(())
        })
        .await;
    assert!(cursors.is_sorted(), "{cursors:?}");
    let fence = world.stored_line().await.fence;
    assert!(fence > 1, "the second leader has a higher number: {fence}");
    for (buyer, place) in &people {
        let state = async || {
            let state = buyer.at(&heir).state(place).await;
            (state != "waiting").then_some(state)
        };
        let state = world.until_of(&[&heir], "the turn to be shown", state).await;
        assert!(["your_turn", "missed"].contains(&&*state), "{state}");
    }
    world.assert_ledger_is_clean().await;
}

async fn a_leader_that_was_replaced_changes_nothing(stores: Stores) {
    let rules = steady(&stores);
    let world = World::open(stores, rules).await;
    world.people(30).await;
    world.open_line().await;
    let former = world.stored_line().await.fence;
    let heir = world.another_node();
    world.advance_millis(LEASE_SECONDS * 1_000);
    world.round_of(&[&heir]).await;
    let moved = async || (world.stored_line().await.fence > former).then_some(());
    world.until_of(&[&heir], "the heir's first step", moved).await;
    let standing = world.stored_line().await;

    // The former leader wakes up in the middle of its step …
    let event = &world.event.id;
    let late = world.ledger.move_cursors(event, former, [30, 0, 0]).await.expect("the ledger");
    assert_eq!(late, MoveCursors::Fenced { fence: standing.fence });
    let partition = lua::Partition { event: event.clone(), index: 0 };
    let late = world.store.admit(&partition, standing.term, former, [30, 0, 0], 10).await;
    assert!(matches!(late, Ok(Controlled::Fenced { .. })), "{late:?}");
    // … or at its beginning.
    world.node.lead().await;
    let after = world.stored_line().await;
    assert_eq!((after.cursors, after.fence), (standing.cursors, standing.fence));
}

#[tokio::test]
async fn who_lost_the_lead_shows_no_length_of_the_line_any_more() {
    let world = World::new(steady(&Stores::in_process())).await;
    world.people(60).await;
    world.open_line().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let event = &world.event.id;
    let shown = || {
        let name = format!("holdfast_queue_waiting{{event=\"{event}\"}} ");
        let text = recorder.handle().render();
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.expect("the gauge").parse::<f64>().expect("a number")
    };
    let lead = async || {
        // What this process alone tells: the heir's metrics go elsewhere.
        let _own = metrics::set_default_local_recorder(&recorder);
        world.node.lead().await;
    };
    lead().await;
    assert!(shown() > 0.0, "sixty people wait");

    let heir = world.another_node();
    world.advance_millis(LEASE_SECONDS * 1_000);
    heir.lead().await;
    lead().await;
    assert_eq!(shown(), 0.0);
}

#[tokio::test]
async fn the_new_leader_begins_within_five_seconds() {
    let world = World::new(steady(&Stores::in_process())).await;
    world.people(60).await;
    world.open_line().await;
    world.rounds(5).await;
    let before = world.stored_line().await.cursors[0];
    let killed_at = world.clock.now();
    let heir = world.another_node();
    let moved = async || (world.stored_line().await.cursors[0] > before).then_some(());
    world.until_of(&[&heir], "the heir's first release", moved).await;
    let took = world.clock.now().as_millis() - killed_at.as_millis();
    assert!(took <= 5_000, "{took} ms by the processes' clock");
}

#[tokio::test]
async fn a_killed_leader_s_releases_are_shown_by_its_heir() {
    let world = World::new(slow()).await;
    let people = world.people(10).await;
    world.open_line().await;
    // Killed between the ledger and the store.
    let fence = world.stored_line().await.fence;
    world.ledger.move_cursors(&world.event.id, fence, [4, 0, 0]).await.expect("the ledger");
    let heir = world.another_node();
    world.advance_millis(LEASE_SECONDS * 1_000);
    let mut turns = 0;
    world
        .until_of(&[&heir], "four turns", async || {
            turns = 0;
            for (buyer, place) in &people {
                turns += usize::from(buyer.at(&heir).state(place).await == "your_turn");
            }
            (turns >= 4).then_some(())
        })
        .await;
    assert!(turns >= 4);
}
