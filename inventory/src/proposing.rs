//! Candidates for best-available wishes of one script call: first choices that meet neither each
//! other nor those of calls in flight of this process.

use domain::{best_available::Outcome, seat::SeatIndex};

use crate::{BestAvailable, mirror::Mirror};

/// Why a wish cannot be met by what the mirror shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    NotEnoughAdjacent,
    SoldOut,
}

/// What can be proposed for a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proposed {
    /// To be tried in this order.
    Candidates(Vec<Vec<SeatIndex>>),
    /// Nothing now, but calls in flight propose seats that would do.
    InFlight,
    Short(Shortage),
}

/// The proposals of one call that is being formed.
pub(crate) struct Proposals<'a> {
    mirror: &'a mut Mirror,
    proposed: Vec<SeatIndex>,
    /// Wishes for which nothing was found: seats only become fewer while a call is formed.
    without: Vec<(BestAvailable, Proposed)>,
}

impl<'a> Proposals<'a> {
    pub(crate) fn new(mirror: &'a mut Mirror) -> Self {
        Self { mirror, proposed: Vec::new(), without: Vec::new() }
    }

    /// `rounds`: how often the wish has lost all its candidates to other processes.
    pub(crate) fn propose(&mut self, wish: &BestAvailable, rounds: u32) -> Proposed {
        if let Some((_, known)) = self.without.iter().find(|(other, _)| other == wish) {
            return known.clone();
        }
        if let Outcome::Found(candidates) = find_beyond(self.mirror, wish, passed_over(rounds)) {
            self.mirror.propose(&candidates[0]);
            self.proposed.extend(&candidates[0]);
            return Proposed::Candidates(candidates);
        }
        let answer = match self.mirror.find_open(wish) {
            Outcome::Found(_) => Proposed::InFlight,
            Outcome::NotEnoughAdjacent => Proposed::Short(Shortage::NotEnoughAdjacent),
            Outcome::SoldOut => Proposed::Short(Shortage::SoldOut),
        };
        self.without.push((wish.clone(), answer.clone()));
        answer
    }

    /// What has to be withdrawn when the call is over.
    pub(crate) fn finish(self) -> Vec<SeatIndex> {
        self.proposed
    }
}

/// How many times the best choices are passed over. A process that is farther from the store than
/// another would come too late to the best seats every time; who has lost twice looks beyond the
/// stretch where the crowd is, farther each time.
fn passed_over(rounds: u32) -> u32 {
    if rounds < 2 { 0 } else { (4 << rounds.min(6)).min(256) }
}

fn find_beyond(mirror: &mut Mirror, wish: &BestAvailable, passed_over: u32) -> Outcome {
    let mut scratch = mirror.choosable_mut().scratch();
    let mut outcome = scratch.find(wish);
    for _ in 0..passed_over {
        if let Outcome::Found(candidates) = &outcome {
            candidates.iter().for_each(|seats| scratch.take(seats));
        }
        match scratch.find(wish) {
            Outcome::Found(beyond) => outcome = Outcome::Found(beyond),
            // Nothing beyond: the last there are.
            _ => break,
        }
    }
    outcome
}
