//! `add_passes`: more of the ledger's passes for a line that was laid.

use domain::hold::CustomerKey;

use super::{
    Laying, PassRecord,
    termed::{self, Termed},
};
use crate::{
    Error, Partition, Store,
    scripts::{ADD_PASSES, Call},
};

/// Passes of one call.
pub(super) const PASSES_PER_CALL_MAX: usize = 20_000;

impl Store {
    /// Lays passes beside those that are there. Who has one keeps it, but for an ended one of an
    /// earlier place: people who joined again have several. With the last of the passes that a line
    /// was laid with it becomes one. Answers how many were laid.
    ///
    /// # Errors
    /// `OutOfBounds` for more than 20,000 passes.
    pub async fn add_passes(
        &self,
        partition: &Partition,
        term: u64,
        passes: &[(CustomerKey, PassRecord)],
        laying: Laying,
    ) -> Result<Termed<u64>, Error> {
        if passes.len() > PASSES_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of passes" });
        }
        let mut call = Call::new(&ADD_PASSES, partition);
        termed::term(&mut call, term);
        termed::number(&mut call, "more", laying.more());
        write_passes(&mut call, passes);
        Ok(match self.run_in_term(&call).await? {
            Termed::Done(mut answer) => {
                answer.done_at()?;
                Termed::Done(answer.integer()?.unsigned_abs())
            }
            Termed::OtherTerm { current } => Termed::OtherTerm { current },
        })
    }
}

/// Person and record, one pair after the other.
pub(super) fn write_passes(call: &mut Call, passes: &[(CustomerKey, PassRecord)]) {
    for (person, record) in passes {
        call.rest(&person.0);
        call.rest_written(|out| record.write(out));
    }
}
