//! Where somebody stands: a pure function of the line's state and of what they show.

use domain::{
    queue::{Lane, Way},
    time::Timestamp,
};
use lua::LinePhase;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::state::LineState;

/// What a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceState {
    /// In the draw, which has not been held.
    Early,
    Waiting,
    YourTurn,
    /// The turn has passed unused; another one comes within minutes.
    Missed,
    /// Has a pass.
    Inside,
    /// The pass has ended.
    Done,
    Closed,
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: PlaceState,
    /// From 1, for the next to be admitted of their lane.
    pub position: Option<u64>,
    /// By which way their turn has come.
    pub way: Option<TurnOf>,
}

/// A turn that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnOf {
    pub way: Way,
    /// Position in the lane, or number in grace.
    pub position: u64,
    /// By the store's clock.
    pub until: Timestamp,
}

/// What somebody shows, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub lane: Lane,
    pub index: u64,
    /// A pass came along, and is not over.
    pub has_pass: bool,
    /// A pass came along that is over, or the pass of this place is known to have ended.
    pub is_done: bool,
    /// Their number in grace.
    pub graced: Option<u64>,
    /// They have entered with this place and lack the pass, which lives so long: the answer was lost,
    /// or it went to another window. By the store's clock.
    pub entered_until: Option<Timestamp>,
}

/// `cursors`: those that people are shown, or those that decide. `now`: by this process's clock.
pub fn standing(
    line: &LineState,
    cursors: [u64; 3],
    shown: &Shown,
    turn_seconds: i64,
    now: Timestamp,
) -> Standing {
    let told = |state| Standing { state, position: None, way: None };
    if shown.is_done {
        return told(PlaceState::Done);
    }
    if shown.has_pass {
        return told(PlaceState::Inside);
    }
    let Some(position) = line.position(shown.lane, shown.index) else {
        return told(match line.phase {
            LinePhase::Closed => PlaceState::Closed,
            _ => PlaceState::Early,
        });
    };
    if line.phase == LinePhase::Closed {
        return told(PlaceState::Closed);
    }
    let cursor = cursors[shown.lane.number()];
    if position >= cursor {
        let position = Some(position - cursor + 1);
        return Standing { state: PlaceState::Waiting, position, way: None };
    }
    let now = now.plus_millis(line.clock_ahead_ms);
    let turn = |way: Way, position: u64| {
        let until = line.released_at(way, position)?.plus_seconds(turn_seconds);
        (now < until).then_some(TurnOf { way, position, until })
    };
    let entered = shown.entered_until.filter(|until| now < *until);
    let turn = turn(shown.lane.into(), position)
        .or_else(|| shown.graced.and_then(|number| turn(Way::Grace, number)))
        .or_else(|| entered.map(|until| TurnOf { way: shown.lane.into(), position, until }));
    match turn {
        Some(turn) => Standing { state: PlaceState::YourTurn, position: None, way: Some(turn) },
        None => told(PlaceState::Missed),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lua::BatchMark;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn line() -> LineState {
        let mark = |ago: i64, cursors| BatchMark { at: NOW.plus_seconds(-ago), cursors };
        LineState {
            phase: LinePhase::Open,
            joined: [100, 0],
            cursors: [20, 0, 3],
            marks: Arc::new(vec![mark(200, [5, 0, 0]), mark(60, [15, 0, 1]), mark(5, [20, 0, 3])]),
            ..LineState::unread()
        }
    }

    fn shown(index: u64) -> Shown {
        Shown {
            lane: Lane::General,
            index,
            has_pass: false,
            is_done: false,
            graced: None,
            entered_until: None,
        }
    }

    fn state(line: &LineState, shown: &Shown) -> (PlaceState, Option<u64>) {
        let standing = standing(line, line.shown_cursors(NOW), shown, 120, NOW);
        (standing.state, standing.position)
    }

    #[test]
    fn a_turn_comes_lasts_and_is_missed() {
        let line = line();
        assert_eq!(state(&line, &shown(20)), (PlaceState::Waiting, Some(1)));
        assert_eq!(state(&line, &shown(99)), (PlaceState::Waiting, Some(80)));
        assert_eq!(state(&line, &shown(19)), (PlaceState::YourTurn, None));
        assert_eq!(state(&line, &shown(5)), (PlaceState::YourTurn, None), "released a minute ago");
        assert_eq!(state(&line, &shown(4)), (PlaceState::Missed, None));
    }

    #[test]
    fn a_step_is_shown_a_moment_later_than_it_was_made() {
        let line = line();
        let at = |millis: i64| {
            let now = NOW.plus_seconds(-5).plus_millis(millis);
            let standing = standing(&line, line.shown_cursors(now), &shown(15), 120, now);
            (standing.state, standing.position)
        };
        assert_eq!(at(499), (PlaceState::Waiting, Some(1)));
        assert_eq!(at(500), (PlaceState::YourTurn, None));
    }

    #[test]
    fn a_turn_in_grace_makes_good_for_a_missed_one() {
        let line = line();
        let graced = |number| Shown { graced: Some(number), ..shown(4) };
        assert_eq!(state(&line, &graced(2)), (PlaceState::YourTurn, None));
        assert_eq!(state(&line, &graced(3)), (PlaceState::Missed, None), "not released yet");
    }

    #[test]
    fn whoever_entered_and_lacks_the_pass_may_enter_as_long_as_it_lives() {
        let line = line();
        let entered = |until| Shown { entered_until: Some(until), ..shown(4) };
        assert_eq!(state(&line, &entered(NOW.plus_millis(1))), (PlaceState::YourTurn, None));
        assert_eq!(state(&line, &entered(NOW)), (PlaceState::Missed, None));
    }

    #[test]
    fn whoever_has_a_pass_is_inside_until_it_ends() {
        let line = line();
        assert_eq!(state(&line, &Shown { has_pass: true, ..shown(4) }).0, PlaceState::Inside);
        let done = Shown { has_pass: true, is_done: true, ..shown(4) };
        assert_eq!(state(&line, &done).0, PlaceState::Done);
    }

    #[test]
    fn before_the_draw_nobody_has_a_position() {
        let line = LineState { phase: LinePhase::Early, cursors: [0; 3], ..line() };
        assert_eq!(state(&line, &shown(7)), (PlaceState::Early, None));
        let closed = LineState { phase: LinePhase::Closed, ..line };
        assert_eq!(state(&closed, &shown(7)), (PlaceState::Closed, None));
    }
}
