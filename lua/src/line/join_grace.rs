//! `join_grace`: people who missed their turn wait for another one.

use domain::{hold::CustomerKey, time::Timestamp};

use super::{
    LinePlace, PassEnd,
    join_line::JOINS_PER_CALL_MAX,
    pass,
    termed::{self, Termed},
};
use crate::{
    Error, Partition, Store, runs,
    scripts::{Call, JOIN_GRACE},
};

/// Somebody whose turn was missed; the caller has judged that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraceWish {
    pub person: CustomerKey,
    /// Whose turn it was.
    pub place: LinePlace,
}

/// What became of a wish for grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graced {
    /// Waits under this number: the one they had as long as it has not been released, else the
    /// next.
    Waiting { number: u64 },
    /// Has a live pass.
    Inside { expires_at: Timestamp },
    /// The pass of this place has ended, or the place was left.
    Ended { reason: PassEnd },
}

impl Store {
    /// Gives each person a grace number, in their order.
    ///
    /// # Errors
    /// `OutOfBounds` for none or more than 256 people.
    pub async fn join_grace(
        &self,
        partition: &Partition,
        term: u64,
        wishes: &[GraceWish],
    ) -> Result<Termed<Vec<Graced>>, Error> {
        if wishes.is_empty() || wishes.len() > JOINS_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of people" });
        }
        let people = wishes.iter().map(|wish| wish.person);
        let mut call = Call::of_people(&JOIN_GRACE, partition, people);
        termed::term(&mut call, term);
        let people: Vec<u8> = wishes.iter().flat_map(|wish| wish.person.0).collect();
        call.argument("people", &people);
        let mut places = Vec::new();
        for wish in wishes {
            runs::write_number(wish.place.number(), &mut places);
            places.push(b',');
        }
        call.argument("places", &places);
        let mut answer = match self.run_in_term(&call).await? {
            Termed::Done(answer) => answer,
            Termed::OtherTerm { current } => return Ok(Termed::OtherTerm { current }),
        };
        answer.done_at()?;
        let mut all = Vec::with_capacity(wishes.len());
        for _ in wishes {
            let text = answer.bytes()?;
            all.push(read(&text).ok_or_else(|| answer.malformed())?);
        }
        Ok(Termed::Done(all))
    }
}

/// `G` and a number, `L` and a deadline, `E` and a letter.
fn read(text: &[u8]) -> Option<Graced> {
    let (kind, rest) = text.split_first()?;
    Some(match kind {
        b'G' => Graced::Waiting { number: runs::number(rest)? },
        b'L' => Graced::Inside { expires_at: Timestamp(runs::number(rest)?) },
        b'E' => Graced::Ended { reason: pass::end_of(*rest.first()?)? },
        _ => return None,
    })
}
