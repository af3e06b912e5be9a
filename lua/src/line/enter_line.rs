//! `enter_line`: a pass for whose turn has come.

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};

use super::{
    LinePlace, PassEnd, pass,
    termed::{self, Termed, number},
};
use crate::{
    Error, Partition, Store,
    answer::Answer,
    scripts::{Call, ENTER_LINE},
};

/// By what somebody claims that their turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The position in the general lane, from 0.
    General { position: u64 },
    /// The position in the priority lane, from 0.
    Priority { position: u64 },
    /// The number got from [`Store::join_grace`].
    Grace { number: u64 },
}

impl Way {
    /// As `entered` keeps it, and the position.
    fn parts(self) -> (u64, u64) {
        match self {
            Self::General { position } => (Lane::General.number() as u64, position),
            Self::Priority { position } => (Lane::Priority.number() as u64, position),
            Self::Grace { number } => (2, number),
        }
    }
}

/// What became of an attempt to enter, or to stay. Only `New` and `Renewed` changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    New {
        expires_at: Timestamp,
    },
    /// The pass was live and is live for longer.
    Renewed {
        expires_at: Timestamp,
    },
    /// The pass of this place has ended, the place was left or replaced by another one, or the line
    /// has closed.
    Ended {
        reason: PassEnd,
    },
    /// Of [`Store::enter_line`]: the turn has not come. Of [`Store::renew_pass`]: there is no pass.
    NotYet,
}

impl Store {
    /// Lets a person in whose turn has come: one pass per place, one live pass per person. Again:
    /// the same pass, renewed. The way is a claim of the caller, who has checked the signed place
    /// and computed its position; the cursors are compared here.
    ///
    /// # Errors
    /// `OutOfBounds` for a life of less than a millisecond or more than a day.
    pub async fn enter_line(
        &self,
        partition: &Partition,
        term: u64,
        person: CustomerKey,
        way: Way,
        place: LinePlace,
        pass_ms: i64,
    ) -> Result<Termed<Entered>, Error> {
        let mut call = Call::of_people(&ENTER_LINE, partition, [person]);
        termed::term(&mut call, term);
        call.argument("person", &person.0);
        number(&mut call, "place", place.number());
        let (way, position) = way.parts();
        number(&mut call, "way", way);
        number(&mut call, "position", position);
        termed::pass_ms(&mut call, pass_ms)?;
        match self.run_in_term(&call).await? {
            Termed::Done(answer) => read(answer).map(Termed::Done),
            Termed::OtherTerm { current } => Ok(Termed::OtherTerm { current }),
        }
    }
}

pub(super) fn read(mut answer: Answer) -> Result<Entered, Error> {
    let (outcome, _) = answer.outcome()?;
    Ok(match outcome.as_slice() {
        b"new" => Entered::New { expires_at: answer.time()? },
        b"renewed" => Entered::Renewed { expires_at: answer.time()? },
        b"ended" => {
            let letter = answer.bytes()?.first().copied().and_then(pass::end_of);
            Entered::Ended { reason: letter.ok_or_else(|| answer.malformed())? }
        }
        b"not_yet" => Entered::NotYet,
        _ => return Err(answer.malformed()),
    })
}
