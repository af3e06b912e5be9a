//! `admit`: the line moves on, and idle passes make room.

use domain::{hold::CustomerKey, time::Timestamp};

use super::{
    controlled::{Controlled, fenced},
    termed::{number, person},
};
use crate::{
    Error, Partition, Store,
    scripts::{ADMIT, Call},
};

/// Passes that one call may end.
const SWEEP_MAX: u32 = 5_000;

/// A line after an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The store's clock.
    pub now: Timestamp,
    /// Live passes.
    pub inside: u64,
    /// Whose pass ended because it was idle.
    pub ended_now: Vec<CustomerKey>,
    /// By lane: the next index.
    pub joined: [u64; 2],
    /// As they stand now: general, priority, grace.
    pub cursors: [u64; 3],
}

impl Store {
    /// Moves the cursors to `cursors` (general, priority, grace), but never back, and never beyond
    /// who stands there; ends at most `sweep` passes past their deadline. Again with the same
    /// cursors: nothing moves.
    ///
    /// # Errors
    /// `OutOfBounds` for a sweep of more than 5,000.
    pub async fn admit(
        &self,
        partition: &Partition,
        term: u64,
        fence: u64,
        cursors: [u64; 3],
        sweep: u32,
    ) -> Result<Controlled<Admitted>, Error> {
        if sweep > SWEEP_MAX {
            return Err(Error::OutOfBounds { what: "number of passes to end" });
        }
        let mut call = Call::new(&ADMIT, partition);
        fenced(&mut call, term, fence);
        number(&mut call, "cursor", cursors[0]);
        number(&mut call, "cursor_priority", cursors[1]);
        number(&mut call, "cursor_grace", cursors[2]);
        number(&mut call, "limit", u64::from(sweep));
        let mut answer = match self.run_fenced(&call).await? {
            Controlled::Done(answer) => answer,
            Controlled::OtherTerm { current } => return Ok(Controlled::OtherTerm { current }),
            Controlled::Fenced { fence } => return Ok(Controlled::Fenced { fence }),
        };
        let now = answer.done_at()?;
        let inside = answer.integer()?.unsigned_abs();
        let joined = answer.each_number()?;
        let cursors = answer.each_number()?;
        let people = answer.bytes()?;
        let ended_now: Option<_> = people.chunks(12).map(person).collect();
        let ended_now = ended_now.ok_or_else(|| answer.malformed())?;
        Ok(Controlled::Done(Admitted { now, inside, ended_now, joined, cursors }))
    }
}
