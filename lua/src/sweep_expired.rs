//! `sweep_expired`: tidies what deadlines have ended. Correctness never waits for it.

use crate::{
    Error, Partition, Reply, Store,
    change_hold::number,
    epoch,
    scripts::{Call, SWEEP_EXPIRED},
};

/// What a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// After the call.
    pub version: u64,
    /// Holds that expired.
    pub expired: u32,
    /// More is due: sweep again.
    pub more: bool,
}

impl Store {
    /// Expires about `limit` holds whose deadline has passed and forgets holds that ended a quarter
    /// of an hour ago.
    pub async fn sweep_expired(
        &self,
        partition: &Partition,
        epoch: u64,
        limit: u32,
    ) -> Result<Reply<Swept>, Error> {
        let mut call = Call::new(&SWEEP_EXPIRED, partition);
        epoch::writing(&mut call, epoch);
        call.argument("limit", &number(limit.clamp(1, 1_000)));
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        let (version, _) = answer.done()?;
        let expired = u32::try_from(answer.integer()?).map_err(|_| answer.malformed())?;
        let more = answer.integer()? != 0;
        Ok(Reply::Done(Swept { version, expired, more }))
    }
}
