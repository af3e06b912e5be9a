//! The store's clock is another machine's, and jumps.

use std::sync::atomic::Ordering;

use domain::event::Queue;

use crate::support::{Buyer, Node, Pass, Place, World};

const HOUR_MS: i64 = 3_600_000;
const PEOPLE: usize = 40;
/// Of the rounds in which everybody must have been let in.
const ROUNDS_MAX: usize = 900;

/// Somebody who looks in every round.
struct Watched<'a> {
    buyer: Buyer<'a>,
    place: Place,
    position: u64,
    pass: Option<Pass>,
    /// Rounds in which the turn is left unused first.
    hesitates: u32,
}

impl Watched<'_> {
    async fn look(&mut self, node: &Node, round: usize) {
        if self.pass.is_some() {
            return;
        }
        let buyer = self.buyer.at(node);
        let status = buyer.status(&self.place).await;
        if let Some(position) = status["position"].as_u64() {
            let (before, index) = (self.position, self.place.index);
            assert!(position <= before, "{index} rose from {before} to {position} in {round}");
            self.position = position;
        }
        if status["state"] != "your_turn" {
            return;
        }
        if self.hesitates > 0 {
            self.hesitates -= 1;
            return;
        }
        let answer = buyer.enter(&self.place).await;
        // 200: an answer before was lost on the way.
        if matches!(answer.status, 200 | 201) {
            let status = answer.status;
            self.pass = Some(answer.expect_pass(status));
        }
    }
}

async fn everybody_is_let_in_once_though_the_clock_jumps(jumps: &[(usize, i64)]) {
    let rules =
        Queue { enabled: true, admit_per_minute: Some(60), turn_seconds: 60, ..Queue::default() };
    let world = World::new(rules).await;
    let mut people: Vec<Watched<'_>> = Vec::new();
    for (number, (buyer, place)) in world.people(PEOPLE).await.into_iter().enumerate() {
        // One in three sees the turn and waits, some of them beyond it.
        let hesitates = if number % 3 == 0 { number as u32 * 3 } else { 0 };
        people.push(Watched { buyer, place, position: u64::MAX, pass: None, hesitates });
    }
    world.open_line().await;
    for round in 0..ROUNDS_MAX {
        let jump = jumps.iter().find(|(at, _)| *at == round);
        if let Some((_, jump)) = jump {
            world.store_ahead_ms.fetch_add(*jump, Ordering::Relaxed);
        }
        world.round().await;
        for person in &mut people {
            person.look(&world.node, round).await;
        }
        if jump.is_some() {
            // A process that knew nothing of the line before.
            let other = world.another_node();
            for person in &mut people {
                person.look(&other, round).await;
            }
        }
        if people.iter().all(|person| person.pass.is_some()) {
            break;
        }
    }
    let outside: Vec<_> =
        people.iter().filter(|person| person.pass.is_none()).map(|one| one.place.index).collect();
    assert!(outside.is_empty(), "their turn never came again: {outside:?}");
    let passes = world.ledger.passes(&world.event.id, None, 1_000).await.expect("rows");
    assert_eq!(passes.len(), PEOPLE, "each was let in once");
    let line = world.stored_line().await;
    assert!(line.cursors[0] <= PEOPLE as u64, "{line:?}");
    world.assert_ledger_is_clean().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_by_an_hour_loses_nobody_s_turn_for_ever() {
    everybody_is_let_in_once_though_the_clock_jumps(&[(15, HOUR_MS)]).await;
}

#[tokio::test]
async fn a_clock_that_falls_back_by_an_hour_loses_nobody_s_turn_for_ever() {
    everybody_is_let_in_once_though_the_clock_jumps(&[(15, -HOUR_MS)]).await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_back_loses_nobody_s_turn_for_ever() {
    let jumps = [(8, HOUR_MS), (14, -HOUR_MS), (25, -HOUR_MS), (35, HOUR_MS)];
    everybody_is_let_in_once_though_the_clock_jumps(&jumps).await;
}
