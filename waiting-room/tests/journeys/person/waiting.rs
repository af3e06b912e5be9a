//! In line: joining, loading the page again, second tabs, asking, giving up.

use std::sync::Arc;

use domain::queue::Place;
use platform::tokens::{QueueToken, TokenKind};
use waiting_room::{
    WaitingRoom,
    simulation::{JoinAnswer, PlaceState, join_line, leave_line, read_status},
    views::JoinView,
};

use super::{Given, Person, Stage, device};
use crate::{
    findings::Told,
    world::{STEP_MS, Trouble, World, keys, rate},
};

/// Processes read a line so often: their cursors may differ as long.
const READ_APART_MS: i64 = 250;

impl Person {
    pub(super) async fn join(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let asker = self.asker(self.device.clone(), None);
        match join_line(room, world.event.as_str(), &asker).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("places given");
                let given = given(world, view);
                world.findings.borrow_mut().acknowledged(given.place, self.number);
                self.given = Some(given);
                self.stage = Stage::InLine;
                self.asked_at = world.now().as_millis();
                Some(self.random.between(200, 3_000))
            }
            Err(refusal) => self.refused(world, "join", &refusal),
        }
    }

    /// The page is loaded again: the place is shown, and is the same.
    pub(super) async fn refresh(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let given = self.given.as_ref().expect("in line");
        let asker = self.asker(self.device.clone(), Some(given.token.clone()));
        match join_line(room, world.event.as_str(), &asker).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("refreshes");
                self.same_place(world, view, "a refresh that lost the place");
                Some(self.random.between(100, 2_000))
            }
            Err(refusal) => self.refused(world, "refresh", &refusal),
        }
    }

    /// In the same browser, or (with an account) on another device.
    pub(super) async fn open_a_tab(
        &mut self,
        world: &World,
        room: &Arc<WaitingRoom>,
    ) -> Option<i64> {
        let device = match self.account.is_some() || self.code.is_some() {
            true => device(self.number, 1),
            false => self.device.clone(),
        };
        match join_line(room, world.event.as_str(), &self.asker(device, None)).await {
            Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => {
                world.count("second tabs");
                self.same_place(world, view, "a second tab with another place");
                Some(self.random.between(100, 2_000))
            }
            Err(refusal) => self.refused(world, "second tab", &refusal),
        }
    }

    fn same_place(&mut self, world: &World, view: JoinView, rule: &'static str) {
        let seen = given(world, view);
        self.note(world, format!("{:?} again", seen.place));
        let known = self.given.as_ref().expect("in line").place;
        world.findings.borrow_mut().acknowledged(seen.place, self.number);
        if seen.place == known {
            return;
        }
        if world.trouble == Trouble::Losses && rule.contains("tab") {
            // Nothing was shown, and the store had forgotten: that is a second place. Theirs stays
            // the first.
            world.count("second places after a loss");
        } else {
            world.broke(rule, self.story());
        }
    }

    pub(super) async fn ask(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        let status = match read_status(room, world.event.as_str(), &self.tokens()).await {
            Ok(status) => status,
            Err(refusal) => return self.refused(world, "status", &refusal),
        };
        world.count("status requests");
        if !matches!(status.state, PlaceState::Early | PlaceState::Waiting) {
            self.note(world, format!("{:?}", status.state));
        }
        self.asked += 1;
        let (now, place) = (world.now(), self.given.as_ref().expect("in line").place);
        let elapsed_ms = now.as_millis() - self.asked_at;
        self.asked_at = now.as_millis();
        if let Some(position) = status.position {
            self.check_position(world, place, position);
        }
        match status.state {
            PlaceState::Early => {}
            PlaceState::Waiting => {
                if let Some(eta) = status.eta_seconds {
                    let told = Told { at_ms: now.as_millis(), place, low: eta.low, high: eta.high };
                    self.keep(told, elapsed_ms as f64);
                }
            }
            PlaceState::YourTurn => return self.turn(world, room).await,
            PlaceState::Missed => {
                world.count("asked after a missed turn");
                if self.absent == Some(None) {
                    return None;
                }
            }
            PlaceState::Inside | PlaceState::Done | PlaceState::Closed => {
                world.broke("a state that nobody in line has", self.story());
                return None;
            }
        }
        let poll_ms = status.poll_after_ms as i64;
        if self.random.in_hundred(5) {
            // The page is loaded again at once, or a second tab asks: perhaps another process.
            world.count("status requests right after one");
            return Some(STEP_MS);
        }
        Some(match status.state {
            PlaceState::Waiting => (poll_ms * self.patience).min(180_000),
            PlaceState::Early => poll_ms * 4,
            _ => poll_ms,
        })
    }

    /// Lower each time, what the draw says, and never ahead of the ledger.
    fn check_position(&mut self, world: &World, place: Place, position: u64) {
        let now = world.now().as_millis();
        match self.shown {
            // Two processes are a reading apart: counted, and no more than that.
            Some((before, at)) if position > before && now - at <= READ_APART_MS => {
                world.count("rose between processes asked at once");
            }
            Some((before, at)) if position > before => {
                let example = format!("{}: {before} to {position} in {} ms", self.number, now - at);
                world.broke("a position that rose", example);
            }
            _ => {}
        }
        self.shown = Some((position, now));
        let findings = world.findings.borrow();
        let (Some(drawn), cursors) = (findings.position(place), findings.cursors()) else {
            return;
        };
        drop(findings);
        let cursor = cursors[place.lane.number()];
        // The cursors seen in the ledger are up to half a second old: one step of the controller.
        let most = u64::from(rate(world.people, world.minutes)) / 10 + 40;
        if position > drawn + 1 || drawn + 1 - position > cursor + most {
            let example = format!("{position} of {drawn} at {cursor}");
            world.broke("a position that is not the draw's", example);
        }
    }

    /// One of all moments of the wait, each as likely: a reservoir weighted by time.
    fn keep(&mut self, told: Told, weight: f64) {
        self.told_weight += weight;
        if self.random.share() < weight / self.told_weight {
            self.told = Some(told);
        }
    }

    pub(super) async fn leave(&mut self, world: &World, room: &Arc<WaitingRoom>) -> Option<i64> {
        match leave_line(room, world.event.as_str(), &self.tokens()).await {
            Ok(()) => {
                world.count("gave up in line");
                None
            }
            Err(refusal) => self.refused(world, "leave", &refusal),
        }
    }
}

fn given(world: &World, view: JoinView) -> Given {
    let token = keys_of(world, &view.place);
    Given { place: Place { lane: token.lane, index: token.index }, token: view.place }
}

fn keys_of(world: &World, place: &str) -> QueueToken {
    let token = keys().read_token(TokenKind::Place, place, &world.event, world.now());
    token.expect("a place that was just signed")
}
