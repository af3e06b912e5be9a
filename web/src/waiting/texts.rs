//! What the waiting page says in each state. `waiting.js` has the same words for the states that it
//! moves through without a reload.

use super::WaitingState;

pub(super) struct Texts {
    /// The state's name in the page and in the API.
    pub(super) key: &'static str,
    pub(super) headline: &'static str,
    /// What happens next.
    pub(super) next: &'static str,
    /// Whether a page without scripting loads itself again.
    pub(super) reloads: bool,
}

impl Texts {
    pub(super) fn of(state: WaitingState) -> Self {
        let (key, headline, next, reloads) = match state {
            WaitingState::NotJoined => (
                "not_joined",
                "Take your place in line",
                "Many people want to buy at once, so everybody gets a place. Whoever comes before the opening takes \
                 part in a draw, in which being fast is no advantage; whoever comes later stands behind, in order.",
                false,
            ),
            WaitingState::Early => (
                "early",
                "You are in the draw",
                "When the line opens, everybody who is here gets a position by lot. You need not do anything.",
                true,
            ),
            WaitingState::Waiting => (
                "waiting",
                "You are in line",
                "When your turn comes you are let in to choose seats. You need not do anything.",
                true,
            ),
            WaitingState::YourTurn => (
                "your_turn",
                "It is your turn",
                "Go in now: your turn is kept for a short time only.",
                true,
            ),
            WaitingState::Missed => (
                "missed",
                "You missed your turn, and are next in line",
                "You are let in within a few minutes. Please stay close.",
                true,
            ),
            WaitingState::Inside => (
                "inside",
                "You are in",
                "Choose your seats; they are reserved while you pay.",
                false,
            ),
            WaitingState::Done => (
                "done",
                "You have been in",
                "Your visit to this sale has ended. Your tickets are under “Your tickets”.",
                false,
            ),
            WaitingState::Closed => {
                ("closed", "The waiting room is closed", "Nobody is let in any more.", false)
            }
            WaitingState::Full => (
                "full",
                "The waiting room is full",
                "There are more people in line than places. Please try again in a while; others leave.",
                true,
            ),
        };
        Self { key, headline, next, reloads }
    }
}

/// An interval in words, in whole minutes.
pub(super) fn estimate(low_seconds: u64, high_seconds: u64) -> String {
    let (low, high) = (low_seconds / 60, high_seconds.div_ceil(60).max(1));
    match (low, high) {
        (0, 1) => "less than a minute".to_owned(),
        (0, high) => format!("up to {high} minutes"),
        (low, high) if low == high => format!("about {high} minutes"),
        (low, high) => format!("{low} to {high} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_an_interval_of_whole_minutes() {
        assert_eq!(estimate(0, 20), "less than a minute");
        assert_eq!(estimate(30, 100), "up to 2 minutes");
        assert_eq!(estimate(300, 480), "5 to 8 minutes");
        assert_eq!(estimate(300, 300), "about 5 minutes");
    }
}
