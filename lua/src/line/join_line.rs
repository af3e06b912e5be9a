//! `join_line`: people into the line, many in one call.

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};

use super::{
    LinePlace,
    place::INDEX_MAX,
    termed::{self, Termed, other_term_of},
};
use crate::{
    Error, Partition, Store,
    answer::Value,
    runs,
    scripts::{Call, JOIN_LINE},
};

/// People of one call.
pub(super) const JOINS_PER_CALL_MAX: usize = 256;

/// Somebody who wants to stand in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    pub person: CustomerKey,
    pub lane: Lane,
    /// The index of a signed place that came along: honoured if the line has forgotten the person.
    pub place: Option<u64>,
}

/// What became of one join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    New {
        lane: Lane,
        index: u64,
    },
    /// The person has this place already, or has shown it.
    Known {
        lane: Lane,
        index: u64,
    },
    /// As many wait as may.
    Full,
    /// The line takes nobody any more.
    Closed,
    /// No index is left below the lane's ceiling: raise it and ask again.
    Ceiling,
}

/// What became of all joins of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinReply {
    /// The store's clock.
    pub now: Timestamp,
    /// By lane, the next index after the call.
    pub joined: [u64; 2],
    /// In the order of the joins.
    pub replies: Vec<Joined>,
}

impl Store {
    /// Gives each person the place they have, the one they show, or the next of their lane. A
    /// person whose pass for their place has ended gets a new one.
    ///
    /// # Errors
    /// `OutOfBounds` for none or more than 256 joins, or a shown index beyond any that is given.
    pub async fn join_line(
        &self,
        partition: &Partition,
        term: u64,
        joins: &[Join],
    ) -> Result<Termed<JoinReply>, Error> {
        if joins.is_empty() || joins.len() > JOINS_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of joins" });
        }
        if joins.iter().any(|join| join.place.is_some_and(|index| index > INDEX_MAX)) {
            return Err(Error::OutOfBounds { what: "index of a place" });
        }
        let people = joins.iter().map(|join| join.person);
        let mut call = Call::of_people(&JOIN_LINE, partition, people);
        write_joins(&mut call, term, joins);
        match self.run_raw(&call).await? {
            Value::Bytes(text) => {
                let malformed = Error::Malformed { script: JOIN_LINE.name };
                read_replies(&text, joins).map(Termed::Done).ok_or(malformed)
            }
            refused => other_term_of(&JOIN_LINE, refused),
        }
    }
}

fn write_joins(call: &mut Call, term: u64, joins: &[Join]) {
    termed::term(call, term);
    let mut people = Vec::with_capacity(12 * joins.len());
    joins.iter().for_each(|join| people.extend_from_slice(&join.person.0));
    call.argument("people", &people);
    // Empty when all are general, as nearly all are.
    let lanes: Vec<u8> = match joins.iter().any(|join| join.lane != Lane::General) {
        true => joins.iter().map(|join| b'0' + join.lane.number() as u8).collect(),
        false => Vec::new(),
    };
    call.argument("lanes", &lanes);
    let mut shown = Vec::new();
    for (number, join) in joins.iter().enumerate() {
        if let Some(index) = join.place {
            runs::write_number(number as u64 + 1, &mut shown);
            shown.push(b':');
            runs::write_number(index, &mut shown);
            shown.push(b',');
        }
    }
    call.argument("shown", &shown);
}

/// `seconds microseconds joined joined_priority first first_priority codes`
fn read_replies(text: &[u8], joins: &[Join]) -> Option<JoinReply> {
    let mut parts = text.splitn(7, |byte| *byte == b' ');
    let mut part = || runs::number::<i64>(parts.next()?);
    let now = Timestamp(part()? * 1000 + part()? / 1000);
    let mut part = || runs::number::<u64>(parts.next()?);
    let joined = [part()?, part()?];
    // The next index of each lane, as the script moved on from one join to the next.
    let mut next = [part()?, part()?];
    let mut codes = parts.next()?;
    let mut replies = Vec::with_capacity(joins.len());
    for join in joins {
        let (code, rest) = codes.split_first()?;
        codes = rest;
        replies.push(match code {
            b'N' => {
                let index = &mut next[join.lane.number()];
                *index += 1;
                Joined::New { lane: join.lane, index: *index - 1 }
            }
            b'K' => {
                let end = codes.iter().position(|byte| *byte == b',')?;
                let number = runs::number(&codes[..end])?;
                codes = &codes[end + 1..];
                let LinePlace { lane, index } = LinePlace::from_number(number);
                let next = &mut next[lane.number()];
                *next = (*next).max(index + 1);
                Joined::Known { lane, index }
            }
            b'F' => Joined::Full,
            b'D' => Joined::Closed,
            b'C' => Joined::Ceiling,
            _ => return None,
        });
    }
    (codes.is_empty() && next == joined).then_some(JoinReply { now, joined, replies })
}
